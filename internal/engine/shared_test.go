package engine_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"verdin/decision"
	"verdin/internal/engine"
	"verdin/schemas"
	"verdin/stats"
	"verdin/stats/multiple"
)

// segmented is a spec with so many guarded segments, each of the same share of traffic.
func segmented(n int, risk float64) string {
	var values []string
	for i := range n {
		values = append(values, fmt.Sprintf("s%d: %v%%", i, math.Floor(10000/float64(max(n, 1)))/100))
	}
	metrics := "  metrics:\n    - {name: errors, kind: proportion, field: error_type, worse: higher, role: guardrail, margin: {absolute: 0.1}, tolerance: {absolute: 0}}\n"
	if n > 0 {
		metrics += "  segments: [{by: tags.s, role: guardrail, values: {" + strings.Join(values, ", ") + "}}]\n"
	}
	return with(metrics + fmt.Sprintf("  risk: {falseRollback: %v}\n  holdBack: 0%%\n", risk))
}

// alike is a world in which the arms are the same, in every segment.
func alike(n int, risk float64, each func(engine.Outcome)) story {
	return story{spec: segmented(n, risk), length: 6 * time.Minute, rate: 40, each: each, answer: func(r *request) []schemas.Event {
		r.p.Tags = schemas.Members{{Name: "s", Value: schemas.Str(fmt.Sprintf("s%d", r.rng.IntN(max(n, 1))))}}
		if r.one(0.3) {
			r.p.ErrorType = "timeout"
		}
		return []schemas.Event{&r.p}
	}}
}

// However many segments guard a rollout, the tests of the engine that can take it back
// spend its risk once: their thresholds are shares of it that sum to no more than one.
func TestSegmentsSpendTheRiskOnce(t *testing.T) {
	const risk = 0.2
	for _, n := range []int{0, 1, 2, 7, 64} {
		w := alike(n, risk, nil)
		w.length = 30 * time.Second
		spendOnce(t, w.run(t, 1).evidence, decision.Guardrail, "harm", n+1, risk)
	}
}

// spendOnce checks that so many tests of a role spend together what a first generation
// has of a risk, and nearly all of it.
func spendOnce(t *testing.T, evidence []stats.Evidence, role, test string, want int, risk float64) {
	t.Helper()
	most := multiple.GenerationAlpha(risk, 1)
	sum, tests := 0.0, 0
	for _, e := range evidence {
		if e.Role == role && e.Test == test {
			sum, tests = sum+math.Exp(-e.Threshold), tests+1
		}
	}
	if tests != want || sum > most+1e-12 || sum < most*0.99 {
		t.Errorf("%d tests of %s, want %d, spend %.4f of %.4f", tests, test, want, sum, most)
	}
}

// Where the arms are alike in each of twenty segments, the chance of a rollback is that of
// one rollout, not of twenty: of 40 runs at a risk of 0.304 (half, spent on a first generation)
// more than 22 would have a chance below 0.001 (binomial).
func TestManySegmentsRaiseNoMoreFalseAlarms(t *testing.T) {
	alarms, seeds := 0, len(thin(make([]int, 40)))
	for seed := range uint64(seeds) {
		if end := alike(20, 0.5, nil).run(t, seed); end.phase == schemas.PhaseRolledBack {
			alarms++
		}
	}
	if alarms*40 > 22*seeds {
		t.Errorf("%d of %d harmless rollouts were taken back", alarms, seeds)
	}
}
