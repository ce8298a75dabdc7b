package kafka

import (
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Idle is: all was handed over, the partition is in sight, and no record came.
func TestIdleIsNotOutOfSight(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	quiet := Status{Next: 7, HighWatermark: 7, FetchedAt: now.Add(-time.Second), RecordAt: now.Add(-time.Minute)}
	with := func(change func(*Status)) Status { s := quiet; change(&s); return s }
	for name, c := range map[string]struct {
		s    Status
		idle bool
	}{
		"quiet":                    {quiet, true},
		"a record within a minute": {with(func(s *Status) { s.RecordAt = now.Add(-59 * time.Second) }), false},
		"more in the log":          {with(func(s *Status) { s.HighWatermark = 8 }), false},
		"an error":                 {with(func(s *Status) { s.Err = errNoLeader }), false},
		"not fetched for long":     {with(func(s *Status) { s.FetchedAt = now.Add(-fresh - 1) }), false},
		"never fetched":            {with(func(s *Status) { s.FetchedAt = time.Time{} }), false},
	} {
		if got := c.s.Idle(now, time.Minute); got != c.idle {
			t.Errorf("%s: idle is %v", name, got)
		}
	}
}

func TestStatusFollowsAPartition(t *testing.T) {
	k, cfg := startBroker(t, kfake.SeedTopics(1, "log"))
	p := newTestProducer(t, cfg)
	write(t, p, "log", 0, 10)
	if err := k.DeleteRecords("log", 0, 4); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	c := open(t, cfg, Assignment{Topic: "log", Offset: Earliest})
	follow(t, c, 10)
	s := c.Status()[0]
	if s.LogStart != 4 || s.Next != 10 || s.HighWatermark != 10 || s.LastStable != 10 || s.Lag() != 0 || s.RecordAt.Before(begin) {
		t.Errorf("%+v", s)
	}
	if now := time.Now(); !s.Healthy(now) || s.Idle(now, time.Minute) || !s.Idle(now, 0) {
		t.Errorf("healthy %v, %+v", s.Healthy(now), s)
	}
	until(t, "it is fetched again though nothing comes", func() bool { return c.Status()[0].FetchedAt.After(s.FetchedAt) })
	if again := c.Status()[0]; again.RecordAt != s.RecordAt {
		t.Errorf("RecordAt moved from %v to %v without a record", s.RecordAt, again.RecordAt)
	}
	k.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Fetch}, Topic: "log", Err: kerr.KafkaStorageError, Count: -1})
	until(t, "it is not healthy", func() bool { return !c.Status()[0].Healthy(time.Now()) })
}

// Records beyond an open transaction are not delivered, and not forgotten.
func TestAnOpenTransactionShowsAsLag(t *testing.T) {
	_, cfg := startBroker(t, kfake.SeedTopics(1, "log"))
	write(t, newTestProducer(t, cfg), "log", 0, 3)
	cl := kgoClient(t, cfg, kgo.TransactionalID("tx"), kgo.DefaultProduceTopic("log"))
	if err := cl.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	if err := cl.ProduceSync(within(t), kgo.StringRecord("open")).FirstErr(); err != nil {
		t.Fatal(err)
	}
	c := open(t, cfg, Assignment{Topic: "log"})
	v := follow(t, c, 3)
	until(t, "the status shows the open transaction", func() bool {
		s := c.Status()[0]
		return s.Next == 3 && s.LastStable == 3 && s.HighWatermark == 4 && s.Lag() == 1 && !s.Idle(time.Now(), 0)
	})
	if err := cl.EndTransaction(within(t), kgo.TryCommit); err != nil {
		t.Fatal(err)
	}
	v.follow(t, c, func(v *view) bool { return v.Next == 5 })
	v.want(t, view{Offsets: upTo(4), Skipped: Skipped{Control: 1}, Next: 5})
}
