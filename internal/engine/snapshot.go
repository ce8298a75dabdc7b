package engine

import (
	"errors"

	"verdin/ingest/window"
	"verdin/internal/wire"
	"verdin/schemas"
)

// ErrState is wrapped by every error of Restore.
var ErrState = errors.New("engine: the state cannot be restored: start from an older one, or rebuild from the logs")

// stateVersion is the first byte of a state; a change of the layout of any part that
// has no version of its own changes it.
const stateVersion = 5

// AppendState appends all that the engine's later effects depend on, after a cut or
// between two rows. Equal engines give equal bytes.
//
//	version · shards and their logs · rollouts: what they were started with, judge,
//	partials since the last cut · shards: logs, rollouts
func (e *Engine) AppendState(b []byte) []byte {
	f := wire.Write(append(b, stateVersion))
	e.fields(f)
	return f.Bytes()
}

// Restore sets the state that AppendState wrote, in an engine made by New and Start with
// the same shards, specs, heads and starts, before anything was fed to it; from there on
// it gives, byte for byte, what the other engine would have given. An error names what
// does not fit. Restore never panics, whatever the bytes are, and allocates in proportion
// to them; the engine is of no use after an error.
func (e *Engine) Restore(state []byte) error {
	f := wire.Read(state, ErrState)
	if v := f.Byte(); f.Err() == nil && v != stateVersion {
		f.Fail("it has version %d, this build reads %d", v, stateVersion)
	}
	for _, s := range e.shards {
		for i := range s.logs {
			f.Check(!s.logs[i].begun, "rows were fed to the engine already: restore a new one")
		}
	}
	e.fields(f)
	return f.End()
}

func (e *Engine) fields(f *wire.Fields) {
	match(f, "the number of shards", len(e.shards))
	for _, s := range e.shards {
		match(f, "the number of logs of a shard", len(s.logs))
		for i := range s.logs {
			l := &s.logs[i].Log
			matchText(f, "the topic of a log", l.Topic)
			match(f, "the partition of a log", int(l.Partition))
			match(f, "the kinds of a log", int(l.Kinds))
		}
	}
	match(f, "the number of rollouts", len(e.rollouts))
	for _, r := range e.rollouts {
		r.fields(f, e.shards)
	}
	for _, s := range e.shards {
		f.Part(func(b []byte) []byte { return appendFields(b, s.fields) },
			func(b []byte) error { return restoreFields(b, errShard, s.fields) })
	}
}

var errShard = errors.New("shard")

// fields of a rollout. Its revision of the plan is in force in the shards before their
// windows are read.
func (r *rollout) fields(f *wire.Fields, shards []*Shard) {
	matchText(f, "the rollout", r.name)
	matchText(f, "the spec of "+r.name, r.judge.spec.Digest)
	match(f, "the generation of "+r.name, int(r.plan.Generation))
	match(f, "the start of "+r.name, int(r.plan.Start))
	match(f, "the plan that this build makes of the spec of "+r.name, int(imprint(r.plan)))
	r.judge.fields(f)
	wire.Int(f, &r.revisedFrom)
	if f.Reading() && f.Err() == nil && r.judge.plan != r.plan {
		for _, s := range shards {
			s.Revise(r.judge.plan, r.revisedFrom)
		}
	}
	wire.Slice(f, &r.pending, func(p *window.Partial) { r.judge.partial(f, p) })
}

// imprint identifies a plan but for the columns in which its fields are found: those
// depend on the other rollouts of the source, and no state holds them.
func imprint(p *window.Plan) uint64 {
	bare := *p
	bare.VersionCol = min(bare.VersionCol, 0)
	bare.Metrics = append([]window.Metric(nil), p.Metrics...)
	for i := range bare.Metrics {
		m := &bare.Metrics[i]
		m.Column, m.Second, m.Asks = 0, 0, min(m.Asks, 0)
	}
	bare.Features = append([]window.Feature(nil), p.Features...)
	for i := range bare.Features {
		bare.Features[i].Column = 0
	}
	bare.Segments = append([]window.Segment(nil), p.Segments...)
	for i := range bare.Segments {
		bare.Segments[i].Column = 0
	}
	return bare.Hash()
}

// match passes a number that must be the same in both engines.
func match(f *wire.Fields, what string, want int) {
	got := want
	wire.Int(f, &got)
	f.Check(got == want, "%s is %d, it was made with %d", what, want, got)
}

func matchText(f *wire.Fields, what, want string) {
	got := want
	f.Text(&got)
	f.Check(got == want, "%s is %q, it was made with %q", what, want, got)
}

// instant passes a time.
func instant(f *wire.Fields) func(*schemas.Time) {
	return func(t *schemas.Time) { wire.Int(f, t) }
}

// appendFields and restoreFields are the two directions of what has a walk of its own.
func appendFields(b []byte, walk func(*wire.Fields)) []byte {
	f := wire.Write(b)
	walk(f)
	return f.Bytes()
}

func restoreFields(b []byte, base error, walk func(*wire.Fields)) error {
	f := wire.Read(b, base)
	walk(f)
	return f.End()
}
