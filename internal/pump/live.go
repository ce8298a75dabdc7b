package pump

import (
	"context"
	"slices"
	"time"

	"verdin/decision"
	"verdin/internal/engine"
	"verdin/internal/pump/journal"
	"verdin/schemas"
)

// IdleAfter is how long a log at its end must be silent before its watermark
// follows the others.
const IdleAfter = 60 * time.Second

// Live drives the engine for one rollout from channels. All channels are owned by
// the caller; Run returns when the context ends or the journal cannot be written.
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

	Obeyed func(cut int64, c decision.Command, v *schemas.Verdict) // called after Each for every order that the cut journalled, with the verdict that it gave; nil = nobody asks

	Refused func(Ack) // hears acknowledgements of verdicts that were never given, and of routers that the spec does not name; nil = nobody does

	Took func(seconds float64) // hears how long each cut was judged, by the machine's clock; nil = nobody does

	Failed func(at, stack string) // hears what the engine failed at: the rollout holds from then on, until a restart; nil = nobody does

	Store  *Store           // keeps what cannot be read again; nil = nothing is kept
	From   *Resumed         // where to go on; nil = at the beginning
	Status func() []Reading // how the reading of each log goes; nil = nobody knows, all is well
	Unread func() string    // why a topic is not read whole, with the remedy; "" = it is, and so is nil

	engine  guarded
	place   *Place
	flat    flat
	logs    []logSeen
	tick    *Tick // waits for offsets or for acknowledgements
	cutDone bool  // the waiting tick's cut was made
	acks    ackBook
	next    journal.Cut // what the next cut will say of inputs
}

// logSeen is what the pump knows of a log beside its rows.
type logSeen struct {
	next, high int64
	epoch      int32        // of the history before next; 0 = not known
	spoke      schemas.Time // wall time of the last record
}

// Run feeds and cuts until the context ends; then, if there is a journal, it makes a
// last cut and keeps the state, so that the next start has nothing to read again.
func (l *Live) Run(ctx context.Context, logs [][]schemas.Log) error {
	l.begin(logs)
	for {
		ticks := l.Ticks
		if l.tick != nil {
			ticks = nil // one at a time
		}
		select {
		case <-ctx.Done():
			return l.finish()
		case b := <-l.Batches:
			l.feed(b)
		case t := <-ticks:
			l.tick, l.cutDone = &t, false
		case a := <-l.Acks:
			l.hear(a)
		case c := <-l.Orders:
			l.next.Commands = append(l.next.Commands, journal.Command(c))
		case r := <-l.Results:
			l.settle(r)
		}
		if err := l.advance(ctx); err != nil {
			return err
		}
	}
}

// begin takes up where an earlier process stopped.
func (l *Live) begin(logs [][]schemas.Log) {
	l.flat, l.engine = newFlat(logs), guarded{core: l.Core, hears: l.Failed}
	l.logs = make([]logSeen, len(l.flat.seats))
	l.place = &Place{Next: make([]int64, len(l.logs))}
	if l.From != nil {
		l.place, l.engine.failed = l.From.Place, l.From.failed
		l.next.Commands, l.next.Results = l.From.Commands, l.From.Results
	}
	l.acks = l.place.book(l.Spec)
	l.next.Applied = l.place.Owed
	for i, next := range l.place.Next {
		l.logs[i].next = next
		if len(l.place.Epochs) > 0 {
			l.logs[i].epoch = l.place.Epochs[i]
		}
	}
	if l.From != nil {
		for _, b := range l.From.Rest {
			l.feed(b)
		}
	}
}

// finish makes the last cut.
func (l *Live) finish() error {
	if l.Store == nil || l.place.Seq == 0 {
		return nil
	}
	if err := l.cut(l.place.Wall); err != nil || l.engine.failed != "" {
		return err
	}
	return l.Store.save(l.Core, l.place, &l.acks)
}

// Next is the position of a log at the last cut.
func (l *Live) Next(log int) int64 { return l.place.Next[log] }

// feed gives a batch to the engine.
func (l *Live) feed(b Batch) {
	i := l.flat.number(b.Shard, b.Log)
	seen := &l.logs[i]
	if b.First < seen.next || b.Epoch != 0 {
		seen.epoch = b.Epoch
	}
	seen.next = min(seen.next, b.First) // a log that was cut off goes on from there
	from := seen.next
	for _, g := range b.lost(seen.next) {
		l.engine.lost(l.flat.seats[i], g.To)
		l.next.Losses = append(l.next.Losses, journal.Loss{Log: i, At: seen.next, From: g.From, Before: g.To})
	}
	l.engine.feed(l.flat.seats[i], b.Chunk, b.Row, b.Chunk.Next)
	if b.Chunk.Len() > b.Row {
		seen.spoke = max(seen.spoke, b.Chunk.At[b.Chunk.Len()-1], l.place.Wall)
	}
	if b.At != 0 {
		l.arrive(journal.Arrival{Log: i, From: from, To: b.Chunk.Next, At: b.At})
	}
	seen.next, seen.high = b.Chunk.Next, max(seen.high, b.High)
	b.done()
}

// arrive notes when offsets came; ranges that go on are one.
func (l *Live) arrive(a journal.Arrival) {
	for i := len(l.next.Arrivals) - 1; i >= 0; i-- {
		if last := &l.next.Arrivals[i]; last.Log == a.Log {
			if last.To == a.From && last.At == a.At {
				last.To = a.To
				return
			}
			break
		}
	}
	l.next.Arrivals = append(l.next.Arrivals, a)
}

