package sequential

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// exactly is how far an enumerated expectation may pass 1: rounding of the sum.
const exactly = 1 + 1e-12

var (
	margins = []Null{
		{Margin: 0}, {Margin: 0.01}, {Margin: 0.1}, {Margin: 0.4}, {Margin: 1},
		{Margin: 0.05, Relative: true}, {Margin: 0.5, Relative: true}, {Margin: 2, Relative: true},
	}
	designs = [][2]int64{{1, 1}, {6, 1}, {1, 6}, {9, 3}, {12, 12}}
	rates   = []float64{0, 0.001, 0.05, 0.2, 0.5, 0.8, 0.95, 0.999, 1}
)

// nullPoints are true rates of the canary, in the metric's own space, that lie on the
// boundary of a null and inside it.
func nullPoints(null Null, harm bool, a float64) []float64 {
	m, up := null.margin(), 1.0
	if null.Worse == Lower {
		up = -1
	}
	edge := a + up*m
	if null.Relative {
		edge = a * (1 + up*m)
	}
	far := 0.0 // the null "harm ≤ margin" reaches to the least harm
	if harm == (null.Worse == Lower) {
		far = 1
	}
	within := func(b float64) bool {
		if far == 0 {
			return b <= edge
		}
		return b >= edge
	}
	var out []float64
	for _, b := range []float64{edge, (edge + far) / 2, far} {
		b = math.Min(math.Max(b, 0), 1)
		if within(b) {
			out = append(out, b)
		}
	}
	return out
}

// TestFactorsAreExact enumerates all outcomes of a block: law Q1, over designs,
// margins, directions, and true rates in the null.
func TestFactorsAreExact(t *testing.T) {
	for _, null := range margins {
		for _, worse := range []Worse{Higher, Lower} {
			null.Worse = worse
			for _, n := range designs {
				for _, harm := range []bool{true, false} {
					checkExact(t, null, harm, n)
				}
			}
		}
	}
}

func checkExact(t *testing.T, null Null, harm bool, n [2]int64) {
	opt := Options{PriorRate: 0.3, GridPoints: 8}
	factor := func(a, b Counts) float64 {
		if harm {
			h := NewHarm(null, opt)
			h.Observe(a, b, 0)
			return h.LogE()
		}
		s := NewSafe(null, opt)
		s.Observe(a, b, 0)
		return s.LogE()
	}
	for _, pa := range rates {
		for _, pb := range nullPoints(null, harm, pa) {
			if e := expectation(n[0], n[1], pa, pb, factor); !(e <= exactly) {
				t.Errorf("%+v, harm %v, n %v, rates %v and %v: expectation %v", null, harm, n, pa, pb, e)
			}
		}
	}
}

// TestTwoBlocksAreExact: the base rate of the second block comes from the first.
func TestTwoBlocksAreExact(t *testing.T) {
	for _, null := range []Null{{Margin: 0.1}, {Margin: 0.2, Relative: true, Worse: Lower}} {
		for _, harm := range []bool{true, false} {
			for _, pa := range []float64{0.1, 0.5, 0.9} {
				for _, pb := range nullPoints(null, harm, pa) {
					e := expectation(4, 3, pa, pb, func(a1, b1 Counts) float64 {
						return math.Log(expectation(3, 4, pa, pb, func(a2, b2 Counts) float64 {
							opt := Options{PriorRate: 0.3, PriorWeight: 2, GridPoints: 4, Stages: 2}
							h, s := NewHarm(null, opt), NewSafe(null, opt)
							for i, x := range [][2]Counts{{a1, b1}, {a2, b2}} {
								h.Observe(x[0], x[1], i)
								s.Observe(x[0], x[1], i)
							}
							if harm {
								return h.LogE()
							}
							return s.LogE()
						}))
					})
					if !(e <= exactly) {
						t.Errorf("%+v, harm %v, rates %v and %v: expectation %v", null, harm, pa, pb, e)
					}
				}
			}
		}
	}
}

// TestUnitsMayDiffer: only the block's average rates must lie in the null.
func TestUnitsMayDiffer(t *testing.T) {
	h := Null{Margin: 0.1}.harm()
	for _, d := range []float64{0, 0.1, 0.2} {
		e := 0.0
		for y := range int64(16) { // two stable and two canary units, each with its own rate
			p, bits := 1.0, [4]int64{y & 1, y >> 1 & 1, y >> 2 & 1, y >> 3}
			for i, rate := range []float64{0.2 - d, 0.2 + d, 0.3 - d, 0.3 + d} {
				if bits[i] == 0 {
					rate = 1 - rate
				}
				p *= rate
			}
			e += p * math.Exp(h.logFactor(Counts{2, bits[0] + bits[1]}, Counts{2, bits[2] + bits[3]}, 0.2, 0.6))
		}
		if !(e <= exactly) {
			t.Errorf("rates apart by ±%v: expectation %v", d, e)
		}
	}
}

// TestMovedThresholdIsExact: the canary is counted by another rule than stable.
func TestMovedThresholdIsExact(t *testing.T) {
	for _, worse := range []Worse{Higher, Lower} {
		for _, alt := range []float64{0, 0.01, 0.2, 0.299, 0.5, 1} {
			for _, n := range designs {
				for _, pa := range rates {
					for _, pb := range nullPoints(Null{Worse: worse}, false, pa) {
						e := expectation(n[0], n[1], pa, pb, func(a, b Counts) float64 {
							s := NewSafe(Null{Worse: worse}, Options{PriorRate: 0.3})
							s.ObserveAlt(a, b, alt, 0)
							return s.LogE()
						})
						if !(e <= exactly) {
							t.Errorf("worse %v, predicted %v, n %v, rates %v and %v: expectation %v", worse, alt, n, pa, pb, e)
						}
					}
				}
			}
		}
	}
}

