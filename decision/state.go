package decision

import (
	"slices"
	"time"

	"verdin/schemas"
)

// Head is the last verdict of a rollout's earlier generation; the zero value is none.
type Head struct{ Generation uint64 }

// Transition is one change of the weights.
type Transition struct {
	Stage                int
	Generation, Sequence uint64
	DecidedAt            schemas.Time // cut wall of the verdict
	AppliedAt            schemas.Time // when every expected router served it; Unknown = not yet
}

// State is where a rollout stands. It is a value: Decide returns a new one and
// leaves the old as it was.
type State struct {
	Phase      string // one of the Phase constants of schemas
	Stage      int    // from 0; -1 before the first cut
	Generation uint64
	Sequence   uint64 // of the last verdict, sent or not: no two have the same
	PrevDigest string // of the last verdict's payload, "" = none yet
	History    []Transition
	EnteredAt  schemas.Time // cut wall at which the running stage was decided
	Held       string       // reason code of the hold in force, "" = none
	BadMark    schemas.Time // how far windows were judged when a health hold last had its cause
	CleanMark  schemas.Time // and at the first look without it; Unknown = not yet
	Gaps       int64        // incomplete windows of the stage that were seen already
	Quiet      Quiet        // what may not count as silence in this stage
	Reason     string       // code of the last verdict, "" = none yet
	Losses     int64        // times that history was lost in the stage, that were seen already
	Broken     string       // reason code of a comparison that is void for the whole generation, "" = none
	Fenced     bool         // another engine writes this chain: no more verdicts
	Paused     bool
	Forced     bool         // operators let the stage pass its manual gate
	Approvers  []string     // the operators whose promote the stage has
	Renewed    schemas.Time // when an operator last gave an overdue stage its time again
	Excused    []string     // signals that an operator has looked at and let pass
	order      *Command     // an operator's last word that ends the rollout
	before     []State      // the states before each verdict that may still prove never to have been sent
}

// New returns the state of a rollout before its first cut.
func New(_ *Spec, head Head, _ schemas.Time) State {
	return State{Phase: schemas.PhasePending, Generation: head.Generation + 1, Stage: -1, BadMark: schemas.Unknown, CleanMark: schemas.Unknown}
}

// Speaks is the code of the reason in force: that of the last verdict, or why there are
// no more of them; "" before the first.
func (st State) Speaks() string {
	if st.Fenced {
		return ReasonFenced
	}
	return st.Reason
}

// Final tells whether the rollout has ended.
func (st State) Final() bool { return Final(st.Phase) }

// Final tells whether a rollout in this phase has ended.
func Final(phase string) bool {
	switch phase {
	case schemas.PhaseRolledBack, schemas.PhaseCompleted, schemas.PhaseAborted, schemas.PhaseSuperseded:
		return true
	}
	return false
}

// Apply dates the changes of weight that every expected router has acknowledged.
func (st State) Apply(applied []Applied) State {
	if len(applied) == 0 {
		return st
	}
	st.History = slices.Clone(st.History)
	for _, a := range applied {
		st = st.sent(a.Generation, a.Sequence)
		for i := range st.History {
			t := &st.History[i]
			if t.AppliedAt == schemas.Unknown && a.Generation == t.Generation && a.Sequence >= t.Sequence {
				t.AppliedAt = max(a.At, t.DecidedAt) // a router's clock may run behind
			}
		}
	}
	return st
}

// published takes what became of verdicts. A fenced one ends this engine's part. One
// that expired unsent never happened, nor did those that followed it: the state is as
// it was before, so the chain stays unbroken and all is decided again on fresh data.
func (st State) published(results []PublishResult) State {
	for _, p := range results {
		if p.Generation != st.Generation {
			continue
		}
		switch p.Result {
		case "acked":
			st = st.sent(p.Generation, p.Sequence)
		case "fenced":
			st.Fenced = true
		case "expired":
			st = st.undo(p.Sequence, p.Digest)
		case "reclaimed":
			st.Fenced = false
			st = st.undo(p.Sequence, p.Digest)
		}
	}
	return st
}

// sent forgets how to undo verdicts that stand in the chain.
func (st State) sent(generation, sequence uint64) State {
	for len(st.before) > 0 && generation == st.Generation && st.before[0].Sequence < sequence {
		st.before = st.before[1:]
	}
	return st
}

// undo goes back to the state before a verdict. What was learnt since, about the
// split and from operators, stays. The digest tells the verdict from another that
// was decided instead when it, or the one before it, had expired. Its sequence is not
// given away again: the chain leads on by the digest of what was sent.
func (st State) undo(sequence uint64, digest string) State {
	for i, was := range st.before {
		issued := st.PrevDigest
		if i+1 < len(st.before) {
			issued = st.before[i+1].PrevDigest
		}
		if was.Sequence+1 == sequence && (digest == "" || digest == issued) {
			was.before, was.Sequence = st.before[:i:i], st.Sequence
			was.Broken, was.BadMark, was.Paused, was.Excused, was.Renewed = st.Broken, st.BadMark, st.Paused, st.Excused, st.Renewed
			if was.Stage == st.Stage {
				was.Approvers, was.Forced = st.Approvers, st.Forced
			}
			return was
		}
	}
	return st // undone already, with the one before it
}

// StageAt returns the stage that a window belongs to by its start, and whether the
// window lies wholly between the routers' acknowledgement of that stage and the
// next change of weights: only then may it speak for safety, sample ratio and bake.
func (st State) StageAt(start, end schemas.Time) (stage int, clean bool) {
	next := schemas.Never
	for i := len(st.History) - 1; i >= 0; i-- {
		t := st.History[i]
		if t.AppliedAt != schemas.Unknown && start >= t.AppliedAt {
			return t.Stage, end <= next
		}
		next = t.DecidedAt
	}
	return 0, false
}

// ShareOf is the canary's share of the traffic in a stage.
func (st State) ShareOf(spec *Spec, stage int) float64 {
	return float64(weightBps(spec, stage)) / schemas.WeightTotal
}

// weightBps is the canary's weight in a stage; at 100 % the hold-back stays on stable.
func weightBps(spec *Spec, stage int) int {
	w := spec.Stages[stage].Weight * 100
	if w == schemas.WeightTotal {
		w -= bps(spec.HoldBack)
	}
	return w
}

// applied tells whether every expected router serves the running stage.
func (st *State) applied() bool {
	return len(st.History) > 0 && st.History[len(st.History)-1].AppliedAt != schemas.Unknown
}

// servedSince is when every expected router served the running stage.
func (st *State) servedSince() schemas.Time { return st.History[len(st.History)-1].AppliedAt }

// alone tells whether the running stage leaves no traffic to stable: nothing can be
// compared then.
func (st *State) alone(spec *Spec) bool { return weightBps(spec, st.Stage) == schemas.WeightTotal }

// lasted is how long the running stage has been in force, by the cut's wall time, or
// how long since an operator renewed it.
func (st *State) lasted(wall schemas.Time) time.Duration {
	return wall.Sub(max(st.EnteredAt, st.Renewed))
}
