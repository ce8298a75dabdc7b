package pump

import (
	"context"
	"time"

	"verdin/decision"
	"verdin/internal/engine"
	"verdin/schemas"
)

// IdleAfter is how long a log at its end must be silent before its watermark
// follows the others.
const IdleAfter = 60 * time.Second

// Batch is decoded input of one log.
type Batch struct {
	Shard, Log int
	Chunk      *schemas.Chunk
	High       int64  // offset after the log's last record on the broker
	Lost       int64  // records before this offset are missing, somewhere since the batch before; 0 = none
	Done       func() // gives the chunk back
}

// Tick is an instant at which the pump looks at the clock. A logical clock may ask
// the pump to read up to given offsets first, and waits on Done.
type Tick struct {
	Wall   schemas.Time
	Until  [][]int64 // per shard and log: offset to have read up to; nil = whatever came
	Lazy   bool      // cut only when a window was sealed, something was said, or a second has passed
	Settle bool      // Done waits for routers to acknowledge what the cut decided
	Done   chan<- struct{}
}

// Ack says that a router serves a verdict.
type Ack struct {
	Router               string
	Generation, Sequence uint64
	At                   schemas.Time
}

// Live drives the engine for one rollout from channels. All channels are owned by
// the caller; Run returns when the context ends.
type Live struct {
	Spec    *decision.Spec
	Core    *engine.Engine
	Batches <-chan Batch
	Ticks   <-chan Tick
	Acks    <-chan Ack
	Orders  <-chan decision.Command
	Results <-chan decision.PublishResult
	Publish func(*schemas.Verdict)             // hands a verdict over; must not block for long
	Each    func(engine.Outcome, decision.Cut) // called after every cut; nil = nobody listens

	seq     int64
	lastCut schemas.Time
	logs    [][]logSeen
	tick    *Tick // waits for offsets or for acknowledgements
	cutDone bool  // the waiting tick's cut was made
	applied []decision.Applied
	orders  []decision.Command
	results []decision.PublishResult
	acks    ackBook
}

// logSeen is what the pump knows of a log beside its rows.
type logSeen struct {
	next, high int64
	spoke      schemas.Time // wall time of the last record
}

// Run feeds and cuts until the context ends.
func (l *Live) Run(ctx context.Context, logs [][]schemas.Log) {
	l.logs = make([][]logSeen, len(logs))
	for i := range logs {
		l.logs[i] = make([]logSeen, len(logs[i]))
	}
	l.acks.expected = max(1, l.Spec.Publish.Routers)
	for {
		ticks := l.Ticks
		if l.tick != nil {
			ticks = nil // one at a time
		}
		select {
		case <-ctx.Done():
			return
		case b := <-l.Batches:
			l.feed(b)
		case t := <-ticks:
			l.tick, l.cutDone = &t, false
		case a := <-l.Acks:
			l.applied = append(l.applied, l.acks.take(a)...)
		case c := <-l.Orders:
			l.orders = append(l.orders, c)
		case r := <-l.Results:
			l.results = append(l.results, r)
			l.acks.result(r)
		}
		l.advance(ctx)
	}
}

// feed gives a batch to the engine.
func (l *Live) feed(b Batch) {
	seen := &l.logs[b.Shard][b.Log]
	if b.Lost > 0 {
		l.Core.Lost(b.Shard, b.Log, b.Lost)
	}
	for row := 0; row < b.Chunk.Len(); {
		row = l.Core.Feed(b.Shard, b.Chunk, row)
	}
	if b.Chunk.Len() > 0 {
		seen.spoke = max(seen.spoke, b.Chunk.At[b.Chunk.Len()-1], l.lastCut)
	}
	seen.next, seen.high = max(seen.next, b.Chunk.Next), max(seen.high, b.High)
	if b.Done != nil {
		b.Done()
	}
}

// advance serves the waiting tick as far as it can.
func (l *Live) advance(ctx context.Context) {
	if l.tick == nil || !l.cutDone && !l.reached() {
		return
	}
	if !l.cutDone {
		l.look()
		l.cutDone = true
	}
	if l.tick.Settle && l.acks.waiting() {
		return
	}
	if l.tick.Done != nil {
		select {
		case l.tick.Done <- struct{}{}:
		case <-ctx.Done():
		}
	}
	l.tick = nil
}

// look makes the cut that the waiting tick asks for.
func (l *Live) look() {
	wall := l.tick.Wall
	l.idle(wall)
	news := l.Core.Sealed() || len(l.applied)+len(l.orders)+len(l.results) > 0
	if l.tick.Lazy && !news && wall.Sub(l.lastCut) < time.Second {
		return
	}
	l.cut(wall)
}

func (l *Live) reached() bool {
	for s := range l.tick.Until {
		for g, want := range l.tick.Until[s] {
			if l.logs[s][g].next < want {
				return false
			}
		}
	}
	return true
}

// idle advances logs that have been silent at their end: to the least watermark of
// the others, never further. When all are silent nothing moves: that is no data.
func (l *Live) idle(wall schemas.Time) {
	least, any := schemas.Never, false
	l.each(func(s, g int, seen *logSeen) {
		if !l.silent(seen, wall) {
			least, any = min(least, l.Core.Shard(s).Top(g)), true
		}
	})
	if !any || least == schemas.Unknown {
		return
	}
	l.each(func(s, g int, seen *logSeen) {
		if l.silent(seen, wall) {
			l.Core.Idle(s, g, least)
		}
	})
}

func (l *Live) silent(seen *logSeen, wall schemas.Time) bool {
	if seen.spoke == 0 {
		seen.spoke = wall // silence is counted from the first look
	}
	return seen.next >= seen.high && wall.Sub(seen.spoke) >= IdleAfter
}

func (l *Live) each(f func(shard, log int, seen *logSeen)) {
	for s := range l.logs {
		for g := range l.logs[s] {
			f(s, g, &l.logs[s][g])
		}
	}
}

// expect waits for the routers to acknowledge a verdict. A dry run is served by
// nobody: it judges the split that it finds, and the next window stands for the
// acknowledgement, as in a recording.
func (l *Live) expect(v *schemas.Verdict, wall schemas.Time) {
	if !v.DryRun {
		l.acks.open(v)
		return
	}
	l.applied = append(l.applied, decision.Applied{Generation: v.Generation, Sequence: v.Sequence, At: l.Spec.Source.NextWindow(wall)})
}

// cut judges the rollout and hands its verdict over.
func (l *Live) cut(wall schemas.Time) {
	l.seq++
	wall = max(wall, l.lastCut)
	l.lastCut = wall
	name := l.Spec.FullName()
	in := engine.CutInput{
		Cut:      decision.Cut{Seq: l.seq, Wall: wall, Due: wall, Foreign: l.Spec.DryRun},
		Upto:     schemas.Never,
		Applied:  map[string][]decision.Applied{name: l.applied},
		Commands: map[string][]decision.Command{name: l.orders},
		Publish:  map[string][]decision.PublishResult{name: l.results},
	}
	l.applied, l.orders, l.results = nil, nil, nil
	for _, out := range l.Core.Cut(in) {
		if v := out.Verdict; v != nil {
			l.expect(v, wall)
			l.Publish(v)
		}
		if l.Each != nil {
			l.Each(out, in.Cut)
		}
	}
}
