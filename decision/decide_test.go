package decision_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"verdin/decision"
	"verdin/schemas"
	"verdin/stats"
)

func TestTheFirstCutPublishesTheFirstWeight(t *testing.T) {
	r := begun(t, spec(t))
	if v := r.last; v.Verdict != schemas.VerdictAdvance || v.Reason.Code != "started" || v.Sequence != 1 || v.Generation != 1 || v.WeightOf(schemas.ArmCanary) != 1000 {
		t.Errorf("first verdict %+v", v)
	}
}

func TestNothingMovesBeforeTheRoutersHaveAcknowledged(t *testing.T) {
	s := spec(t)
	r := &run{t: t, spec: s, st: decision.New(s, decision.Head{}, start)}
	r.look(decision.Input{Cut: decision.Cut{Wall: start, Due: start}})
	if v := r.look(good(s, 4*time.Minute)); v != nil {
		t.Errorf("%s without an acknowledgement", v.Verdict)
	}
	if v := r.look(good(s, time.Hour)); v == nil || v.Reason.Code != "unapplied" || v.Verdict != hold || v.WeightOf(schemas.ArmCanary) != 1000 {
		t.Errorf("an hour without an acknowledgement: %+v", v)
	}
	in := good(s, time.Hour+time.Minute)
	in.Applied = []decision.Applied{{Generation: 1, Sequence: 1, At: wall(time.Hour + 30*time.Second)}}
	if v := r.look(in); v == nil || v.Verdict != schemas.VerdictAdvance {
		t.Errorf("acknowledged at last: %+v", v)
	}
}

func TestAHoldIsSaidOnceAndReleased(t *testing.T) {
	s := spec(t)
	r := begun(t, s)
	bad := good(s, time.Hour)
	bad.Health.LastData = start
	if v := r.look(bad); v == nil || v.Verdict != hold {
		t.Fatalf("no hold: %+v", v)
	}
	if v := r.look(bad); v != nil {
		t.Errorf("the same hold was said twice")
	}
	again := good(s, time.Hour+10*time.Second)
	again.Stage.Bake = time.Minute
	if v := r.look(again); v != nil {
		t.Errorf("%s after one clean window", v.Verdict)
	}
	again = good(s, time.Hour+20*time.Second)
	again.Stage.Bake = time.Minute
	if v := r.look(again); v == nil || v.Reason.Code != "resumed" || v.WeightOf(schemas.ArmCanary) != 1000 || r.st.Phase != "running" {
		t.Errorf("not released: %+v", v)
	}
}

func TestABrokenSplitLastsForTheGeneration(t *testing.T) {
	s := spec(t)
	r := begun(t, s)
	in := good(s, time.Hour)
	evidence(&in, "sample_ratio", shown)
	r.look(in)
	if v := r.look(good(s, 2*time.Hour-time.Minute)); v != nil {
		t.Errorf("%s after the split was broken", v.Verdict)
	}
}

func TestLateDataClearsAfterTwoCleanWindows(t *testing.T) {
	s := spec(t)
	r := begun(t, s)
	in := good(s, time.Hour)
	in.Health.Late = [2]int64{900, 0}
	r.look(in)
	next := func(after time.Duration) *schemas.Verdict {
		in := good(s, time.Hour+after)
		return r.look(in)
	}
	if v := next(10 * time.Second); v != nil {
		t.Errorf("%s after one clean window", v.Verdict)
	}
	if v := next(20 * time.Second); v == nil || v.Verdict != schemas.VerdictAdvance {
		t.Errorf("after two clean windows: %+v", v)
	}
}

func TestResumeLetsASignalPass(t *testing.T) {
	s := spec(t)
	r := begun(t, s)
	in := good(s, time.Hour)
	evidence(&in, "tokens/harm", shown)
	r.look(in)
	in.Commands = []decision.Command{{Verb: "resume", Actor: "ann"}}
	if v := r.look(in); v == nil || v.Reason.Code != "stage_passed" {
		t.Errorf("after resume: %+v", v)
	}
}

