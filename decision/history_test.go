package decision_test

import (
	"strings"
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

// A pane that nobody gave is written out, and is the same as the one that it stands for.
func TestAPaneIsWrittenOut(t *testing.T) {
	const text = "apiVersion: verdin/v1alpha1\nkind: Rollout\nmetadata: {name: r}\nspec:\n  arms: {stable: a, canary: b}\n  assignment: request\n  source: {time: {window: 25s}}\n" +
		"  drift: [{name: habits, of: prediction_score, between: history, PANE method: psi, above: 0.1}, {name: scores, of: prediction_score, method: psi}]\n"
	var digests []string
	for _, pane := range []string{"", "pane: 75s,", "pane: 100s,"} {
		s, err := decision.Parse([]byte(strings.Replace(text, "PANE", pane, 1)), "r.yaml")
		if err != nil {
			t.Fatal(err)
		}
		digests = append(digests, s.Digest)
		if got := string(s.YAML()); strings.Count(got, "pane: ") != 1 || pane == "" && !strings.Contains(got, "pane: 1m15s") {
			t.Errorf("%q: %s", pane, got)
		}
	}
	if digests[0] != digests[1] || digests[0] == digests[2] {
		t.Errorf("digests %v", digests)
	}
}
