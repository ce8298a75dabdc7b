package decision

import (
	"fmt"
	"math"
	"time"

	"verdin/schemas"
	"verdin/stats"
)

// missing lists what a step forward still needs; nothing missing is the only way
// forward. Every condition is written so that an unknown number fails it.
func missing(spec *Spec, st *State, in *Input) []string {
	if !st.applied() {
		return []string{"every expected router to acknowledge the step"}
	}
	stage, data := spec.Stages[st.Stage], in.Stage
	var out []string
	need := func(ok bool, format string, args ...any) {
		if !ok {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	need(data.Bake >= stage.Bake, "bake: %v of %v", data.Bake, stage.Bake)
	lag := in.Cut.Wall.Sub(in.Health.Mark)
	need(!in.Cut.CatchingUp && (in.Cut.Ended || lag <= limitLag(spec)), "the stream to catch up: windows are judged %v behind", lag.Round(time.Second))
	need(stage.Gate != "manual" || st.Forced, needPromote)
	if st.alone(spec) {
		need(data.Samples[1] >= stage.MinSamples, "samples: %d of %d of the canary", data.Samples[1], stage.MinSamples)
	} else {
		least := min(data.Samples[0], data.Samples[1])
		need(least >= stage.MinSamples, "samples: %d of %d in the smaller arm", least, stage.MinSamples)
		needCompared(spec, stage, in, need)
	}
	for i := range spec.Metrics {
		if m := &spec.Metrics[i]; m.Role == Guardrail && m.Limit.Set {
			needNoHarm(in, m.Name, "limit", need)
		}
	}
	for i := range in.Evidence {
		e := &in.Evidence[i]
		need(e.Role == Observe || !math.IsNaN(e.LogE+e.LogEMax), "%s: its evidence is no number", e.Name)
	}
	return out
}

const needPromote = "an operator's promote: the stage has a manual gate"

// needer notes what is missing.
type needer func(ok bool, format string, args ...any)

// needCompared asks every comparison of the arms that guards the rollout: harm must
// have been looked for and not shown, and metrics must be shown safe.
func needCompared(spec *Spec, stage Stage, in *Input, need needer) {
	for i := range spec.Metrics {
		if m := &spec.Metrics[i]; m.Role == Guardrail {
			needNoHarm(in, m.Name, "harm", need)
			if m.Mode != "watch" {
				needSafe(m, stage, in, need)
			}
		}
	}
	for _, d := range spec.Drift {
		if d.Role == Guardrail {
			needNoHarm(in, d.Name, "drift", need)
			e, ok := find(in.Evidence, d.Name, "drift")
			need(ok && e.Blocks > 0, "%s: a first window to compare; its bins are being learnt", d.Name)
		}
	}
}

// needNoHarm asks that a test of harm was made and has shown nothing.
func needNoHarm(in *Input, metric, test string, need needer) {
	e, ok := find(in.Evidence, metric, test)
	need(ok && e.LogEMax < e.Threshold && !math.IsNaN(e.LogE), "%s/%s: a test that shows no harm", metric, test)
}

// undecided: is the stage baked, or the recording over, and something else missing?
// Until then a stage that bakes needs no word.
func undecided(spec *Spec, st *State, in *Input, need []string) (step, bool) {
	if !in.Cut.Ended && !baked(spec, st, in) {
		return step{}, false
	}
	s := step{verdict: schemas.VerdictHold, code: ReasonInsufficient, message: fmt.Sprintf("stage %d is baked and not decided; missing: %s", st.Stage+1, need[0])}
	switch {
	case in.Cut.Ended:
		s.message = fmt.Sprintf("the recording ends in stage %d; missing: %s", st.Stage+1, need[0])
	case len(need) == 1 && need[0] == needPromote:
		s.code, s.message = ReasonGate, fmt.Sprintf("stage %d has passed and waits for an operator's promote", st.Stage+1)
	}
	return s, true
}

// baked tells whether every clock of the running stage has run its time.
func baked(spec *Spec, st *State, in *Input) bool {
	bake := spec.Stages[st.Stage].Bake
	ok := st.applied() && in.Stage.Bake >= bake
	for _, m := range spec.Metrics {
		ok = ok && (m.Role != Guardrail || m.Mode != "gate" || in.Stage.LabelBake >= bake)
	}
	return ok
}

// limitLag is how far behind the cut's wall time windows may be judged.
func limitLag(spec *Spec) time.Duration {
	return max(2*spec.Source.Window, spec.Health.Lag) + spec.Source.Lateness + spec.Source.Window
}

// needSafe asks a guardrail for safety over the whole rollout and in this stage.
func needSafe(m *Metric, stage Stage, in *Input, need needer) {
	if m.On == "outcome" {
		least := min(in.Stage.LabelSamples[0], in.Stage.LabelSamples[1])
		need(least >= stage.MinSamples, "%s: matured samples, %d of %d in the smaller arm", m.Name, least, stage.MinSamples)
	}
	if m.Mode == "gate" {
		need(in.Stage.LabelBake >= stage.Bake, "%s: labels of %v of %v", m.Name, in.Stage.LabelBake, stage.Bake)
	}
	for _, test := range []string{"safe", "safe_stage"} {
		e, ok := find(in.Evidence, m.Name, test)
		where := map[string]string{"safe": "", "safe_stage": " in this stage"}[test]
		need(ok && e.Result == stats.Safe && e.LogE >= e.Threshold,
			"%s: safety%s, evidence e^%.1f of e^%.1f", m.Name, where, e.LogE, e.Threshold)
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
