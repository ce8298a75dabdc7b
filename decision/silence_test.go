package decision_test

import (
	"testing"
	"time"

	"verdin/decision"
	"verdin/schemas"
)

// What stable said before the routers sent anything to the canary shows no silence,
// however late they acknowledge (D2).
func TestSilenceCountsFromTheAcknowledgement(t *testing.T) {
	s := spec(t, func(s *decision.Spec) { s.Health.Unapplied = time.Hour })
	r := &run{t: t, spec: s, st: decision.New(s, decision.Head{}, start)}
	r.look(decision.Input{Cut: decision.Cut{Wall: start, Due: start}})
	look := func(at time.Duration, events int64, applied ...decision.Applied) *schemas.Verdict {
		in := good(s, at)
		in.Stage = decision.StageData{}
		in.Health.LastArm[1] = schemas.Unknown
		in.Health.StableSinceCanary = events
		in.Applied = applied
		return r.look(in)
	}
	if v := look(15*time.Minute, 9000); v != nil {
		t.Fatalf("%s before the acknowledgement", v.Reason.Code)
	}
	if v := look(20*time.Minute, 12000, decision.Applied{Generation: 1, Sequence: 1, At: wall(20 * time.Minute)}); v != nil {
		t.Fatalf("%s at the acknowledgement", v.Reason.Code)
	}
	if v := look(21*time.Minute, 12600); v != nil {
		t.Fatalf("%s when windows reached the acknowledgement", v.Reason.Code)
	}
	if v := look(21*time.Minute+10*time.Second, 12687); v != nil {
		t.Fatalf("%s after 87 events", v.Reason.Code)
	}
	if v := look(21*time.Minute+20*time.Second, 12688); v == nil || v.Reason.Code != "canary_silent" || v.Verdict != hold {
		t.Fatalf("after 88 events: %+v", v)
	}
	if v := look(30*time.Minute, 18000); v != nil {
		t.Fatalf("%s %s before 10 minutes", v.Verdict, v.Reason.Code)
	}
	if v := look(31*time.Minute, 18600); v == nil || v.Verdict != rollback {
		t.Fatalf("after 10 minutes: %+v", v)
	}
}

// A recording whose canary got less than the stage orders is no silent canary.
func TestSilenceInARecordingGoesByItsOwnSplit(t *testing.T) {
	s := spec(t)
	for _, c := range []struct {
		share  float64
		events int64
		want   string
	}{{0, 800, ""}, {0, 1000, "canary_silent"}, {0.02, 400, ""}, {0.02, 500, "canary_silent"}} {
		r := begun(t, s)
		s.Share = c.share
		in := good(s, time.Hour)
		in.Cut.Foreign = true
		in.Stage.Bake = 0
		in.Stage.Samples = [2]int64{9900, 100}
		in.Health.StableSinceCanary = c.events
		v := r.look(in)
		if got := code(v); got != c.want {
			t.Errorf("share %v, %d events: %q, want %q", c.share, c.events, got, c.want)
		}
	}
}

func code(v *schemas.Verdict) string {
	if v == nil {
		return ""
	}
	return v.Reason.Code
}
