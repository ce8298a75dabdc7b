package decision_test

import (
	"testing"
	"time"

	"verdin/decision"
	"verdin/schemas"
)

// said is one verdict of a story: what, why, and the canary's weight after it.
type said struct {
	verdict, reason string
	canary          int
}

func (r *run) says(t *testing.T, what string, v *schemas.Verdict, want said) {
	t.Helper()
	if v == nil {
		t.Fatalf("%s: nothing is said in %s", what, r.st.Phase)
	}
	if got := (said{v.Verdict, v.Reason.Code, v.WeightOf(schemas.ArmCanary)}); got != want {
		t.Fatalf("%s: %v, want %v: %s", what, got, want, v.Reason.Message)
	}
	r.st = r.st.Apply([]decision.Applied{{Generation: 1, Sequence: v.Sequence, At: v.Time.Add(time.Second)}})
}

func TestBlueGreenSwitchesOnceAndKeepsStableWarm(t *testing.T) {
	s := spec(t, worlds["blue-green"])
	s.Stages[0].Weight, s.Stages[0].Gate = 5, ""
	r := &run{t: t, spec: s, st: decision.New(s, decision.Head{}, start)}
	r.says(t, "the analysis", r.look(decision.Input{Cut: decision.Cut{Wall: start, Due: start}}), said{"advance", "started", 500})
	r.says(t, "the switch", r.look(good(s, 20*time.Minute)), said{"promote", "promoted", 10000})
	in := good(s, 24*time.Minute)
	in.Stage.Bake = 4 * time.Minute
	if v := r.look(in); v != nil {
		t.Fatalf("%s before stable was warm for long enough", v.Reason.Code)
	}
	back := *r
	in = good(s, 26*time.Minute)
	evidence(&in, "errors/limit", shown)
	back.says(t, "an instant switch back", back.look(in), said{"rollback", "limit_exceeded", 0})
	r.says(t, "the end", r.look(good(s, 40*time.Minute)), said{"promote", "completed", 10000})
}

func TestAShadowEndsWithoutTraffic(t *testing.T) {
	s := spec(t, worlds["shadow"])
	r := &run{t: t, spec: s, st: decision.New(s, decision.Head{}, start)}
	r.says(t, "copies", r.look(decision.Input{Cut: decision.Cut{Wall: start, Due: start}}), said{"advance", "started", 0})
	r.says(t, "shown safe", r.look(good(s, 20*time.Minute)), said{"promote", "completed", 0})
}

func TestAGuardNeverStepsAndMayRollBack(t *testing.T) {
	s := spec(t, worlds["guard"])
	r := &run{t: t, spec: s, st: decision.New(s, decision.Head{}, start)}
	r.says(t, "watching", r.look(decision.Input{Cut: decision.Cut{Wall: start, Due: start}}), said{"advance", "started", 1000})
	for at := 20 * time.Minute; at < 100*time.Minute; at += 20 * time.Minute {
		if v := r.look(good(s, at)); v != nil {
			t.Fatalf("%s at %v", v.Reason.Code, at)
		}
	}
	in := good(s, 100*time.Minute)
	in.Health.LastData = start
	r.says(t, "no data", r.look(in), said{"hold", "no_data", 1000})
	for at := 100*time.Minute + 10*time.Second; r.st.Held != ""; at += 10 * time.Second {
		if v := r.look(good(s, at)); v != nil {
			r.says(t, "data again", v, said{"advance", "resumed", 1000})
		}
	}
	ends := *r
	in = good(s, 110*time.Minute)
	in.Cut.Ended = true
	ends.says(t, "the recording ends", ends.look(in), said{"promote", "completed", 1000})
	evidence(&in, "errors/harm", shown)
	r.says(t, "harm", r.look(in), said{"rollback", "harm", 0})
}

// An engine that another one has fenced off decides nothing more, and says why.
func TestAFencedEngineIsSilent(t *testing.T) {
	s := spec(t)
	r := begun(t, s)
	if r.st.Speaks() != "started" {
		t.Errorf("in force: %q", r.st.Speaks())
	}
	in := good(s, time.Hour)
	evidence(&in, "errors/harm", shown)
	in.Publish = []decision.PublishResult{{Generation: 1, Sequence: 1, Result: "fenced"}}
	if v := r.look(in); v != nil || r.st.Speaks() != "fenced" {
		t.Errorf("%+v, in force: %q", v, r.st.Speaks())
	}
}

// What is missing, and when it is expected: by the planning formula where there is one.
func TestEveryNeedHasItsTime(t *testing.T) {
	s := spec(t)
	r := begun(t, s)
	in := good(s, 4*time.Minute)
	in.Stage = decision.StageData{Bake: 4 * time.Minute, Samples: [2]int64{1800, 200}, LabelBake: 0}
	safety(&in, "errors", 1)
	for i := range in.Evidence {
		in.Evidence[i].Value = [2]float64{0.02, 0.02}
	}
	times := map[string]time.Duration{}
	for _, n := range decision.Missing(s, r.st, in) {
		if n.Known {
			times[n.Check] = max(times[n.Check], n.ETA.Round(time.Second))
		}
	}
	// The bake lacks 6 of 10 minutes; labels lack all 10 and their horizon of 5. With
	// 75 and 8.3 rows a window and 2 % errors, the margin of 1 point is worth about
	// 0.02 nats a window: the 2.5 nats that errors lack take some 20 minutes.
	if times[""] != 6*time.Minute || times["accuracy"] != 15*time.Minute || times["errors/safe"] < 10*time.Minute || times["errors/safe"] > 40*time.Minute {
		t.Errorf("%v", times)
	}
}
