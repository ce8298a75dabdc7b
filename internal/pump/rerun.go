package pump

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"sort"

	"verdin/decision"
	"verdin/internal/engine"
	"verdin/internal/pump/journal"
	"verdin/schemas"
)

var (
	// ErrDiverged says that a verdict is not the one that the journal holds: the topics
	// or the program are not those of then.
	ErrDiverged = errors.New("the journal holds another verdict than its inputs give")
	// ErrHistory says that a log no longer holds what was read then.
	ErrHistory = errors.New("the log no longer holds what the journal says was read")
)

// Rerun drives an engine by the cuts of a journal over the logs that it names: a
// restart, a replay of what was recorded live, and the oracle of tests are this one
// loop. Rows are fed in the order of the logs up to each cut's positions, which gives
// what the live engine saw in any order.
type Rerun struct {
	Spec    *decision.Spec
	Script  Script
	Core    *engine.Engine                           // started as the activation says, and restored if Place is given
	Place   *Place                                   // where the engine stands; nil = at the activation
	Sources []Source                                 // per log of the activation
	Each    func(engine.Outcome, *journal.Cut) error // hears what each cut left; may be nil
	After   func()                                   // called after every cut; may be nil

	flat     flat
	heads    []head
	acks     ackBook
	arrivals *Arrivals
	tail     *schemas.Verdict // of the last cut, if its intent did not come to the disk
	engine   guarded
	fell     *journal.Failure // at the last cut, if that did not come to the disk
}

// Begin makes the engine of an activation, with nothing fed to it.
func Begin(a *journal.Activation, spec *decision.Spec) (*engine.Engine, error) {
	if spec.FullName() != a.Rollout || spec.Digest != a.SpecDigest {
		return nil, fmt.Errorf("%w: its spec is %s of %s, not %s of %s", ErrScript, spec.Digest, spec.FullName(), a.SpecDigest, a.Rollout)
	}
	core := engine.New(shardsOf(a))
	return core, core.Start(spec, engine.Layout(spec), decision.Head{Generation: a.Generation - 1}, a.Start)
}

// shardsOf lists the logs of an activation by shard.
func shardsOf(a *journal.Activation) (shards [][]schemas.Log) {
	for _, l := range a.Logs {
		for len(shards) <= l.Shard {
			shards = append(shards, nil)
		}
		shards[l.Shard] = append(shards[l.Shard], schemas.Log{Topic: l.Topic, Partition: l.Partition, Kinds: l.Kinds})
	}
	return shards
}

// Run makes every cut of the script.
func (r *Rerun) Run(ctx context.Context) error {
	r.flat = newFlat(shardsOf(r.Script.Activation))
	r.heads, r.engine = make([]head, len(r.flat.seats)), guarded{core: r.Core}
	r.arrivals = NewArrivals(len(r.flat.seats), r.Script.Cuts)
	if r.Place == nil {
		r.Place = &Place{Next: r.Script.start()}
	}
	r.acks = r.Place.book(r.Spec)
	at := append([]int64(nil), r.Place.Next...)
	intents, failures := r.Script.Intents, r.Script.Failures
	for i, c := range r.Script.Cuts {
		for log := range r.heads {
			if err := r.read(ctx, log, &at[log], c); err != nil {
				return fmt.Errorf("cut %d: %w", c.Seq, err)
			}
		}
		var was string
		if len(failures) > 0 && failures[0].Cut == c.Seq {
			was, failures = failures[0].At, failures[1:]
		}
		outs, now, err := r.engine.cut(r.Script.Activation.Rollout, r.flat, c, was)
		if err == nil && now != was {
			err = r.fall(c, now, i == len(r.Script.Cuts)-1)
		}
		if err != nil {
			return err
		}
		r.Place.pass(c, &r.acks)
		for _, o := range outs {
			var err error
			if intents, err = r.check(o.Verdict, c, intents, i == len(r.Script.Cuts)-1); err != nil {
				return err
			}
			if r.Each != nil {
				if err := r.Each(o, c); err != nil {
					return err
				}
			}
		}
		if r.After != nil {
			r.After()
		}
	}
	return nil
}

// Drain reads what sources hold behind the last cut, which is how one that is damaged or
// was cut off there is found.
func (r *Rerun) Drain(ctx context.Context) error {
	for log := range r.heads {
		for !r.heads[log].ended {
			if err := r.load(ctx, log, math.MaxInt64); err != nil {
				return err
			}
		}
	}
	return nil
}

