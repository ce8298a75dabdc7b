package pump

import (
	"testing"
	"time"

	"verdin/schemas"
)

// An engine that comes back to an hour of backlog finishes at most one stage on it, and
// that only when the backlog is read: what is old news takes no step.
func TestAnHourOfBacklogFinishesAtMostOneStage(t *testing.T) {
	u := newUniverse(t, quickSpec)
	if err := u.live(begin.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	n := len(u.chain)
	u.wall = u.wall.Add(time.Hour)
	u.produce(u.wall)
	s, err := OpenStore("d", StoreOptions{FS: u.disk})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	from, err := s.Resume(t.Context(), u.spec, u.shards, u.feed)
	if err != nil {
		t.Fatal(err)
	}
	e := &engineLife{u: u}
	e.Live = &Live{Spec: u.spec, Core: from.Core, Store: s, From: from, Publish: func(v *schemas.Verdict) { e.outbox = append(e.outbox, v.AppendJSON(nil)) }}
	e.Status = func() (all []Reading) {
		for i := range u.topics {
			all = append(all, Reading{Next: e.logs[i].next, High: int64(len(u.topics[i])), FetchedAt: u.wall})
		}
		return all
	}
	e.begin(u.shards)
	caughtUp := false
	for range 20 {
		for range min(30, len(from.Batches)) {
			e.Live.feed(<-from.Batches)
		}
		u.wall = u.wall.Add(time.Second)
		for _, a := range u.acks {
			if a.Stream > e.place.Stream {
				e.hear(a)
			}
		}
		caughtUp = !e.behind(u.wall, e.Status())
		if err := e.cut(u.wall); err != nil {
			t.Fatal(err)
		}
		if !caughtUp && len(e.outbox) > 0 {
			t.Fatalf("a verdict on old news: %s", e.outbox[0])
		}
		if err := e.deliver(); err != nil {
			t.Fatal(err)
		}
	}
	if len(from.Batches) > 0 || !caughtUp {
		t.Fatalf("%d batches are left, caught up: %v", len(from.Batches), caughtUp)
	}
	steps := 0
	for _, payload := range u.chain[n:] {
		v, err := schemas.ParseVerdict(payload)
		if err != nil {
			t.Fatal(err)
		}
		if v.Verdict == schemas.VerdictAdvance {
			steps++
		}
	}
	if steps > 1 {
		t.Errorf("%d steps after an hour of backlog", steps)
	}
	t.Logf("%d verdicts, %d steps", len(u.chain)-n, steps)
}
