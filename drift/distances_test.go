package drift

import (
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"gonum.org/v1/gonum/stat"
)

// eachDistance runs a law for every row of Distances over many random counts.
func eachDistance(t *testing.T, check func(t *testing.T, d *Distance, r *rand.Rand, c Counts)) {
	for i := range Distances {
		d := &Distances[i]
		t.Run(d.Name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(21, 22))
			for range 200 {
				check(t, d, r, someCounts(r))
			}
		})
	}
}

func someCounts(r *rand.Rand) Counts {
	bins := 1 + r.IntN(12)
	b := window(r, 1, law(r, bins, 0.5), law(r, bins, 0.5), 1+r.IntN(400), 1+r.IntN(90))
	c := Counts{make([]int64, bins), make([]int64, bins)}
	for i := range bins {
		c.Stable[i], c.Canary[i] = int64(b.Stable[i]), int64(b.Canary[i])
	}
	return c
}

func alike(a, b float64) bool { return math.Abs(a-b) <= 1e-9*math.Abs(a)+1e-12 }

func TestADistanceIsWithinItsBounds(t *testing.T) {
	eachDistance(t, func(t *testing.T, d *Distance, r *rand.Rand, c Counts) {
		raw, floor := d.Raw(c, nil), d.Floor(c, nil)
		if !(raw >= 0 && raw <= d.Most && floor >= 0 && floor <= d.Most) {
			t.Errorf("%v: distance %v, floor %v, want within 0 and %v", c, raw, floor, d.Most)
		}
		if p := d.P; p != nil && !(p(c) >= 0 && p(c) <= 1) {
			t.Errorf("%v: probability %v", c, p(c))
		}
	})
}

func TestADistanceOfEqualSharesIsZero(t *testing.T) {
	eachDistance(t, func(t *testing.T, d *Distance, r *rand.Rand, c Counts) {
		same := Counts{c.Stable, slices.Clone(c.Stable)}
		if got := d.Raw(same, nil); got > 1e-15 {
			t.Errorf("%v: distance %v, want 0", same, got)
		}
		if d.P != nil && d.P(same) < 0.9 {
			t.Errorf("%v: probability %v, want about 1", same, d.P(same))
		}
	})
}

func TestADistanceIsSymmetric(t *testing.T) {
	eachDistance(t, func(t *testing.T, d *Distance, r *rand.Rand, c Counts) {
		if d.Name == "wasserstein" {
			return // it is measured in standard deviations of the stable arm
		}
		if a, b := d.Raw(c, nil), d.Raw(Counts{c.Canary, c.Stable}, nil); !alike(a, b) {
			t.Errorf("%v: %v, arms exchanged %v", c, a, b)
		}
	})
}

func TestTheOrderOfBinsMattersToOrderedDistancesOnly(t *testing.T) {
	differs := map[string]bool{}
	eachDistance(t, func(t *testing.T, d *Distance, r *rand.Rand, c Counts) {
		order := r.Perm(len(c.Stable))
		mixed := Counts{make([]int64, len(order)), make([]int64, len(order))}
		for i, at := range order {
			mixed.Stable[i], mixed.Canary[i] = c.Stable[at], c.Canary[at]
		}
		if a, b := d.Raw(c, nil), d.Raw(mixed, nil); !alike(a, b) {
			differs[d.Name] = true
			if !d.Ordered {
				t.Errorf("%v: %v, in another order %v", c, a, b)
			}
		}
	})
	for _, d := range Distances {
		if d.Ordered && !differs[d.Name] {
			t.Errorf("%s: the order of bins never mattered", d.Name)
		}
	}
}

// Merging bins hides differences, it never makes any.
func TestCoarserBinsAreNotFurtherApart(t *testing.T) {
	eachDistance(t, func(t *testing.T, d *Distance, r *rand.Rand, c Counts) {
		if d.Name == "psi" || d.Name == "wasserstein" || d.Name == "cramer-von mises" || len(c.Stable) < 2 {
			return // smoothing, a unit and a weight that depend on the bins
		}
		at := r.IntN(len(c.Stable) - 1)
		merged := Counts{slices.Clone(c.Stable), slices.Clone(c.Canary)}
		for _, xs := range []*[]int64{&merged.Stable, &merged.Canary} {
			(*xs)[at] += (*xs)[at+1]
			*xs = slices.Delete(*xs, at+1, at+2)
		}
		if a, b := d.Raw(c, nil), d.Raw(merged, nil); b > a+1e-12 {
			t.Errorf("%v: %v, with merged bins %v", c, a, b)
		}
	})
}

// The mean distance of samples of one law is about the floor.
func TestTheFloorIsTheDistanceWithoutDrift(t *testing.T) {
	r := rand.New(rand.NewPCG(23, 24))
	p, _ := tilted(40, 0, distance)
	const runs = 60
	raw, floor := make([]float64, len(Distances)), make([]float64, len(Distances))
	for range runs {
		b := window(r, 1, p, p, 4000, 2000)
		c := Counts{make([]int64, 40), make([]int64, 40)}
		for i := range 40 {
			c.Stable[i], c.Canary[i] = int64(b.Stable[i]), int64(b.Canary[i])
		}
		for i, m := range c.Measure(nil, nil) {
			raw[i] += m.Raw / runs
			floor[i] += m.Floor / runs
		}
	}
	for i, d := range Distances {
		if math.Abs(raw[i]/floor[i]-1) > 0.15 {
			t.Errorf("%s: mean %v without drift, floor %v", d.Name, raw[i], floor[i])
		}
	}
}

