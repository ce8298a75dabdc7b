package pump

import (
	"sort"

	"verdin/decision"
	"verdin/internal/engine"
	"verdin/internal/pump/journal"
	"verdin/schemas"
)

// step makes a cut in the engine: live and in replay the same record is the same cut.
func step(core *engine.Engine, f flat, c *journal.Cut, in engine.CutInput) []engine.Outcome {
	for _, i := range c.Idle {
		core.Idle(f.seats[i.Log].shard, f.seats[i.Log].log, i.To)
	}
	return core.Cut(in)
}

// cutInput is what a cut brings beside rows and idle decisions.
func cutInput(rollout string, c *journal.Cut) engine.CutInput {
	return engine.CutInput{
		Cut: decision.Cut{Seq: c.Seq, Wall: c.Wall, Due: c.Due, CatchingUp: c.CatchingUp, Unread: c.Unread, Owing: c.Owing,
			Foreign: c.Foreign, Drained: c.Drained, Ended: c.Ended},
		Upto:     c.Upto,
		Applied:  map[string][]decision.Applied{rollout: each(c.Applied, func(a journal.Applied) decision.Applied { return decision.Applied(a) })},
		Commands: map[string][]decision.Command{rollout: each(c.Commands, func(o journal.Command) decision.Command { return decision.Command(o) })},
		Publish: map[string][]decision.PublishResult{rollout: each(c.Results, func(r journal.Result) decision.PublishResult {
			return decision.PublishResult{Generation: r.Generation, Sequence: r.Sequence, Digest: r.Digest, Result: r.Result, At: r.At}
		})},
	}
}

func each[A, B any](all []A, f func(A) B) (out []B) {
	for _, a := range all {
		out = append(out, f(a))
	}
	return out
}

// feedTo gives a shard the rows of a chunk, from row on, that stand before an offset,
// and returns the row to go on with. The position of the log is then upto, or the
// chunk's end if that comes first.
func feedTo(core *engine.Engine, at seat, c *schemas.Chunk, row int, upto int64) int {
	end := before(c, row, upto)
	part := *c
	part.Log, part.Kind, part.Next = at.log, c.Kind[:end], min(c.Next, upto)
	for row < end {
		row = core.Feed(at.shard, &part, row)
	}
	core.Feed(at.shard, &part, end) // records that gave no row move the position too
	return row
}

// before is the first row of a chunk, from row on, that does not stand before an offset.
func before(c *schemas.Chunk, row int, upto int64) int {
	if upto >= c.Next {
		return c.Len()
	}
	return row + sort.Search(c.Len()-row, func(i int) bool { return c.Offset[row+i] >= upto })
}
