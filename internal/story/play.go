package story

import (
	"context"
	"fmt"
	"time"

	"verdin/decision"
	"verdin/ingest/kafka"
	"verdin/internal/engine"
	"verdin/internal/pump"
	"verdin/internal/pump/disk"
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
}

func (p *player) play(ctx context.Context) error {
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

// backlog is how much of what has gathered in a log is read between two looks.
const backlog = 60 * Tick

// look gives the engine what came, and has it look at the clock.
func (p *player) look(ctx context.Context) error {
	if p.life == nil {
		return nil
	}
	w := p.world
	for log := range w.broker.logs {
		if !w.broker.answers(log) {
			continue
		}
		w.broker.good[log] = p.now
		w.broker.read[log] = min(p.now, w.broker.read[log].Add(backlog))
		from, to := w.broker.sent[log], w.broker.visible(log, w.broker.read[log])
		for from < to {
			next := w.broker.until(log, from, 500, to)
			b := w.broker.batch(p.life.decoders[log], p.layout, log, from, next)
			if w.broken {
				b.Chunk.TS, w.broken = nil, false // no decoder makes such a chunk
			}
			if err := p.life.batch(b); err != nil {
				return err
			}
			from = next
		}
		w.broker.sent[log] = max(w.broker.sent[log], to)
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
