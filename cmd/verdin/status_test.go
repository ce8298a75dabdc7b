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