// check compares what a cut decided with what the journal says that it did. The last
// cut's verdict may be missing there: the power went before it came to the disk.
func (r *Rerun) check(v *schemas.Verdict, c *journal.Cut, intents []*journal.Intent, last bool) ([]*journal.Intent, error) {
	was := len(intents) > 0 && intents[0].Cut == c.Seq
	if v == nil {
		if was {
			return nil, fmt.Errorf("%w: cut %d decided %d/%d then, and nothing now", ErrDiverged, c.Seq, intents[0].Generation, intents[0].Sequence)
		}
		return intents, nil
	}
	payload := v.AppendJSON(nil)
	switch digest := schemas.Digest(payload); {
	case was && intents[0].Digest != digest:
		return nil, fmt.Errorf("%w: cut %d, verdict %d/%d: digest %s then, %s now", ErrDiverged, c.Seq, v.Generation, v.Sequence, intents[0].Digest, digest)
	case !was && !last:
		return nil, fmt.Errorf("%w: cut %d decides %d/%d now, and nothing then", ErrDiverged, c.Seq, v.Generation, v.Sequence)
	case was:
		intents = intents[1:]
	default:
		r.tail = v
	}
	r.Place.decided(v, payload, r.Spec, &r.acks)
	return intents, nil
}

// fall takes a failure that the journal does not hold. At the last cut it may be the one
// of then: the power went before it came to the disk. Before that the cut was sound then.
func (r *Rerun) fall(c *journal.Cut, at string, last bool) error {
	if !last {
		return fmt.Errorf("%w: this build fails at cut %d, at which another did not: %s", ErrInternal, c.Seq, at)
	}
	r.fell = &journal.Failure{Cut: c.Seq, At: at}
	return nil
}

// read feeds a log up to the position of a cut, and tells of losses where they became
// known; what was missing then is passed over, though a source may have it. A source
// that ends before the position had nothing more that gave a row.
func (r *Rerun) read(ctx context.Context, log int, at *int64, c *journal.Cut) error {
	seat, want := r.flat.seats[log], c.Next[log]
	losses := lossesOf(c, log)
	for _, l := range losses {
		if err := r.feed(ctx, log, at, min(l.At, want), losses); err != nil {
			return err
		}
		r.engine.lost(seat, l.Before)
	}
	if err := r.feed(ctx, log, at, want, losses); err != nil {
		return err
	}
	*at = want
	r.engine.feed(seat, &schemas.Chunk{Next: want}, 0, want)
	return nil
}

// feed feeds a log up to a position, without the records that were missing.
func (r *Rerun) feed(ctx context.Context, log int, at *int64, to int64, losses []journal.Loss) error {
	h := &r.heads[log]
	for *at < to {
		if err := r.load(ctx, log, *at); err != nil || h.ended {
			return err
		}
		stop, missing := to, false
		for _, l := range losses {
			switch {
			case l.From <= *at && *at < l.Before:
				stop, missing = min(to, l.Before), true
			case *at < l.From && !missing:
				stop = min(stop, l.From)
			}
		}
		if missing {
			h.row = before(h.chunk, h.row, stop)
		} else {
			h.row = r.engine.feed(r.flat.seats[log], h.chunk, h.row, stop)
		}
		*at = min(h.chunk.Next, stop)
	}
	return nil
}

func lossesOf(c *journal.Cut, log int) (out []journal.Loss) {
	for _, l := range c.Losses {
		if l.Log == log {
			out = append(out, l)
		}
	}
	return out
}

// load makes sure that a log has a chunk that goes beyond a position.
func (r *Rerun) load(ctx context.Context, log int, at int64) error {
	h := &r.heads[log]
	for !h.ended && (h.chunk == nil || h.chunk.Next <= at) {
		if h.chunk != nil {
			r.Sources[log].Recycle(h.chunk)
			h.chunk = nil
		}
		c, err := r.Sources[log].Next(ctx)
		if errors.Is(err, io.EOF) {
			h.ended = true
			return nil
		}
		if err != nil {
			return err
		}
		if n := c.Len(); n > 0 {
			c.Next = max(c.Next, c.Offset[n-1]+1)
		}
		r.arrivals.over(log, c)
		h.chunk, h.row = c, sort.Search(c.Len(), func(i int) bool { return c.Offset[i] >= at })
	}
	return nil
}
