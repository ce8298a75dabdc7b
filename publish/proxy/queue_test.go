package proxy

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"verdin/schemas"
)

func event(n int) *schemas.Prediction { return &schemas.Prediction{PredictionID: strconv.Itoa(n)} }

func noError(t *testing.T) func(error) { return func(err error) { t.Error(err) } }

// written is what a queue has written; the bubble's clock orders nothing for the race
// detector, so the test and the queue share it under a lock.
type written struct {
	mu    sync.Mutex
	ids   []string
	sizes []int
}

func (w *written) write(_ context.Context, batch []*schemas.Prediction) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range batch {
		w.ids = append(w.ids, e.PredictionID)
	}
	w.sizes = append(w.sizes, len(batch))
	return nil
}

func (w *written) is(ids []string, sizes ...int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Equal(w.ids, ids) && slices.Equal(w.sizes, sizes)
}

func TestQueueWritesEverythingInOrderAndInBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w written
		q := NewQueue(2000, w.write, noError(t))
		var want []string
		for i := range 1200 {
			q.Add(event(i))
			want = append(want, strconv.Itoa(i))
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go q.Run(ctx)
		synctest.Wait()
		if !w.is(want[:1000], 500, 500) {
			t.Errorf("batches of %v before the last has waited", w.sizes)
		}
		<-time.After(batchWait)
		synctest.Wait()
		if !w.is(want, 500, 500, 200) {
			t.Errorf("%d events in batches of %v", len(w.ids), w.sizes)
		}
	})
}

func TestFullQueueLosesAndCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var away atomic.Bool
		var failures atomic.Int64
		away.Store(true)
		q := NewQueue(10, func(context.Context, []*schemas.Prediction) error {
			if away.Load() {
				return errors.New("broker away")
			}
			return nil
		}, func(error) { failures.Add(1) })
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go q.Run(ctx)
		for i := range 5 {
			q.Add(event(i))
		}
		<-time.After(time.Minute) // five are in a batch that is tried again and again
		for i := range 15 {
			q.Add(event(i))
		}
		if written, waiting, lost := q.Counts(); written != 0 || waiting != 10 || lost != 5 || failures.Load() < 10 {
			t.Errorf("%d written, %d waiting, %d lost, %d failures", written, waiting, lost, failures.Load())
		}
		away.Store(false)
		<-time.After(retryMax + time.Second)
		if written, waiting, lost := q.Counts(); written != 15 || waiting != 0 || lost != 5 {
			t.Errorf("%d written, %d waiting, %d lost after the broker is back", written, waiting, lost)
		}
	})
}

func TestQueueDrainsAtTheEnd(t *testing.T) {
	for _, c := range []struct {
		what          string
		err           error
		written, lost uint64
	}{
		{"a broker that answers", nil, 1200, 0},
		{"a broker that is away", errors.New("away"), 0, 1200},
	} {
		synctest.Test(t, func(t *testing.T) {
			q := NewQueue(2000, func(context.Context, []*schemas.Prediction) error { return c.err }, func(error) {})
			for i := range 1200 {
				q.Add(event(i))
			}
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			begun := time.Now()
			q.Run(ctx)
			if written, waiting, lost := q.Counts(); written != c.written || waiting != 0 || lost != c.lost {
				t.Errorf("%s: %d written, %d waiting, %d lost", c.what, written, waiting, lost)
			}
			if took := time.Since(begun); took > 2*drainFor {
				t.Errorf("%s: the end took %s", c.what, took)
			}
		})
	}
}
