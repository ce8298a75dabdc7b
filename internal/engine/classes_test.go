package engine_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"verdin/schemas"
	"verdin/stats"
)

const classMetrics = `  metrics:
    - {name: precision, kind: proportion, on: outcome, expr: {precision: [prediction_label, outcome.fraud], text: fraud}, mode: gate, worse: lower, role: guardrail, margin: {absolute: 0.15}}
    - {name: recall, kind: proportion, on: outcome, expr: {recall: [prediction_label, outcome.fraud], text: fraud}, mode: gate, worse: lower, role: guardrail, margin: {absolute: 0.15}}
    - {name: brier, kind: mean, on: outcome, expr: {squaredError: [prediction_score, outcome.fraud]}, range: [0, 1], mode: gate, worse: higher, role: observe, margin: {absolute: 0.05}}
    - {name: off, kind: mean, on: outcome, expr: {absoluteError: [prediction_score, outcome.fraud]}, range: [0, 1], mode: gate, worse: higher, role: observe, margin: {absolute: 0.05}}
`

// classes is a world in which a fifth of the requests are frauds. Stable calls 70 % of
// them so, and 5 % of the others; the canary, where it is eager, 90 % and 30 %. A tenth of
// the predictions never get a label, whatever they say.
func classes(assignment string, eager bool) story {
	spec, by := with(classMetrics), (func(*request) string)(nil)
	if assignment == "sticky" {
		spec, by = with(classMetrics, "assignment: request", "assignment: sticky\n  unit: user_id"), func(r *request) string { return r.unit }
	}
	return story{spec: spec, by: by, length: 20 * time.Minute, rate: 40, answer: func(r *request) []schemas.Event {
		fraud, called := r.one(0.2), 0.05
		if fraud {
			called = 0.7
		}
		if r.canary && eager {
			called = 0.3
			if fraud {
				called = 0.9
			}
		}
		says, score := "ok", 0.25
		if r.one(called) {
			says, score = "fraud", 0.5
		}
		r.p.PredictionLabel, r.p.PredictionScore = schemas.Str(says), schemas.Num(score)
		truth := 0.0
		if fraud {
			truth = 1
		}
		out := []schemas.Event{&r.p}
		if r.one(0.9) {
			out = append(out, &schemas.Outcome{PredictionID: r.p.PredictionID, UnitID: r.unit, Name: "fraud", Value: schemas.Num(truth), EventTime: r.at.Add(2 * time.Second).Std()})
		}
		return out
	}}
}

// Precision is of what the model calls by the name of a class, recall of what is of it:
// others are not in it, and no label of theirs is missed, however many more the canary
// calls so. R52: precision says that the model chooses what counts.
func TestPrecisionAndRecallOfAClass(t *testing.T) {
	for _, assignment := range []string{"request", "sticky"} {
		end := classes(assignment, true).run(t, 1)
		if end.phase != schemas.PhaseRolledBack || end.reason != "harm" {
			t.Errorf("%s: a canary of poor precision: %s (%s)", assignment, end.phase, end.reason)
		}
		for name, want := range map[string][2]float64{
			"precision/harm": {0.14 / 0.18, 0.18 / 0.42}, "recall/harm": {0.7, 0.9},
			"brier/harm": {0.06*0.5625 + 0.14*0.25 + 0.04*0.25 + 0.76*0.0625, 0.02*0.5625 + 0.18*0.25 + 0.24*0.25 + 0.56*0.0625},
			"off/harm":   {0.06*0.75 + 0.14*0.5 + 0.04*0.5 + 0.76*0.25, 0.02*0.75 + 0.18*0.5 + 0.24*0.5 + 0.56*0.25},
		} {
			e := end.find(t, name, "")
			for arm, x := range e.Value {
				if math.Abs(x-want[arm]) > 0.1 {
					t.Errorf("%s: %s of arm %d: %v, want about %v", assignment, name, arm, x, want[arm])
				}
			}
			if got := len(e.Warnings) > 0 && e.Warnings[0] == "conditional: which observations count is the model's own choice"; got != (name == "precision/harm") {
				t.Errorf("%s: %s warns: %v", assignment, name, e.Warnings)
			}
		}
		if e := end.find(t, "precision/harm", ""); e.Result != stats.Harm {
			t.Errorf("%s: precision: %+v", assignment, e)
		}
		if e := end.find(t, "recall/harm", ""); e.Result == stats.Harm {
			t.Errorf("%s: a recall that rose is harm: %+v", assignment, e)
		}
	}
}

func TestLabelsAreMissedOnlyWhereAClassIsConcerned(t *testing.T) {
	for _, assignment := range []string{"request", "sticky"} {
		s := classes(assignment, true)
		s.spec = strings.ReplaceAll(s.spec, "role: guardrail", "role: observe")
		end := s.run(t, 1)
		for name, want := range map[string]float64{"precision/coverage": 0.9, "recall/coverage": 0.18 / 0.28, "brier/coverage": 0.9} {
			e := end.find(t, name, "")
			if e.Result == stats.Harm || math.Abs(e.Value[0]-want) > 0.06 || math.Abs(e.Value[1]-want) > 0.06 {
				t.Errorf("%s: %s: %v, want about %v of both arms; %s", assignment, name, e.Value, want, e.Result)
			}
		}
		if end.phase == schemas.PhaseRolledBack || end.reason == "coverage" {
			t.Errorf("%s: %s (%s)", assignment, end.phase, end.reason)
		}
	}
}

// Equal arms are promoted: both are shown safe on what concerns them.
func TestEqualClassifiersArePromoted(t *testing.T) {
	for _, assignment := range []string{"request", "sticky"} {
		s := classes(assignment, false)
		s.length = 40 * time.Minute
		if end := s.run(t, 2); end.phase != schemas.PhaseCompleted {
			t.Errorf("%s: %s (%s)", assignment, end.phase, end.reason)
		}
	}
}
