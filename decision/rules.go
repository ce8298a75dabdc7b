package decision

import (
	"fmt"
	"slices"
	"time"

	"verdin/schemas"
)

// rule is one question of a look and the phases in which it is asked. The first whose
// answer is yes decides.
type rule struct {
	name  string
	in    []string // phases
	gives []string // verdicts that it may lead to; none = it only keeps the later rules from being asked
	ask   func(*Spec, *State, *Input) (step, bool)
}

// Phases in which a rollout has a running stage, and those in which it can be ordered about.
var (
	live = []string{schemas.PhaseRunning, schemas.PhaseHeld, schemas.PhasePaused, schemas.PhasePromoted}
	open = append([]string{schemas.PhasePending, schemas.PhaseCompleted}, live...)
)

const (
	advance  = schemas.VerdictAdvance
	hold     = schemas.VerdictHold
	promote  = schemas.VerdictPromote
	rollback = schemas.VerdictRollback
)

// rules is the table of transitions: read it first. It is asked from top to bottom,
// by the weight of the answers: has an operator ended it, is harm shown, must the rollout
// stand still, may it go on. Nothing above passed can give the canary more traffic than
// the first stage, and passed is asked only when all of them said no.
var rules = []rule{
	{"commanded: has an operator ended it?", open, []string{rollback}, commanded},
	{"harmful: is harm shown on anything that can roll back?", live, []string{rollback, hold}, harmful},
	{"silent: does an arm, or everything, say nothing?", live, []string{hold, rollback}, silent},
	{"superseded: is another generation about to begin?", live, []string{hold}, superseded},
	{"failed: has the engine failed in this rollout?", open, []string{hold}, failed},
	{"paused: has an operator paused it?", open, []string{hold}, paused},
	{"begins: has nothing begun yet?", []string{schemas.PhasePending}, []string{advance}, begins},
	{"unsound: can the comparison not be trusted?", live, []string{hold}, unsound},
	{"unapplied: have the routers not acknowledged the step in time?", live, []string{hold}, unapplied},
	{"lagging: are windows judged too late?", live, []string{hold}, lagging},
	{"settling: is the cause of a health hold gone for too short a time?", live, nil, settling},
	{"signalled: does a signal speak?", live, []string{hold}, signalled},
	{"overdue: has the stage lasted too long without a decision?", live, []string{hold, rollback}, overdue},
	{"passed: is nothing missing for the step forward?", live, []string{advance, promote}, passed},
	{"undecided: is the stage baked, and something missing?", live, []string{hold}, undecided},
	{"released: is the reason to hold gone?", live, []string{advance}, released},
}

// does is what a step does to the state, beside its verdict.
type does int

const (
	stands does = iota // a rollback, or a hold when its reason is new
	starts             // the first stage's weight
	goes               // the next stage, or the end after the last
	frees              // a hold ends: the stage goes on with the weight that it has
)

// step is what a look leads to; one without a verdict says nothing.
type step struct {
	verdict, code, message string
	does                   does
	actor                  string // "" = auto
	kill                   bool
}

// first is the first rule whose answer is yes, nil if there is none.
func first(spec *Spec, st *State, in *Input) (*rule, step) {
	for i := range rules {
		if r := &rules[i]; slices.Contains(r.in, st.Phase) {
			if s, yes := r.ask(spec, st, in); yes {
				return r, s
			}
		}
	}
	return nil, step{}
}

// begins: has nothing begun yet? The first stage's weight is published.
func begins(spec *Spec, _ *State, _ *Input) (step, bool) {
	s := step{does: starts, verdict: advance, code: ReasonStarted,
		message: fmt.Sprintf("the rollout starts: %d %% of the traffic goes to %s", spec.Stages[0].Weight, spec.Arms.Canary)}
	switch {
	case spec.Stages[0].Weight == 0:
		s.message = fmt.Sprintf("the rollout starts: copies of requests go to %s, and users see %s alone", spec.Arms.Canary, spec.Arms.Stable)
	case spec.Strategy == Guard:
		s.message = fmt.Sprintf("the split is watched: %d %% of the traffic goes to %s", spec.Stages[0].Weight, spec.Arms.Canary)
	}
	return s, true
}

// passed: is nothing missing for the step forward? A guard takes none; it ends with
// its recording.
func passed(spec *Spec, st *State, in *Input) (step, bool) {
	if len(missing(spec, st, in)) > 0 || spec.Strategy == Guard && !in.Cut.Ended {
		return step{}, false
	}
	s := step{does: goes, verdict: advance, code: ReasonStagePassed}
	if st.Stage == len(spec.Stages)-1 {
		s.verdict, s.code = promote, ReasonCompleted
		s.message = fmt.Sprintf("%s has stood %v at %d %% and %s", spec.Arms.Canary, brief(spec.Stages[st.Stage].Bake), spec.Stages[st.Stage].Weight, spec.proof())
		if spec.Mirrored(st.Stage) {
			s.message = fmt.Sprintf("%s has answered copies of requests for %v and %s: users have not seen it", spec.Arms.Canary, brief(spec.Stages[st.Stage].Bake), spec.proof())
		}
		return s, true
	}
	next := spec.Stages[st.Stage+1].Weight
	if next == 100 {
		s.verdict, s.code = promote, ReasonPromoted
	}
	s.message = fmt.Sprintf("%s at %d %%: on to %d %%", spec.proof(), spec.Stages[st.Stage].Weight, next)
	return s, true
}

// released: is the reason to hold gone?
func released(_ *Spec, st *State, _ *Input) (step, bool) {
	return step{does: frees, verdict: advance, code: ReasonResumed,
		message: fmt.Sprintf("the reason to hold (%s) is gone: stage %d goes on", st.Held, st.Stage+1)}, st.Held != ""
}

// undecided: is the stage baked, or the recording over, and something else missing?
// Until then a stage that bakes needs no word, and a guard never needs one.
func undecided(spec *Spec, st *State, in *Input) (step, bool) {
	need := missing(spec, st, in)
	if len(need) == 0 || !in.Cut.Ended && (spec.Strategy == Guard || !baked(spec, st, in)) {
		return step{}, false
	}
	s := step{verdict: hold, code: ReasonInsufficient, message: fmt.Sprintf("stage %d is baked and not decided; missing: %s", st.Stage+1, need[0].Text)}
	switch {
	case in.Cut.Ended:
		s.message = fmt.Sprintf("the recording ends in stage %d; missing: %s", st.Stage+1, need[0].Text)
	case len(need) == 1 && need[0].Text == needApproval(spec, st):
		s.code, s.message = ReasonGate, fmt.Sprintf("stage %d has passed and waits for %s", st.Stage+1, need[0].Text)
	}
	return s, true
}

// baked tells whether every clock of the running stage has run its time.
func baked(spec *Spec, st *State, in *Input) bool {
	bake := spec.Stages[st.Stage].Bake
	ok := st.applied() && in.Stage.Bake >= bake
	for _, m := range spec.Metrics {
		ok = ok && (m.Role != Guardrail || m.Mode != "gate" || in.Stage.LabelBake >= bake)
	}
	return ok
}

// limitLag is how far behind the cut's wall time windows may be judged.
func limitLag(spec *Spec) time.Duration {
	return max(2*spec.Source.Window, spec.Health.Lag) + spec.Source.Lateness + spec.Source.Window
}
