package decision

import (
	"fmt"
	"math"
	"time"

	"verdin/schemas"
	"verdin/stats"
)

// step is what a look leads to.
type step struct {
	verdict string
	code    string
	message string
	actor   string
	kill    bool
}

// Decide looks at a rollout: a function of its arguments, without effects.
func Decide(spec *Spec, st State, in Input) (State, *schemas.Verdict) {
	st = st.Apply(in.Applied)
	for _, p := range in.Publish {
		if p.Generation == st.Generation && p.Result == "fenced" {
			st.Fenced = true
		}
	}
	if st.Fenced || st.Final() {
		return st, nil
	}
	if st.Phase == schemas.PhasePending {
		st.Stage, st.Phase, st.EnteredAt = 0, schemas.PhaseRunning, in.Cut.Wall
		return issue(spec, st, in, step{schemas.VerdictAdvance, "started", fmt.Sprintf("the rollout starts with %d %% of the traffic", spec.Stages[0].Weight), "auto", false}, true)
	}
	if s, ok := command(spec, &st, in); ok {
		return carry(spec, st, in, s)
	}
	if s, ok := harm(spec, in); ok {
		return carry(spec, st, in, s)
	}
	if s, ok := holds(spec, &st, in); ok {
		return carry(spec, st, in, s)
	}
	missing := missing(spec, &st, in)
	if len(missing) == 0 {
		return forward(spec, st, in)
	}
	if st.Held != "" {
		st.Held = ""
		st.Phase = phaseOf(spec, st)
		return issue(spec, st, in, step{schemas.VerdictAdvance, "resumed", "the cause of the hold is gone; the stage goes on", "auto", false}, false)
	}
	return st, nil
}

func phaseOf(spec *Spec, st State) string {
	if spec.Stages[st.Stage].Weight == 100 {
		return schemas.PhasePromoted
	}
	return schemas.PhaseRunning
}

// carry turns a step into a verdict: a hold only when its reason is new.
func carry(spec *Spec, st State, in Input, s step) (State, *schemas.Verdict) {
	switch s.verdict {
	case schemas.VerdictRollback:
		st.Phase, st.Held = schemas.PhaseRolledBack, ""
		return issue(spec, st, in, s, true)
	case schemas.VerdictHold:
		if st.Held == s.code {
			return st, nil
		}
		st.Held = s.code
		if st.Phase != schemas.PhasePromoted {
			st.Phase = schemas.PhaseHeld
		}
		if s.code == "paused" {
			st.Phase = schemas.PhasePaused
		}
		return issue(spec, st, in, s, false)
	}
	return st, nil
}

func command(spec *Spec, st *State, in Input) (step, bool) {
	for _, c := range in.Commands {
		why := c.Reason
		if why == "" {
			why = "no reason given"
		}
		switch c.Verb {
		case "rollback", "kill", "abort":
			return step{schemas.VerdictRollback, "command", fmt.Sprintf("%s ordered %s: %s", c.Actor, c.Verb, why), "user:" + c.Actor, c.Verb == "kill"}, true
		case "pause":
			st.Paused = true
		case "resume":
			st.Paused, st.Held = false, ""
		case "promote":
			st.Forced = true
		}
	}
	if st.Paused {
		return step{schemas.VerdictHold, "paused", "an operator paused the rollout", "auto", false}, true
	}
	return step{}, false
}

// harm is the first shown harm of anything that can roll back.
func harm(spec *Spec, in Input) (step, bool) {
	for _, e := range in.Evidence {
		if e.Result != stats.Harm || !rolls(spec, e.Role) {
			continue
		}
		code := map[string]string{"limit": "limit_exceeded", "drift": "drift"}[e.Test]
		if code == "" {
			code = "harm"
		}
		s := step{schemas.VerdictRollback, code, describe(e), "auto", false}
		if e.Role == Guardrail && spec.Policy.OnGuardrail == "hold" {
			s.verdict = schemas.VerdictHold
		}
		return s, true
	}
	return step{}, false
}

func rolls(spec *Spec, role string) bool {
	return role == Guardrail || role == Signal && spec.Policy.OnSignal == "rollback"
}

