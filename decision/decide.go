package decision

import (
	"slices"

	"verdin/schemas"
)

// Decide looks at a rollout at a cut: from the spec, the state and what is known it
// makes the next state and, if there is something to say, a verdict. It is a function
// of its arguments. The table rules holds every transition.
func Decide(spec *Spec, st State, in Input) (State, *schemas.Verdict) {
	if st.Final() && st.Phase != schemas.PhaseCompleted {
		return st, nil
	}
	st = st.Apply(in.Applied).published(in.Publish)
	was := st
	st, v := look(spec, st, in)
	if v != nil && in.Cut.CatchingUp && v.Verdict != rollback && st.Phase != schemas.PhaseSuperseded && v.Reason.Code != ReasonInternal {
		return was.ordered(spec, &in), nil // what is old news may stop a canary, or the generation, nothing else
	}
	if v != nil {
		st.before = append(slices.Clip(was.before), was)
		st.before[len(st.before)-1].before = nil
	}
	return st, v
}

// look asks the rules, and carries out the step that they lead to.
func look(spec *Spec, st State, in Input) (State, *schemas.Verdict) {
	if st.Fenced {
		return st, nil
	}
	st = st.ordered(spec, &in)
	st.listen(&in.Health)
	_, s := first(spec, &st, &in)
	switch {
	case s.verdict == "":
		return st, nil
	case s.does == starts:
		return begin(spec, st, in, s)
	case s.does == goes:
		return forward(spec, st, in, s)
	case s.does == frees:
		return release(spec, st, in, s)
	}
	return stand(spec, st, in, s)
}

// begin publishes the first stage's weight.
func begin(spec *Spec, st State, in Input, s step) (State, *schemas.Verdict) {
	st.Stage, st.EnteredAt = 0, in.Cut.Wall
	st.Phase, st.Forced, st.Approvers = running(spec, st), false, nil
	return move(spec, st, in, s)
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
	if s.verdict == rollback {
		if st.Stage < 0 {
			st.Stage, st.EnteredAt = 0, in.Cut.Wall
		}
		st.Phase, st.Held = schemas.PhaseRolledBack, ""
		if st.order != nil && st.order.Verb == schemas.VerbAbort {
			st.Phase = schemas.PhaseAborted
		}
		return move(spec, st, in, s)
	}
	if contains(unhealthy, s.code) {
		st.ail(in.Health.Mark)
	}
	if st.Held == s.code {
		return st, nil
	}
	st.Held, st.Phase = s.code, running(spec, st)
	switch {
	case s.code == ReasonSuperseded:
		st.Phase, st.Held = schemas.PhaseSuperseded, ""
	case s.code == ReasonPaused:
		st.Phase = schemas.PhasePaused
	case st.Phase != schemas.PhasePromoted:
		st.Phase = schemas.PhaseHeld
	}
	return issue(spec, st, in, s)
}

// release ends a hold: the stage goes on with the weight that it has.
func release(spec *Spec, st State, in Input, s step) (State, *schemas.Verdict) {
	st.Held, st.Phase = "", running(spec, st)
	return issue(spec, st, in, s)
}

// forward takes the next stage, or completes the rollout after the last.
func forward(spec *Spec, st State, in Input, s step) (State, *schemas.Verdict) {
	st.Held, st.Forced, st.Approvers = "", false, nil
	if s.code == ReasonCompleted {
		st.Phase = schemas.PhaseCompleted
		return move(spec, st, in, s)
	}
	st.Stage++
	st.EnteredAt = in.Cut.Wall
	st.Phase = running(spec, st)
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
