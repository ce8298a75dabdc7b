package decision

import (
	"fmt"
	"slices"

	"verdin/schemas"
)

// step is what a look leads to.
type step struct {
	verdict, code, message string
	actor                  string // "" = auto
	kill                   bool
}

// Decide looks at a rollout at a cut: from the spec, the state and what is known it
// makes the next state and, if there is something to say, a verdict. It is a function
// of its arguments. The order of its questions is the order of their weight: has an
// operator spoken, is harm shown, must the rollout stand still, may it go on.
func Decide(spec *Spec, st State, in Input) (State, *schemas.Verdict) {
	if st.Final() && st.Phase != schemas.PhaseCompleted {
		return st, nil
	}
	st = st.Apply(in.Applied).published(in.Publish)
	was := st
	st, v := look(spec, st, in)
	if v != nil && in.Cut.CatchingUp && v.Verdict != schemas.VerdictRollback {
		return was.ordered(&in), nil // what is old news may stop a canary, nothing else
	}
	if v != nil {
		st.before = append(slices.Clip(was.before), was)
		st.before[len(st.before)-1].before = nil
	}
	return st, v
}

// look asks the questions.
func look(spec *Spec, st State, in Input) (State, *schemas.Verdict) {
	switch {
	case st.Fenced:
		return st, nil
	case st.Phase == schemas.PhasePending || st.Phase == schemas.PhaseCompleted:
		return outside(spec, st.ordered(&in), in)
	}
	st = st.ordered(&in)
	st.listen(&in.Health)
	questions := []func(*Spec, *State, *Input) (step, bool){commanded, harmful, silent, unsound, settling, signalled, overdue}
	for _, ask := range questions {
		if s, yes := ask(spec, &st, &in); yes {
			if contains(unhealthy, s.code) && s.message != "" {
				st.ail(in.Health.Mark)
			}
			return stand(spec, st, in, s)
		}
	}
	need := missing(spec, &st, &in)
	if len(need) == 0 {
		return forward(spec, st, in)
	}
	if s, yes := undecided(spec, &st, &in, need); yes {
		return stand(spec, st, in, s)
	}
	if st.Held != "" {
		return release(spec, st, in)
	}
	return st, nil
}

// outside looks at a rollout that has no running stage: it begins unless an operator
// says otherwise, and once completed only an operator can take it back.
func outside(spec *Spec, st State, in Input) (State, *schemas.Verdict) {
	s, spoken := commanded(spec, &st, &in)
	switch {
	case st.order != nil:
		if st.Stage < 0 {
			st.Stage, st.EnteredAt = 0, in.Cut.Wall
		}
		return stand(spec, st, in, s)
	case spoken || st.Phase == schemas.PhaseCompleted:
		return st, nil
	}
	return begin(spec, st, in)
}

// begin publishes the first stage's weight.
func begin(spec *Spec, st State, in Input) (State, *schemas.Verdict) {
	st.Stage, st.EnteredAt = 0, in.Cut.Wall
	st.Phase = running(spec, st)
	return move(spec, st, in, step{verdict: schemas.VerdictAdvance, code: ReasonStarted,
		message: fmt.Sprintf("the rollout starts: %d %% of the traffic goes to %s", spec.Stages[0].Weight, spec.Arms.Canary)})
}

// running is the phase of a stage that nothing holds.
func running(spec *Spec, st State) string {
	if spec.Stages[st.Stage].Weight == 100 {
		return schemas.PhasePromoted
	}
	return schemas.PhaseRunning
}

// stand carries out a rollback, or a hold when its reason is new.
func stand(spec *Spec, st State, in Input, s step) (State, *schemas.Verdict) {
	if s.verdict == schemas.VerdictRollback {
		st.Phase, st.Held = schemas.PhaseRolledBack, ""
		if st.order != nil && st.order.Verb == "abort" {
			st.Phase = schemas.PhaseAborted
		}
		return move(spec, st, in, s)
	}
	if st.Held == s.code {
		return st, nil
	}
	st.Held, st.Phase = s.code, running(spec, st)
	switch {
	case s.code == ReasonPaused:
		st.Phase = schemas.PhasePaused
	case st.Phase != schemas.PhasePromoted:
		st.Phase = schemas.PhaseHeld
	}
	return issue(spec, st, in, s)
}

// release ends a hold: the stage goes on with the weight that it has.
func release(spec *Spec, st State, in Input) (State, *schemas.Verdict) {
	was := st.Held
	st.Held, st.Phase = "", running(spec, st)
	return issue(spec, st, in, step{verdict: schemas.VerdictAdvance, code: ReasonResumed,
		message: fmt.Sprintf("the reason to hold (%s) is gone: stage %d goes on", was, st.Stage+1)})
}

// forward takes the next stage, or completes the rollout after the last.
func forward(spec *Spec, st State, in Input) (State, *schemas.Verdict) {
	st.Held, st.Forced = "", false
	if st.Stage == len(spec.Stages)-1 {
		st.Phase = schemas.PhaseCompleted
		return move(spec, st, in, step{verdict: schemas.VerdictPromote, code: ReasonCompleted,
			message: fmt.Sprintf("%s has stood %v at 100 %% and every guardrail is shown safe", spec.Arms.Canary, spec.Stages[st.Stage].Bake)})
	}
	st.Stage++
	st.EnteredAt = in.Cut.Wall
	st.Phase = running(spec, st)
	s := step{verdict: schemas.VerdictAdvance, code: ReasonStagePassed,
		message: fmt.Sprintf("every guardrail is shown safe at %d %%: on to %d %%", spec.Stages[st.Stage-1].Weight, spec.Stages[st.Stage].Weight)}
	if st.Phase == schemas.PhasePromoted {
		s.verdict, s.code = schemas.VerdictPromote, ReasonPromoted
	}
	return move(spec, st, in, s)
}

// move issues a verdict that changes the weights, and notes it in the history.
func move(spec *Spec, st State, in Input, s step) (State, *schemas.Verdict) {
	st, v := issue(spec, st, in, s)
	st.Quiet, st.Gaps, st.Excused = Quiet{}, 0, nil
	st.History = append(slices.Clip(st.History), Transition{
		Stage: st.Stage, Generation: st.Generation, Sequence: st.Sequence,
		DecidedAt: in.Cut.Wall, AppliedAt: schemas.Unknown})
	return st, v
}