func describe(e stats.Evidence) string {
	if e.Test == "drift" {
		return fmt.Sprintf("%s drifted: %s %.3g, log e %.1f reaches %.1f (%s)", e.Metric, e.Method, e.Effect.Estimate, e.LogEMax, e.Threshold, e.Null)
	}
	return fmt.Sprintf("%s got worse: stable %.4g, canary %.4g; log e %.1f reaches %.1f against \"%s\" (n %d and %d)",
		e.Metric, e.Value[0], e.Value[1], e.LogEMax, e.Threshold, e.Null, e.N[0], e.N[1])
}

// holds is the first cause to stand still.
func holds(spec *Spec, st *State, in Input) (step, bool) {
	if s, ok := silence(spec, in); ok {
		return s, true
	}
	for _, e := range in.Evidence {
		if e.Test == sampleRatio && e.Result == stats.Harm {
			st.Broken = true
		}
		if e.Role == Signal && e.Result == stats.Harm {
			return step{schemas.VerdictHold, "signal", describe(e), "auto", false}, true
		}
	}
	if st.Broken {
		return step{schemas.VerdictHold, "assignment", "the split that arrives is not the one ordered: the comparison cannot be trusted", "auto", false}, true
	}
	if late := quality(in.Health); late != "" {
		return step{schemas.VerdictHold, "data_quality", late, "auto", false}, true
	}
	max := spec.Stages[st.Stage].MaxDuration
	if max > 0 && st.sinceStage(in.Cut.Wall) >= max {
		verdict := schemas.VerdictHold
		if spec.Policy.OnMaxDuration == "rollback" {
			verdict = schemas.VerdictRollback
		}
		if len(missing(spec, st, in)) > 0 {
			return step{verdict, "max_duration", fmt.Sprintf("the stage has lasted %v and is not decided", max), "auto", false}, true
		}
	}
	return step{}, false
}

// silence looks for arms that say nothing.
func silence(spec *Spec, in Input) (step, bool) {
	h := in.Health
	since := h.Since
	if h.LastData != schemas.Unknown {
		since = h.LastData
	}
	quiet := spec.Source.Lateness + spec.Source.Window
	if !in.Cut.Ended && in.Cut.Wall.Sub(since)-quiet >= spec.Health.NoData {
		return step{schemas.VerdictHold, "no_data", fmt.Sprintf("no event of either arm for %v", in.Cut.Wall.Sub(since).Round(time.Second)), "auto", false}, true
	}
	return step{}, false
}

func quality(h HealthData) string {
	var share [2]float64
	for a := range share {
		if h.Seen[a] >= 100 {
			share[a] = float64(h.Late[a]) / float64(h.Seen[a])
		}
		if share[a] > 0.01 {
			return fmt.Sprintf("%.1f %% of an arm's events came late", share[a]*100)
		}
	}
	if math.Abs(share[0]-share[1]) > 0.005 {
		return "one arm's events come late more often than the other's"
	}
	return ""
}

// missing lists what a step forward still needs.
func missing(spec *Spec, st *State, in Input) (out []string) {
	stage := spec.Stages[st.Stage]
	if !st.applied() {
		return []string{"an acknowledgement of the step by every router"}
	}
	if in.Stage.Bake < stage.Bake {
		out = append(out, fmt.Sprintf("bake: %v of %v", in.Stage.Bake, stage.Bake))
	}
	if min(in.Stage.Samples[0], in.Stage.Samples[1]) < stage.MinSamples {
		out = append(out, "samples")
	}
	for _, m := range spec.Metrics {
		if m.Role != Guardrail {
			continue
		}
		if m.On == "outcome" && m.Mode == "gate" && in.Stage.LabelBake < stage.Bake {
			out = append(out, m.Name+": labels of the stage")
		}
		for _, test := range []string{"safe", "safe_stage"} {
			if !shown(in.Evidence, m.Name, test) {
				out = append(out, m.Name+": "+test)
			}
		}
	}
	if in.Cut.CatchingUp || in.Cut.Wall.Sub(in.Health.Mark) > spec.Health.Lag+spec.Source.Lateness {
		out = append(out, "the stream to catch up")
	}
	if stage.Gate == "manual" && !st.Forced {
		out = append(out, "an operator's promote")
	}
	return out
}

