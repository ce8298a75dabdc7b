package engine_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"verdin/internal/engine"
	"verdin/schemas"
)

const unitMetrics = `  holdBack: 20%
  metrics:
    - {name: errors, kind: proportion, field: error_type, worse: higher, role: guardrail, margin: {absolute: 0.1}}
`

// R35: facts about units and versions that make a comparison void are told, each by its
// own code, and never as harm.
func TestUnitsAndVersionsThatMakeTheComparisonVoid(t *testing.T) {
	for _, c := range []struct {
		reason string
		change func(r *request)
		by     func(r *request) string
	}{
		{"completed", func(*request) {}, nil},
		{"crossover", func(*request) {}, func(r *request) string { return r.p.PredictionID }}, // a router that forgets
		{"concentration", func(r *request) {
			if r.one(0.15) {
				r.p.UnitID = fmt.Sprint("bot", r.canary)
			}
		}, nil},
		{"artifact_changed", func(r *request) {
			if r.p.ModelVersion = "v1"; r.canary {
				r.p.ModelVersion = "v2"
			}
			if r.stage == 1 && r.canary && r.one(0.1) {
				r.p.ModelVersion = "v3"
			}
		}, nil},
	} {
		s := story{spec: with(unitMetrics, "assignment: request", "assignment: sticky"), length: 30 * time.Minute, rate: 20,
			by: func(r *request) string { return r.unit },
			answer: func(r *request) []schemas.Event {
				c.change(r)
				if r.one(0.02) {
					r.p.ErrorType = "timeout"
				}
				return []schemas.Event{&r.p}
			}}
		if c.by != nil {
			s.by = c.by
		}
		if end := s.run(t, 1); end.reason != c.reason || end.phase == schemas.PhaseRolledBack {
			t.Errorf("%s (%s) after %v, want %s", end.phase, end.reason, end.at, c.reason)
		}
	}
}

// R19: a stream that is sampled evenly is judged as one that is not; where the arms are
// sampled at different rates, nothing is compared.
func TestSampledStreams(t *testing.T) {
	for _, c := range []struct {
		rate  func(canary bool) int
		ends  string
		words string
	}{
		{func(bool) int { return 30 }, "completed", ""},
		{func(canary bool) int {
			if canary {
				return 1
			}
			return 30
		}, "assignment", "one of 30 of stable's predictions and one of 1 of the canary's is sent"},
	} {
		said := ""
		s := story{spec: with(unitMetrics), length: 30 * time.Minute, rate: 20,
			answer: func(r *request) []schemas.Event {
				r.p.SampledRate = c.rate(r.canary)
				if r.one(0.02) {
					r.p.ErrorType = "timeout"
				}
				return []schemas.Event{&r.p}
			},
			each: func(o engine.Outcome) {
				if o.Verdict != nil {
					said = o.Verdict.Reason.Message
				}
			}}
		if end := s.run(t, 1); end.reason != c.ends || !strings.Contains(said, c.words) {
			t.Errorf("%s (%s) after %v: %q, want %s", end.phase, end.reason, end.at, said, c.ends)
		}
	}
}
