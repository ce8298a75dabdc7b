package drift

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// Each fault is found by the tests of one feature: PSI over all rows, or its faults.
func TestEveryInjectionIsFound(t *testing.T) {
	r := rand.New(rand.NewPCG(95, 96))
	draw := func() float64 { return math.Exp(r.NormFloat64()) }
	sample := make([]float64, 5000)
	for i := range sample {
		sample[i] = draw()
	}
	e, _ := Learn(sample, 0)
	ref := NewHistogram(e)
	ref.Add(sample, nil, 0)
	v := NewView(ref.Bins(), 0)
	slices.Sort(sample)
	profile := ProfileOf(sample)
	for _, in := range Injections {
		size := map[string]float64{"mean": 0.3, "scale": 0.5, "tail": 0.05, "one bin": 0.1, "missing": 0.01, "new value": 0.005, "unit": 1000}[in.Name]
		if size == 0 {
			t.Fatalf("no size for %s", in.Name)
		}
		faults, whole16 := NewFaults(v.Bins(), 0, 1, 0), NewPSI(v.Rows(), 0, 1)
		window := func(size float64) Block {
			b := Block{Sub: 1, Bins: v.Rows(), Stable: make([]uint64, v.Rows()), Canary: make([]uint64, v.Rows())}
			for arm, counts := range [2][]uint64{b.Stable, b.Canary} {
				h := NewHistogram(e)
				for range [2]int{900, 200}[arm] {
					x, missing := draw(), false
					if arm == 1 && size > 0 {
						x, missing = in.Apply(profile, x, r.Float64(), size)
					}
					if missing {
						h.AddOdd(Missing, 1)
					} else {
						h.Add([]float64{x}, nil, 0)
					}
				}
				row := make([]int64, v.Rows())
				h.Coarse(row, v)
				for i, n := range row {
					counts[i] = uint64(n)
				}
			}
			return b
		}
		calm := []Test{NewFaults(v.Bins(), 0, 1, 0), NewPSI(v.Rows(), 0, 1)}
		looks, limit := 0, math.Log(2/0.01)
		for ; looks < 100 && faults.LogEMax() < limit && whole16.LogEMax() < limit; looks++ {
			b := window(size)
			faults.Observe(b)
			whole16.Observe(b)
			for _, c := range calm {
				c.Observe(window(0))
			}
		}
		t.Logf("%s: %d windows", in.Name, looks)
		if looks == 100 || calm[0].LogEMax() >= limit || calm[1].LogEMax() >= limit {
			t.Errorf("%s: found after %d windows; without it log E %v and %v", in.Name, looks, calm[0].LogEMax(), calm[1].LogEMax())
		}
	}
}

func TestInjectionsNeverGiveNaN(t *testing.T) {
	for _, p := range []Profile{{}, ProfileOf(nil), ProfileOf([]float64{math.NaN()}), ProfileOf([]float64{-math.MaxFloat64, math.MaxFloat64}), ProfileOf([]float64{1, 1})} {
		for _, in := range Injections {
			for _, x := range []float64{0, -math.MaxFloat64, math.MaxFloat64} {
				for _, size := range []float64{0, 1e-9, 1, 1e308} {
					if y, _ := in.Apply(p, x, 0.5, size); y-y != 0 {
						t.Errorf("%s of %v by %v: %v", in.Name, x, size, y)
					}
				}
			}
		}
	}
}

func TestPretendersAreTheShareAndChangeWithTheSalt(t *testing.T) {
	const n = 20_000
	var first, both, second int
	for key := range uint64(n) {
		a, b := Pretend(key, 1, 0.1), Pretend(key, 2, 0.1)
		if a {
			first++
		}
		if b {
			second++
		}
		if a && b {
			both++
		}
	}
	for what, c := range map[string][2]float64{"first": {float64(first), 0.1}, "second": {float64(second), 0.1}, "both": {float64(both), 0.01}} {
		if sd := math.Sqrt(n * c[1] * (1 - c[1])); math.Abs(c[0]-n*c[1]) > 4*sd {
			t.Errorf("%s: %v of %d keys, want %v", what, c[0], n, n*c[1])
		}
	}
}