func TestAnExpiredStepIsDecidedAgainOnAnUnbrokenChain(t *testing.T) {
	s := spec(t)
	r := begun(t, s)
	first := r.last
	step := r.look(good(s, time.Hour))
	in := good(s, 90*time.Minute)
	in.Publish = []decision.PublishResult{{Generation: 1, Sequence: step.Sequence, Result: "expired"}}
	again := r.look(in)
	if again == nil || again.Sequence != step.Sequence+1 || again.PrevDigest != schemas.Digest(first.AppendJSON(nil)) || again.WeightOf(schemas.ArmCanary) != 5000 {
		t.Errorf("decided again: %+v", again)
	}
}

func TestNothingFollowsAnEnd(t *testing.T) {
	s := spec(t)
	r := begun(t, s)
	in := good(s, time.Hour)
	evidence(&in, "errors/harm", shown)
	r.look(in)
	if v := r.look(good(s, 2*time.Hour)); v != nil {
		t.Errorf("%s after a rollback", v.Verdict)
	}
}

func TestDecideIsPure(t *testing.T) { // D4
	s := spec(t)
	r := &run{t: t, spec: s, st: decision.New(s, decision.Head{}, start)}
	r.look(decision.Input{Cut: decision.Cut{Wall: start, Due: start}})
	in := good(s, time.Hour)
	in.Applied = []decision.Applied{{Generation: 1, Sequence: 1, At: wall(2 * time.Second)}}
	old := r.st
	history := append([]decision.Transition(nil), old.History...)
	a, va := decision.Decide(s, old, in)
	b, vb := decision.Decide(s, old, in)
	if !reflect.DeepEqual(a, b) || !reflect.DeepEqual(va, vb) {
		t.Error("the same input gave another result")
	}
	if !reflect.DeepEqual(history, old.History) || !reflect.DeepEqual(in.Evidence, good(s, time.Hour).Evidence) {
		t.Error("Decide changed its arguments")
	}
}

func TestHoldBack(t *testing.T) {
	for _, c := range []struct {
		share float64
		want  int
	}{{0.05, 9500}, {0, 10000}} {
		s := spec(t, func(s *decision.Spec) { s.HoldBack = c.share })
		r := begun(t, s)
		r.forward(20 * time.Minute)
		if v := r.forward(40 * time.Minute); v.WeightOf(schemas.ArmCanary) != c.want || v.OnExpiry != schemas.ExpiryHold {
			t.Errorf("hold-back %v: canary %d, on expiry %s", c.share, v.WeightOf(schemas.ArmCanary), v.OnExpiry)
		}
		in := good(s, 60*time.Minute)
		in.Health.CanarySinceStable = 1000 // nobody is left to compare with
		v := r.look(in)
		if c.share == 0 && (v == nil || v.Reason.Code != "completed") {
			t.Errorf("without a hold-back the silence of stable means nothing: %+v", v)
		}
		if c.share > 0 && (v == nil || v.Reason.Code != "no_baseline") {
			t.Errorf("with a hold-back stable must speak: %+v", v)
		}
	}
}

func TestStageAt(t *testing.T) {
	r := begun(t, spec(t))
	r.forward(20 * time.Minute) // decided at 20m, applied at 20m1s
	for _, c := range []struct {
		from, to time.Duration
		stage    int
		clean    bool
	}{
		{0, 10 * time.Second, 0, false}, // before the acknowledgement
		{time.Second, 11 * time.Second, 0, true},
		{19*time.Minute + 50*time.Second, 20 * time.Minute, 0, true},
		{19*time.Minute + 55*time.Second, 20*time.Minute + 5*time.Second, 0, false}, // the split changes in it
		{20 * time.Minute, 20*time.Minute + 10*time.Second, 0, false},
		{20*time.Minute + time.Second, 20*time.Minute + 11*time.Second, 1, true},
	} {
		if stage, clean := r.st.StageAt(wall(c.from), wall(c.to)); stage != c.stage || clean != c.clean {
			t.Errorf("window %v to %v: stage %d, clean %v; want %d, %v", c.from, c.to, stage, clean, c.stage, c.clean)
		}
	}
}

func TestWhatFollowsAnUnsentStepIsUndoneWithIt(t *testing.T) {
	s := spec(t)
	r := begun(t, s)
	step := r.look(good(s, time.Hour))
	in := good(s, 70*time.Minute)
	in.Health.LastData = start
	held := r.look(in) // said after the step, not sent either
	in = good(s, 90*time.Minute)
	for _, v := range []*schemas.Verdict{step, held} {
		in.Publish = append(in.Publish, decision.PublishResult{Generation: 1, Sequence: v.Sequence, Result: "expired"})
	}
	if v := r.look(in); v == nil || v.Sequence != held.Sequence+1 || v.PrevDigest != step.PrevDigest || v.Reason.Code != "stage_passed" || r.st.Fenced {
		t.Errorf("decided again: %+v in %+v", v, r.st)
	}
}

