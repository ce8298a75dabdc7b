package decision

import (
	"slices"
	"time"

	"verdin/schemas"
)

// RulesVersion names the rules by which verdicts are decided.
const RulesVersion = "1"

// Head is the last verdict of a rollout's earlier generation; the zero value is none.
type Head struct{ Generation uint64 }

// Transition is one step of the ramp.
type Transition struct {
	Stage                int
	Generation, Sequence uint64
	DecidedAt            schemas.Time // cut wall of the verdict
	AppliedAt            schemas.Time // when every expected router served it; Unknown = not yet
}

// State is where a rollout stands. It is a value: Decide returns a new one.
type State struct {
	Phase      string
	Stage      int
	Generation uint64
	Sequence   uint64
	PrevDigest string
	History    []Transition
	Held       string       // reason code of the hold in force, "" = none
	Clean      int          // cuts with new windows since the health hold's cause was last seen
	Broken     bool         // the split was shown to be wrong: for this generation
	Paused     bool
	Fenced     bool
	EnteredAt  schemas.Time // cut wall of the running stage's decision
	Forced     bool         // an operator promotes past a manual gate
	seenMark   schemas.Time
}

// New returns the state of a rollout before its first cut.
func New(_ *Spec, head Head, _ schemas.Time) State {
	return State{Phase: schemas.PhasePending, Generation: head.Generation + 1, Stage: -1, seenMark: schemas.Unknown}
}

// Final tells whether the rollout has ended.
func (st State) Final() bool {
	switch st.Phase {
	case schemas.PhaseRolledBack, schemas.PhaseCompleted, schemas.PhaseAborted, schemas.PhaseSuperseded:
		return true
	}
	return false
}

// Apply dates the steps that routers have acknowledged.
func (st State) Apply(applied []Applied) State {
	if len(applied) == 0 {
		return st
	}
	st.History = slices.Clone(st.History)
	for _, a := range applied {
		for i := range st.History {
			t := &st.History[i]
			if t.AppliedAt == schemas.Unknown && (a.Generation > t.Generation || a.Generation == t.Generation && a.Sequence >= t.Sequence) {
				t.AppliedAt = a.At
			}
		}
	}
	return st
}

// StageAt returns the stage that a window belongs to by its start, and whether the
// whole window lies between the routers' acknowledgement of that stage and the next
// decision: only then may it speak for safety, sample ratio and bake.
func (st State) StageAt(start, end schemas.Time) (stage int, clean bool) {
	for i := len(st.History) - 1; i >= 0; i-- {
		t := st.History[i]
		if t.AppliedAt == schemas.Unknown || start < t.AppliedAt {
			continue
		}
		next := schemas.Never
		if i+1 < len(st.History) {
			next = st.History[i+1].DecidedAt
		}
		return t.Stage, end <= next
	}
	return max(0, min(st.Stage, 0)), false
}

// ShareOf is the canary's share in a stage.
func (st State) ShareOf(spec *Spec, stage int) float64 {
	return float64(weightBps(spec, stage)) / schemas.WeightTotal
}

// weightBps is the canary's weight in a stage; at 100 % a hold-back stays on stable.
func weightBps(spec *Spec, stage int) int {
	w := spec.Stages[stage].Weight * 100
	if w == schemas.WeightTotal {
		w -= bps(spec.HoldBack)
	}
	return w
}

// applied tells whether the running stage is served by every expected router.
func (st State) applied() bool {
	return len(st.History) > 0 && st.History[len(st.History)-1].AppliedAt != schemas.Unknown
}

func (st State) sinceStage(wall schemas.Time) time.Duration { return wall.Sub(st.EnteredAt) }
