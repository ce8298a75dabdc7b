package drift

import (
	"math"
	"math/rand/v2"
	"testing"
)

// A block's factor has mean at most 1 at every point of the null, by enumeration
// of all outcomes: for PSI, where the projection is ours.
func TestMeanFactorIsAtMostOneAtEveryPointOfTheNull(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	most := 0.0
	for _, c := range []struct {
		bins int
		n    [2]int64
	}{{2, [2]int64{1, 1}}, {2, [2]int64{9, 2}}, {2, [2]int64{1, 12}}, {3, [2]int64{5, 3}}, {4, [2]int64{3, 2}}} {
		s := newNearest(c.bins)
		for _, d := range []float64{0, 1e-6, 0.01, 0.1, 0.5, 3} {
			for range 6 {
				p, q := law(r, c.bins, 0.5), law(r, c.bins, 0.5)
				factors := enumerate(&s, c.n, p, q, d)
				nulls := [][2][]float64{}
				for range 6 {
					from := law(r, c.bins, 0.4)
					nulls = append(nulls, [2][]float64{from, towards(from, law(r, c.bins, 0.4), d, distance)})
				}
				if d > 0 && distance(p, q) > d { // the hardest point: the nearest one
					a, b := s.touch()
					nulls = append(nulls, [2][]float64{a, b})
				}
				for _, null := range nulls {
					mean := factors(null[0], null[1])
					if most = math.Max(most, mean); mean > 1+1e-12 {
						t.Errorf("d %v, n %v, alternatives %v %v, null %v: mean factor %v", d, c.n, p, q, null, mean)
					}
				}
			}
		}
	}
	if most < 1-1e-6 {
		t.Errorf("the largest mean is %v: no point of the boundary was met", most)
	}
}

// enumerate returns the mean factor as a function of the law.
func enumerate(s *nearest, n [2]int64, p, q []float64, d float64) func(a, b []float64) float64 {
	type outcome struct {
		c      Counts
		factor float64
	}
	var all []outcome
	outcomes(len(p), n[0], func(stable []int64) {
		outcomes(len(p), n[1], func(canary []int64) {
			c := Counts{append([]int64(nil), stable...), append([]int64(nil), canary...)}
			all = append(all, outcome{c, math.Exp(s.factor(c, p, q, d, float64(n[0]), float64(n[1])))})
		})
	})
	return func(a, b []float64) (mean float64) {
		for _, o := range all {
			mean += chance(o.c.Stable, a) * chance(o.c.Canary, b) * o.factor
		}
		return mean
	}
}

// touch is the point of the null that the last half-space touches.
func (s *nearest) touch() (p, q []float64) {
	alpha := 1 - s.beta - s.lambda*s.d
	for i, x := range s.x {
		t := math.Exp(x)
		share := s.w[i] / (alpha + s.beta*t + s.lambda*(t-1)*x)
		p, q = append(p, share), append(q, share*t)
	}
	return p, q
}

// Whatever point the solver stops at, its half-space holds the whole null.
func TestEveryHalfSpaceHoldsTheNull(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	used := 0
	for range 20000 {
		bins := 2 + r.IntN(6)
		s := newNearest(bins)
		s.d = math.Exp(3 * r.NormFloat64())
		s.lambda = r.Float64() / s.d
		s.beta = r.Float64() * (1 - s.lambda*s.d)
		for i := range s.x {
			s.x[i] = r.NormFloat64() / 2
		}
		p := law(r, bins, 0.5)
		q := towards(p, law(r, bins, 0.3), s.d, distance)
		mass, ones := 0.0, make([]int64, bins)
		for i := range p { // u and v one at a time, from blocks of one event
			ones[i] = 1
			u, v := s.logE(Counts{ones, make([]int64, bins)}, 1, 1), s.logE(Counts{make([]int64, bins), ones}, 1, 1)
			mass += p[i]*math.Exp(u) + q[i]*math.Exp(v)
			ones[i] = 0
		}
		if s.logE(Counts{make([]int64, bins), make([]int64, bins)}, 1, 1) == 0 && mass > 1.5 {
			continue // refused: every factor is 1
		}
		if used++; mass > 1+1e-12 {
			t.Fatalf("Σ up + Σ vq = %v above 1: %+v, null %v %v", mass, s, p, q)
		}
	}
	if used < 1000 {
		t.Errorf("only %d half-spaces were tried", used)
	}
}

