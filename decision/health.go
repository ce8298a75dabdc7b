package decision

import (
	"fmt"
	"math"

	"verdin/schemas"
	"verdin/stats"
)

// unsound: can the comparison not be trusted? A wrong split is for the whole
// generation.
func unsound(spec *Spec, st *State, in *Input) (step, bool) {
	for _, e := range in.Evidence {
		if e.Test == sampleRatio && e.Result == stats.Harm {
			st.Broken = true
		}
	}
	if st.Broken && !st.alone(spec) {
		return step{verdict: schemas.VerdictHold, code: ReasonAssignment, message: assignment(in.Evidence)}, true
	}
	why := lateness(&in.Health)
	if lost := in.Health.Incomplete - st.Gaps; lost > 0 {
		why = fmt.Sprintf("%d windows are incomplete: records were lost before they could be read", lost)
	}
	st.Gaps = in.Health.Incomplete
	if why != "" {
		return step{verdict: schemas.VerdictHold, code: ReasonDataQuality, message: why}, true
	}
	return step{}, false
}

// unhealthy are the reasons that lie in the data; they clear after clean windows.
var unhealthy = []string{ReasonNoData, ReasonCanarySilent, ReasonNoBaseline, ReasonDataQuality}

const cleanWindows = 2 // after which a hold for the data's health is over (R36)

// settling: is the cause of a health hold gone for too short a time? The clock of
// clean windows stands still while there is a cause.
func settling(spec *Spec, st *State, in *Input) (step, bool) {
	mark := in.Health.Mark
	if !contains(unhealthy, st.Held) {
		return step{}, false
	}
	if st.CleanMark == schemas.Unknown && mark > st.BadMark {
		st.CleanMark = mark // the first clean window, or the last of several judged at once
	}
	if st.CleanMark == schemas.Unknown || mark < st.CleanMark.Add((cleanWindows-1)*spec.Source.Window) {
		return step{verdict: schemas.VerdictHold, code: st.Held}, true
	}
	return step{}, false
}

// ail notes a look at which the data's health had a cause to hold.
func (st *State) ail(mark schemas.Time) { st.BadMark, st.CleanMark = mark, schemas.Unknown }

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
// A few late rows of a small arm are no finding: the share must be beyond its bound by
// three standard errors.
const (
	lateShare = 0.01
	lateApart = 0.005
	lateSigma = 3
)

// lateness says what is wrong with the late rows of the stage, "" = nothing.
func lateness(h *HealthData) string {
	var n, share [2]float64
	for a := range share {
		if n[a] = float64(h.Seen[a]); n[a] > 0 {
			share[a] = float64(h.Late[a]) / n[a]
		}
		if n[a] > 0 && share[a]-lateShare > lateSigma*math.Sqrt(lateShare*(1-lateShare)/n[a]) {
			return fmt.Sprintf("%.2g %% of the %s arm's events came after their window was sealed: raise source.time.lateness", share[a]*100, armName[a])
		}
	}
	p := max(lateApart, float64(h.Late[0]+h.Late[1])/max(1, n[0]+n[1]))
	if n[0] > 0 && n[1] > 0 && math.Abs(share[0]-share[1])-lateApart > lateSigma*math.Sqrt(p*(1-p)*(1/n[0]+1/n[1])) {
		return fmt.Sprintf("one arm's events come late more often: stable %.2g %%, canary %.2g %%", share[0]*100, share[1]*100)
	}
	return ""
}

var armName = [2]string{schemas.ArmStable, schemas.ArmCanary}
