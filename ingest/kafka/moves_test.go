package kafka

import (
	"fmt"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
)

// Leaders of many partitions that move all the time, while all of them are
// written to, neither lose nor repeat a record, nor is a gap declared.
func TestLeadersOfManyPartitionsMoveAllTheTime(t *testing.T) {
	const partitions, rounds, each = 6, 30, 5
	topics := []string{"log", "more"}
	k, cfg := startBroker(t, kfake.NumBrokers(3), kfake.SeedTopics(partitions, topics...))
	var as []Assignment
	for i := range int32(partitions) {
		for _, topic := range topics {
			as = append(as, Assignment{Topic: topic, Partition: i})
		}
	}
	c := open(t, cfg, as...)
	written := make(chan error, 1)
	go func() {
		written <- func() error {
			p, err := NewProducer(cfg)
			if err != nil {
				return err
			}
			defer p.Close()
			for n := range rounds {
				k.ShufflePartitionLeaders()
				for _, topic := range topics {
					var ms []Message
					for i := range int32(partitions * each) {
						ms = append(ms, Message{Partition: i % partitions, Value: fmt.Append(nil, topic, n)})
					}
					if err := p.Produce(t.Context(), topic, ms); err != nil {
						return err
					}
				}
			}
			return nil
		}()
	}()
	type key struct {
		topic string
		id    int32
	}
	views := map[key]*view{}
	for _, a := range as {
		views[key{a.Topic, a.Partition}] = &view{}
	}
	for left := len(as); left > 0; {
		r, ok := <-c.Records()
		if !ok {
			t.Fatal(c.Err())
		}
		v := views[key{r.Topic, r.Partition}]
		before := v.Next
		v.see(t, r)
		if r.Release(); before < rounds*each && v.Next >= rounds*each {
			left--
		}
	}
	if err := <-written; err != nil {
		t.Fatal(err)
	}
	for k, v := range views {
		for i, value := range v.Values {
			if want := fmt.Sprint(k.topic, i/each); value != want {
				t.Fatalf("%v offset %d: %q, want %q", k, i, value, want)
			}
		}
		if v.Next != rounds*each || len(v.Offsets) != rounds*each || len(v.Gaps) > 0 {
			t.Errorf("%v: %d records up to %d, gaps %v", k, len(v.Offsets), v.Next, v.Gaps)
		}
	}
}

// A broker that goes away in mid-run and comes back is read on.
func TestABrokerThatRestartsIsReadOn(t *testing.T) {
	dir := t.TempDir()
	k, cfg := startBroker(t, kfake.DataDir(dir), kfake.SeedTopics(1, "log"))
	write(t, newTestProducer(t, cfg), "log", 0, 10)
	c := open(t, cfg, Assignment{Topic: "log"})
	v := follow(t, c, 10)
	_, port, err := net.SplitHostPort(cfg.Brokers[0])
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	k.Close()
	until(t, "it is missed", func() bool { return c.Status()[0].Err != nil })
	startBroker(t, kfake.DataDir(dir), kfake.Ports(n))
	write(t, newTestProducer(t, cfg), "log", 10, 10)
	v.follow(t, c, func(v *view) bool { return v.Next == 20 })
	v.want(t, view{Offsets: upTo(20), Next: 20})
	until(t, "all is well", func() bool { return c.Status()[0].Err == nil })
}

// What the cleaner has removed is no loss where a topic is compacted.
func TestACompactedTopicHasHolesButNoGaps(t *testing.T) {
	k, cfg := startBroker(t)
	if err := k.CreateTopic("log", 1, map[string]string{"cleanup.policy": "compact", "segment.bytes": "2000", "min.cleanable.dirty.ratio": "0.01"}); err != nil {
		t.Fatal(err)
	}
	p := newTestProducer(t, cfg)
	const n = 140
	for i := range n {
		key := fmt.Append(nil, i%7)
		if i%20 == 0 {
			key = fmt.Append(nil, "kept", i)
		}
		if err := p.Produce(within(t), "log", []Message{{Key: key, Value: fmt.Append(nil, i)}}); err != nil {
			t.Fatal(err)
		}
	}
	k.Compact()
	v := readTo(t, cfg, Assignment{Topic: "log"}, n)
	if v.Skipped.Compacted == 0 || v.Skipped.Compacted+int64(len(v.Offsets)) != n || len(v.Gaps) > 0 {
		t.Errorf("%d records, skipped %+v, gaps %v", len(v.Offsets), v.Skipped, v.Gaps)
	}
}

// A receiver that is so slow that retention overtakes it is told what it missed.
func TestRetentionThatOvertakesASlowReceiverIsAGap(t *testing.T) {
	k, cfg := startBroker(t, kfake.SeedTopics(1, "log"))
	p := newTestProducer(t, cfg)
	c := open(t, cfg, Assignment{Topic: "log"})
	v := view{}
	var held []*Records
	for i := range buffers { // with all buffers out nothing is fetched
		write(t, p, "log", i, 1)
		r := <-c.Records()
		v.see(t, r)
		held = append(held, r)
	}
	write(t, p, "log", buffers, 20)
	if err := k.DeleteRecords("log", 0, 15); err != nil {
		t.Fatal(err)
	}
	for _, r := range held {
		r.Release()
	}
	v.follow(t, c, func(v *view) bool { return v.Next == buffers+20 })
	v.want(t, view{Offsets: append(upTo(buffers), upTo(buffers + 20)[15:]...), Gaps: []Gap{{buffers, 15, GapExpired}}, Next: buffers + 20})
}

func TestPausesBetweenAttemptsGrowToALimit(t *testing.T) {
	for n, before := 1, backoff(0); n < 1000; n++ {
		d := backoff(n)
		if d < before || d > 3*time.Second || d < 50*time.Millisecond {
			t.Fatalf("attempt %d after %v, the one before after %v", n, d, before)
		}
		before = d
	}
}
