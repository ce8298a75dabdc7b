package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Assignment is a partition to read and where to begin.
type Assignment struct {
	Topic     string
	Partition int32
	Offset    int64 // the first offset wanted, or Latest, or Earliest

	// Epoch of the offset before, as Records.Epoch told it; 0 = unknown. With
	// it, a log that was cut off and has grown again meanwhile is noticed.
	Epoch int32
}

// Consumer reads a fixed set of partitions. One goroutine per leading broker
// fetches and decodes, one more follows the leaders; lost connections, moved
// leaders and brokers that are away are retried for ever and shown by Status.
type Consumer struct {
	d      *dialer
	ctx    context.Context
	stop   context.CancelFunc
	out    chan *Records // has room for every buffer, so a send never waits
	start  []Assignment  // with offsets resolved
	budget budget
	stale  chan struct{} // holds a token while some partition has no reader
	done   chan struct{} // closed when all goroutines have ended

	mu      sync.Mutex // guards what follows, and the parts of a partition that say so
	parts   []*partition
	topics  []*topicState
	readers map[int32]*reader // by broker id
	seeds   []string          // brokers to ask for metadata, the last good one first
	wg      sync.WaitGroup    // readers
	err     error
}

// Open starts to read. It checks topics and partitions and resolves Latest and
// Earliest before it returns; Start tells what they stood for. The end of ctx, like Close, stops the consumer.
func Open(ctx context.Context, cfg Config, as []Assignment) (*Consumer, error) {
	d, err := newDialer(cfg)
	if err != nil {
		return nil, err
	}
	if len(as) == 0 {
		return nil, errors.New("kafka: no partition to read: name at least one")
	}
	c := &Consumer{
		d: d, seeds: cfg.Brokers, readers: map[int32]*reader{}, budget: budgetFor(len(as)),
		out: make(chan *Records, buffers*len(as)), stale: make(chan struct{}, 1), done: make(chan struct{}),
	}
	if err := c.plan(ctx, as); err != nil {
		return nil, err
	}
	if err := c.resolve(ctx); err != nil {
		return nil, err
	}
	opened := time.Now()
	for _, p := range c.parts {
		c.start = append(c.start, Assignment{Topic: p.topic, Partition: p.id, Offset: p.at, Epoch: p.epoch})
		p.status.RecordAt = opened
	}
	c.ctx, c.stop = context.WithCancel(ctx)
	c.survey()
	go c.manage()
	return c, nil
}

// plan makes the partitions of the assignments after checking that they exist.
func (c *Consumer) plan(ctx context.Context, as []Assignment) error {
	type key struct {
		topic string
		id    int32
	}
	var topics []string
	seen, known := map[key]bool{}, map[string]bool{}
	for _, a := range as {
		if k := (key{a.Topic, a.Partition}); seen[k] {
			return fmt.Errorf("kafka topic %q partition %d is assigned twice", a.Topic, a.Partition)
		} else {
			seen[k] = true
		}
		if a.Offset < Earliest {
			return fmt.Errorf("kafka topic %q partition %d: offset %d: give an offset, Latest or Earliest", a.Topic, a.Partition, a.Offset)
		}
		if !known[a.Topic] {
			known[a.Topic] = true
			topics = append(topics, a.Topic)
		}
	}
	info, err := c.d.describe(ctx, topics)
	if err != nil {
		return err
	}
	for _, a := range as {
		t := info[a.Topic]
		if a.Partition < 0 || int(a.Partition) >= t.Partitions {
			return fmt.Errorf("kafka topic %q has no partition %d: it has %d, numbered from 0", a.Topic, a.Partition, t.Partitions)
		}
		c.parts = append(c.parts, newPartition(c, a, t.Compacted))
	}
	for _, t := range topics {
		c.topics = append(c.topics, &topicState{name: t, id: info[t].ID, first: info[t].Partitions, now: info[t].Partitions})
	}
	return nil
}

// resolve replaces Latest and Earliest by offsets.
func (c *Consumer) resolve(ctx context.Context) error {
	var open []Assignment
	var parts []*partition
	for _, p := range c.parts {
		if p.at < 0 {
			open = append(open, Assignment{Topic: p.topic, Partition: p.id})
			parts = append(parts, p)
		}
	}
	if len(open) == 0 {
		return nil
	}
	ranges, err := c.d.ranges(ctx, open)
	if err != nil {
		return err
	}
	for i, p := range parts {
		if p.epoch = 0; p.at == Earliest {
			p.start(ranges[i].Start)
		} else {
			p.start(ranges[i].End)
		}
	}
	return nil
}

// Start returns the assignments with the offsets at which reading began.
func (c *Consumer) Start() []Assignment { return slices.Clone(c.start) }

// Records delivers runs of all partitions; those of one partition are in
// order. The channel is closed when the consumer has stopped.
func (c *Consumer) Records() <-chan *Records { return c.out }

// Err tells why the consumer stopped by itself; nil while it runs, and after
// Close or the end of its context. It wraps ErrFormat.
func (c *Consumer) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Close stops the consumer and waits until its goroutines have ended. Runs
// that were not released stay valid.
func (c *Consumer) Close() {
	c.stop()
	<-c.done
}

// fail stops the consumer because of err.
func (c *Consumer) fail(err error) {
	c.mu.Lock()
	if c.err == nil {
		c.err = err
	}
	c.mu.Unlock()
	c.stop()
}

// backoff is the pause before the next attempt after n failures in a row.
func backoff(n int) time.Duration {
	const first, most = 50 * time.Millisecond, 3 * time.Second
	if n > 6 {
		return most
	}
	return min(first<<max(n-1, 0), most)
}

// pause waits for d or the end of ctx.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
