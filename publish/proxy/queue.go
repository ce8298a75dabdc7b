package proxy

import (
	"context"
	"sync/atomic"
	"time"

	"verdin/schemas"
)

const (
	batchEvents = 500                    // events in one write, at most
	batchWait   = 50 * time.Millisecond  // how long the first of them waits for others
	retryWait   = 200 * time.Millisecond // after a failed write; doubles up to retryMax
	retryMax    = 5 * time.Second
	drainFor    = 5 * time.Second // for what is left when the end comes
)

// Queue takes events without ever waiting and writes them in batches.
type Queue struct {
	write   func(context.Context, []*schemas.Prediction) error
	onError func(error)
	events  chan *schemas.Prediction
	written atomic.Uint64
	lost    atomic.Uint64
}

// NewQueue holds up to size events that are not written yet. Write returns when all
// of a batch are stored; it is tried again until it succeeds. OnError hears of each
// failure, and must not block.
func NewQueue(size int, write func(context.Context, []*schemas.Prediction) error, onError func(error)) *Queue {
	return &Queue{write: write, onError: onError, events: make(chan *schemas.Prediction, size)}
}

// Add queues an event, or counts it as lost if there is no room.
func (q *Queue) Add(e *schemas.Prediction) {
	select {
	case q.events <- e:
	default:
		q.lost.Add(1)
	}
}

// Counts returns how many events were written, are waiting, and were lost.
func (q *Queue) Counts() (written, waiting, lost uint64) {
	return q.written.Load(), uint64(len(q.events)), q.lost.Load()
}

// Run writes until ctx ends, then for some seconds what is left. What cannot be
// written by then is counted as lost.
func (q *Queue) Run(ctx context.Context) {
	var batch []*schemas.Prediction
	for ctx.Err() == nil {
		if batch = q.collect(ctx); q.deliver(ctx, batch) {
			batch = nil
		}
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainFor)
	defer cancel()
	for end.Err() == nil {
		if batch = q.take(batch); len(batch) == 0 {
			return
		}
		if q.deliver(end, batch) {
			batch = nil
		}
	}
	for ; len(q.events) > 0; batch = q.take(nil) {
		q.lost.Add(uint64(len(batch)))
	}
	q.lost.Add(uint64(len(batch)))
}

// collect waits for the first event and for others shortly behind it. It returns
// what it has when ctx ends.
func (q *Queue) collect(ctx context.Context) (batch []*schemas.Prediction) {
	select {
	case <-ctx.Done():
		return nil
	case e := <-q.events:
		batch = append(batch, e)
	}
	late := time.After(batchWait)
	for len(batch) < batchEvents {
		select {
		case e := <-q.events:
			batch = append(batch, e)
		case <-ctx.Done():
			return batch
		case <-late:
			return batch
		}
	}
	return batch
}

// take adds what waits to a batch, as far as it has room.
func (q *Queue) take(batch []*schemas.Prediction) []*schemas.Prediction {
	for len(batch) < batchEvents && len(q.events) > 0 {
		batch = append(batch, <-q.events)
	}
	return batch
}

// deliver writes a batch, again and again until ctx ends. It tells whether all is stored.
func (q *Queue) deliver(ctx context.Context, batch []*schemas.Prediction) bool {
	for wait := retryWait; len(batch) > 0; wait = min(2*wait, retryMax) {
		err := q.write(ctx, batch)
		if err == nil {
			q.written.Add(uint64(len(batch)))
			return true
		}
		q.onError(err)
		select {
		case <-ctx.Done():
			return false
		case <-time.After(wait):
		}
	}
	return true
}
