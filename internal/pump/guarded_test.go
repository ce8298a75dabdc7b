package pump

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"verdin/decision"
	"verdin/schemas"
)

// broken is a batch that no decoder makes: its rows lack their columns, which no check of
// the engine expects.
func broken(r *rig) Batch {
	b := r.batch(0, served("stable", time.Second))
	b.Chunk.TS = nil
	return b
}

// What the engine panics with is caught where it is called: the rollout holds with the
// reason, whatever comes, and an operator can still end it.
func TestARolloutHoldsAfterAnInternalError(t *testing.T) {
	inBubble(t, testSpec, 1, func(t *testing.T, r *rig) {
		var at, stack string
		r.tick(0) // it has begun
		r.engine.hears = func(a, s string) { at, stack = a, s }
		r.put(0, served("stable", 0), served("canary", 0))
		r.tick(time.Second)
		send(r.batches, broken(r))
		r.tick(2 * time.Second)
		v := r.verdicts[len(r.verdicts)-1]
		if v.Verdict != schemas.VerdictHold || v.Reason.Code != decision.ReasonInternal || !strings.Contains(v.Reason.Message, "index out of range") {
			t.Fatalf("%s: %s: %s", v.Verdict, v.Reason.Code, v.Reason.Message)
		}
		if !strings.Contains(at, "index out of range") || !strings.Contains(stack, "engine") {
			t.Errorf("heard of %q at %.200s", at, stack)
		}
		returned := r.returned
		r.put(0, served("stable", 3*time.Second))
		for s := 3; s < 400; s += 40 { // no data, a lag, a silent canary: nothing that it sees counts
			r.tick(time.Duration(s) * time.Second)
		}
		if n := len(r.verdicts); r.verdicts[n-1] != v || r.returned != returned+1 {
			t.Errorf("after it: %+v, %d chunks given back", r.verdicts[n-1].Reason, r.returned)
		}
		send(r.orders, decision.Command{Verb: schemas.VerbKill, Actor: "ann"})
		r.tick(401 * time.Second)
		if v := r.verdicts[len(r.verdicts)-1]; v.Phase != schemas.PhaseRolledBack {
			t.Errorf("an operator's kill gives %s", v.Verdict)
		}
		synctest.Wait()
	})
}

// The failure is journalled: a replay holds where the live engine did, whatever build reads
// it. A restart derives the state anew; a build that does not fail goes on.
func TestARestartEndsAnInternalError(t *testing.T) {
	u := newUniverse(t, quickSpec)
	u.each = func(e *engineLife) {
		if u.wall == begin.Add(time.Minute) {
			e.engine.try(func() { panic("a fault of ours") })
		}
	}
	reasons := func() (codes []string) {
		for _, payload := range u.chain {
			v, err := schemas.ParseVerdict(payload)
			if err != nil {
				t.Fatal(err)
			}
			codes = append(codes, v.Reason.Code)
		}
		return codes
	}
	if err := u.live(begin.Add(2 * time.Minute)); err != nil {
		t.Fatal(err)
	}
	if got := reasons(); got[len(got)-1] != decision.ReasonInternal {
		t.Fatalf("verdicts %v, want a hold at last", got)
	}
	u.check("while it holds")
	held := len(u.chain)
	if err := u.live(begin.Add(10 * time.Minute)); err != nil {
		t.Fatal(err)
	}
	u.check("after a restart")
	if got := reasons(); !slices.Contains(got[held:], decision.ReasonStagePassed) {
		t.Errorf("verdicts %v: no step after the restart", got)
	}
}

// A build that fails where the one of then did not gives no verdict of its own.
func TestABuildThatFailsWhereAnotherDidNotIsRefused(t *testing.T) {
	u := newUniverse(t, quickSpec)
	if err := u.live(begin.Add(2 * time.Minute)); err != nil {
		t.Fatal(err)
	}
	script := u.script()
	core, err := Begin(script.Activation, u.spec)
	if err != nil {
		t.Fatal(err)
	}
	f, _ := u.feed(&Place{Next: script.start()}, NewArrivals(len(u.topics), script.Cuts))
	r := &Rerun{Spec: u.spec, Script: script, Core: core, Sources: newDemux(f.Batches, u.flat, script.Cuts).sources()}
	cuts := 0
	r.After = func() {
		if cuts++; cuts == 3 {
			r.engine.failed = "a fault of this build"
		}
	}
	if err := r.Run(t.Context()); !errors.Is(err, ErrInternal) || !strings.Contains(err.Error(), "a fault of this build") {
		t.Errorf("the journal is read again as if nothing were: %v", err)
	}
}
