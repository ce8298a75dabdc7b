package decision

import (
	"math"
	"time"

	"verdin/schemas"
	"verdin/stats"
)

// Outlook is what a rollout's next step forward still needs.
type Outlook struct {
	Missing []string      // in the words of a hold; empty = nothing
	ETA     time.Duration // until all is there if traffic and evidence go on as in this stage; 0 = not known
}

// Ahead looks ahead from a look at a rollout that has a running stage. The time is a
// straight line through what the stage has seen so far: good for planning a coffee, not
// a promise.
func Ahead(spec *Spec, st State, in Input) Outlook {
	if st.Stage < 0 || st.Stage >= len(spec.Stages) || st.Final() {
		return Outlook{}
	}
	out := Outlook{Missing: missing(spec, &st, &in)}
	if len(out.Missing) == 0 || !st.applied() || st.Paused {
		return out
	}
	stage, data := spec.Stages[st.Stage], in.Stage
	if stage.Gate == "manual" && !st.Forced || data.Bake <= 0 {
		return out // it is an operator's time, or nothing was seen yet
	}
	left := max(0, (stage.Bake - data.Bake).Seconds())
	left = max(left, line(float64(data.Samples[1]), float64(stage.MinSamples), data.Bake))
	if !st.alone(spec) {
		left = max(left, line(float64(data.Samples[0]), float64(stage.MinSamples), data.Bake))
		for i := range spec.Metrics {
			left = max(left, evidenceLeft(&spec.Metrics[i], stage, &in))
		}
	}
	if left < math.MaxInt64/1e9 {
		out.ETA = time.Duration(left * 1e9).Round(time.Second)
	}
	return out
}

// line is how many seconds a count that has grown evenly over a time still needs;
// +Inf if it does not grow.
func line(have, want float64, over time.Duration) float64 {
	switch {
	case have >= want:
		return 0
	case have > 0 && over > 0:
		return (want - have) * over.Seconds() / have
	}
	return math.Inf(1)
}

// evidenceLeft is how long a guardrail still needs to be shown safe.
func evidenceLeft(m *Metric, stage Stage, in *Input) float64 {
	if m.Role != Guardrail || m.Mode == "watch" {
		return 0
	}
	over, left := in.Stage.Bake, 0.0
	if m.On == "outcome" {
		over = in.Stage.LabelBake
		for _, n := range in.Stage.LabelSamples {
			left = max(left, line(float64(n), float64(stage.MinSamples), over))
		}
	}
	if m.Mode == "gate" {
		left = max(left, (stage.Bake - in.Stage.LabelBake).Seconds())
	}
	here, ok := find(in.Evidence, m.Name, "safe_stage")
	if !ok {
		return math.Inf(1)
	}
	left = max(left, line(here.LogE, here.Threshold, over))
	if all, ok := find(in.Evidence, m.Name, "safe"); ok && all.LogE < all.Threshold {
		if here.LogE <= 0 {
			return math.Inf(1)
		}
		left = max(left, (all.Threshold-all.LogE)*over.Seconds()/here.LogE)
	}
	return left
}

// Checks puts evidence into the form of a verdict.
func Checks(all []stats.Evidence) []schemas.Check {
	out := make([]schemas.Check, len(all))
	for i, e := range all {
		out[i] = check(e)
	}
	return out
}
