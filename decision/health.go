package decision

import (
	"fmt"
	"math"
	"strings"
	"time"

	"verdin/schemas"
	"verdin/stats"
)

// unhealthy are the reasons that lie in the data; they clear after clean windows.
var unhealthy = []string{ReasonNoData, ReasonCanarySilent, ReasonNoBaseline, ReasonDataQuality, ReasonHistoryLost,
	ReasonConcentration, ReasonCrossover, ReasonLag, ReasonUnpaired}

// failed: has the engine failed in this rollout? What it knows may be wrong. Before the
// first stage and after the last it says nothing, and nothing else is asked.
func failed(_ *Spec, st *State, in *Input) (step, bool) {
	s := step{verdict: hold, code: ReasonInternal, message: "the engine failed and judges this rollout no further: " + in.Faults.Internal}
	if !contains(live, st.Phase) {
		s = step{}
	}
	return s, in.Faults.Internal != ""
}

// unsound: can the comparison not be trusted? A wrong split and another version are
// for the whole generation.
func unsound(spec *Spec, st *State, in *Input) (step, bool) {
	if st.Broken == "" {
		st.Broken = void(spec, st, in)
	}
	if st.Broken != "" && !st.alone(spec) {
		return step{verdict: hold, code: st.Broken, message: voided(spec, st, in)}, true
	}
	lost, gaps := in.Faults.HistoryLost-st.Losses, in.Health.Incomplete-st.Gaps
	st.Losses, st.Gaps = in.Faults.HistoryLost, in.Health.Incomplete
	if lost > 0 {
		return step{verdict: hold, code: ReasonHistoryLost, message: fmt.Sprintf("%d times a log no longer held what was to be read: the windows concerned are left out", lost)}, true
	}
	if why := in.Cut.Unread; why != "" {
		return step{verdict: hold, code: ReasonDataQuality, message: why}, true
	}
	if why := lateness(spec.Health.Late, &in.Health); why != "" {
		return step{verdict: hold, code: ReasonDataQuality, message: why}, true
	}
	if gaps > 0 {
		s := step{verdict: hold, code: ReasonDataQuality, message: fmt.Sprintf("%d windows are incomplete: records were lost before they could be read", gaps)}
		if st.Held == ReasonHistoryLost {
			s.code = ReasonHistoryLost // they are its windows: the hold keeps its name
		}
		return s, true
	}
	for _, look := range []func(*Spec, *Input) (step, bool){unpaired, crowded, crossed, uncovered} {
		if s, yes := look(spec, in); yes {
			return s, true
		}
	}
	return step{}, false
}

// void is why the comparison is void for the whole generation, "" = it is not. A split
// that is still the one before the running stage, within a tenth of the step, is a step
// that routers acknowledged and did not take.
func void(spec *Spec, st *State, in *Input) string {
	if n := in.Faults.Strangers; spec.Health.Artifact && n[0]+n[1] > 0 {
		return ReasonArtifact
	}
	for _, e := range in.Evidence {
		if e.Test != sampleRatio || e.Result != stats.Harm {
			continue
		}
		before := 0.0
		if st.Stage > 0 {
			before = st.ShareOf(spec, st.Stage-1)
		}
		if len(e.Warnings) > 0 { // the arms are sampled differently: rows say nothing of the split
			return ReasonAssignment
		}
		ordered := st.ShareOf(spec, st.Stage)
		if math.Abs(e.Value[1]-before) <= 0.1*math.Abs(ordered-before) && !in.Cut.Foreign {
			return ReasonUnapplied
		}
		return ReasonAssignment
	}
	return ""
}

// voided says why the comparison is void.
func voided(spec *Spec, st *State, in *Input) string {
	if st.Broken == ReasonArtifact {
		n := in.Faults.Strangers
		return fmt.Sprintf("%d events of stable name another version than %s, and %d of the canary another than %s; nothing is compared until a new generation", n[0], spec.Arms.Stable, n[1], spec.Arms.Canary)
	}
	return assignment(in.Evidence)
}

// leastUnits is the number of units of an arm below which concentration and crossover
// say nothing (R35).
const leastUnits = 200

// crowded: does one unit send too much of an arm?
func crowded(spec *Spec, in *Input) (step, bool) {
	for a, n := range in.Faults.Largest {
		all, most := in.Health.Seen[a], spec.Health.Concentration
		if most > 0 && in.Health.Units[a] >= leastUnits && all > 0 && float64(n) > most*float64(all) {
			return step{verdict: hold, code: ReasonConcentration, message: fmt.Sprintf(
				"one unit has sent %d of %d events of the %s arm: %s, and %s is the bound", n, all, armName[a], percent(float64(n)/float64(all)), percent(most))}, true
		}
	}
	return step{}, false
}

