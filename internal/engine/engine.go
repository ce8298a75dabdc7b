package engine

import (
	"fmt"
	"time"

	"verdin/decision"
	"verdin/ingest/window"
	"verdin/schemas"
)

// Engine is the whole core: the shards of one source and the judges of the
// rollouts that watch it. It is a fold: Feed and Cut are its only inputs, and
// equal inputs give equal effects, byte for byte.
type Engine struct {
	shards   []*Shard
	logs     [][]schemas.Log // by shard
	rollouts []*rollout
}

type rollout struct {
	name    string
	judge   *Judge
	pending []window.Partial
	plan    *window.Plan // as it was compiled

	revisedFrom schemas.Time // windows from here on follow the judge's revision of the plan
}

// New returns an engine over a source: one entry per shard, with its logs.
func New(shards [][]schemas.Log) *Engine {
	e := &Engine{logs: shards}
	base := 0
	for i, logs := range shards {
		e.shards = append(e.shards, NewShard(i, base, logs))
		base += len(logs)
	}
	return e
}

// Start adds a rollout whose windows begin at start. Head is the last verdict of
// an earlier generation, the zero value for none.
func (e *Engine) Start(spec *decision.Spec, layout *schemas.Layout, head decision.Head, start schemas.Time) error {
	name := spec.FullName()
	for _, r := range e.rollouts {
		if r.name == name {
			return fmt.Errorf("rollout %s is already running: stop it first", name)
		}
	}
	if err := Bound(spec); err != nil {
		return fmt.Errorf("start rollout %s: %w", name, err)
	}
	generation := head.Generation + 1
	plan := Compile(spec, layout, uint32(generation), start)
	state := decision.New(spec, head, plan.Start)
	r := &rollout{name: name, plan: plan}
	r.judge = NewJudge(spec, plan, state, e.logs)
	for _, s := range e.shards {
		s.Watch(plan)
	}
	e.rollouts = append(e.rollouts, r)
	return nil
}

// Stop forgets a rollout.
func (e *Engine) Stop(name string) {
	for i, r := range e.rollouts {
		if r.name == name {
			e.rollouts = append(e.rollouts[:i], e.rollouts[i+1:]...)
			break
		}
	}
	for _, s := range e.shards {
		s.Unwatch(name)
	}
}

// Rollouts returns the names of the running rollouts, in order of their start.
func (e *Engine) Rollouts() []string {
	var names []string
	for _, r := range e.rollouts {
		names = append(names, r.name)
	}
	return names
}

// Feed gives rows of a chunk to a shard, from row on, until one of them seals a
// window; it returns the row to go on with.
func (e *Engine) Feed(shard int, c *schemas.Chunk, row int) int {
	s := e.shards[shard]
	if c.Len() > row {
		for _, r := range e.rollouts {
			r.judge.Begin(s.base+c.Log, c.Offset[row])
		}
	}
	row = s.Feed(c, row)
	e.collect(s)
	return row
}

// End, Idle and Lost tell of a log what no record can: that it is complete, that
// it is silent up to an instant, that records of it before an offset are missing.
func (e *Engine) End(shard, log int) {
	e.shards[shard].End(log)
	e.collect(e.shards[shard])
}

func (e *Engine) Idle(shard, log int, to schemas.Time) {
	e.shards[shard].Idle(log, to)
	e.collect(e.shards[shard])
}

func (e *Engine) Lost(shard, log int, before int64) {
	e.shards[shard].Lost(log, before)
	for _, r := range e.rollouts {
		r.judge.Lost()
	}
}

func (e *Engine) collect(s *Shard) {
	for _, p := range s.Take() {
		for _, r := range e.rollouts {
			if r.name == p.Rollout {
				r.pending = append(r.pending, p)
			}
		}
	}
}

// Sealed tells whether a window was sealed since the last cut.
func (e *Engine) Sealed() bool {
	for _, r := range e.rollouts {
		if len(r.pending) > 0 {
			return true
		}
	}
	return false
}

// Shard gives access to a shard's positions and counts.
func (e *Engine) Shard(i int) *Shard { return e.shards[i] }

// Mark is the watermark of a log for a rollout's lateness.
func (e *Engine) Mark(shard, log int, lateness time.Duration) schemas.Time {
	return e.shards[shard].Top(log).Add(-lateness)
}

// CutInput is what one cut brings beside the rows that were fed before it.
type CutInput struct {
	Cut      decision.Cut
	Upto     schemas.Time // windows due later wait for a later cut
	Applied  map[string][]decision.Applied
	Commands map[string][]decision.Command
	Publish  map[string][]decision.PublishResult
}

// Outcome is the effect of a cut on one rollout.
type Outcome struct {
	Rollout string
	Effects
}

// Cut is the barrier at which rollouts are judged: it fixes how far every log was
// read and a wall time. What it decides is in force for the rows fed after it.
func (e *Engine) Cut(in CutInput) []Outcome {
	var out []Outcome
	for _, r := range e.rollouts {
		eff := r.judge.Step(JudgeInput{
			Cut: in.Cut, Upto: in.Upto, Partials: r.pending,
			Applied: in.Applied[r.name], Commands: in.Commands[r.name], Publish: in.Publish[r.name],
		})
		r.pending = nil
		if eff.Plan != nil {
			r.revisedFrom = eff.PlanFrom
			for _, s := range e.shards {
				s.Revise(eff.Plan, eff.PlanFrom)
			}
		}
		out = append(out, Outcome{Rollout: r.name, Effects: eff})
	}
	return out
}
