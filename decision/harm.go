package decision

import (
	"fmt"
	"math"
	"slices"

	"verdin/schemas"
	"verdin/stats"
)

// harmful: is harm shown on anything that can roll back? The running maximum counts:
// evidence that was enough once stays enough.
func harmful(spec *Spec, _ *State, in *Input) (step, bool) {
	for _, e := range in.Evidence {
		if !rollsBack(spec, e.Role) || !(e.LogEMax >= e.Threshold) || e.Result != stats.Harm {
			continue
		}
		s := step{verdict: schemas.VerdictRollback, code: ReasonHarm, message: describe(e)}
		switch e.Test {
		case "limit":
			s.code = ReasonLimit
		case "drift":
			s.code = ReasonDrift
		}
		if e.Role == Guardrail && spec.Policy.OnGuardrail == "hold" {
			s.verdict = schemas.VerdictHold
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
	if e.Test == "drift" {
		return fmt.Sprintf("%s drifted apart: %s %.3g between the arms over %d stable and %d canary events; %s",
			e.Metric, e.Method, e.Effect.Estimate, e.N[0], e.N[1], evidence)
	}
	return fmt.Sprintf("%s got worse: stable %.4g, canary %.4g over %d and %d observations; %s",
		e.Metric, e.Value[0], e.Value[1], e.N[0], e.N[1], evidence)
}

// unsound: can the comparison not be trusted? A wrong split is for the whole
// generation; late data clears after two clean windows.
func unsound(spec *Spec, st *State, in *Input) (step, bool) {
	for _, e := range in.Evidence {
		if e.Test == sampleRatio && e.Result == stats.Harm {
			st.Broken = true
		}
	}
	if st.Broken && !st.alone(spec) {
		return step{verdict: schemas.VerdictHold, code: ReasonAssignment, message: assignment(in.Evidence)}, true
	}
	if why := lateness(&in.Health); why != "" {
		st.BadMark = in.Health.Mark
		return step{verdict: schemas.VerdictHold, code: ReasonDataQuality, message: why}, true
	}
	if st.Held == ReasonDataQuality && in.Health.Mark < st.BadMark.Add(2*spec.Source.Window) {
		return step{verdict: schemas.VerdictHold, code: ReasonDataQuality, message: "waiting for two clean windows"}, true
	}
	return step{}, false
}

func assignment(all []stats.Evidence) string {
	for _, e := range all {
		if e.Test == sampleRatio {
			return fmt.Sprintf("the split that arrives is not the one ordered: %.4g of the events are the canary's, %.4g were ordered (%d and %d events); nothing is compared until a new generation",
				e.Value[1], e.Value[0], e.N[0], e.N[1])
		}
	}
	return "the split that arrives is not the one ordered"
}

// Shares of late rows at which data is not trusted: of one arm, and between the arms.
const (
	lateShare = 0.01
	lateApart = 0.005
	lateRows  = 100 // rows of an arm before its share means anything
)

func lateness(h *HealthData) string {
	var share [2]float64
	for a := range share {
		if h.Seen[a] < lateRows {
			return ""
		}
		share[a] = float64(h.Late[a]) / float64(h.Seen[a])
	}
	if worst := max(share[0], share[1]); worst > lateShare {
		return fmt.Sprintf("%.2g %% of an arm's events came after their window was sealed: raise source.time.lateness", worst*100)
	}
	if math.Abs(share[0]-share[1]) > lateApart {
		return fmt.Sprintf("one arm's events come late more often: stable %.2g %%, canary %.2g %%", share[0]*100, share[1]*100)
	}
	return ""
}

// signalled: does a signal speak now? It clears when its evidence falls again, or
// when an operator resumes.
func signalled(spec *Spec, st *State, in *Input) (step, bool) {
	if slices.Contains(st.Excused, "*") {
		return step{}, false
	}
	for _, e := range in.Evidence {
		if e.Role == Signal && e.Result == stats.Harm && e.LogE >= e.Threshold && !rollsBack(spec, e.Role) {
			return step{verdict: schemas.VerdictHold, code: ReasonSignal, message: describe(e)}, true
		}
	}
	return step{}, false
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
	s := step{verdict: schemas.VerdictHold, code: ReasonMaxDuration,
		message: fmt.Sprintf("stage %d has lasted %v and is not decided; missing: %s", st.Stage+1, most, need[0])}
	if spec.Policy.OnMaxDuration == "rollback" {
		s.verdict = schemas.VerdictRollback
	}
	return s, true
}
