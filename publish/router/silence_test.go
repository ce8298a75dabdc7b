package router

import (
	"testing"
	"time"

	"verdin/schemas"
)

func TestSilenceMakesStaleThenExpires(t *testing.T) {
	b := newBench(t)
	step := b.make(2500)
	b.deliver(step)
	b.now = noon.Add(10 * time.Minute)
	b.beat(b.now, step) // the last sign of life: the deadline is 12:25
	for _, c := range []struct {
		after          time.Duration
		weight         int
		stale, expired bool
	}{
		{10*time.Minute + 30*time.Second, 2500, false, false},
		{10*time.Minute + 31*time.Second, 2500, true, false},
		{25 * time.Minute, 2500, true, false},
		{25*time.Minute + 1, 0, true, true},
	} {
		b.now = noon.Add(c.after)
		b.serves(c.after.String(), c.weight)
		if s := b.status(); s.Stale != c.stale || s.Expired != c.expired || s.Deadline != noon.Add(25*time.Minute) {
			t.Errorf("after %s: %+v", c.after, s)
		}
	}
	if c := b.r.Choose("prod/recsys", "x"); c.Generation != 0 || c.Stage != -1 || c.ModelVersion != "v1" {
		t.Errorf("a choice outside of any verdict says %+v", c)
	}
	b.beat(b.now, step) // the engine is back and means the same
	b.serves("after the engine is back", 2500)
}

func TestOnExpiryHoldKeepsTheWeight(t *testing.T) {
	b := newBench(t)
	b.deliver(b.make(9500, keepWeight))
	b.now = noon.Add(time.Hour)
	b.serves("an hour of silence", 9500)
	if !b.status().Expired {
		t.Error("not expired")
	}
}

func TestExpiredStepForwardWaitsForAHeartbeatThatNamesIt(t *testing.T) {
	b := newBench(t)
	first := b.make(1000)
	b.deliver(first)
	b.now = noon.Add(14 * time.Minute)
	b.beat(b.now, first)
	step := b.make(2500, func(v *schemas.Verdict) { v.ValidUntil = noon })
	if got := b.deliver(step); got != accepted {
		t.Fatalf("outcome %d", got)
	}
	b.serves("an expired step", 1000)
	if s := b.status(); !s.Waiting || s.Served != 1 || s.Sequence != 2 {
		t.Errorf("status %+v", s)
	}
	b.beat(b.now, first)
	b.serves("a heartbeat for the one before", 1000)
	b.beat(b.now.Add(-time.Hour), step)
	b.serves("an old heartbeat, sent again", 1000)
	b.beat(b.now, step)
	b.serves("a heartbeat that names it", 2500)
}

func TestStepForwardWaitsWhileTheEngineIsSilent(t *testing.T) {
	b := newBench(t)
	b.deliver(b.make(1000))
	b.now = noon.Add(time.Minute)
	step := b.make(2500)
	b.deliver(step)
	b.serves("a step out of silence", 1000)
	b.beat(b.now, step)
	b.serves("after a heartbeat", 2500)
	if a, ok := b.l.unacknowledged(); !ok || a.Sequence != 2 || a.At != b.now {
		t.Errorf("acknowledgement %+v", a)
	}
}

func TestHoldDoesNotWait(t *testing.T) {
	b := newBench(t)
	b.deliver(b.make(1000))
	b.now = noon.Add(time.Minute)
	b.deliver(b.make(1000, hold))
	if s := b.status(); s.Served != 2 || s.Waiting {
		t.Errorf("status %+v", s)
	}
}

func TestRestartFindsAnExpiredHead(t *testing.T) {
	for _, c := range []struct {
		what        string
		edit        func(*schemas.Verdict)
		first, then int // before and after a heartbeat
	}{
		{"a canary", hold, 0, 2500}, // an unwatched canary is the risk
		{"a promotion", keepWeight, 2500, 2500},
	} {
		b := newBench(t)
		head := b.make(2500, c.edit, func(v *schemas.Verdict) {
			v.Sequence, v.PrevDigest, v.ValidUntil = 9, schemas.Digest(nil), noon.Add(-time.Hour)
		})
		b.deliver(head)
		b.serves(c.what+" at the start", c.first)
		b.beat(noon, head)
		b.serves(c.what+" after a heartbeat", c.then)
	}
}

func TestForgedHeartbeatsKeepNobodyAlive(t *testing.T) {
	b := newBench(t)
	step := b.make(2500)
	b.deliver(step)
	stranger, _ := newKeyPair(t)
	engine := b.key
	b.now = noon.Add(10 * time.Minute)
	b.key = stranger
	b.beat(b.now, step)
	b.key = engine
	if s := b.status(); !s.Stale || s.Deadline != noon.Add(15*time.Minute) || b.r.Counters().Forged != 1 {
		t.Errorf("status %+v", s)
	}
	b.beat(noon.Add(24*time.Hour), step) // a clock that is ahead
	if s := b.status(); s.Deadline != b.now.Add(15*time.Minute) {
		t.Errorf("deadline %s, want the router's time + lease", s.Deadline)
	}
}

func TestHeartbeatOnAnotherSubjectIsIgnored(t *testing.T) {
	b := newBench(t)
	h := &schemas.Heartbeat{Namespace: "prod", Engine: "a", Time: noon}
	p := h.AppendJSON(nil)
	b.r.heartbeat("verdin.v1.hb.dev.a", sign(b.key, schemas.BeatMessage("prod", "a", p)), p)
	b.r.heartbeat("verdin.v1.hb.prod.a", nil, []byte("nonsense"))
	if c := b.r.Counters(); c.Malformed != 2 || c.Beats != 0 {
		t.Errorf("counters %+v", c)
	}
}

func TestHeartbeatShowsAMissingVerdict(t *testing.T) {
	b := newBench(t)
	b.deliver(b.make(1000))
	b.beat(noon, b.make(2500))
	if !b.l.lacks() {
		t.Error("the router does not know that it lacks a verdict")
	}
	if s := b.status(); s.Deadline != noon.Add(15*time.Minute) {
		t.Errorf("a heartbeat for another verdict moved the deadline to %s", s.Deadline)
	}
}

func TestKillSwitchWins(t *testing.T) {
	b := newBench(t)
	b.deliver(b.make(9500, keepWeight))
	if err := b.r.Kill("prod/recsys", true); err != nil {
		t.Fatal(err)
	}
	b.serves("killed", 0)
	b.deliver(b.make(10_000, keepWeight))
	b.serves("a step while killed", 0)
	b.now = noon.Add(time.Hour)
	b.serves("expired while killed", 0)
	b.now = noon
	if err := b.r.Kill("prod/recsys", false); err != nil {
		t.Fatal(err)
	}
	b.serves("switched on again", 10_000)
	if b.r.Kill("prod/absent", true) == nil {
		t.Error("a rollout that is not configured was killed")
	}
}
