package engine

import (
	"math/rand/v2"
	"testing"
)

// What is displayed is an interval that holds at every look: exact for shares and
// quantiles, asymptotic for means. In ten worlds of 60 windows, half of them
// without a difference, the truth is left out at some look in one at most.
func TestIntervalsHoldAtEveryLook(t *testing.T) {
	c, left := testCompiled(t, nil), map[string]map[uint64]bool{}
	for seed := range uint64(10) {
		rng := rand.New(rand.NewPCG(seed, 3))
		grown := float64(seed % 2) // the canary's values are 1.5 times as large, its errors 10 points more
		errors, latency, tokens := started(c, newProportions)[0], started(c, newQuantiles)[0], started(c, newMeans)[0]
		for n := range 60 {
			b := block(c)
			for a, arm := range []int{200, 60} {
				k := float64(a) * grown
				for range arm {
					one := []float64{0, 1}[min(1, int(rng.Float64()+0.1+0.1*k))]
					b = b.fill(atErrors, one1(a == 0, one), one1(a == 1, one))
					x := rng.ExpFloat64() * (1 + 0.5*k)
					b = b.fill(atLatency, one1(a == 0, x), one1(a == 1, x))
					y := rng.Float64() * 20 * (1 + 0.5*k)
					b = b.fill(atTokens, one1(a == 0, y), one1(a == 1, y))
				}
			}
			for _, test := range []Test{errors, latency, tokens} {
				test.Observe(b)
			}
			for i, e := range []struct {
				test      Test
				name      string
				same, not float64
				method    string
			}{{errors, "errors/harm", 0, 0.1, "exact"}, {latency, "latency/harm", 1, 1.5, "exact"}, {tokens, "tokens/harm", 0, 5, "asymptotic"}} {
				got, truth := find(t, e.test, e.name).Effect, e.same+grown*(e.not-e.same)
				if got.Method != e.method || got.Level > 0 && (got.Low > truth || got.High < truth) {
					if left[e.name] == nil {
						left[e.name] = map[uint64]bool{}
					}
					left[e.name][seed] = true
				}
				if n == 59 && (got.Level == 0 || got.High-got.Low > []float64{0.2, 0.7, 5}[i]) {
					t.Errorf("seed %d: %s: %+v after 60 windows", seed, e.name, got)
				}
			}
		}
	}
	for name, seeds := range left {
		if len(seeds) > 1 {
			t.Errorf("%s: the interval left the truth out in %d worlds of 10", name, len(seeds))
		}
	}
}

func one1(ok bool, x float64) []float64 {
	if ok {
		return []float64{x}
	}
	return nil
}
