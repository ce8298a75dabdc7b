package engine

import (
	"verdin/decision"
)

// Fail is the Cut of an engine that has failed at something: what it knows of the data may
// be wrong, so no row, window or evidence is looked at. Each rollout is decided from where
// it stood after its last sound cut, from what routers, operators and the publisher say,
// and from what the engine failed at, which must not be "". It touches nothing else: fed
// the same rows, an engine that does not fail at them may go on with Cut.
func (e *Engine) Fail(in CutInput, at string) []Outcome {
	var out []Outcome
	for _, r := range e.rollouts {
		j := r.judge
		eff := Effects{Health: j.health, Stage: j.stage}
		j.state, eff.Verdict = decision.Decide(j.spec, j.state, decision.Input{
			Cut: in.Cut, Faults: decision.Faults{Internal: at},
			Applied: in.Applied[r.name], Commands: in.Commands[r.name], Publish: in.Publish[r.name],
		})
		eff.State = j.state
		out = append(out, Outcome{Rollout: r.name, Effects: eff})
	}
	return out
}