// One scale: a normal law that moves by a quarter of a standard deviation has an index
// of 1/16 by every distance.
func TestEffectsOfOneShiftAgree(t *testing.T) {
	const bins, shift, many = 400, 0.25, 1e9
	c, at := Counts{make([]int64, bins), make([]int64, bins)}, make([]float64, bins)
	for i := range bins {
		x := -5 + 10*(float64(i)+0.5)/bins
		at[i] = x
		c.Stable[i] = int64(many * math.Exp(-x*x/2))
		c.Canary[i] = int64(many * math.Exp(-(x-shift)*(x-shift)/2))
	}
	for _, m := range c.Measure(nil, at) {
		if math.Abs(m.Effect/(shift*shift)-1) > 0.04 {
			t.Errorf("%s: effect %v, want %v", m.Name, m.Effect, shift*shift)
		}
	}
}

func TestMeasureOfNothingIsNothing(t *testing.T) {
	for _, c := range []Counts{{}, {[]int64{0}, []int64{0}}, {[]int64{1, 2}, []int64{0, 0}}, {[]int64{1}, []int64{1, 2}}, {[]int64{-1, 2}, []int64{1, 2}}, {[]int64{math.MaxInt64, 2}, []int64{1, 2}}} {
		for _, m := range c.Measure(nil, nil) {
			if m.Raw != 0 || m.Floor != 0 || m.Effect != 0 || m.P != 1 {
				t.Errorf("%v: %+v", c, m)
			}
		}
	}
	c := Counts{[]int64{1, 2, 0}, []int64{0, 2, 9}}
	for _, at := range [][]float64{{}, {1, 2}, {3, 2, 1}, {math.NaN(), 1, 2}, {math.Inf(-1), 0, 1}, {-math.MaxFloat64, 0, math.MaxFloat64}, {1, 1, 1}} {
		for _, m := range c.Measure(nil, at) {
			if m.Raw-m.Raw != 0 || m.Floor-m.Floor != 0 || m.Effect-m.Effect != 0 {
				t.Errorf("positions %v: %+v", at, m)
			}
		}
	}
}

func TestEveryDistanceNamesAFileThatIsThere(t *testing.T) {
	for _, d := range Distances {
		if _, err := os.Stat(d.File); err != nil || d.Formula == "" || d.Source == "" {
			t.Errorf("%s: %v, formula %q, source %q", d.Name, err, d.Formula, d.Source)
		}
	}
}

// Three traps of the library that is at hand, and what this package gives instead.
func TestTrapHellingerOfEqualLawsIsNaN(t *testing.T) {
	r := rand.New(rand.NewPCG(25, 26))
	trapped := 0
	for range 300 {
		p := law(r, 7, 1)
		if got := stat.Hellinger(p, p); math.IsNaN(got) {
			trapped++
		}
		if got := hellinger(p, p); got != 0 {
			t.Errorf("%v: Hellinger distance from itself %v", p, got)
		}
	}
	t.Logf("the library gave NaN for %d of 300", trapped)
}

func TestTrapJensenShannonIsNegative(t *testing.T) {
	r := rand.New(rand.NewPCG(27, 28))
	trapped := 0
	for range 300 {
		p := law(r, 7, 1)
		q := slices.Clone(p)
		q[0], q[1] = q[0]*(1+1e-12), q[1]*(1-1e-12)
		if stat.JensenShannon(p, q) < 0 {
			trapped++
		}
		if got := jensenShannon(p, q); !(got >= 0) || got > 1e-20 {
			t.Errorf("%v: divergence from almost itself %v", p, got)
		}
	}
	t.Logf("the library gave a negative number for %d of 300", trapped)
}

func TestTrapWassersteinChangesItsArguments(t *testing.T) {
	c, at := Counts{[]int64{3, 1, 4}, []int64{1, 5, 9}}, []float64{-2, 0, 7}
	before, where := Counts{slices.Clone(c.Stable), slices.Clone(c.Canary)}, slices.Clone(at)
	got := c.Wasserstein(at)
	if !slices.Equal(c.Stable, before.Stable) || !slices.Equal(c.Canary, before.Canary) || !slices.Equal(at, where) {
		t.Errorf("arguments became %v at %v", c, at)
	}
	w, v := []float64{3, 1, 4}, []float64{1, 5, 9}
	if want := stat.WassersteinDistance(slices.Clone(at), slices.Clone(at), w, v); !alike(got, want) {
		t.Errorf("distance %v, the library has %v", got, want)
	}
	if w[0] != 3 {
		t.Log("the library changed its caller's weights")
	}
}
