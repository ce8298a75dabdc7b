package story

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"verdin/decision"
	"verdin/ingest/kafka"
	"verdin/internal/engine"
	"verdin/internal/pump"
	"verdin/internal/pump/disk"
	"verdin/internal/pump/journal"
	"verdin/schemas"
)

// Tale is what was seen.
type Tale struct {
	Script *Script
	Cuts   []Moment
	world  *world
	disk   *disk.Memory
	layout *schemas.Layout
	topics *pump.Topics
	rows   uint64 // that the last engine was given
	counts engine.Counts
}

// Moment is one look of the engine.
type Moment struct {
	At     time.Duration // since the story's beginning
	Cut    decision.Cut
	Out    engine.Outcome
	Served [2]int64 // events of each arm so far
}

// Told is a verdict and when it was given.
type Told struct {
	Moment
	*schemas.Verdict
}

// Verdicts lists what was decided, in order.
func (t *Tale) Verdicts() (all []Told) {
	for _, m := range t.Cuts {
		if v := m.Out.Verdict; v != nil {
			all = append(all, Told{m, v})
		}
	}
	return all
}

// Options of a performance.
type Options struct {
	Seed  uint64 // 0 = the script's
	Twice bool   // every record is delivered twice
}

// Play plays a script from its beginning to its end. An error means that it could not
// be played; whether what was seen is what must be seen, Check tells.
func Play(ctx context.Context, s *Script, opt Options) (*Tale, error) {
	info := map[string]kafka.TopicInfo{}
	for _, name := range pump.TopicNames(s.Spec) {
		info[name] = kafka.TopicInfo{Partitions: partitions, LogAppendTime: true}
	}
	topics, err := pump.NewTopics(s.Spec, info)
	if err != nil {
		return nil, err
	}
	var logs []schemas.Log
	var seats [][2]int
	for i, shard := range topics.Shards {
		for k, l := range shard {
			logs, seats = append(logs, l), append(seats, [2]int{i, k})
		}
	}
	if opt.Seed == 0 {
		opt.Seed = s.Seed
	}
	w := newWorld(s.Spec, opt.Seed, logs)
	w.broker.seats, w.twice = seats, opt.Twice
	t := &Tale{Script: s, world: w, disk: new(disk.Memory), layout: engine.Layout(s.Spec), topics: topics}
	p := &player{Tale: t, now: begin}
	if err := p.play(ctx); err != nil {
		return nil, fmt.Errorf("%s: at %v of the story: %w", s.File, p.now.Sub(begin), err)
	}
	return t, nil
}

// player drives the world and the engine by turns.
type player struct {
	*Tale
	now    schemas.Time
	life   *life // nil = no engine runs
	out    []*schemas.Verdict
	head   *schemas.Verdict // that routers can hear
	acks   []pump.Ack
	result []decision.PublishResult
	upto   schemas.Time // how far a backlog was read; Unknown = there is none
	good   schemas.Time // when the broker answered last
}

func (p *player) play(ctx context.Context) error {
	p.upto = schemas.Unknown
	if err := p.start(ctx); err != nil {
		return err
	}
	defer p.stop()
	next := 0
	for ; p.now <= begin.Add(p.Script.End); p.now = p.now.Add(Tick) {
		for ; next < len(p.Script.world) && begin.Add(p.Script.world[next].At) <= p.now; next++ {
			p.Script.world[next].do(p.world, p.now)
		}
		if err := p.power(ctx); err != nil {
			return err
		}
		if err := p.look(ctx); err != nil {
			return err
		}
		p.deliver()
		p.world.produce(p.now, p.now.Add(Tick))
	}
	p.now = begin.Add(p.Script.End)
	if err := p.stop(); err != nil {
		return err
	}
	return ctx.Err()
}

// power stops, kills or starts the engine as the script says.
func (p *player) power(ctx context.Context) error {
	switch how := p.world.engine; {
	case how == "stops" && p.life != nil:
		return p.stop()
	case how == "dies" && p.life != nil:
		return p.kill()
	case how == "starts" && p.life == nil:
		return p.start(ctx)
	}
	return nil
}

