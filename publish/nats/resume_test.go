package nats_test

import (
	"testing"
	"testing/synctest"
	"time"

	"verdin/publish/nats"
	"verdin/schemas"
)

// A verdict of an earlier process may stand in the bucket: one that is too old by now is
// asked for before it counts as never sent, and so is one that follows it.
func TestAResumedVerdictMayHaveBeenSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{down: true, stored: []string{"old"}}
		o := runOutbox(t, w)
		old := named(nil, "old", -time.Minute, nil)
		lost := named(old, "lost", -time.Minute, nil)
		for _, payload := range [][]byte{old, lost, named(lost, "after", time.Minute, hold)} {
			if err := o.Resume(payload, ""); err != nil {
				t.Fatal(err)
			}
		}
		elapse(time.Second)
		want(t, "results while down", o.results())
		if since, ok := o.Oldest(); !ok || time.Since(since.Std()) < time.Second {
			t.Errorf("the oldest waits since %v, %v", since, ok)
		}
		w.set(false, false)
		elapse(10 * time.Second)
		want(t, "results", o.results(), nats.Acked, nats.Expired, nats.Expired)
		if _, ok := o.Oldest(); ok {
			t.Error("something still waits")
		}
	})
}

// What was not sent by an earlier process breaks the chain for what follows it.
func TestAResumedVerdictThatFollowsALostOneIsNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{}
		o := runOutbox(t, w)
		lost := named(nil, "lost", time.Minute, nil)
		if err := o.Resume(named(lost, "after", time.Minute, hold), schemas.Digest(lost)); err != nil {
			t.Fatal(err)
		}
		elapse(time.Second)
		want(t, "results", o.results(), nats.Expired)
	})
}
