package main

import (
	"strings"
	"testing"

	"verdin/decision"
	"verdin/publish/control"
	"verdin/schemas"
	"verdin/stats"
)

// A status tells in words which arm moved against its own past, and of one that did not
// its numbers alone.
func TestStatusNamesAnArmThatMoved(t *testing.T) {
	of := func(arm string, words ...string) stats.Evidence {
		return stats.Evidence{Name: "habits/" + arm, Metric: "habits", Kind: "drift", Test: decision.HistoryTest, Role: decision.Observe, Warnings: words}
	}
	st := control.Status{Namespace: "default", Rollout: "shop", Phase: schemas.PhaseRunning,
		Checks: decision.Checks([]stats.Evidence{of("stable"), of("canary", "canary moved against its own past: psi 0.68")})}
	got := describe(&st)
	if !strings.Contains(got, "\nnote: habits/canary: canary moved against its own past: psi 0.68\n") || strings.Contains(got, "note: habits/stable") {
		t.Error(got)
	}
}

// Of a drift check a status tells the distance, of others what each arm has.
func TestStatusTellsADistanceAsOne(t *testing.T) {
	st := control.Status{Namespace: "default", Rollout: "shop", Phase: schemas.PhaseRunning, Checks: decision.Checks([]stats.Evidence{
		{Name: "inputs/drift", Kind: "drift", Effect: stats.Interval{Scale: "psi", Estimate: 0.0312}},
		{Name: "errors/harm", Kind: "proportion", Value: [2]float64{0.01, 0.025}},
	})}
	got := strings.Join(strings.Fields(describe(&st)), " ")
	for _, want := range []string{" - psi 0.0312 e^", " 0.01 0.025 e^"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %s", want, got)
		}
	}
}
