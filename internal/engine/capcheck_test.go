package engine_test

import (
	"testing"
	"time"

	"verdin/schemas"
	"verdin/stats"
)

const cappedMetrics = `  holdBack: 20%
  metrics:
    - {name: tokens, kind: mean, field: metrics.tokens, cap: 100, worse: higher, role: guardrail, margin: {relative: 30%}}
  drift:
    - {name: scores, of: prediction_score, between: arms, method: ks, above: 0.25, role: guardrail}
`

// tails has means whose tail the cap hides: 0.2 % of the values of stable are beyond it,
// of a bad canary so many more.
func tails(beyond, shift float64, assignment string) story {
	by := map[string]func(r *request) string{"sticky": func(r *request) string { return r.unit }}[assignment]
	return story{spec: with(cappedMetrics, "assignment: request", "assignment: "+assignment), length: 40 * time.Minute, rate: 40, by: by,
		answer: func(r *request) []schemas.Event {
			x, p, score := 20+20*r.rng.Float64(), 0.002, r.rng.Float64()
			if r.canary {
				p += beyond
				score += shift * (1 - score)
			}
			if r.one(p) {
				x = 1e6
			}
			r.p.Metrics, r.p.PredictionScore = schemas.Members{{Name: "tokens", Value: schemas.Num(x)}}, schemas.Num(score)
			return []schemas.Event{&r.p}
		}}
}

// R47: a cap makes the mean blind for what lies beyond it; the share of values at the
// cap is tested beside the mean, and a step forward needs it as well.
func TestWhatACapHidesIsFound(t *testing.T) {
	for _, assignment := range []string{"request", "sticky"} {
		good := tails(0, 0, assignment).run(t, 1)
		if e := good.find(t, "tokens/cap_safe", ""); good.phase != schemas.PhaseCompleted || e.Result != stats.Safe {
			t.Errorf("%s: harmless: %s (%s), %+v", assignment, good.phase, good.reason, e)
		}
		bad := tails(0.04, 0, assignment).run(t, 2)
		if cap, mean := bad.find(t, "tokens/cap", ""), bad.find(t, "tokens/harm", ""); bad.phase != schemas.PhaseRolledBack || cap.Result != stats.Harm || mean.Result == stats.Harm {
			t.Errorf("%s: the tail is missed: %s (%s), cap %.1f, mean %.1f of %.1f", assignment, bad.phase, bad.reason, cap.LogEMax, mean.LogEMax, mean.Threshold)
		}
	}
}

// R42: a guarded distribution is shown to be the same before a step forward; one that
// moved by less than its bound but too near to it is neither, and holds.
func TestADistributionIsShownToBeTheSame(t *testing.T) {
	good := tails(0, 0.1, "request").run(t, 3)
	for _, name := range []string{"scores/same", "scores/same_stage"} {
		if e := good.find(t, name, ""); good.phase != schemas.PhaseCompleted || e.Result != stats.Safe || !e.Exact {
			t.Errorf("%s: %s (%s), %+v", name, good.phase, good.reason, e)
		}
	}
	if bad := tails(0, 0.5, "request").run(t, 4); bad.phase != schemas.PhaseRolledBack || bad.reason != "drift" {
		t.Errorf("moved by half: %s (%s)", bad.phase, bad.reason)
	}
	if near := tails(0, 0.24, "request").run(t, 5); near.phase == schemas.PhaseCompleted || near.phase == schemas.PhaseRolledBack {
		t.Errorf("moved nearly to the bound: %s (%s)", near.phase, near.reason)
	}
}

const labelledMetrics = `  metrics:
    - {name: right, kind: proportion, on: outcome, field: right, worse: lower, role: guardrail, margin: {absolute: 0.15}, missing: exclude}
`

// R49: where one arm's labels are missing more often, its figure means nothing: that is
// told, and is no harm.
func TestLabelsThatAreMissingInOneArm(t *testing.T) {
	labelsOf := func(missing float64) story {
		return story{spec: with(labelledMetrics), length: 20 * time.Minute, rate: 30, answer: func(r *request) []schemas.Event {
			o := &schemas.Outcome{PredictionID: r.p.PredictionID, Name: "right", Value: schemas.Num(1), EventTime: r.at.Add(5 * time.Second).Std()}
			if r.one(0.2) {
				o.Value = schemas.Num(0)
			}
			if r.one(0.3) || r.canary && r.one(missing) {
				return []schemas.Event{&r.p}
			}
			return []schemas.Event{&r.p, o}
		}}
	}
	good := labelsOf(0).run(t, 6)
	if e := good.find(t, "right/coverage", ""); good.phase != schemas.PhaseCompleted || e.Result != stats.Unknown || e.Value[0] < 0.6 || e.Value[0] > 0.8 {
		t.Errorf("harmless: %s (%s), %+v", good.phase, good.reason, e)
	}
	bad := labelsOf(0.2).run(t, 7)
	if e := bad.find(t, "right/coverage", ""); e.Result != stats.Harm || e.Role != "health" || bad.phase == schemas.PhaseRolledBack {
		t.Errorf("labels missing: %s (%s), %+v", bad.phase, bad.reason, e)
	}
}
