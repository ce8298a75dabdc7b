package decision

import (
	"fmt"
	"slices"

	"verdin/stats"
)

// harmful: is harm shown on anything that can roll back? The running maximum counts:
// evidence that was enough once stays enough.
func harmful(spec *Spec, _ *State, in *Input) (step, bool) {
	for _, e := range in.Evidence {
		if !rollsBack(spec, e.Role) || !(e.LogEMax >= e.Threshold) || e.Result != stats.Harm {
			continue
		}
		s := step{verdict: rollback, code: ReasonHarm, message: describe(e)}
		switch e.Test {
		case "limit":
			s.code = ReasonLimit
		case "drift":
			s.code = ReasonDrift
		}
		if e.Role == Guardrail && spec.Policy.OnGuardrail == "hold" {
			s.verdict = hold
		}
		return s, true
	}
	return step{}, false
}

func rollsBack(spec *Spec, role string) bool {
	return role == Guardrail || role == Signal && spec.Policy.OnSignal == "rollback"
}

// describe puts a shown claim into one sentence with its decisive numbers.
func describe(e stats.Evidence) string {
	evidence := fmt.Sprintf("evidence e^%.1f against %q, e^%.1f was needed", e.LogEMax, e.Null, e.Threshold)
	what := e.Metric
	if e.Segment != "" {
		what += " in " + e.Segment
	}
	if e.Test == "drift" {
		return fmt.Sprintf("%s drifted apart: %s %.3g between the arms over %d stable and %d canary events; %s",
			what, e.Method, e.Effect.Estimate, e.N[0], e.N[1], evidence)
	}
	return fmt.Sprintf("%s got worse: stable %.4g, canary %.4g over %d and %d observations; %s",
		what, e.Value[0], e.Value[1], e.N[0], e.N[1], evidence)
}

// signalled: does a signal speak now? It clears when its evidence falls again, or
// when an operator resumes: that excuses it until then, for this stage.
func signalled(spec *Spec, st *State, in *Input) (step, bool) {
	if rollsBack(spec, Signal) {
		return step{}, false
	}
	loud := speaking(in)
	st.Excused = slices.DeleteFunc(slices.Clone(st.Excused), func(name string) bool { return !contains(loud, name) })
	for _, e := range in.Evidence {
		if contains(loud, e.Name) && !contains(st.Excused, e.Name) {
			return step{verdict: hold, code: ReasonSignal, message: describe(e)}, true
		}
	}
	return step{}, false
}

// speaking are the names of the signals whose evidence is beyond its threshold now.
func speaking(in *Input) []string {
	var names []string
	for _, e := range in.Evidence {
		if e.Role == Signal && e.Result == stats.Harm && e.LogE >= e.Threshold {
			names = append(names, e.Name)
		}
	}
	return names
}

// overdue: has the stage lasted too long without a decision? It never moves forward.
func overdue(spec *Spec, st *State, in *Input) (step, bool) {
	most := spec.Stages[st.Stage].MaxDuration
	if most == 0 || st.lasted(in.Cut.Wall) < most {
		return step{}, false
	}
	need := missing(spec, st, in)
	if len(need) == 0 {
		return step{}, false
	}
	s := step{verdict: hold, code: ReasonMaxDuration,
		message: fmt.Sprintf("stage %d has lasted %v and is not decided; missing: %s", st.Stage+1, most, need[0].Text)}
	if spec.Policy.OnMaxDuration == "rollback" {
		s.verdict = rollback
	}
	return s, true
}
