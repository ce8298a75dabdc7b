package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"verdin/ingest/kafka"
	"verdin/internal/pump"
	"verdin/internal/scenario"
	"verdin/schemas"
)

// traffic produces a scenario over TCP, one tick of the logical clock at a time.
type traffic struct {
	gen      *scenario.Generator
	producer *kafka.Producer
	topics   *pump.Topics
	written  [][]int64 // per shard and log: offset after the last record
	batches  map[string][]kafka.Message
	arena    []byte
	events   int64
}

func newTraffic(sc scenario.Scenario, seed uint64, start schemas.Time, producer *kafka.Producer, topics *pump.Topics) *traffic {
	t := &traffic{gen: scenario.New(sc, seed, start), producer: producer, topics: topics, batches: map[string][]kafka.Message{}}
	for _, logs := range topics.Shards {
		t.written = append(t.written, make([]int64, len(logs)))
	}
	return t
}

// tick produces what happens in [from, to) and returns when the broker has it all.
func (t *traffic) tick(ctx context.Context, from, to schemas.Time, choose func(string) bool, split scenario.Split) error {
	t.arena = t.arena[:0]
	for name := range t.batches {
		t.batches[name] = t.batches[name][:0]
	}
	t.gen.Tick(from, to, choose, split, t.emit)
	for _, name := range t.topics.Names() {
		if err := t.producer.Produce(ctx, name, t.batches[name]); err != nil {
			return fmt.Errorf("produce to %s: %w", name, err)
		}
	}
	return nil
}

func (t *traffic) emit(topic string, partition int32, key []byte, ts schemas.Time, value []byte) {
	t.batches[topic] = append(t.batches[topic], kafka.Message{
		Partition: partition, Key: t.keep(key), Value: t.keep(value), Time: ts.Std()})
	shard, log := t.topics.Find(topic, partition)
	t.written[shard][log]++
	t.events++
}

// keep copies b: the generator's buffers are valid only during the call.
func (t *traffic) keep(b []byte) []byte {
	if cap(t.arena)-len(t.arena) < len(b) {
		t.arena = make([]byte, 0, max(1<<20, len(b)))
	}
	n := len(t.arena)
	t.arena = append(t.arena, b...)
	return t.arena[n:len(t.arena):len(t.arena)]
}

// until is how far the engine has to read to have seen every tick so far.
func (t *traffic) until() [][]int64 {
	out := make([][]int64, len(t.written))
	for i := range t.written {
		out[i] = slices.Clone(t.written[i])
	}
	return out
}

// settle waits until the pump has read all that was written and has made a cut.
func (t *traffic) settle(ctx context.Context, ticks chan<- pump.Tick, wall schemas.Time) error {
	done := make(chan struct{}, 1)
	select {
	case ticks <- pump.Tick{Wall: wall, Until: t.until(), Settle: true, Done: done}:
	case <-ctx.Done():
		return ctx.Err()
	}
	timeout := time.NewTimer(30 * time.Second)
	defer timeout.Stop()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-timeout.C:
		return fmt.Errorf("the engine did not finish the tick at %v within 30 s", wall)
	}
}
