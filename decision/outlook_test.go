package decision_test

import (
	"strings"
	"testing"
	"time"

	"verdin/decision"
	"verdin/schemas"
	"verdin/stats"
)

// half is a look at half of what the first stage needs: its bake, its samples, and the
// evidence of one guardrail.
func half(s *decision.Spec) decision.Input {
	in := good(s, 5*time.Minute)
	in.Stage = decision.StageData{Bake: 5 * time.Minute, Samples: [2]int64{900, 50}, LabelBake: 5 * time.Minute, LabelSamples: [2]int64{900, 50}}
	return in
}

func safety(in *decision.Input, metric string, logE float64) {
	for i := range in.Evidence {
		if e := &in.Evidence[i]; e.Metric == metric && (e.Test == "safe" || e.Test == "safe_stage") {
			e.LogE, e.Result = logE, stats.Unknown
		}
	}
}

func TestTheOutlookIsAStraightLine(t *testing.T) {
	s := spec(t)
	threshold := s.Budget(1).Threshold("errors", "safe")
	for name, c := range map[string]struct {
		change func(*decision.Input)
		want   time.Duration
		needs  string
	}{
		"half of the bake":        {func(in *decision.Input) { in.Stage.Samples[1], in.Stage.LabelSamples[1] = 100, 100 }, 5 * time.Minute, "bake"},
		"a tenth of the samples":  {func(in *decision.Input) { in.Stage.Samples[1] = 10 }, 45 * time.Minute, "samples"},
		"a tenth of the labels":   {func(in *decision.Input) { in.Stage.LabelSamples[1] = 10 }, 45 * time.Minute, "matured samples"},
		"a third of the evidence": {func(in *decision.Input) { safety(in, "errors", threshold/3) }, 10 * time.Minute, "errors: safety"},
		"no sample yet":           {func(in *decision.Input) { in.Stage.Samples[1] = 0 }, 0, "samples"},
		"evidence that falls":     {func(in *decision.Input) { safety(in, "errors", -1) }, 0, "errors: safety"},
		"nothing seen":            {func(in *decision.Input) { in.Stage = decision.StageData{} }, 0, "bake"},
	} {
		in := half(s)
		c.change(&in)
		got := decision.Ahead(s, begun(t, s).st, in)
		if d := got.ETA - c.want; d < -time.Second || d > time.Second {
			t.Errorf("%s: %v, want %v", name, got.ETA, c.want)
		}
		if !strings.Contains(strings.Join(got.Missing, "\n"), c.needs) {
			t.Errorf("%s: missing %q, want %q among it", name, got.Missing, c.needs)
		}
	}
}

func TestThereIsNoOutlookWhereTimeDecidesNothing(t *testing.T) {
	s := spec(t)
	r := begun(t, s)
	if got := decision.Ahead(s, r.st, good(s, time.Hour)); got.ETA != 0 || len(got.Missing) > 0 {
		t.Errorf("nothing is missing: %+v", got)
	}
	paused := r.st
	paused.Paused = true
	if got := decision.Ahead(s, paused, half(s)); got.ETA != 0 || len(got.Missing) == 0 {
		t.Errorf("paused: %+v", got)
	}
	r.forward(time.Hour)
	if got := decision.Ahead(s, r.st, half(s)); got.ETA != 0 {
		t.Errorf("a manual gate: %+v", got)
	}
	ended := r.st
	ended.Phase = schemas.PhaseRolledBack
	for _, st := range []decision.State{ended, decision.New(s, decision.Head{}, start)} {
		if got := decision.Ahead(s, st, half(s)); got.ETA != 0 || got.Missing != nil {
			t.Errorf("%s: %+v", st.Phase, got)
		}
	}
}
