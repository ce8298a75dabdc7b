package decision

import (
	"fmt"
	"slices"
	"strings"

	"verdin/schemas"
)

// ordered takes the operators' commands in their order. A resume ends a pause, lets
// the signals pass that the rollout is held for, or gives an overdue stage its time
// again. A promote counts once per operator and stage.
func (st State) ordered(spec *Spec, in *Input) State {
	for i := range in.Commands {
		c := in.Commands[i]
		switch c.Verb {
		case schemas.VerbPause:
			st.Paused = true
		case schemas.VerbResume:
			st.Paused = false
			switch st.Held {
			case ReasonSignal, ReasonValidity, ReasonWorld:
				st.Excused = speaking(spec, in)
			case ReasonMaxDuration:
				st.Renewed = in.Cut.Wall
			}
		case schemas.VerbPromote:
			if who := person(c.Actor); !contains(st.Approvers, who) {
				st.Approvers = append(slices.Clip(st.Approvers), who)
			}
			st.Forced = len(st.Approvers) >= spec.Policy.Approvals
		case schemas.VerbRollback, schemas.VerbKill, schemas.VerbAbort, Supersede:
			if st.order == nil || st.order.Verb == Supersede {
				st.order = &c
			}
		}
	}
	return st
}

// Supersede is the verb of the engine's own order when a changed spec is about to begin
// another generation. No operator can give it.
const Supersede = "supersede"

// Superseding is the order of the engine with that verb.
func Superseding(at schemas.Time) Command {
	return Command{Verb: Supersede, Actor: "engine", Reason: "the spec was changed", At: at}
}

// superseded: is another generation about to begin? Harm that is shown until then is
// answered first.
func superseded(_ *Spec, st *State, _ *Input) (step, bool) {
	return step{verdict: hold, code: ReasonSuperseded, message: "the spec was changed: another generation begins, and the weights stay until its first verdict"},
		st.order != nil && st.order.Verb == Supersede
}

// commanded: has an operator ended it?
func commanded(_ *Spec, st *State, _ *Input) (step, bool) {
	c := st.order
	if c == nil || c.Verb == Supersede {
		return step{}, false
	}
	why := c.Reason
	if why == "" {
		why = "no reason was given"
	}
	return step{verdict: rollback, code: ReasonCommand, actor: "user:" + c.Actor, kill: c.Verb == schemas.VerbKill,
		message: fmt.Sprintf("%s ordered %s: %s", c.Actor, c.Verb, why)}, true
}

// paused: has an operator paused it? That keeps no harm from being answered. Before
// the first stage and after the last it says nothing, and nothing else is asked.
func paused(_ *Spec, st *State, _ *Input) (step, bool) {
	s := step{verdict: hold, code: ReasonPaused, message: "an operator paused the rollout; resume lets it go on"}
	if !contains(live, st.Phase) {
		s = step{}
	}
	return s, st.Paused
}

// person is whom an operator's name stands for. All whose name is not proven may be one.
func person(actor string) string {
	if strings.HasPrefix(actor, schemas.ActorUnproven) {
		return schemas.ActorUnproven
	}
	return actor
}

// needApproval says whose promote a manual gate waits for.
func needApproval(spec *Spec, st *State) string {
	if spec.Policy.Approvals < 2 {
		return needPromote
	}
	return fmt.Sprintf("the promote of %d different operators: the stage has a manual gate, and %d of them spoke", spec.Policy.Approvals, len(st.Approvers))
}

const needPromote = "an operator's promote: the stage has a manual gate"
