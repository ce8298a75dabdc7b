package planning

import (
	"math/rand/v2"
	"testing"

	"verdin/decision"
	"verdin/internal/bench"
	"verdin/stats/sequential"
)

// TestPlanOfPairsIsWhatSimulationsDo where the arms fail independently.
func TestPlanOfPairsIsWhatSimulationsDo(t *testing.T) {
	if testing.Short() {
		t.Skip("a simulation of some seconds")
	}
	const windows = 3000
	for _, c := range []struct {
		worse, margin string
		perWindow, p  float64
		delta         float64
	}{
		{"higher", "0.005", 1000, 0.01, 0.005},
		{"higher", "0.02", 300, 0.05, 0.02},
		{"lower", "0.03", 400, 0.9, 0.03},
		{"higher", "0.002", 6000, 0.002, 0.002},
	} {
		spec := specOf(t, 0, "kind: proportion, on: outcome, field: right, worse: "+c.worse+", margin: {absolute: "+c.margin+"}")
		spec.Traffic = decision.Traffic{PerMinute: c.perWindow, Base: map[string]decision.Base{"m": {Value: c.p}}}
		plan, err := Make(spec, nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(plan.Notes) > 0 || len(plan.Stages[0].Metrics) != 1 {
			t.Fatalf("%v, %+v", plan.Notes, plan.Stages[0])
		}
		bad := c.p
		if c.worse == "lower" {
			bad = 1 - c.p
		}
		world := func(more float64) bench.World[sequential.Triple] {
			d := sequential.Apart(bad, bad+more)
			return func(r *rand.Rand, see func(sequential.Triple) bool) {
				for range windows {
					n := int64(c.perWindow)
					l := sequential.Triple{Canary: bench.Binomial(r, n, d.Canary)}
					l.Stable = bench.Binomial(r, n-l.Canary, d.Stable/(1-d.Canary))
					if l.Ties = n - l.Canary - l.Stable; !see(l) {
						return
					}
				}
			}
		}
		budget := spec.Budget(1)
		for _, claim := range []struct {
			what string
			harm bool
			more float64
			line float64
			plan Time
		}{
			{"safe", false, 0, budget.Threshold("m", "safe"), plan.Stages[0].Metrics[0].Safe},
			{"harm", true, 2 * c.delta, budget.Threshold("m", "paired"), plan.Stages[0].Metrics[0].Harm},
		} {
			rule := bench.Alarm("ours", func() func(sequential.Triple) bool {
				p := sequential.NewPaired(sequential.Null{Margin: c.delta}, claim.harm, sequential.Options{Stages: len(spec.Stages)})
				return func(l sequential.Triple) bool {
					p.Observe(l, 0)
					return p.LogE() >= claim.line
				}
			})
			tallies, err := bench.Play(t.Context(), bench.Plan{Runs: simulated, Seed: 7}, world(claim.more), []bench.Rule[sequential.Triple]{rule})
			if err != nil {
				t.Fatal(err)
			}
			near(t, claim.what+" "+c.worse+" "+c.margin, tallies[0], 0, claim.plan)
		}
	}
}