func TestOperatorsAreHeardBeforeTheStartAndAfterTheEnd(t *testing.T) {
	s := spec(t)
	order := func(verb string) decision.Input {
		return decision.Input{Cut: decision.Cut{Wall: start, Due: start}, Commands: []decision.Command{{Verb: verb, Actor: "ann"}}}
	}
	for _, verb := range []string{"rollback", "kill", "abort"} {
		fresh := &run{t: t, spec: s, st: decision.New(s, decision.Head{}, start)}
		if v := fresh.look(order(verb)); v == nil || v.Verdict != rollback || v.WeightOf(schemas.ArmCanary) != 0 || v.KillSwitch != (verb == "kill") {
			t.Errorf("%s before the start: %+v", verb, v)
		}
		done := begun(t, s)
		for i := range 3 {
			done.forward(time.Duration(i+1) * 20 * time.Minute)
		}
		if v := done.look(order(verb)); v == nil || v.Verdict != rollback || v.WeightOf(schemas.ArmCanary) != 0 {
			t.Errorf("%s after completion: %+v", verb, v)
		}
		want := map[string]string{"rollback": "rolled_back", "kill": "rolled_back", "abort": "aborted"}[verb]
		if fresh.st.Phase != want || done.st.Phase != want || done.look(good(s, 3*time.Hour)) != nil {
			t.Errorf("after %s: %s and %s", verb, fresh.st.Phase, done.st.Phase)
		}
	}
	paused := &run{t: t, spec: s, st: decision.New(s, decision.Head{}, start)}
	if v := paused.look(order("pause")); v != nil {
		t.Errorf("%s although paused before the start", v.Verdict)
	}
	if v := paused.look(order("resume")); v == nil || v.Reason.Code != "started" {
		t.Errorf("after resume: %+v", v)
	}
}

func TestOnlyARollbackIsSignedWhileCatchingUp(t *testing.T) {
	s := spec(t)
	r := begun(t, s)
	in := good(s, time.Hour)
	in.Cut.CatchingUp = true
	in.Health.LastData = start
	in.Commands = []decision.Command{{Verb: "pause", Actor: "ann"}}
	if v := r.look(in); v != nil {
		t.Errorf("%s while catching up", v.Verdict)
	}
	if v := r.look(good(s, time.Hour)); v == nil || v.Reason.Code != "paused" {
		t.Errorf("the operator's pause was forgotten: %+v", v)
	}
	in.Commands = []decision.Command{{Verb: "rollback", Actor: "ann"}}
	if v := r.look(in); v == nil || v.Verdict != rollback {
		t.Errorf("no rollback while catching up: %+v", v)
	}
}

func TestAPausedPromotionIsNotUndoneByExpiry(t *testing.T) {
	s := spec(t)
	r := begun(t, s)
	r.forward(20 * time.Minute)
	r.forward(40 * time.Minute)
	in := good(s, 50*time.Minute)
	in.Stage.Bake = 0
	in.Commands = []decision.Command{{Verb: "pause", Actor: "ann"}}
	if v := r.look(in); v == nil || v.OnExpiry != schemas.ExpiryHold || v.WeightOf(schemas.ArmCanary) != 9500 {
		t.Errorf("paused at 100 %%: %+v", v)
	}
	in.Commands = []decision.Command{{Verb: "resume", Actor: "ann"}}
	if r.look(in); r.st.Phase != schemas.PhasePromoted {
		t.Errorf("phase %s after resume", r.st.Phase)
	}
}

func TestAnUnsentCompletionIsDecidedAgain(t *testing.T) {
	s := spec(t)
	r := begun(t, s)
	r.forward(20 * time.Minute)
	r.forward(40 * time.Minute)
	end := r.look(good(s, 60*time.Minute))
	in := good(s, 90*time.Minute)
	in.Publish = []decision.PublishResult{{Generation: 1, Sequence: end.Sequence, Result: "expired"}}
	if v := r.look(in); v == nil || v.Reason.Code != "completed" || v.Sequence != end.Sequence+1 || v.PrevDigest != end.PrevDigest {
		t.Errorf("completed again: %+v", v)
	}
}

