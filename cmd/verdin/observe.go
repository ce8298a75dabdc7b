package main

import (
	"verdin/decision"
	"verdin/internal/engine"
	"verdin/internal/telemetry"
	"verdin/schemas"
)

// declare names the label values that metrics of a rollout may take.
func (b *begin) declare() {
	b.metrics.Declare(telemetry.Rollout, b.name())
	b.metrics.Declare(telemetry.Arm, schemas.ArmStable, schemas.ArmCanary)
	b.metrics.Declare(telemetry.Phase, schemas.PhasePending, schemas.PhaseRunning, schemas.PhaseHeld, schemas.PhasePaused,
		schemas.PhasePromoted, schemas.PhaseCompleted, schemas.PhaseRolledBack, schemas.PhaseAborted, schemas.PhaseSuperseded)
	b.metrics.Declare(telemetry.Topic, b.topics.Names()...)
	for _, r := range decision.Reasons {
		b.metrics.Declare(telemetry.Reason, r.Code)
	}
	for _, m := range b.spec.Metrics {
		for _, test := range []string{"harm", "safe", "safe_stage", "limit"} {
			b.metrics.Declare(telemetry.Check, m.Name+"/"+test)
		}
	}
	for _, d := range b.spec.Drift {
		b.metrics.Declare(telemetry.Check, d.Name+"/drift")
	}
	b.metrics.Declare(telemetry.Check, "sample_ratio")
}

// observe sets the metrics after a cut.
func (b *begin) observe(o engine.Outcome) {
	m, name := b.metrics, b.name()
	m.WindowsClosed(name, int64(o.Windows))
	m.Phase(name, o.State.Phase)
	if v := o.Verdict; v != nil {
		m.Verdict(name, v.Verdict, v.Reason.Code)
		for _, r := range v.Routes {
			m.Weight(name, r.Arm, float64(r.WeightBps)/schemas.WeightTotal)
		}
	}
	if o.Windows > 0 {
		for _, e := range o.Evidence {
			m.Check(name, e.Name, telemetry.Reading{Result: string(e.Result), Estimate: e.Effect.Estimate, Low: e.Effect.Low, High: e.Effect.High, LogE: e.LogE})
		}
	}
	for s, logs := range b.topics.Shards {
		for g, l := range logs {
			if top := b.core.Shard(s).Top(g); top != schemas.Unknown {
				m.Watermark(l.Topic, l.Partition, float64(top.Add(-b.spec.Source.Lateness))/1e9)
			}
		}
	}
}
