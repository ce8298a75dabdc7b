package decision

import (
	"fmt"
	"math"
	"time"

	"verdin/schemas"
	"verdin/stats"
)

// Need is one thing that a step forward still lacks.
type Need struct {
	Check string        // name of the check, "" = none: a clock, a count or a person
	Text  string        // what is missing, with its numbers
	ETA   time.Duration // about how long it takes at the pace of this stage
	Known bool          // ETA is known
}

// Missing lists what a step forward from the running stage still lacks, with the
// expected time of each; empty for a rollout that has no running stage.
func Missing(spec *Spec, st State, in Input) []Need {
	if !contains(live, st.Phase) {
		return nil
	}
	return missing(spec, &st, &in)
}

// needs collects what is missing.
type needs struct {
	pace
	all []Need
}

// want notes what is missing unless ok. A time below 0 is not known.
func (n *needs) want(ok bool, check string, eta time.Duration, format string, args ...any) {
	if !ok {
		n.all = append(n.all, Need{Check: check, Text: fmt.Sprintf(format, args...), ETA: max(0, eta), Known: eta >= 0})
	}
}

const unknownTime = time.Duration(-1) // not known

// missing lists what a step forward still needs; nothing missing is the only way
// forward. Every condition is written so that an unknown number fails it.
func missing(spec *Spec, st *State, in *Input) []Need {
	n := &needs{pace: newPace(spec, in)}
	if in.Faults.Internal != "" {
		n.want(false, "", unknownTime, "a restart of the engine, which has failed in this rollout")
		return n.all
	}
	if !st.applied() {
		who := "every expected router"
		if len(in.Cut.Owing) > 0 {
			who += " (" + owing(in.Cut.Owing) + ")"
		}
		n.want(false, "", unknownTime, "%s to acknowledge the step", who)
		return n.all
	}
	stage, data := spec.Stages[st.Stage], in.Stage
	n.want(data.Bake >= stage.Bake, "", stage.Bake-data.Bake, "bake: %v of %v", brief(data.Bake), brief(stage.Bake))
	lag := in.Cut.Wall.Sub(in.Health.Mark)
	n.want(!in.Cut.CatchingUp && (in.Cut.Ended || lag <= limitLag(spec)), "", unknownTime, "the stream to catch up: windows are judged %v behind", brief(lag.Round(time.Second)))
	n.spaced(spec, st, in)
	n.want(stage.Gate != "manual" || st.Forced, "", unknownTime, "%s", needApproval(spec, st))
	switch {
	case spec.Mirrored(st.Stage):
		n.mirrored(spec, st, in)
		n.alsoSafe(in, pairedClaims)
		n.alike(spec, in)
	case st.alone(spec):
		n.want(data.Samples[1] >= stage.MinSamples, "", n.rows(data.Samples[1], stage.MinSamples), "samples: %d of %d of the canary", data.Samples[1], stage.MinSamples)
	default:
		least := min(data.Samples[0], data.Samples[1])
		n.want(least >= stage.MinSamples, "", n.rows(least, stage.MinSamples), "samples: %d of %d in the smaller arm", least, stage.MinSamples)
		n.compared(spec, st, in)
	}
	for i := range spec.Metrics {
		if m := &spec.Metrics[i]; m.Role == Guardrail && m.Limit.Set {
			n.noHarm(in, m.Name, "limit")
		}
	}
	if st.Stage == len(spec.Stages)-1 {
		n.matured(spec, in)
	}
	for i := range in.Evidence {
		e := &in.Evidence[i]
		n.want(e.Role == Observe || !math.IsNaN(e.LogE+e.LogEMax), e.Name, unknownTime, "%s: its evidence is no number", e.Name)
	}
	return n.all
}

// spaced asks for the least wall time between two steps (R8): a backlog that is read
// fast is no time in which people could have seen the stage.
func (n *needs) spaced(spec *Spec, st *State, in *Input) {
	least := time.Duration(float64(spec.Policy.MinStep * float64(spec.Stages[st.Stage].Bake)))
	since := in.Cut.Wall.Sub(st.EnteredAt)
	n.want(since >= least, "", least-since, "time: %v of %v since the last step", brief(since.Round(time.Second)), brief(least))
}

// compared asks every comparison of the arms that guards the rollout: harm must
// have been looked for and not shown, and metrics must be shown safe.
func (n *needs) compared(spec *Spec, st *State, in *Input) {
	for i := range spec.Metrics {
		m := &spec.Metrics[i]
		if m.Role != Guardrail || m.On == "resource" {
			continue
		}
		n.noHarm(in, m.Name, "harm")
		if m.gates() {
			n.safe(spec, m, st, in)
		}
	}
	n.alsoSafe(in, furtherClaims)
	n.alike(spec, in)
}

