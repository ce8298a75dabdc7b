package decision

import (
	"errors"

	"verdin/internal/wire"
	"verdin/schemas"
)

// ErrState is wrapped by every error of DecodeState.
var ErrState = errors.New("decision: not a state of a version that this build reads")

// stateVersion is the first byte of a state's binary form.
const stateVersion = 2

// AppendBinary appends the state's binary form, version 2. It is canonical: equal
// states have equal bytes.
func (st State) AppendBinary(b []byte) []byte {
	f := wire.Write(append(b, stateVersion))
	st.fields(f)
	wire.Slice(f, &st.before, func(was *State) { was.fields(f) })
	return f.Bytes()
}

// DecodeState reads the state of a rollout with that many stages, and returns what
// follows it. It never panics and never allocates more than the bytes could hold.
func DecodeState(b []byte, stages int) (st State, rest []byte, err error) {
	f := wire.Read(b, ErrState)
	if v := f.Byte(); f.Err() == nil && v != stateVersion {
		f.Fail("version %d, this build reads %d", v, stateVersion)
	}
	st.fields(f)
	wire.Slice(f, &st.before, func(was *State) { was.fields(f) })
	for _, s := range append([]State{st}, st.before...) {
		f.Check(s.valid(stages), "phase %q in stage %d of %d", s.Phase, s.Stage, stages)
	}
	if f.Err() != nil {
		return State{}, nil, f.Err()
	}
	return st, f.Rest(), nil
}

// fields are all but the states before: those have none before them.
func (st *State) fields(f *wire.Fields) {
	f.Text(&st.Phase)
	wire.Int(f, &st.Stage)
	wire.Uint(f, &st.Generation)
	wire.Uint(f, &st.Sequence)
	f.Text(&st.PrevDigest)
	wire.Slice(f, &st.History, func(t *Transition) { t.fields(f) })
	wire.Int(f, &st.EnteredAt)
	f.Text(&st.Held)
	wire.Int(f, &st.BadMark)
	wire.Int(f, &st.CleanMark)
	wire.Int(f, &st.Gaps)
	f.Bool(&st.Quiet.Known)
	wire.Int(f, &st.Quiet.Stable)
	wire.Int(f, &st.Quiet.Canary)
	f.Text(&st.Reason)
	wire.Int(f, &st.Losses)
	f.Text(&st.Broken)
	wire.Slice(f, &st.Approvers, f.Text)
	for _, flag := range []*bool{&st.Fenced, &st.Paused, &st.Forced} {
		f.Bool(flag)
	}
	wire.Int(f, &st.Renewed)
	wire.Slice(f, &st.Excused, f.Text)
	ordered := st.order != nil
	if f.Bool(&ordered); ordered {
		if f.Reading() {
			st.order = &Command{}
		}
		st.order.fields(f)
	}
}

func (t *Transition) fields(f *wire.Fields) {
	wire.Int(f, &t.Stage)
	wire.Uint(f, &t.Generation)
	wire.Uint(f, &t.Sequence)
	wire.Int(f, &t.DecidedAt)
	wire.Int(f, &t.AppliedAt)
}

func (c *Command) fields(f *wire.Fields) {
	f.Text(&c.Verb)
	f.Text(&c.Actor)
	f.Text(&c.Reason)
	wire.Int(f, &c.At)
}

// valid tells whether a rollout with that many stages can be in the state.
func (st *State) valid(stages int) bool {
	for _, t := range st.History {
		if t.Stage < 0 || t.Stage >= stages {
			return false
		}
	}
	switch st.Phase {
	case schemas.PhasePending:
		return st.Stage == -1
	case schemas.PhaseRunning, schemas.PhaseHeld, schemas.PhasePaused, schemas.PhasePromoted, schemas.PhaseCompleted,
		schemas.PhaseRolledBack, schemas.PhaseAborted, schemas.PhaseSuperseded:
		return st.Stage >= 0 && st.Stage < stages
	}
	return false
}
