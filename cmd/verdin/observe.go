package main

import (
	"log/slog"

	"verdin/decision"
	"verdin/ingest/kafka"
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
	b.metrics.Declare(telemetry.Check, engine.Checks(b.spec)...)
	for _, f := range fates {
		b.metrics.Declare(telemetry.Fate, f.name)
	}
}

// fates are what may become of a row.
var fates = []struct {
	name string
	of   func(engine.Counts) uint64
}{
	{"counted", func(c engine.Counts) uint64 { return c.Counted }},
	{"duplicate", func(c engine.Counts) uint64 { return c.Duplicate }},
	{"late", func(c engine.Counts) uint64 { return c.Late }},
	{"other_rollout", func(c engine.Counts) uint64 { return c.Other }},
	{"unknown_arm", func(c engine.Counts) uint64 { return c.Arm }},
	{"before_start", func(c engine.Counts) uint64 { return c.Early }},
	{"no_key", func(c engine.Counts) uint64 { return c.NoKey }},
}

// count counts the rows of a chunk by kind.
func (b *begin) count(c *schemas.Chunk) {
	var n [schemas.Kinds]int64
	for _, k := range c.Kind {
		n[k]++
	}
	for k, rows := range n {
		b.metrics.Events(schemas.Kind(k), rows)
	}
}

// lost counts offsets that a log no longer has.
func (b *begin) lost(topic string, partition int32, g kafka.Gap) {
	b.metrics.DataGap(topic, partition, g.To-g.From)
}

// strangers is how many rows must have come, and none counted, before somebody is told.
const strangers = 1000

// hint tells once of rows that come and do not count: most likely they name another
// rollout or other arms than the spec.
func (b *begin) hint() {
	var all uint64
	var by []any
	for i, f := range fates {
		all += b.told[i]
		if b.told[i] > 0 {
			by = append(by, slog.Uint64(f.name, b.told[i]))
		}
	}
	if b.hinted || b.told[0] > 0 || all < strangers {
		return
	}
	b.hinted = true
	b.log.Warn("rows come and none counts for this rollout: its events must say rollout "+b.name()+
		" (without the namespace only for default), an arm of its spec, and a key", "rollout", b.name(), slog.Group("rows", by...))
}

// account sets the metrics of the shell after a cut: rows by fate, positions, journal.
func (b *begin) account() {
	m, name := b.metrics, b.name()
	for i, f := range fates {
		var n uint64
		for s := range b.topics.Shards {
			n += f.of(b.live.Core.Shard(s).Counts(name))
		}
		m.Rows(name, f.name, int64(n-min(n, b.told[i])))
		b.told[i] = n
	}
	b.hint()
	if b.live.Status != nil {
		for i, s := range b.consumer.Status() {
			m.Lag(s.Topic, s.Partition, max(0, s.HighWatermark-b.live.Next(i)))
		}
	}
	if s := b.live.Store; s != nil {
		m.JournalBytes(name, s.Journal().Bytes())
		if at := s.Saved(); at > 0 {
			m.Snapshot(name, float64(at)/1e9)
		}
	}
}

// observe sets the metrics after a cut.
func (b *begin) observe(o engine.Outcome) {
	b.account()
	m, name := b.metrics, b.name()
	m.WindowsClosed(name, int64(o.Windows))
	for arm, n := range o.Health.Late {
		if was := b.late[arm]; n >= was {
			m.Late(name, []string{schemas.ArmStable, schemas.ArmCanary}[arm], n-was)
		} else { // another stage: its account begins at 0
			m.Late(name, []string{schemas.ArmStable, schemas.ArmCanary}[arm], n)
		}
	}
	b.late = o.Health.Late
	m.Phase(name, o.State.Phase)
	m.InForce(name, o.State.Speaks())
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
			if top := b.live.Core.Shard(s).Top(g); top != schemas.Unknown {
				m.Watermark(l.Topic, l.Partition, float64(top.Add(-b.spec.Source.Lateness))/1e9)
			}
		}
	}
}
