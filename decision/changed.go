package decision

import (
	"fmt"
	"math"
	"strings"

	"verdin/schemas"
)

// changed says what other evidence would have led elsewhere: of a rollback what showed
// the harm, of a hold what must go, of a step forward what came nearest to stopping it.
func changed(v *schemas.Verdict) string {
	if text, ok := otherwise[v.Reason.Code]; ok {
		return "What would have changed it: " + text + "."
	}
	switch v.Reason.Code {
	case ReasonHarm, ReasonLimit, ReasonDrift, ReasonSignal:
		return "What would have changed it: " + lessHarm(v) + "."
	case ReasonAssignment, ReasonCoverage:
		return "What would have changed it: " + lessApart(v) + "."
	case ReasonInsufficient, ReasonMaxDuration:
		return "What would change it: " + lacking(v) + "."
	case ReasonStagePassed, ReasonPromoted, ReasonCompleted:
		return "What would have changed it: " + closest(v) + "."
	}
	return "What would change it: the cause going away, or an operator's command."
}

// otherwise is what would have led elsewhere where the code alone says it.
var otherwise = map[string]string{
	ReasonStarted:       "nothing that events say: it is the first verdict",
	ReasonResumed:       "the cause of the hold, had it stayed",
	ReasonCommand:       "no command",
	ReasonPaused:        "no command; resume ends it",
	ReasonGate:          "an operator's promote, or no gate: manual in the stage",
	ReasonCanarySilent:  "any event of the canary",
	ReasonNoData:        "any event of either arm",
	ReasonNoBaseline:    "any event of stable",
	ReasonUnapplied:     "the acknowledgement of every router of publish.routers",
	ReasonArtifact:      "events that name the versions of arms only",
	ReasonLag:           "windows judged within the lag of health.lag",
	ReasonHistoryLost:   "a log that still held what was to be read",
	ReasonDataQuality:   "fewer late rows than health.late, and no record lost",
	ReasonConcentration: "a smaller part of an arm's events from one unit than health.concentration",
	ReasonCrossover:     "fewer units in both arms than health.crossover",
	ReasonSuperseded:    "a spec that stayed as it was",
	ReasonInternal:      "an engine that did not fail",
}

// shownHarms lists the checks whose claim the verdict says is shown.
func shownHarms(v *schemas.Verdict, role string) (all []*schemas.Check) {
	for i := range v.Checks {
		c := &v.Checks[i]
		if c.Result == "harm" && !safeClaim(c.Test) && (role == "" || c.Role == role) {
			all = append(all, c)
		}
	}
	return all
}

// lessHarm names the first check whose claim was shown, in the order in which rules ask.
func lessHarm(v *schemas.Verdict) string {
	role := ""
	if v.Reason.Code == ReasonSignal {
		role = Signal
	}
	all := shownHarms(v, role)
	if len(all) == 0 {
		return "less evidence of harm, or a wider tolerance, stated before the rollout"
	}
	c := all[0]
	if c.Method == Rule {
		return fmt.Sprintf("%s: fewer than %s beyond the margin (it was %.0f), or a wider margin, stated before the rollout", nameOf(c), Windows(c.Threshold), c.LogEMax)
	}
	text := fmt.Sprintf("%s: evidence below e^%.1f (it was e^%.1f)%s, stated before the rollout", nameOf(c), c.Threshold, c.LogEMax, tolerable(c))
	if len(all) > 1 {
		text += fmt.Sprintf("; and the same of %d others", len(all)-1)
	}
	return text
}

// lessApart names what compares the arms' numbers of events or labels.
func lessApart(v *schemas.Verdict) string {
	for i := range v.Checks {
		if c := &v.Checks[i]; c.Result == "harm" && (c.Test == sampleRatio || c.Test == coverage) {
			return fmt.Sprintf("%s: %.4g and %.4g nearer to each other, evidence below e^%.1f (it was e^%.1f)", nameOf(c), c.Value[0], c.Value[1], c.Threshold, c.LogEMax)
		}
	}
	return "the arms' numbers nearer to what was ordered"
}

// lacking is what a step forward lacks.
func lacking(v *schemas.Verdict) string {
	text := "what is missing, and no harm shown meanwhile"
	if n := len(v.Next.Missing); n > 0 {
		text = fmt.Sprintf("%d things that are missing, first %s", n, v.Next.Missing[0])
	}
	if v.Reason.Code == ReasonMaxDuration {
		return text + ", in time; policy.onMaxDuration says what follows"
	}
	return text
}

// closest is the guardrail that came nearest to stopping a step forward: by the factor
// of evidence that safety had to spare, or harm still lacked.
func closest(v *schemas.Verdict) string {
	var least *schemas.Check
	room := math.Inf(1)
	for i := range v.Checks {
		c := &v.Checks[i]
		spare := c.Threshold - c.LogEMax
		if safeClaim(c.Test) {
			spare = c.LogE - c.Threshold
		}
		if c.Role == Guardrail && c.Segment == "" && c.Blocks > 0 && spare < room {
			least, room = c, spare
		}
	}
	switch {
	case least == nil:
		return "harm shown on any guardrail, or safety not shown on one of them"
	case safeClaim(least.Test):
		return fmt.Sprintf("safety not shown, or harm shown, on any guardrail; closest was %s: evidence of safety weaker by a factor of %s", nameOf(least), times(room))
	}
	return fmt.Sprintf("harm shown, or safety not shown, on any guardrail; closest was %s: evidence of harm stronger by a factor of %s", nameOf(least), times(room))
}

func nameOf(c *schemas.Check) string { return labelled(c.Name, c.Segment) }

// labelled is a check as texts name it; the names of those in segments end in theirs.
func labelled(name, segment string) string {
	if segment == "" {
		return name
	}
	return strings.TrimSuffix(name, " "+segment) + " in " + segment
}
