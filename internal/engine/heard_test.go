package engine_test

import (
	"testing"
	"time"

	"verdin/schemas"
	"verdin/stats"
)

const boughtMetrics = `  metrics:
    - {name: bought, kind: proportion, on: outcome, field: bought, missing: negative, worse: lower, role: guardrail, margin: {absolute: 0.05}}
`

// bought tells of a shop in which a tenth buys; the topic of outcomes dies after some time.
func bought(dies time.Duration) story {
	return story{spec: with(boughtMetrics), length: 25 * time.Minute, rate: 30, answer: func(r *request) []schemas.Event {
		if !r.one(0.1) || r.at >= sceneStart.Add(dies) {
			return []schemas.Event{&r.p}
		}
		return []schemas.Event{&r.p, &schemas.Outcome{PredictionID: r.p.PredictionID, Name: "bought", Value: schemas.Num(1), EventTime: r.at.Add(9 * time.Second).Std()}}
	}}
}

// A missing outcome is a negative; but when all of them are missing, the topic is dead:
// both arms look alike, and that is not safety.
func TestADeadTopicOfOutcomesLooksNotSafe(t *testing.T) {
	if end := bought(time.Hour).run(t, 1); end.phase != schemas.PhaseCompleted {
		t.Errorf("alive: %s (%s)", end.phase, end.reason)
	}
	for _, dies := range []time.Duration{0, 2 * time.Minute} {
		end := bought(dies).run(t, 2)
		e, safe := end.find(t, "bought/heard", ""), end.find(t, "bought/safe", "")
		if end.phase == schemas.PhaseCompleted || end.phase == schemas.PhaseRolledBack || dies > 0 && (end.reason != "coverage" || e.Result != stats.Harm) {
			t.Errorf("dead after %v: %s (%s), %+v", dies, end.phase, end.reason, e)
		}
		if safe.LogE > 12 || safe.Skipped.Incomplete == 0 {
			t.Errorf("dead after %v: silence spoke for safety: %+v", dies, safe)
		}
	}
}
