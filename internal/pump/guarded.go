package pump

import (
	"errors"
	"fmt"
	"runtime/debug"

	"verdin/internal/engine"
	"verdin/internal/pump/journal"
	"verdin/schemas"
)

// ErrInternal says that the engine failed where it could not go on.
var ErrInternal = errors.New("internal error")

// guarded is the engine of one rollout behind the one place at which what it panics with is
// caught: the other rollouts of the process go on. From then on its state is not trusted:
// it is fed no more, and its cuts hold the rollout, until a restart derives the state anew.
type guarded struct {
	core   *engine.Engine
	failed string                   // what it failed at; "" = it is sound
	hears  func(what, stack string) // of the failure, when it happens; may be nil
}

// try runs a step of the engine, unless it has failed, and tells whether it is sound.
func (g *guarded) try(step func()) (sound bool) {
	if g.failed != "" {
		return false
	}
	defer func() {
		if p := recover(); p != nil {
			g.failed, sound = failure(p), false
			if g.hears != nil {
				g.hears(g.failed, string(debug.Stack()))
			}
		}
	}()
	step()
	return true
}

// mostFailure bounds, in bytes, what a verdict says of a failure.
const mostFailure = 200

// failure puts a panic into words of a bounded length.
func failure(p any) string {
	text := fmt.Sprint(p)
	if text == "" {
		text = "a panic without a word"
	}
	return fmt.Sprintf("%.*s", mostFailure, text)
}

// lost, feed are the engine's, as long as it is sound.
func (g *guarded) lost(at seat, before int64) {
	g.try(func() { g.core.Lost(at.shard, at.log, before) })
}

// feed is feedTo. Rows that an engine is not shown are passed over.
func (g *guarded) feed(at seat, c *schemas.Chunk, row int, upto int64) (next int) {
	next = before(c, row, upto)
	g.try(func() { feedTo(g.core, at, c, row, upto) })
	return next
}

// cut makes a cut in the engine. If it fails at it, or has failed before, or at says that
// it failed at it then, the rollout holds. An error says that not even that can be decided.
func (g *guarded) cut(rollout string, f flat, c *journal.Cut, at string) (outs []engine.Outcome, why string, err error) {
	in := cutInput(rollout, c)
	if at == "" && g.try(func() { outs = step(g.core, f, c, in) }) {
		return outs, "", nil
	}
	if why = at; why == "" {
		why = g.failed
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: cut %d cannot be decided: %s", ErrInternal, c.Seq, failure(p))
		}
	}()
	return g.core.Fail(in, why), why, nil
}
