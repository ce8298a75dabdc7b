package decision

import (
	"fmt"

	"verdin/schemas"
)

// ordered takes the operators' commands in their order. A resume ends a pause, lets
// the signals pass that the rollout is held for, or gives an overdue stage its time again.
func (st State) ordered(in *Input) State {
	for i := range in.Commands {
		c := in.Commands[i]
		switch c.Verb {
		case "pause":
			st.Paused = true
		case "resume":
			st.Paused = false
			switch st.Held {
			case ReasonSignal:
				st.Excused = speaking(in)
			case ReasonMaxDuration:
				st.Renewed = in.Cut.Wall
			}
		case "promote":
			st.Forced = true
		case "rollback", "kill", "abort":
			if st.order == nil {
				st.order = &c
			}
		}
	}
	return st
}

// commanded: has an operator ended or paused the rollout?
func commanded(_ *Spec, st *State, _ *Input) (step, bool) {
	if c := st.order; c != nil {
		why := c.Reason
		if why == "" {
			why = "no reason was given"
		}
		return step{verdict: schemas.VerdictRollback, code: ReasonCommand, actor: "user:" + c.Actor, kill: c.Verb == "kill",
			message: fmt.Sprintf("%s ordered %s: %s", c.Actor, c.Verb, why)}, true
	}
	if st.Paused {
		return step{verdict: schemas.VerdictHold, code: ReasonPaused, message: "an operator paused the rollout; resume lets it go on"}, true
	}
	return step{}, false
}
