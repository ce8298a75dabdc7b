package story

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync/atomic"
	"time"

	"verdin/decision"
	"verdin/ingest/codec"
	"verdin/internal/engine"
	"verdin/internal/pump"
	"verdin/internal/pump/disk"
	"verdin/internal/pump/journal"
	"verdin/schemas"
)

// life is one process of the engine.
type life struct {
	live     *pump.Live
	decoders []*codec.Decoder
	store    *pump.Store
	fs       *disk.Faulty
	batches  chan pump.Batch
	ticks    chan pump.Tick
	acks     chan pump.Ack
	orders   chan decision.Command
	results  chan decision.PublishResult
	end      context.CancelFunc
	gone     chan error
	dead     atomic.Bool // its disk has gone
}

// start begins the rollout, or goes on where its journal ends.
func (p *player) start(ctx context.Context) error {
	w := p.world
	l := &life{fs: &disk.Faulty{FS: p.disk}, batches: make(chan pump.Batch), ticks: make(chan pump.Tick), acks: make(chan pump.Ack),
		orders: make(chan decision.Command), results: make(chan decision.PublishResult), gone: make(chan error, 1)}
	l.fs.Fail = func(string, string) error {
		if l.dead.Load() {
			return errDead
		}
		return nil
	}
	for _, log := range w.broker.logs {
		l.decoders = append(l.decoders, newDecoder(p.layout, log))
	}
	var err error
	if l.store, err = pump.OpenStore("state", pump.StoreOptions{FS: l.fs, Every: 2 * time.Minute}); err != nil {
		return err
	}
	from, err := p.resume(ctx, l)
	if err != nil {
		return err
	}
	p.out = p.out[:0]
	for _, open := range from.Place.Open {
		v, err := schemas.ParseVerdict(open.Payload)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(p.result, func(r decision.PublishResult) bool { return r.Sequence == v.Sequence }) {
			p.out = append(p.out, v)
		}
	}
	l.live = &pump.Live{Spec: from.Spec, Core: from.Core, Store: l.store, From: from,
		Batches: l.batches, Ticks: l.ticks, Acks: l.acks, Orders: l.orders, Results: l.results,
		Publish: func(v *schemas.Verdict) { p.out = append(p.out, v) },
		Each:    p.each, Status: p.status, Unread: func() string { return w.unread }}
	running, end := context.WithCancel(ctx)
	l.end = end
	go func() { l.gone <- l.live.Run(running, p.topics.Shards) }()
	p.life = l
	for len(from.Batches) > 0 {
		if err := l.batch(<-from.Batches); err != nil {
			return err
		}
	}
	return nil
}

var errDead = errors.New("the process has died")

// resume goes on with the last generation, or begins another.
func (p *player) resume(ctx context.Context, l *life) (*pump.Resumed, error) {
	from, err := (*pump.Resumed)(nil), fmt.Errorf("%w: the last one was superseded", pump.ErrAnew)
	if !l.store.Superseded() {
		from, err = l.store.Resume(ctx, p.Script.Spec, p.topics.Shards, p.feed)
	}
	if !errors.Is(err, pump.ErrAnew) {
		return from, err
	}
	if err := l.store.End(err.Error(), p.now); err != nil {
		return nil, err
	}
	a := &journal.Activation{Format: journal.Format, Rollout: p.Script.Spec.FullName(), Generation: l.store.Generation() + 1,
		Spec: p.Script.Text, SpecDigest: p.Script.Spec.Digest, Rules: decision.RulesVersion, Wall: p.now, Start: p.now}
	b := &p.world.broker
	for i, log := range b.logs {
		b.sent[i], b.read[i] = len(b.topics[i]), p.now
		a.Logs = append(a.Logs, journal.Log{Topic: log.Topic, Partition: log.Partition, Kinds: log.Kinds, Shard: b.seats[i][0], Next: int64(b.sent[i])})
	}
	return l.store.Activate(a, p.Script.Spec, p.feed)
}