func TestLostRecordsHoldOnceAndClear(t *testing.T) {
	s := spec(t)
	r := begun(t, s)
	for i, want := range []string{"data_quality", "", "stage_passed"} {
		in := good(s, time.Hour+time.Duration(i)*10*time.Second)
		in.Health.Incomplete = 1 // the stage's count stays
		if got := code(r.look(in)); got != want {
			t.Errorf("look %d: %q, want %q", i, got, want)
		}
	}
}

func TestManyWindowsAtOnceAreOneCleanLook(t *testing.T) {
	s := spec(t)
	r := begun(t, s)
	bad := good(s, time.Hour)
	bad.Health.LastData = start
	r.look(bad)
	for i, want := range []string{"", "stage_passed"} { // data is back after an hour of nothing
		if got := code(r.look(good(s, 2*time.Hour-time.Minute+time.Duration(i)*10*time.Second))); got != want {
			t.Errorf("look %d: %q, want %q", i, got, want)
		}
	}
}

func TestResumeExcusesOnlyTheSignalThatSpeaks(t *testing.T) {
	s := spec(t, func(s *decision.Spec) { s.Drift[0].Role = decision.Signal })
	r := begun(t, s)
	at := time.Hour
	look := func(tokens, scores bool, verbs ...string) string {
		in := good(s, at)
		at += time.Minute
		in.Stage.Bake = 0
		for _, verb := range verbs {
			in.Commands = append(in.Commands, decision.Command{Verb: verb, Actor: "ann"})
		}
		if tokens {
			evidence(&in, "tokens/harm", shown)
		}
		evidence(&in, "scores/drift", func(e *stats.Evidence) {
			e.Role = decision.Signal
			if scores {
				shown(e)
			}
		})
		return code(r.look(in))
	}
	for i, c := range []struct{ got, want string }{
		{look(true, false), "signal"},
		{look(true, false, "resume"), "resumed"},
		{look(true, false), ""},
		{look(true, true), "signal"}, // another one
		{look(true, true, "resume"), "resumed"},
		{look(false, true), ""},
		{look(true, true), "signal"}, // it had fallen: this is new
	} {
		if c.got != c.want {
			t.Errorf("look %d: %q, want %q", i, c.got, c.want)
		}
	}
}

func TestResumeGivesAnOverdueStageItsTimeAgain(t *testing.T) {
	s := spec(t)
	r := begun(t, s)
	look := func(at time.Duration, verbs ...string) string {
		in := good(s, at)
		in.Stage.Bake = 0
		for _, verb := range verbs {
			in.Commands = append(in.Commands, decision.Command{Verb: verb, Actor: "ann"})
		}
		return code(r.look(in))
	}
	for i, c := range []struct{ got, want string }{
		{look(2 * time.Hour), "max_duration"}, {look(3*time.Hour, "resume"), "resumed"},
		{look(5*time.Hour - time.Second), ""}, {look(5 * time.Hour), "max_duration"},
	} {
		if c.got != c.want {
			t.Errorf("look %d: %q, want %q", i, c.got, c.want)
		}
	}
}

func TestAStageThatIsBakedSaysOnceWhatIsMissing(t *testing.T) {
	s := spec(t)
	r := begun(t, s)
	in := good(s, time.Hour)
	evidence(&in, "accuracy/safe", notYet)
	v := r.look(in)
	if code(v) != "insufficient" || len(v.Next.Missing) != 1 || !strings.Contains(v.Next.Missing[0], "accuracy") {
		t.Fatalf("not told what is missing: %+v", v)
	}
	if v := r.look(in); v != nil {
		t.Errorf("told twice: %s", v.Reason.Message)
	}
	if v := r.look(good(s, 61*time.Minute)); code(v) != "stage_passed" {
		t.Errorf("not let go on: %+v", v)
	}
}

func TestARecordingThatEndsTooEarlySaysWhatIsMissing(t *testing.T) {
	s := spec(t)
	r := begun(t, s)
	in := good(s, time.Hour)
	in.Stage.Bake = time.Minute
	in.Cut.Ended = true
	v := r.look(in)
	if code(v) != "insufficient" || !strings.Contains(v.Reason.Message, "recording ends") || len(v.Next.Missing) != 1 {
		t.Errorf("at the end: %+v", v)
	}
}
