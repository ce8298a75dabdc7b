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
		if !spec.rolls(&e) || !(e.LogEMax >= e.Threshold) || e.Result != stats.Harm {
			continue
		}
		s := step{verdict: rollback, code: ReasonHarm, message: describe(spec, e)}
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

// rolls tells whether a claim that is shown rolls back. Drift does so only between the
// outputs of the arms: inputs that differ put the comparison in doubt, and a world that
// moved is no fault of the canary.
func (s *Spec) rolls(e *stats.Evidence) bool {
	return rollsBack(s, e.Role) && (e.Test != "drift" || s.comparison(e.Metric) == Tolerance)
}

// holds tells whether a claim that is shown makes the rollout stand still.
func (s *Spec) holds(e *stats.Evidence) bool {
	if e.Test == "drift" && s.comparison(e.Metric) == Validity && e.Role == Guardrail {
		return true
	}
	return e.Role == Signal && !s.rolls(e)
}

// Rule is the method of a claim that counts windows beyond a margin where tests have
// logarithms of e. It controls no error, and takes nothing of the budget.
const Rule = "rule"

// Windows puts a rule's count into words.
func Windows(n float64) string {
	if n == 1 {
		return "1 window"
	}
	return fmt.Sprintf("%.0f windows", n)
}

// describe puts a shown claim into one sentence with its decisive numbers.
func describe(spec *Spec, e stats.Evidence) string {
	evidence := fmt.Sprintf("evidence e^%.1f against %q, e^%.1f was needed", e.LogEMax, e.Null, e.Threshold)
	if e.Method == Rule {
		evidence = fmt.Sprintf("%s beyond the margin against %q, a rule without error control", Windows(e.LogEMax), e.Null)
	}
	what := e.Metric
	if e.Segment != "" {
		what += " in " + e.Segment
	}
	switch {
	case e.Test == "limit" && e.N[1] == 0: // no window had both arms, and it needs none
		return fmt.Sprintf("%s is beyond its limit on the canary alone; %s", what, evidence)
	case e.Test == "limit":
		return fmt.Sprintf("%s is beyond its limit: canary %.4g over %d observations beside stable's; %s", what, e.Value[1], e.N[1], evidence)
	}
	if e.Test == "drift" {
		return describeDrift(spec, &e, what, evidence)
	}
	return fmt.Sprintf("%s got worse: stable %.4g, canary %.4g over %d and %d observations; %s",
		what, e.Value[0], e.Value[1], e.N[0], e.N[1], evidence)
}

// describeDrift says what differs, and what that means by what was compared.
func describeDrift(spec *Spec, e *stats.Evidence, what, evidence string) string {
	at := fmt.Sprintf("%s %.3g", e.Effect.Scale, e.Effect.Estimate) // a distance, or the share of a fault
	if e.Effect.Note != "" {
		at += " (" + e.Effect.Note + ")"
	}
	switch spec.comparison(e.Metric) {
	case Validity:
		return fmt.Sprintf("%s: the inputs of the arms differ, so the split or a feature pipeline is broken and the comparison is in doubt: %s between the arms over %d stable and %d canary events; %s",
			what, at, e.N[0], e.N[1], evidence)
	case World:
		return fmt.Sprintf("%s: the world moved, and the canary has no part in it: %s between the reference and stable over %d stable events; %s",
			what, at, e.N[0], evidence)
	}
	return fmt.Sprintf("%s drifted apart: %s between the arms over %d stable and %d canary events; %s",
		what, at, e.N[0], e.N[1], evidence)
}

// signalled: does a signal speak now? It clears when its evidence falls again, or
// when an operator resumes: that excuses it until then, for this stage.
func signalled(spec *Spec, st *State, in *Input) (step, bool) {
	loud := speaking(spec, in)
	st.Excused = slices.DeleteFunc(slices.Clone(st.Excused), func(name string) bool { return !contains(loud, name) })
	for _, e := range in.Evidence {
		if contains(loud, e.Name) && !contains(st.Excused, e.Name) {
			s := step{verdict: hold, code: ReasonSignal, message: describe(spec, e)}
			if e.Test == "drift" {
				s.code = map[Comparison]string{Tolerance: ReasonSignal, Validity: ReasonValidity, World: ReasonWorld}[spec.comparison(e.Metric)]
			}
			return s, true
		}
	}
	return step{}, false
}

// speaking are the names of the signals whose evidence is beyond its threshold now.
func speaking(spec *Spec, in *Input) []string {
	var names []string
	for i := range in.Evidence {
		if e := &in.Evidence[i]; spec.holds(e) && e.Result == stats.Harm && e.LogE >= e.Threshold {
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
