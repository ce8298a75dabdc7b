package pump

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"verdin/decision"
	"verdin/ingest/codec"
	"verdin/internal/engine"
	"verdin/schemas"
)

// rig is a live pump in a bubble: what is sent to it has been dealt with when a
// method returns.
type rig struct {
	*Live
	batches  chan Batch
	ticks    chan Tick
	acks     chan Ack
	orders   chan decision.Command
	results  chan decision.PublishResult
	stop     context.CancelFunc
	gone     chan struct{} // closed when Run has returned
	layout   *schemas.Layout
	decoders [][]*codec.Decoder
	offsets  [][]int64
	clock    schemas.Time // of the last good fetch

	verdicts []*schemas.Verdict
	cuts     []decision.Cut
	last     engine.Outcome
	returned int // chunks given back
}

// inBubble runs a test with a live pump over one shard per entry, each with a log of
// predictions. The rollout begins at begin; nobody has ticked yet.
func inBubble(t *testing.T, yaml string, shards int, test func(*testing.T, *rig)) {
	synctest.Test(t, func(t *testing.T) {
		spec := parse(t, yaml)
		r := &rig{
			batches: make(chan Batch), ticks: make(chan Tick), acks: make(chan Ack),
			orders: make(chan decision.Command), results: make(chan decision.PublishResult),
			gone: make(chan struct{}), layout: engine.Layout(spec),
		}
		var logs [][]schemas.Log
		for s := range shards {
			logs = append(logs, []schemas.Log{{Topic: "ml.predictions", Partition: int32(s), Kinds: p}})
			r.decoders = append(r.decoders, []*codec.Decoder{codec.New(r.layout, codec.Options{HasDefault: true})})
			r.offsets = append(r.offsets, []int64{0})
		}
		core := engine.New(logs)
		if err := core.Start(spec, r.layout, decision.Head{}, begin); err != nil {
			t.Fatal(err)
		}
		r.Live = &Live{Spec: spec, Core: core, Batches: r.batches, Ticks: r.ticks, Acks: r.acks, Orders: r.orders, Results: r.results,
			Publish: func(v *schemas.Verdict) { r.verdicts = append(r.verdicts, v) },
			Each:    func(o engine.Outcome, c decision.Cut) { r.last, r.cuts = o, append(r.cuts, c) }}
		var ctx context.Context
		ctx, r.stop = context.WithCancel(context.Background())
		go func() {
			defer close(r.gone)
			r.Run(ctx, logs)
		}()
		test(t, r)
		r.stop()
		<-r.gone
	})
}

// send passes v on and waits until the pump has nothing to do.
func send[T any](ch chan<- T, v T) {
	ch <- v
	synctest.Wait()
}

// put sends predictions to a shard's log; the log is at its end afterwards.
func (r *rig) put(shard int, events ...*schemas.Prediction) { r.putBefore(shard, 0, events...) }

// putBefore is put with more records waiting on the broker.
func (r *rig) putBefore(shard int, waiting int64, events ...*schemas.Prediction) {
	b := r.batch(shard, events...)
	b.High += waiting
	send(r.batches, b)
}

func (r *rig) batch(shard int, events ...*schemas.Prediction) Batch {
	c := new(schemas.Chunk)
	c.Reset(0, r.layout)
	first := r.offsets[shard][0]
	for _, ev := range events {
		ts := schemas.TimeOf(ev.EventTime)
		r.decoders[shard][0].Append(c, record(r.offsets[shard][0], ts, ev.AppendJSON(nil)))
		r.offsets[shard][0]++
	}
	c.Next = r.offsets[shard][0]
	return Batch{Shard: shard, Chunk: c, First: first, High: c.Next, Done: func() { r.returned++ }}
}

// tick ticks at a time after begin, and tells whether the tick is done with.
func (r *rig) tick(after time.Duration, change ...func(*Tick)) (done chan struct{}) {
	done = make(chan struct{}, 1)
	t := Tick{Wall: begin.Add(after), Done: done}
	for _, f := range change {
		f(&t)
	}
	send(r.ticks, t)
	return done
}

func lazy(t *Tick)   { t.Lazy = true }
func settle(t *Tick) { t.Settle = true }

// served is a prediction of either arm at a time after begin.
func served(arm string, after time.Duration) *schemas.Prediction {
	return answer(fmt.Sprint(arm, after), arm, begin.Add(after))
}

// wall is the last cut's, after begin.
func (r *rig) wall() time.Duration { return r.cuts[len(r.cuts)-1].Wall.Sub(begin) }

// top is how far a shard's log has come, after begin.
func (r *rig) top(shard int) time.Duration { return r.Core.Shard(shard).Top(0).Sub(begin) }

// over tells whether a tick is done with.
func over(done chan struct{}) bool { return len(done) == 1 }