// alike asks that guarded distributions were compared and no drift is shown.
func (n *needs) alike(spec *Spec, in *Input) {
	for _, d := range spec.Drift {
		if d.Role == Guardrail {
			n.noHarm(in, d.Name, "drift")
			e, ok := find(in.Evidence, d.Name, "drift")
			n.want(ok && e.Blocks > 0, e.Name, unknownTime, "%s: a first window to compare; its bins are being learnt", d.Name)
		}
	}
}

// furtherClaims are claims of guardrails beside their safety: that as few values lie
// beyond the cap of a mean, and that a distribution is the same.
var furtherClaims = []string{"cap_safe", "cap_safe_stage", "same", "same_stage"}

// pairedClaims are those of a mirrored stage.
var pairedClaims = []string{"paired_cap_safe", "paired_cap_safe_stage", "same", "same_stage"}

func (n *needs) alsoSafe(in *Input, claims []string) {
	for i := range in.Evidence {
		e := &in.Evidence[i]
		if e.Role == Guardrail && e.Segment == "" && contains(claims, e.Test) {
			n.want(e.Result == stats.Safe && e.LogE >= e.Threshold, e.Name, n.average(e), "%s: shown, evidence e^%.1f of e^%.1f", e.Name, e.LogE, e.Threshold)
		}
	}
}

// noHarm asks that a test of harm was made and has shown nothing.
func (n *needs) noHarm(in *Input, metric, test string) {
	e, ok := find(in.Evidence, metric, test)
	n.want(ok && e.LogEMax < e.Threshold && !math.IsNaN(e.LogE), metric+"/"+test, unknownTime, "%s/%s: a test that shows no harm", metric, test)
}

// safe asks a guardrail for safety over the whole rollout and in this stage.
func (n *needs) safe(spec *Spec, m *Metric, st *State, in *Input) {
	stage := spec.Stages[st.Stage]
	if m.On == "outcome" {
		least := min(in.Stage.LabelSamples[0], in.Stage.LabelSamples[1])
		n.want(least >= stage.MinSamples, m.Name, n.labels(least, stage.MinSamples), "%s: matured samples, %d of %d in the smaller arm", m.Name, least, stage.MinSamples)
	}
	if m.Mode == "gate" {
		wait := stage.Bake - in.Stage.LabelBake
		if in.Stage.LabelBake == 0 {
			wait += spec.Source.Horizon
		}
		n.want(in.Stage.LabelBake >= stage.Bake, m.Name, wait, "%s: labels of %v of %v", m.Name, brief(in.Stage.LabelBake), brief(stage.Bake))
	}
	for _, test := range []string{"safe", "safe_stage"} {
		e, ok := find(in.Evidence, m.Name, test)
		where := map[string]string{"safe": "", "safe_stage": " in this stage"}[test]
		n.want(ok && e.Result == stats.Safe && e.LogE >= e.Threshold, m.Name+"/"+test, n.evidence(spec, m, st, &e),
			"%s: safety%s, evidence e^%.1f of e^%.1f", m.Name, where, e.LogE, e.Threshold)
	}
}

// matured asks, before a rollout is complete, that the labels of every earlier stage
// have come, so that late harm was looked for: windows of this stage are judged only
// when those before them were.
func (n *needs) matured(spec *Spec, in *Input) {
	for i := range spec.Metrics {
		if m := &spec.Metrics[i]; m.Role == Guardrail && m.On == "outcome" {
			n.want(in.Stage.LabelBake > 0, m.Name, spec.Source.Horizon, "%s: the labels of the stages before", m.Name)
		}
	}
}

func find(all []stats.Evidence, metric, test string) (stats.Evidence, bool) {
	for _, e := range all {
		if e.Metric == metric && e.Test == test && e.Segment == "" {
			return e, true
		}
	}
	return stats.Evidence{}, false
}

// next puts what is missing into a verdict: its time is the longest, if all are known.
func next(all []Need) (out schemas.Next) {
	known := true
	for _, n := range all {
		out.Missing = append(out.Missing, n.Text)
		out.ETASeconds = max(out.ETASeconds, int64(math.Ceil(n.ETA.Seconds())))
		known = known && n.Known
	}
	if !known {
		out.ETASeconds = 0
	}
	return out
}
