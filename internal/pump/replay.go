package pump

import (
	"context"
	"errors"
	"io"

	"verdin/decision"
	"verdin/internal/engine"
	"verdin/schemas"
)

// Source yields the chunks of one log in order; io.EOF is its clean end.
type Source interface {
	Next(ctx context.Context) (*schemas.Chunk, error)
	Recycle(*schemas.Chunk) // the pump is done with a chunk
}

// Replay drives the engine over recordings without a journal. The pump makes the
// cuts itself: one per window end of the least watermark, with that event time plus
// the lateness as wall time. Logs are read by least watermark first, so what a
// verdict depends on does not depend on the size of chunks.
type Replay struct {
	Spec    *decision.Spec
	Layout  *schemas.Layout
	Logs    []schemas.Log
	Sources []Source                   // one per log
	Each    func(engine.Outcome) error // called after every cut; nil = nobody listens
	Counts  func(engine.Counts)        // called once at the end; nil = nobody listens

	core    *engine.Engine
	heads   []head
	begun   bool         // the rollout was started
	next    schemas.Time // window end of the next cut
	last    schemas.Time // greatest event time seen
	seq     int64
	drained bool // every log has ended
	fed     int  // the log that was fed last
	cutting bool // the engine is at a cut, not at rows
	applied []decision.Applied
	final   decision.State
}

// head is a log's current chunk.
type head struct {
	chunk *schemas.Chunk
	row   int
	ended bool
}

// ErrEmpty says that no source held a single row.
var ErrEmpty = errors.New("no events in the recording")

// Run reads every source to its end and returns the rollout's final state. If the
// engine panics, it ends with ErrInternal and the place.
func (r *Replay) Run(ctx context.Context) (decision.State, error) {
	err := r.play(ctx)
	return r.final, err
}

func (r *Replay) play(ctx context.Context) (err error) {
	defer r.caught(&err)
	if err := r.begin(ctx); err != nil {
		return err
	}
	for log := r.behind(); log >= 0; log = r.behind() {
		if err := r.step(ctx, log); err != nil {
			return err
		}
		if err := r.cuts(ctx, r.least()); err != nil {
			return err
		}
	}
	if err := r.finish(ctx); err != nil {
		return err
	}
	if r.Counts != nil {
		r.Counts(r.core.Shard(0).Counts(r.name()))
	}
	return nil
}

func (r *Replay) name() string { return r.Spec.FullName() }

// begin loads the first rows, starts the rollout at the earliest of them, and
// makes the first cut, in which it is activated.
func (r *Replay) begin(ctx context.Context) error {
	r.core = engine.New([][]schemas.Log{r.Logs})
	r.heads = make([]head, len(r.Logs))
	first := schemas.Never
	for i := range r.heads {
		if err := r.load(ctx, i); err != nil {
			return err
		}
		if c := r.heads[i].chunk; c != nil {
			first = min(first, c.TS[0])
		}
	}
	if first == schemas.Never {
		return ErrEmpty
	}
	start := first.Add(-r.Spec.Source.Lateness).Floor(r.Spec.Source.Window)
	if err := r.core.Start(r.Spec, r.Layout, decision.Head{}, start); err != nil {
		return err
	}
	r.begun = true
	for i, h := range r.heads {
		if h.ended {
			r.core.End(0, i)
		}
	}
	r.next, r.last = start.Add(r.Spec.Source.Window), schemas.Unknown
	return r.cut(start, start, start, false)
}

// load moves a log to its next chunk that has rows, or to its end.
func (r *Replay) load(ctx context.Context, i int) error {
	h := &r.heads[i]
	for {
		if h.chunk != nil {
			r.Sources[i].Recycle(h.chunk)
			h.chunk = nil
		}
		c, err := r.Sources[i].Next(ctx)
		if errors.Is(err, io.EOF) {
			h.ended = true
			if r.begun {
				r.core.End(0, i)
			}
			return nil
		}
		if err != nil {
			return err
		}
		h.chunk, h.row = c, 0
		if c.Len() > 0 {
			return nil
		}
	}
}

// step feeds rows of one log until they seal a window or the chunk is done.
func (r *Replay) step(ctx context.Context, i int) error {
	h := &r.heads[i]
	r.fed = i
	h.row = r.core.Feed(0, h.chunk, h.row)
	r.last = max(r.last, r.core.Shard(0).Top(i))
	if h.row < h.chunk.Len() {
		return nil
	}
	return r.load(ctx, i)
}

// behind is the log with the least watermark that has more to read, -1 = none.
func (r *Replay) behind() int {
	best := -1
	for i := range r.heads {
		if r.heads[i].ended {
			continue
		}
		if best < 0 || r.mark(i) < r.mark(best) {
			best = i
		}
	}
	return best
}

func (r *Replay) mark(i int) schemas.Time { return r.core.Mark(0, i, r.Spec.Source.Lateness) }

func (r *Replay) least() schemas.Time {
	least := schemas.Never
	for i := range r.heads {
		least = min(least, r.mark(i))
	}
	return least
}

// cuts makes one cut per window end that the least watermark has reached.
func (r *Replay) cuts(ctx context.Context, mark schemas.Time) error {
	for mark != schemas.Never && r.next <= mark {
		if err := ctx.Err(); err != nil {
			return err // event time may have jumped by years
		}
		if err := r.cut(r.next, r.next, r.next.Add(r.Spec.Source.Lateness), false); err != nil {
			return err
		}
		r.next = r.next.Add(r.Spec.Source.Window)
	}
	return nil
}

// finish makes the cuts that are left when every log has ended: up to the last
// window's label horizon, then one that says that no more will come.
func (r *Replay) finish(ctx context.Context) error {
	last := r.Spec.Source.NextWindow(r.last)
	if len(r.Layout.Fields[schemas.KindOutcome]) > 0 {
		last = last.Add(r.Spec.Source.Horizon)
	}
	r.drained = true
	if err := r.cuts(ctx, last); err != nil {
		return err
	}
	return r.cut(r.next, schemas.Never, r.next.Add(r.Spec.Source.Lateness), true)
}

func (r *Replay) cut(due, upto, wall schemas.Time, ended bool) error {
	r.cutting = true // until it is made: a panic ends it before
	r.seq++
	in := engine.CutInput{
		Cut:  decision.Cut{Seq: r.seq, Wall: wall, Due: due, Foreign: true, Drained: r.drained, Ended: ended},
		Upto: upto,
	}
	if len(r.applied) > 0 {
		in.Applied = map[string][]decision.Applied{r.name(): r.applied}
		r.applied = nil
	}
	for _, out := range r.core.Cut(in) {
		r.final = out.State
		if v := out.Verdict; v != nil {
			r.applied = append(r.applied, decision.Applied{
				Generation: v.Generation, Sequence: v.Sequence, At: r.served(wall)})
		}
		if r.Each != nil {
			if err := r.Each(out); err != nil {
				return err
			}
		}
	}
	r.cutting = false
	return nil
}

// served is when a recording counts as following a verdict: it never does, so
// the next window boundary stands for the routers' acknowledgement. The first
// verdict finds the split as it was recorded.
func (r *Replay) served(wall schemas.Time) schemas.Time {
	if r.seq == 1 {
		return wall
	}
	return r.Spec.Source.NextWindow(wall)
}
