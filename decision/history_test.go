package decision_test

import (
	"testing"
	"time"

	"verdin/decision"
	"verdin/schemas"
	"verdin/stats"
)

// That an arm moved against its own past is in the verdict, and changes none: neither
// where signals roll back, nor where a step forward is due.
func TestAnArmsOwnHistoryStopsNothing(t *testing.T) {
	s := spec(t, func(s *decision.Spec) {
		s.Policy.OnSignal = "rollback"
		s.Drift = append(s.Drift, decision.Drift{Name: "habits", Of: s.Drift[0].Of, Between: "history", Method: "psi", Above: 0.1, Role: decision.Observe, Weight: 1})
	})
	in := good(s, time.Hour)
	want := begun(t, s).look(in)
	moved := stats.Evidence{Name: "habits/canary", Metric: "habits", Kind: "drift", Test: decision.HistoryTest, Role: decision.Observe,
		LogE: 90, LogEMax: 90, Threshold: 4, Result: stats.Harm, Blocks: 9, N: [2]int64{0, 999}, Warnings: []string{"canary moved against its own past"}}
	in.Evidence = append(in.Evidence, moved)
	got := begun(t, s).look(in)
	if got == nil || got.Verdict != schemas.VerdictAdvance || got.Reason != want.Reason {
		t.Fatalf("with an arm that moved: %+v\nwithout: %+v", got, want)
	}
	if last := got.Checks[len(got.Checks)-1]; last.Name != moved.Name || len(last.Warnings) != 1 {
		t.Errorf("the verdict says %+v", last)
	}
}
