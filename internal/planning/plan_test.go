package planning

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"verdin/decision"
	"verdin/internal/bench"
	"verdin/stats"
	"verdin/stats/sequential"
)

// specOf is a rollout of two stages that compare, and a last one, with one guardrail.
func specOf(t testing.TB, weight int, metric string) *decision.Spec {
	t.Helper()
	text := fmt.Sprintf(`apiVersion: verdin/v1alpha1
kind: Rollout
metadata: {name: model}
spec:
  arms: {stable: v1, canary: v2}
  assignment: request
  source: {time: {window: 60s, lateness: 30s}}
  stages:
    - {weight: %d, bake: 30m}
    - {weight: 50, bake: 1h, maxDuration: 2h}
    - {weight: 100, bake: 1h}
  holdBack: 0
  metrics:
    - {name: m, role: guardrail, %s}
`, weight, metric)
	spec, err := decision.Parse([]byte(text), "spec.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

// history is a world of windows for one kind of metric: values of both arms with a
// canary that is worse by harm from a stage on.
type history struct {
	perWindow float64
	shares    [2]float64
	stage     [2]int // windows of each stage
	draw      func(r *rand.Rand, stage int, n int64, canary bool) any
}

type look struct {
	stage, window  int // window from 1, within the stage
	stable, canary any
}

func (h history) play(r *rand.Rand, see func(look) bool) {
	for stage, windows := range h.stage {
		for i := range windows {
			nb := bench.Binomial(r, int64(h.perWindow), h.shares[stage])
			na := int64(h.perWindow) - nb
			if !see(look{stage, i + 1, h.draw(r, stage, na, false), h.draw(r, stage, nb, true)}) {
				return
			}
		}
	}
}

// from counts the windows since a stage began until an answer there: claims in earlier
// stages do not count.
func from(stage int, rule func() func(look) bool) bench.Rule[look] {
	return bench.Alarm("ours", func() func(look) bool {
		see := rule()
		return func(l look) bool { return see(l) && l.stage == stage }
	})
}

// near holds a simulated time against a planned one: the median within 20 % or a window,
// the 90th percentile within 30 %.
func near(t *testing.T, what string, tally bench.Tally, before int, plan Time) {
	t.Helper()
	median, p90 := float64(tally.Quantile(0.5)-before), float64(tally.Quantile(0.9)-before)
	t.Logf("%s: simulated %v and %v windows, planned %v and %v", what, median, p90, plan.Median, plan.P90)
	if math.Abs(plan.Median-median) > math.Max(1, 0.2*median) {
		t.Errorf("%s: planned median %v, simulated %v", what, plan.Median, median)
	}
	if math.Abs(plan.P90-p90) > math.Max(1, 0.3*p90) {
		t.Errorf("%s: planned p90 %v, simulated %v", what, plan.P90, p90)
	}
}

const simulated = 400

// TestPlanOfSharesIsWhatSimulationsDo, in both stages and both claims.
func TestPlanOfSharesIsWhatSimulationsDo(t *testing.T) {
	if testing.Short() {
		t.Skip("a simulation of some seconds")
	}
	for i, c := range []struct {
		weight       int
		metric       string
		perWindow, p float64
		null         sequential.Null
		worse        float64 // the canary at twice the margin
	}{
		{10, "kind: proportion, field: error_type, worse: higher, margin: {absolute: 0.005}", 1000, 0.01, sequential.Null{Margin: 0.005}, 0.02},
		{10, "kind: proportion, field: error_type, worse: higher, margin: {relative: 20%}", 3000, 0.05, sequential.Null{Margin: 0.2, Relative: true}, 0.07},
		{25, "kind: proportion, field: error_type, worse: lower, margin: {absolute: 0.03}", 400, 0.9, sequential.Null{Margin: 0.03, Worse: sequential.Lower}, 0.84},
		{5, "kind: proportion, field: error_type, worse: higher, margin: {absolute: 0.002}", 6000, 0.002, sequential.Null{Margin: 0.002}, 0.006},
	} {
		spec := specOf(t, c.weight, c.metric)
		spec.Traffic = decision.Traffic{PerMinute: c.perWindow, Base: map[string]decision.Base{"m": {Value: c.p}}}
		plan, err := Make(spec, nil)
		if err != nil {
			t.Fatal(err)
		}
		budget := spec.Budget(1)
		for stage := range 2 {
			h := history{perWindow: c.perWindow, shares: [2]float64{float64(c.weight) / 100, 0.5}, stage: [2]int{30, 2000}}
			if stage == 0 {
				h.stage = [2]int{2000, 0}
			}
			before := stage * 30
			rates := func(late float64) func(r *rand.Rand, s int, n int64, canary bool) any {
				return func(r *rand.Rand, s int, n int64, canary bool) any {
					p := c.p
					if canary && s >= stage {
						p = late
					}
					return sequential.Counts{N: n, Y: bench.Binomial(r, n, p)}
				}
			}
			safe := from(stage, func() func(look) bool {
				s := sequential.NewSafe(c.null, sequential.Options{})
				at := 0
				return func(l look) bool {
					if l.stage != at {
						at = l.stage
						s.StartStage(at)
					}
					if l.window > 1 || l.stage == 0 { // the window of the step belongs to no split
						s.Observe(l.stable.(sequential.Counts), l.canary.(sequential.Counts), l.stage)
					}
					return math.Min(s.LogE(), s.StageLogE()) >= budget.Threshold("m", "safe")
				}
			})
			harm := from(stage, func() func(look) bool {
				s := sequential.NewHarm(c.null, sequential.Options{Stages: 3})
				return func(l look) bool {
					s.Observe(l.stable.(sequential.Counts), l.canary.(sequential.Counts), l.stage)
					return s.LogEMax() >= budget.Threshold("m", "harm")
				}
			})
			row := plan.Stages[stage].Metrics[0]
			play := func(late float64, rule bench.Rule[look]) bench.Tally {
				h.draw = rates(late)
				tallies, err := bench.Play(context.Background(), bench.Plan{Seed: uint64(i), Runs: simulated}, h.play, []bench.Rule[look]{rule})
				if err != nil {
					t.Fatal(err)
				}
				return tallies[0]
			}
			what := fmt.Sprintf("%s, stage %d", c.metric, stage+1)
			near(t, what+", safe", play(c.p, safe), before, row.Safe)
			near(t, what+", harm", play(c.worse, harm), before, row.Harm)
		}
	}
}

// TestPlanOfMeansAndQuantilesIsWhatSimulationsDo, in the first stage.
func TestPlanOfMeansAndQuantilesIsWhatSimulationsDo(t *testing.T) {
	if testing.Short() {
		t.Skip("a simulation of some seconds")
	}
	values := func(x func(r *rand.Rand, canary bool) float64) func(*rand.Rand, int, int64, bool) any {
		return func(r *rand.Rand, _ int, n int64, canary bool) any {
			h := stats.NewHistogram(false)
			var m sequential.Moments
			for range n {
				v := x(r, canary)
				h.Add(v)
				m = m.Merge(sequential.Moments{N: 1, Mean: v})
			}
			return struct {
				h *stats.Histogram
				m sequential.Moments
			}{&h, m}
		}
	}
	type drawn = struct {
		h *stats.Histogram
		m sequential.Moments
	}
	for i, c := range []struct {
		metric string
		base   decision.Base
		n      float64
		mean   bool
		null   sequential.Null
		x      func(factor float64) func(*rand.Rand, bool) float64
	}{
		{"kind: mean, field: metrics.tokens, worse: higher, margin: {relative: 10%}", decision.Base{Value: 20, SD: 20}, 400, true, sequential.Null{Margin: 0.1, Relative: true},
			func(f float64) func(*rand.Rand, bool) float64 {
				return func(r *rand.Rand, canary bool) float64 {
					if canary {
						return f * 20 * r.ExpFloat64()
					}
					return 20 * r.ExpFloat64()
				}
			}},
		{"kind: quantile, quantile: 0.95, field: latency_seconds, worse: higher, margin: {relative: 20%}", decision.Base{}, 400, false, sequential.Null{Margin: 0.2, Relative: true},
			func(f float64) func(*rand.Rand, bool) float64 {
				return func(r *rand.Rand, canary bool) float64 {
					v := 100 * math.Exp(DefaultSpread*r.NormFloat64())
					if canary {
						v *= f
					}
					return v
				}
			}},
	} {
		spec := specOf(t, 25, c.metric)
		spec.Traffic = decision.Traffic{PerMinute: c.n, Base: map[string]decision.Base{"m": c.base}}
		plan, err := Make(spec, nil)
		if err != nil {
			t.Fatal(err)
		}
		budget := spec.Budget(1)
		for _, claim := range []string{"safe", "harm"} {
			factor := 1.0
			if claim == "harm" {
				factor = 1 + 2*c.null.Margin
			}
			rule := from(0, func() func(look) bool {
				score := sequential.NewScore(sequential.ScoreOptions{Null: c.null, Harm: claim == "harm", Stages: 3})
				tail := sequential.NewExceedance(sequential.QuantileOptions{Q: 0.95, Tolerance: c.null, Margin: c.null, Options: sequential.Options{Stages: 3}})
				return func(l look) bool {
					a, b := l.stable.(drawn), l.canary.(drawn)
					if c.mean {
						if l.window > 1 || claim == "harm" {
							score.Observe(a.m, b.m, 0)
						}
						return score.Ready() && score.LogE() >= budget.Threshold("m", claim)
					}
					tail.Observe(a.h, b.h, 0, true)
					if claim == "harm" {
						return tail.Harm.LogEMax() >= budget.Threshold("m", claim)
					}
					return tail.Safe.LogE() >= budget.Threshold("m", claim)
				}
			})
			h := history{perWindow: c.n, shares: [2]float64{0.25, 0.5}, stage: [2]int{600, 0}, draw: values(c.x(factor))}
			tallies, err := bench.Play(context.Background(), bench.Plan{Seed: uint64(i), Runs: 200}, h.play, []bench.Rule[look]{rule})
			if err != nil {
				t.Fatal(err)
			}
			row := plan.Stages[0].Metrics[0]
			near(t, c.metric+", "+claim, tallies[0], 0, map[string]Time{"safe": row.Safe, "harm": row.Harm}[claim])
		}
	}
}

// TestReachableMarginIsReached: planned at that margin, the median is the bake.
func TestReachableMarginIsReached(t *testing.T) {
	for _, metric := range []string{
		"kind: proportion, field: error_type, worse: higher, margin: {absolute: 0.005}", "kind: proportion, field: error_type, worse: lower, margin: {relative: 1%}",
		"kind: mean, field: metrics.tokens, worse: lower, margin: {absolute: 0.5}", "kind: quantile, quantile: 0.9, field: latency_seconds, worse: higher, margin: {relative: 10%}",
	} {
		spec := specOf(t, 10, metric)
		spec.Traffic = decision.Traffic{PerMinute: 2000, Base: map[string]decision.Base{"m": {Value: 0.1, SD: 0.2}}}
		plan, err := Make(spec, nil)
		if err != nil {
			t.Fatal(err)
		}
		reachable := plan.Stages[0].Metrics[0].Reachable
		spec.Metrics[0].Margin.Value = reachable
		again, err := Make(spec, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := again.Stages[0].Metrics[0].Safe.Median; !(reachable > 0) || got != 30 {
			t.Errorf("%s: at the reachable margin %v the median is %v windows, the bake has 30", metric, reachable, got)
		}
	}
}

func TestPlanWarns(t *testing.T) {
	spec := specOf(t, 10, "kind: proportion, field: error_type, worse: higher, margin: {absolute: 0.001}")
	spec.Traffic = decision.Traffic{PerMinute: 200, Base: map[string]decision.Base{"m": {Value: 0.02}}}
	plan, err := Make(spec, nil)
	if err != nil {
		t.Fatal(err)
	}
	second := plan.Stages[1]
	if w := strings.Join(second.Warnings, "\n"); !strings.Contains(w, "cannot decide within maxDuration 2h") || !strings.Contains(w, "reaches a margin of") {
		t.Errorf("warnings %q", w)
	}
	if f := second.Forward; time.Duration(f.MedianTime) <= 2*time.Hour || f.Median != second.Metrics[0].Safe.Median {
		t.Errorf("forward %+v", f)
	}
	spec.Traffic.PerMinute = 1e6
	if plan, err = Make(spec, nil); err != nil || len(plan.Stages[1].Warnings) > 0 || plan.Stages[1].Forward.Median != 60 {
		t.Errorf("with a million a minute: %v %+v", err, plan.Stages[1])
	}
	spec.Traffic.PerMinute = 0
	if _, err := Make(spec, nil); err == nil || !strings.Contains(err.Error(), "--traffic") {
		t.Errorf("without traffic: %v", err)
	}
	spec.Traffic = decision.Traffic{PerMinute: 1000}
	if plan, err = Make(spec, nil); err != nil || !strings.Contains(strings.Join(plan.Notes, "\n"), "m is not planned: its base value is not known: give it with --rate m=0.02") {
		t.Errorf("without a base value: %v, %q", err, plan.Notes)
	}
}

func TestDurations(t *testing.T) {
	const day = 24 * time.Hour
	for d, want := range map[time.Duration]string{
		0: "0s", 50 * time.Second: "50s", 90 * time.Second: "1m30s", 30 * time.Minute: "30m", 2 * time.Hour: "2h",
		25*time.Hour + 40*time.Minute: "1d2h", 11 * day: "11d", 101 * 365 * day: "a century", time.Hour - time.Millisecond: "60m",
	} {
		if got := Duration(d).String(); got != want {
			t.Errorf("%v is written %q, want %q", d, got, want)
		}
	}
	if b, err := Duration(1500 * time.Millisecond).MarshalJSON(); err != nil || string(b) != "1.5" {
		t.Errorf("in JSON %s, %v", b, err)
	}
}