func shown(all []stats.Evidence, metric, test string) bool {
	for _, e := range all {
		if e.Metric == metric && e.Test == test {
			return e.LogE >= e.Threshold && e.Result == stats.Safe
		}
	}
	return false
}

func forward(spec *Spec, st State, in Input) (State, *schemas.Verdict) {
	st.Held, st.Forced = "", false
	if st.Stage == len(spec.Stages)-1 {
		st.Phase = schemas.PhaseCompleted
		return issue(spec, st, in, step{schemas.VerdictPromote, "completed", "the canary has baked at 100 %", "auto", false}, true)
	}
	st.Stage++
	st.EnteredAt = in.Cut.Wall
	st.Phase = phaseOf(spec, st)
	verdict, code := schemas.VerdictAdvance, "stage_passed"
	if spec.Stages[st.Stage].Weight == 100 {
		verdict, code = schemas.VerdictPromote, "promoted"
	}
	return issue(spec, st, in, step{verdict, code, fmt.Sprintf("every guardrail is shown safe: on to %d %%", spec.Stages[st.Stage].Weight), "auto", false}, true)
}

func issue(spec *Spec, st State, in Input, s step, moves bool) (State, *schemas.Verdict) {
	st.Sequence++
	bps := weightBps(spec, st.Stage)
	switch st.Phase {
	case schemas.PhaseRolledBack:
		bps = 0
	case schemas.PhaseCompleted:
		bps = schemas.WeightTotal
	}
	stage := spec.Stages[st.Stage]
	v := &schemas.Verdict{
		Namespace: spec.Namespace, Rollout: spec.Name, Verdict: s.verdict, Phase: st.Phase,
		Generation: st.Generation, Sequence: st.Sequence, PrevDigest: st.PrevDigest,
		Routes: []schemas.Route{
			{Arm: schemas.ArmCanary, ModelVersion: spec.Arms.Canary, WeightBps: bps},
			{Arm: schemas.ArmStable, ModelVersion: spec.Arms.Stable, WeightBps: schemas.WeightTotal - bps}},
		KillSwitch: s.kill,
		Stage:      schemas.VerdictStage{Index: st.Stage, Weight: stage.Weight, EnteredAt: st.EnteredAt, BakeSeconds: stage.Bake.Seconds(), MinSamples: stage.MinSamples},
		Reason:     schemas.Reason{Code: s.code, Message: s.message},
		ValidUntil: in.Cut.Wall.Add(spec.Publish.Lease), OnExpiry: spec.Publish.OnExpiry, Inputs: in.Cut.Inputs,
		SpecDigest: spec.Digest, RulesVersion: RulesVersion, DryRun: spec.DryRun, Actor: s.actor, Time: in.Cut.Due,
	}
	for _, e := range in.Evidence {
		v.Checks = append(v.Checks, check(e))
	}
	st.PrevDigest = schemas.Digest(v.AppendJSON(nil))
	if moves {
		st.History = append(st.History[:len(st.History):len(st.History)], Transition{Stage: st.Stage, Generation: st.Generation, Sequence: st.Sequence, DecidedAt: in.Cut.Wall, AppliedAt: schemas.Unknown})
	}
	return st, v
}

func check(e stats.Evidence) schemas.Check {
	return schemas.Check{Name: e.Name, Metric: e.Metric, Segment: e.Segment, Kind: e.Kind, Test: e.Test, Role: e.Role,
		Method: e.Method, Null: e.Null, Exact: e.Exact, LogE: e.LogE, LogEMax: e.LogEMax, P: e.P, Threshold: e.Threshold,
		Result: string(e.Result), Effect: schemas.Interval(e.Effect), N: e.N, Value: e.Value, Blocks: e.Blocks,
		Skipped: schemas.Skips(e.Skipped), Info: e.Info, First: e.First, Warnings: e.Warnings}
}

type Reason struct{ Code, Meaning, Remedy string }

var Reasons []Reason

func Explain(v *schemas.Verdict) string { return v.Reason.Message }