// feed gives an engine that starts what was read before.
func (p *player) feed(from *pump.Place, _ *pump.Arrivals) (pump.Feed, error) {
	b := &p.world.broker
	ch := make(chan pump.Batch, len(b.logs))
	for log, next := range from.Next {
		if to := b.sent[log]; int(next) < to {
			ch <- b.batch(newDecoder(p.layout, b.logs[log]), p.layout, log, int(next), to)
		}
	}
	return pump.Feed{Batches: ch, Stop: func() {}}, nil
}

// stop ends the engine as an operator does.
func (p *player) stop() error {
	l := p.life
	if l == nil {
		return nil
	}
	p.life = nil
	l.end()
	err := <-l.gone
	p.count(l)
	if closed := l.store.Close(); err == nil {
		err = closed
	}
	return err
}

// kill ends the engine between two effects.
func (p *player) kill() error {
	l := p.life
	p.life = nil
	l.dead.Store(true)
	err := push(l.gone, l.ticks, pump.Tick{Wall: p.now})
	if err == nil {
		err = <-l.gone
	}
	l.end()
	if !errors.Is(err, errDead) {
		return fmt.Errorf("the engine did not die: %w", err)
	}
	p.disk = p.disk.Crash(true)
	return nil
}

// count notes what became of the rows.
func (p *player) count(l *life) {
	p.counts, p.rows = engine.Counts{}, 0
	for i := range p.topics.Shards {
		c := l.live.Core.Shard(i).Counts(p.Script.Spec.FullName())
		p.rows += c.Counted + c.Duplicate + c.Late + c.Other + c.Arm + c.Early + c.NoKey
		p.counts.Counted += c.Counted
		p.counts.Duplicate += c.Duplicate
		p.counts.Late += c.Late
		p.counts.Early += c.Early
	}
}

// each hears every cut.
func (p *player) each(o engine.Outcome, c decision.Cut) {
	p.Cuts = append(p.Cuts, Moment{At: c.Wall.Sub(begin), Cut: c, Out: o, Served: p.world.served})
}

// status is how the reading of each log goes.
func (p *player) status() (all []pump.Reading) {
	b := &p.world.broker
	for log := range b.logs {
		high := b.sent[log]
		if b.answers(log) {
			high = b.visible(log, p.now)
		}
		all = append(all, pump.Reading{Next: int64(b.sent[log]), High: int64(high), FetchedAt: b.good[log]})
	}
	return all
}

// news tells the engine what routers, the publisher and operators said.
func (l *life) news(p *player) error {
	w := p.world
	for _, r := range p.result {
		if err := push(l.gone, l.results, r); err != nil {
			return err
		}
	}
	for len(p.acks) > 0 && p.acks[0].At <= p.now {
		if err := push(l.gone, l.acks, p.acks[0]); err != nil {
			return err
		}
		p.acks = p.acks[1:]
	}
	for _, o := range w.orders {
		if err := push(l.gone, l.orders, o); err != nil {
			return err
		}
	}
	p.result, w.orders = nil, nil
	return nil
}

func (l *life) batch(b pump.Batch) error { return push(l.gone, l.batches, b) }

// tick lets the engine look at the clock, and waits until it has.
func (l *life) tick(now schemas.Time) error {
	done := make(chan struct{}, 1)
	if err := push(l.gone, l.ticks, pump.Tick{Wall: now, Done: done}); err != nil {
		return err
	}
	select {
	case <-done:
		return nil
	case err := <-l.gone:
		return ended(err)
	}
}

// push hands a value over, unless the engine has ended.
func push[T any](gone <-chan error, to chan<- T, v T) error {
	select {
	case to <- v:
		return nil
	case err := <-gone:
		return ended(err)
	}
}

func ended(err error) error {
	if err == nil {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("the engine ended: %w", err)
}

// newDecoder decodes a log as a rollout in production does.
func newDecoder(layout *schemas.Layout, log schemas.Log) *codec.Decoder {
	return codec.New(layout, pump.Decoding(log, nil))
}
