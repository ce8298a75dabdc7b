package decision

import (
	"verdin/schemas"
	"verdin/stats"
)

// RulesVersion names the rules by which verdicts are decided. It changes when equal
// inputs may give another verdict.
const RulesVersion = "5"

// issue makes the verdict of a step and links it to the chain.
func issue(spec *Spec, st State, in Input, s step) (State, *schemas.Verdict) {
	st.Sequence++
	st.Reason = s.code
	stage := spec.Stages[st.Stage]
	v := &schemas.Verdict{
		Namespace: spec.Namespace, Rollout: spec.Name, Verdict: s.verdict, Phase: st.Phase,
		Generation: st.Generation, Sequence: st.Sequence, PrevDigest: st.PrevDigest,
		Routes: routes(spec, &st), KillSwitch: s.kill,
		Stage: schemas.VerdictStage{Index: st.Stage, Weight: stage.Weight, EnteredAt: st.EnteredAt,
			BakeSeconds: stage.Bake.Seconds(), MinSamples: stage.MinSamples},
		Reason:     schemas.Reason{Code: s.code, Message: s.message},
		ValidUntil: in.Cut.Wall.Add(spec.Publish.Lease), OnExpiry: spec.Publish.OnExpiry,
		Inputs: in.Cut.Inputs, SpecDigest: spec.Digest, RulesVersion: RulesVersion,
		DryRun: spec.DryRun, Actor: s.actor, Time: in.Cut.Due,
	}
	if spec.Assignment == "sticky" {
		v.Sticky = &schemas.Sticky{By: "unit_id", Hash: "murmur3_32", Salt: schemas.Salt(spec.Namespace, spec.Name, spec.Arms.Canary)}
	}
	if v.Actor == "" {
		v.Actor = "auto"
	}
	if s.verdict != schemas.VerdictRollback && stage.Weight == 100 {
		v.OnExpiry = schemas.ExpiryHold // there may be no stable left to fall back to
	}
	if s.verdict == schemas.VerdictHold && st.Phase != schemas.PhaseSuperseded {
		v.Next = next(missing(spec, &st, &in))
	}
	for _, e := range in.Evidence {
		v.Checks = append(v.Checks, check(e))
	}
	st.PrevDigest = schemas.Digest(v.AppendJSON(nil))
	return st, v
}

// routes are the absolute weights, canary first.
func routes(spec *Spec, st *State) []schemas.Route {
	canary := weightBps(spec, st.Stage)
	switch st.Phase {
	case schemas.PhaseRolledBack, schemas.PhaseAborted:
		canary = 0
	case schemas.PhaseCompleted:
		if spec.Strategy == Canary || spec.Strategy == BlueGreen {
			canary = schemas.WeightTotal
		}
	}
	return []schemas.Route{
		{Arm: schemas.ArmCanary, ModelVersion: spec.Arms.Canary, WeightBps: canary},
		{Arm: schemas.ArmStable, ModelVersion: spec.Arms.Stable, WeightBps: schemas.WeightTotal - canary},
	}
}

func check(e stats.Evidence) schemas.Check {
	return schemas.Check{
		Name: e.Name, Metric: e.Metric, Segment: e.Segment, Kind: e.Kind, Test: e.Test, Role: e.Role,
		Method: e.Method, Null: e.Null, Exact: e.Exact, LogE: e.LogE, LogEMax: e.LogEMax, P: e.P,
		Threshold: e.Threshold, Result: string(e.Result), Effect: schemas.Interval(e.Effect), N: e.N,
		Value: e.Value, Blocks: e.Blocks, Skipped: schemas.Skips(e.Skipped), Info: e.Info, First: e.First, Warnings: e.Warnings,
	}
}