func TestLimitIsExact(t *testing.T) {
	for _, limit := range []float64{0.001, 0.05, 0.5, 0.99} {
		for _, p := range []float64{0, limit / 2, limit} {
			for _, n := range []int64{1, 5, 40} {
				e := expectation(0, n, 0.5, p, func(_, b Counts) float64 {
					l := NewLimit(limit, Options{})
					l.Observe(b, 0)
					return l.LogE()
				})
				if !(e <= exactly) {
					t.Errorf("limit %v, rate %v, n %d: expectation %v", limit, p, n, e)
				}
			}
		}
	}
}

// TestSampleRatioIsExact: the null is one point, so the expectation is 1.
func TestSampleRatioIsExact(t *testing.T) {
	for _, share := range []float64{0.01, 0.1, 0.5, 0.95} {
		const n = 60
		e := expectation(0, n, 0.5, share, func(_, b Counts) float64 {
			r := NewSampleRatio()
			r.Observe(share, n-b.Y, b.Y)
			return r.LogE()
		})
		if math.Abs(e-1) > 1e-12 {
			t.Errorf("share %v: expectation %v, want 1", share, e)
		}
	}
}

// TestProjectionIsTheNearestPoint compares the root with a search that knows nothing
// of derivatives.
func TestProjectionIsTheNearestPoint(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 21))
	for range 3000 {
		null := margins[r.IntN(len(margins))]
		null.Worse = Worse(r.IntN(2))
		h := null.harm()
		h.above = r.IntN(2) == 0
		na := math.Exp(20 * r.Float64())
		nb := na * math.Exp(10*(r.Float64()-0.5))
		pa, pb := tilted(0.5, math.Exp(12*(r.Float64()-0.5))), tilted(0.5, math.Exp(12*(r.Float64()-0.5)))
		x, slack := h.project(na, nb, pa, pb)
		y := h.at(x)
		if !(x > 0 && x < 1 && y > 0 && y < 1) {
			continue // the line misses the square
		}
		if h.contains(pa, pb) {
			continue
		}
		corner := min(x, 1-x, y, 1-y) < 1e-3 // neighbouring floats are far apart there: slack pays
		at := func(x float64) float64 {
			y := h.at(x)
			if !(x > 0 && x < 1 && y > 0 && y < 1) {
				return math.Inf(1)
			}
			return na*divergence(pa, x) + nb*divergence(pb, y)
		}
		best := at(x)
		for _, step := range []float64{1e-2, 1e-4, 1e-6} {
			if a, b := at(x*(1-step)), at(x*(1+step)); a < best*(1-1e-9)-1e-9 || b < best*(1-1e-9)-1e-9 {
				t.Fatalf("%+v, n %v %v, alternative %v %v: %v is nearer than %v", h, na, nb, pa, pb, math.Min(a, b), best)
			}
		}
		if !corner && !(slack <= 1e-6*math.Max(1, (na+nb)/1e6)) {
			t.Errorf("%+v, n %v %v, alternative %v %v: derivative %v is left", h, na, nb, pa, pb, slack)
		}
	}
}

// TestTrap15RatioOneIsMarginZero: the two ways to ask for "no worse" are one function.
func TestTrap15RatioOneIsMarginZero(t *testing.T) {
	abs, rel := NewHarm(Null{}, Options{PriorRate: 0.02}), NewHarm(Null{Relative: true}, Options{PriorRate: 0.02})
	for i := range int64(20) {
		a, b := Counts{900, 15 + i%7}, Counts{100, i % 5}
		abs.Observe(a, b, 0)
		rel.Observe(a, b, 0)
		if abs.LogE() != rel.LogE() {
			t.Fatalf("block %d: log E %v and %v", i, abs.LogE(), rel.LogE())
		}
	}
}

// TestMirrorIsTheSameQuestion: a success rate with Lower and a failure rate with Higher.
func TestMirrorIsTheSameQuestion(t *testing.T) {
	up := NewHarm(Null{Margin: 0.01}, Options{PriorRate: 0.1})
	down := NewHarm(Null{Margin: 0.01, Worse: Lower}, Options{PriorRate: 0.9})
	safe := NewSafe(Null{Margin: 0.01}, Options{})
	mirrored := NewSafe(Null{Margin: 0.01, Worse: Lower}, Options{})
	for i := range int64(20) {
		a, b := Counts{900, 80 + i%20}, Counts{100, 8 + i%5}
		na, nb := Counts{a.N, a.N - a.Y}, Counts{b.N, b.N - b.Y}
		up.Observe(a, b, 0)
		down.Observe(na, nb, 0)
		safe.Observe(a, b, 0)
		mirrored.Observe(na, nb, 0)
		near(t, fmt.Sprintf("harm, block %d", i), down.LogE(), up.LogE(), 1e-9)
		near(t, fmt.Sprintf("safe, block %d", i), mirrored.LogE(), safe.LogE(), 1e-9)
	}
}