// backlog is how much of what has gathered the engine reads between two looks.
const backlog = 60 * Tick

// look gives the engine what came, and has it look at the clock.
func (p *player) look(ctx context.Context) error {
	if p.life == nil {
		return nil
	}
	w := p.world
	until := p.now
	if p.upto != schemas.Unknown {
		if p.upto = p.upto.Add(backlog); p.upto < p.now {
			until = p.upto
		} else {
			p.upto = schemas.Unknown
		}
	}
	if !w.broker.down {
		p.good = p.now
		for log := range w.broker.logs {
			from, to := w.broker.sent[log], w.broker.visible(log, until)
			for from < to {
				next := min(to, from+500)
				if err := p.life.batch(w.broker.batch(p.life.decoders[log], p.layout, log, from, next)); err != nil {
					return err
				}
				from = next
			}
			w.broker.sent[log] = max(w.broker.sent[log], to)
		}
	} else if p.upto == schemas.Unknown {
		p.upto = p.now
	}
	if err := p.life.news(p); err != nil {
		return err
	}
	return p.life.tick(p.now)
}

// deliver publishes what was decided, and has the routers hear it.
func (p *player) deliver() {
	w := p.world
	for len(p.out) > 0 && w.nats != "down" {
		v := p.out[0]
		result := decision.PublishResult{Generation: v.Generation, Sequence: v.Sequence, Result: "acked", At: p.now}
		switch {
		case w.nats == "fenced":
			result.Result = "fenced"
		case v.Verdict != schemas.VerdictRollback && v.ValidUntil < p.now:
			result.Result = "expired"
		default:
			p.head = v
		}
		p.result, p.out = append(p.result, result), p.out[1:]
		if result.Result == "expired" { // what follows it has no place in the chain
			for _, next := range p.out {
				result.Sequence = next.Sequence
				p.result = append(p.result, result)
			}
			p.out = nil
		}
	}
	if w.nats == "down" {
		return
	}
	for i := range w.routers {
		if ack, ok := w.routers[i].hear(p.head, p.now); ok {
			p.acks = append(p.acks, ack)
		}
	}
}

// life is one process of the engine.
type life struct {
	live     *pump.Live
	decoders []*decoderOf
	store    *pump.Store
	fs       *disk.Faulty
	batches  chan pump.Batch
	ticks    chan pump.Tick
	acks     chan pump.Ack
	orders   chan decision.Command
	results  chan decision.PublishResult
	end      context.CancelFunc
	gone     chan error
	dead     bool // its disk has gone
}

// start begins the rollout, or goes on where its journal ends.
func (p *player) start(ctx context.Context) error {
	w := p.world
	l := &life{fs: &disk.Faulty{FS: p.disk}, batches: make(chan pump.Batch), ticks: make(chan pump.Tick), acks: make(chan pump.Ack),
		orders: make(chan decision.Command), results: make(chan decision.PublishResult), gone: make(chan error, 1)}
	l.fs.Fail = func(string, string) error {
		if l.dead {
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
	if p.now > begin {
		p.upto = p.now.Add(-p.now.Sub(p.good))
	}
	p.good = p.now
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
	from, err := l.store.Resume(ctx, p.Script.Spec, p.topics.Shards, p.feed)
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
		b.sent[i] = len(b.topics[i])
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
	l.store.Journal() // still open: nobody closes it
	l.dead = true
	err := l.send(func(end <-chan error) error { return push(end, l.ticks, pump.Tick{Wall: p.now}) })
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
		if !b.down {
			high = b.visible(log, p.now)
		}
		all = append(all, pump.Reading{Next: int64(b.sent[log]), High: int64(high), FetchedAt: p.good})
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

func (l *life) send(f func(<-chan error) error) error { return f(l.gone) }

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
