package engine_test

import (
	"strings"
	"testing"
	"time"

	"verdin/internal/engine"
	"verdin/schemas"
)

// labelled is a rollout whose labels come one second after the prediction and count when
// their horizon of four minutes is over; not every stage has some.
func labelled(mode string, has func(stage int) bool, each func(engine.Outcome)) story {
	return story{spec: with(`  metrics:
    - {name: errors, kind: proportion, field: error_type, worse: higher, role: guardrail, margin: {absolute: 0.1}}
    - {name: right, kind: proportion, on: outcome, field: right, worse: lower, role: guardrail, margin: {absolute: 0.2}, missing: exclude, mode: `+mode+`}
`, "horizon: 1m", "horizon: 4m"), length: 40 * time.Minute, rate: 20, each: each,
		answer: func(r *request) []schemas.Event {
			out := []schemas.Event{&r.p}
			if has(r.stage) {
				out = append(out, &schemas.Outcome{PredictionID: r.p.PredictionID, Name: "right", Value: schemas.Num(1), EventTime: r.at.Add(time.Second).Std()})
			}
			return out
		}}
}

// A rollout is complete when the labels of the whole last bake have matured, and not a
// moment before; where labels may only roll back, when those of the stages before have.
func TestCompletedWhenTheLabelsHaveMaturedAndNotBefore(t *testing.T) {
	const horizon, bake, window, lateness = 4 * time.Minute, 3 * time.Minute, 10 * time.Second, 5 * time.Second
	for mode, wait := range map[string]time.Duration{"gate": bake + horizon, "watch": horizon} {
		var entered, done schemas.Time
		var waits string
		end := labelled(mode, func(int) bool { return true }, func(o engine.Outcome) {
			if o.State.Stage == 2 {
				entered = o.State.EnteredAt
			}
			if o.State.Phase == schemas.PhaseCompleted {
				done = o.State.History[len(o.State.History)-1].DecidedAt
			}
			if v := o.Verdict; v != nil && v.Stage.Index == 2 && v.Reason.Code == "insufficient" {
				waits = strings.Join(v.Next.Missing, "; ")
			}
		}).run(t, 1)
		took := done.Sub(entered)
		if end.phase != schemas.PhaseCompleted || took < wait || took > wait+lateness+5*window || mode == "watch" && !strings.Contains(waits, "right: ") {
			t.Errorf("%s: %s (%s), complete %v after the last step; labels need %v, and it waited for %q", mode, end.phase, end.reason, took, wait, waits)
		}
	}
}

// While labels stay unknown nothing is complete, however long it takes: neither where they
// never came, nor where they stop with the last stage.
func TestNothingIsCompleteWhileLabelsStayUnknown(t *testing.T) {
	for _, c := range []struct {
		name, mode string
		has        func(stage int) bool
		stage      int // that is reached
	}{
		{"none at all, gate", "gate", func(int) bool { return false }, 0},
		{"none at the end, gate", "gate", func(stage int) bool { return stage < 2 }, 2},
	} {
		var stage int
		end := labelled(c.mode, c.has, func(o engine.Outcome) { stage = o.State.Stage }).run(t, 1)
		if end.phase != schemas.PhaseHeld && end.phase != schemas.PhasePromoted || end.reason != "insufficient" || stage != c.stage {
			t.Errorf("%s: %s (%s) in stage %d", c.name, end.phase, end.reason, stage)
		}
	}
}