// The nearest member of the null is found: it is a pair of laws at distance d.
func TestSolverFindsTheNearestNull(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 5000 {
		bins := 2 + r.IntN(24)
		p, q := law(r, bins, 0.3+2*r.Float64()), law(r, bins, 0.3+2*r.Float64())
		d := math.Exp(-8 * r.Float64())
		if distance(p, q) <= d {
			continue
		}
		n, m := math.Exp(12*r.Float64()), math.Exp(8*r.Float64())
		s := newNearest(bins)
		s.factor(Counts{make([]int64, bins), make([]int64, bins)}, p, q, d, n, m)
		a, b := s.touch()
		if math.Abs(sum(a)-1) > 1e-5 || math.Abs(sum(b)-1) > 1e-5 || math.Abs(distance(a, b)/d-1) > 1e-3 {
			t.Fatalf("bins %d, d %v, n %v, m %v: sums %v and %v, distance %v", bins, d, n, m, sum(a), sum(b), distance(a, b))
		}
	}
}

// In two bins a search over the boundary agrees with the solver.
func TestSolverAgreesWithSearch(t *testing.T) {
	const n, m = 90.0, 10.0
	for _, c := range []struct{ p, q, d float64 }{{0.5, 0.7, 0.02}, {0.1, 0.3, 0.1}, {0.9, 0.2, 0.5}, {0.01, 0.1, 0.01}} {
		kl := func(p, q float64) float64 { return p*math.Log(p/q) + (1-p)*math.Log((1-p)/(1-q)) }
		least := math.Inf(1)
		for x := 2e-4; x < 1; x += 2e-4 {
			a, away := []float64{x, 1 - x}, 1-1e-9
			if c.q < c.p {
				away = 1e-9
			}
			b := towards(a, []float64{away, 1 - away}, c.d, distance)
			least = math.Min(least, n*kl(c.p, a[0])+m*kl(c.q, b[0]))
		}
		s := newNearest(2)
		s.factor(Counts{make([]int64, 2), make([]int64, 2)}, []float64{c.p, 1 - c.p}, []float64{c.q, 1 - c.q}, c.d, n, m)
		a, b := s.touch()
		if got := n*kl(c.p, a[0]) + m*kl(c.q, b[0]); math.Abs(got-least) > 1e-3*least {
			t.Errorf("%+v: distance %v, by search %v", c, got, least)
		}
	}
}

// Every method: given any past, the evidence that one more block leaves has at most
// the present evidence as its mean, wherever in the null the block comes from. So
// nothing that a block is scored with has seen that block.
func TestEvidenceIsASupermartingale(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for _, name := range []string{"psi", "ks"} {
		for _, above := range []float64{0, 0.05, 0.3} {
			test := Methods[name](2, above, 2)
			for range 4 {
				test.Observe(window(r, 4, []float64{0.5, 0.5}, []float64{0.8, 0.2}, 60, 30))
			}
			present, state := test.LogE(), test.AppendState(nil)
			for range 10 {
				p := law(r, 2, 0.6)
				q := towards(p, law(r, 2, 0.4), above, distances[name])
				mean := 0.0
				outcomes(2, 7, func(stable []int64) {
					outcomes(2, leastCanary, func(canary []int64) {
						if err := test.Restore(state); err != nil {
							t.Fatal(err)
						}
						b := whole(stable, canary)
						b.Stage = 1
						test.Observe(b)
						mean += chance(stable, p) * chance(canary, q) * math.Exp(test.LogE()-present)
					})
				})
				if mean > 1+1e-12 {
					t.Errorf("%s above %v: null %v %v: evidence grows by %v in the mean", name, above, p, q, mean)
				}
			}
		}
	}
}