// crossed: are too many units in both arms?
func crossed(spec *Spec, in *Input) (step, bool) {
	h, most := &in.Health, spec.Health.Crossover
	all := h.Units[0] + h.Units[1] - h.Crossed
	if most == 0 || h.Units[1] < leastUnits || float64(h.Crossed) <= most*float64(all) {
		return step{}, false
	}
	return step{verdict: hold, code: ReasonCrossover, message: fmt.Sprintf(
		"%d of %d units were seen in both arms: %s, and %s is the bound", h.Crossed, all, percent(float64(h.Crossed)/float64(all)), percent(most))}, true
}

// uncovered: do the labels of one arm come more rarely?
func uncovered(spec *Spec, in *Input) (step, bool) {
	for _, e := range in.Evidence {
		if spec.Health.Coverage && e.Test == coverage && e.Result == stats.Harm && e.LogE >= e.Threshold {
			return step{verdict: hold, code: ReasonCoverage, message: fmt.Sprintf("%s: labels came for %s of stable's predictions and %s of the canary's: what is left is no fair sample",
				e.Metric, percent(e.Value[0]), percent(e.Value[1]))}, true
		}
	}
	return step{}, false
}

// unapplied: have the routers not acknowledged the step in time?
func unapplied(spec *Spec, st *State, in *Input) (step, bool) {
	waited := in.Cut.Wall.Sub(st.History[len(st.History)-1].DecidedAt)
	if st.applied() || in.Cut.Ended || waited < spec.Health.Unapplied {
		return step{}, false
	}
	message := fmt.Sprintf("%v after the step not every one of %d routers has acknowledged it", brief(waited.Round(time.Second)), spec.Publish.Routers)
	if len(in.Cut.Owing) > 0 {
		message += ": " + owing(in.Cut.Owing)
	}
	return step{verdict: hold, code: ReasonUnapplied, message: message}, true
}

// owing names routers that have not acknowledged, a few of many.
func owing(names []string) string {
	const some = 5
	text := strings.Join(names[:min(some, len(names))], ", ")
	if more := len(names) - some; more > 0 {
		text += fmt.Sprintf(" and %d others", more)
	}
	return text + map[bool]string{true: " has not", false: " have not"}[len(names) == 1]
}

// lagging: are windows judged too late?
func lagging(spec *Spec, _ *State, in *Input) (step, bool) {
	lag := in.Cut.Wall.Sub(in.Health.Mark)
	if in.Cut.Ended || in.Cut.Drained || lag <= limitLag(spec) {
		return step{}, false
	}
	return step{verdict: hold, code: ReasonLag, message: fmt.Sprintf("windows are judged %v behind the clock; %v is the bound", brief(lag.Round(time.Second)), brief(limitLag(spec)))}, true
}

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
		return step{}, true
	}
	return step{}, false
}

// ail notes a look at which the data's health had a cause to hold.
func (st *State) ail(mark schemas.Time) { st.BadMark, st.CleanMark = mark, schemas.Unknown }

func assignment(all []stats.Evidence) string {
	for _, e := range all {
		if e.Test == sampleRatio && len(e.Warnings) > 0 {
			return e.Warnings[0] + "; nothing is compared until a new generation"
		}
		if e.Test == sampleRatio {
			return fmt.Sprintf("the split that arrives is not the one ordered: %.4g of the events are the canary's, %.4g were ordered (%d and %d events); nothing is compared until a new generation",
				e.Value[1], e.Value[0], e.N[0], e.N[1])
		}
	}
	return "the split that arrives is not the one ordered"
}

// Late rows between the arms: their shares may differ by lateApart. A few late rows of
// a small arm are no finding: a share must be beyond its bound by three standard errors.
const (
	lateApart = 0.005
	lateSigma = 3
)

// lateness says what is wrong with the late rows of the stage, "" = nothing.
func lateness(lateShare float64, h *HealthData) string {
	var n, share [2]float64
	for a := range share {
		if n[a] = float64(h.Seen[a]); n[a] > 0 {
			share[a] = float64(h.Late[a]) / n[a]
		}
		if n[a] > 0 && beyond(share[a], lateShare, n[a]) {
			return fmt.Sprintf("%.2g %% of the %s arm's events came after their window was sealed: raise source.time.lateness", share[a]*100, armName[a])
		}
	}
	p := max(lateApart, float64(h.Late[0]+h.Late[1])/max(1, n[0]+n[1]))
	if n[0] > 0 && n[1] > 0 && math.Abs(share[0]-share[1])-lateApart > lateSigma*math.Sqrt(p*(1-p)*(1/n[0]+1/n[1])) {
		return fmt.Sprintf("one arm's events come late more often: stable %.2g %%, canary %.2g %%", share[0]*100, share[1]*100)
	}
	return ""
}

// beyond tells whether a share of n rows is above its bound by three standard errors.
func beyond(share, bound, n float64) bool {
	return share-bound > lateSigma*math.Sqrt(bound*(1-bound)/n)
}

var armName = [2]string{schemas.ArmStable, schemas.ArmCanary}
