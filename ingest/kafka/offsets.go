package kafka

import (
	"context"
	"errors"
	"fmt"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol/listoffsets"
)

// Offsets of an Assignment that are resolved when it is opened. As in Kafka's
// protocol, they are also what a broker is asked for.
const (
	Latest   int64 = -1 // the high watermark: only what is written from now on
	Earliest int64 = -2 // the first record that the log still has
)

// Range is what a partition's log holds: offsets [Start, End).
type Range struct {
	Start int64 // the first offset that was not deleted: what lies before is lost
	End   int64 // the high watermark
}

// Ranges asks for the ranges of partitions at once, in their order; Offset and
// Epoch are not looked at. A snapshot's offset below Start means that history
// is lost, one above End that the log was cut off.
func Ranges(ctx context.Context, cfg Config, as []Assignment) ([]Range, error) {
	d, err := newDialer(cfg)
	if err != nil {
		return nil, err
	}
	return d.ranges(ctx, as)
}

func (d *dialer) ranges(ctx context.Context, as []Assignment) ([]Range, error) {
	const tries = 6 // leaders may be moving
	var topics []string
	seen := map[string]bool{}
	for _, a := range as {
		if !seen[a.Topic] {
			seen[a.Topic] = true
			topics = append(topics, a.Topic)
		}
	}
	var all []Range
	var err error
	for try := 1; try <= tries; try++ {
		var final bool
		if all, final, err = d.rangesOnce(ctx, topics, as); err == nil || final || ctx.Err() != nil {
			break
		}
		pause(ctx, backoff(try))
	}
	return all, err
}

// rangesOnce asks each leader for all its partitions. final: asking again is of no use.
func (d *dialer) rangesOnce(ctx context.Context, topics []string, as []Assignment) (all []Range, final bool, err error) {
	var l *layout
	err = d.ask(ctx, d.cfg.Brokers, func(c *conn) (err error) {
		if l, err = layoutOf(c, topics); err == nil {
			err = l.check(c.addr, topics)
		}
		return err
	})
	if err != nil {
		return nil, errors.As(err, new(refusal)) || !passing(err), err
	}
	led := map[int32][]int{} // broker id → positions in as
	for i, a := range as {
		if n := len(l.leader[a.Topic]); a.Partition < 0 || int(a.Partition) >= n {
			return nil, true, fmt.Errorf("kafka topic %q has no partition %d: it has %d, numbered from 0", a.Topic, a.Partition, n)
		}
		id := l.led(a.Topic, a.Partition)
		if id < 0 {
			return nil, false, fmt.Errorf("kafka topic %q partition %d: %w", a.Topic, a.Partition, errNoLeader)
		}
		led[id] = append(led[id], i)
	}
	all = make([]Range, len(as))
	for id, which := range led {
		if err := d.rangesOf(ctx, l.broker[id], as, which, all); err != nil {
			return nil, !passing(err), err
		}
	}
	return all, false, nil
}

// rangesOf asks one broker for the partitions at the positions which.
func (d *dialer) rangesOf(ctx context.Context, addr string, as []Assignment, which []int, all []Range) error {
	c, err := d.dial(ctx, addr)
	if err != nil {
		return err
	}
	defer c.Close()
	some := make([]Assignment, len(which))
	for i, k := range which {
		some[i] = as[k]
	}
	starts, err := c.listOffsets(some, Earliest)
	if err != nil {
		return err
	}
	ends, err := c.listOffsets(some, Latest)
	if err != nil {
		return err
	}
	for i, k := range which {
		all[k] = Range{Start: starts[i], End: ends[i]}
	}
	return nil
}

// listRange asks the leader for the range of one partition.
func (c *conn) listRange(p *partition) (start, end int64, err error) {
	one := []Assignment{{Topic: p.topic, Partition: p.id}}
	first, err := c.listOffsets(one, Earliest)
	if err != nil {
		return 0, 0, err
	}
	last, err := c.listOffsets(one, Latest)
	if err != nil {
		return 0, 0, err
	}
	return first[0], last[0], nil
}

// listOffsets asks the leader of partitions for the offset that which (Latest
// or Earliest) stands for.
func (c *conn) listOffsets(as []Assignment, which int64) ([]int64, error) {
	type key struct {
		topic string
		id    int32
	}
	req := &listoffsets.Request{ReplicaID: -1}
	wanted := map[key][]int{}
	topic := map[string]int{}
	for i, a := range as {
		k := key{a.Topic, a.Partition}
		if wanted[k] = append(wanted[k], i); len(wanted[k]) > 1 {
			continue
		}
		n, ok := topic[a.Topic]
		if !ok {
			n = len(req.Topics)
			topic[a.Topic] = n
			req.Topics = append(req.Topics, listoffsets.RequestTopic{Topic: a.Topic})
		}
		req.Topics[n].Partitions = append(req.Topics[n].Partitions,
			listoffsets.RequestPartition{Partition: a.Partition, CurrentLeaderEpoch: -1, Timestamp: which})
	}
	res, err := timed[*listoffsets.Response](c, req)
	if err != nil {
		return nil, err
	}
	all := make([]int64, len(as))
	for _, t := range res.Topics {
		for _, p := range t.Partitions {
			if p.ErrorCode != 0 {
				return nil, fmt.Errorf("kafka topic %q partition %d: asking for offsets: %w", t.Topic, p.Partition, kafka.Error(p.ErrorCode))
			}
			for _, i := range wanted[key{t.Topic, p.Partition}] {
				all[i] = p.Offset
			}
			delete(wanted, key{t.Topic, p.Partition})
		}
	}
	for k := range wanted {
		return nil, fmt.Errorf("kafka topic %q partition %d: broker %s left it out of its answer", k.topic, k.id, c.addr)
	}
	return all, nil
}