// hear takes an acknowledgement.
func (l *Live) hear(a Ack) {
	l.place.Stream = max(l.place.Stream, a.Stream)
	l.next.Acks = append(l.next.Acks, journal.Ack(a))
	done, ok := l.acks.take(a)
	if !ok && l.Refused != nil {
		l.Refused(a)
	}
	for _, done := range done {
		l.next.Applied = append(l.next.Applied, journal.Applied(done))
	}
}

// settle takes what became of a verdict.
func (l *Live) settle(r decision.PublishResult) {
	digest := l.place.settle(r.Generation, r.Sequence, r.Digest, r.Result)
	l.next.Results = append(l.next.Results, journal.Result{Generation: r.Generation, Sequence: r.Sequence, Digest: digest, Result: r.Result, At: r.At})
	l.acks.result(r)
}

// advance serves the waiting tick as far as it can.
func (l *Live) advance(ctx context.Context) error {
	if l.tick == nil || !l.cutDone && !l.reached() {
		return nil
	}
	if !l.cutDone {
		if err := l.look(); err != nil {
			return err
		}
		l.cutDone = true
	}
	if l.tick.Settle && l.acks.waiting() {
		return nil
	}
	if l.tick.Done != nil {
		select {
		case l.tick.Done <- struct{}{}:
		case <-ctx.Done():
		}
	}
	l.tick = nil
	return nil
}

// look makes the cut that the waiting tick asks for.
func (l *Live) look() error {
	wall, n := l.tick.Wall, &l.next
	news := l.Core.Sealed() || len(n.Acks)+len(n.Applied)+len(n.Commands)+len(n.Results)+len(n.Losses) > 0
	if l.tick.Lazy && !news && wall.Sub(l.place.Wall) < time.Second {
		return nil
	}
	return l.cut(wall)
}

func (l *Live) reached() bool {
	for s := range l.tick.Until {
		for g, want := range l.tick.Until[s] {
			if l.logs[l.flat.number(s, g)].next < want {
				return false
			}
		}
	}
	return true
}

// cut judges the rollout and hands its verdict over. What the cut depends on is on
// disk before anything follows from it.
func (l *Live) cut(wall schemas.Time) error {
	c := l.draw(max(wall, l.place.Wall))
	if err := l.Store.append(c); err != nil {
		return err
	}
	began := time.Now()
	outs, failed, err := l.engine.cut(l.Spec.FullName(), l.flat, c, "")
	if err != nil {
		return err
	}
	if l.Took != nil {
		l.Took(time.Since(began).Seconds())
	}
	if failed != "" {
		if err := l.Store.append(&journal.Failure{Cut: c.Seq, At: failed}); err != nil {
			return err
		}
	}
	for _, o := range outs {
		if v := o.Verdict; v != nil {
			payload := v.AppendJSON(nil)
			intent := &journal.Intent{Generation: v.Generation, Sequence: v.Sequence, Cut: c.Seq, Digest: schemas.Digest(payload), Payload: payload}
			if err := l.Store.append(intent); err != nil {
				return err
			}
			l.place.decided(v, payload, l.Spec, &l.acks)
			l.next.Applied = l.place.Owed
		}
	}
	if err := l.Store.sync(); err != nil {
		return err
	}
	for _, o := range outs {
		if o.Verdict != nil {
			l.Publish(o.Verdict)
		}
		if l.Each != nil {
			l.Each(o, decision.Cut{Seq: c.Seq, Wall: c.Wall, Due: c.Due, CatchingUp: c.CatchingUp, Unread: c.Unread, Owing: c.Owing, Foreign: c.Foreign})
		}
		l.obeyed(c, o.Verdict)
	}
	if failed == "" { // a state that is not trusted is not kept
		l.Store.keep(l.Core, l.place, &l.acks)
	}
	return nil
}

// obeyed tells which orders a cut has journalled.
func (l *Live) obeyed(c *journal.Cut, v *schemas.Verdict) {
	if l.Obeyed == nil {
		return
	}
	for _, order := range c.Commands {
		l.Obeyed(c.Seq, decision.Command(order), v)
	}
}

// draw is the record of the cut that is made now.
func (l *Live) draw(wall schemas.Time) *journal.Cut {
	c := l.next
	l.next = journal.Cut{}
	status := l.readings()
	c.Seq, c.Wall, c.Due, c.Upto, c.Foreign = l.place.Seq+1, wall, wall, schemas.Never, l.Spec.DryRun
	c.Owing = l.acks.owing()
	c.Idle, c.CatchingUp = l.idle(wall, status), l.behind(wall, status)
	if l.Unread != nil {
		c.Unread = l.Unread()
	}
	for i := range l.logs {
		c.Next = append(c.Next, l.logs[i].next)
	}
	l.place.Seq, l.place.Wall, l.place.Next, l.place.Owed = c.Seq, wall, c.Next, nil
	l.place.Epochs = nil
	if slices.ContainsFunc(l.logs, func(s logSeen) bool { return s.epoch != 0 }) {
		for i := range l.logs {
			l.place.Epochs = append(l.place.Epochs, l.logs[i].epoch)
		}
	}
	return &c
}
