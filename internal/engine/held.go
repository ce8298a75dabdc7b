package engine

import (
	"fmt"
	"math"
	"time"

	"verdin/decision"
	"verdin/internal/wire"
	"verdin/schemas"
	"verdin/stats"
	"verdin/stats/sequential"
)

// held watches a guardrail after promotion, against the part of stable that is held back,
// for harm that begins at an unknown window (R34, R50). It runs beside the ordinary test,
// which is slow to forget a long harmless time.
//
// Shares and exceedances have factors that are lawful block by block, and feed an e-SR
// detector. The evidence of engine G is lawful in sums of many blocks only, and where
// units come back blocks depend on each other: there the test is started anew at so many
// equal parts of the bake, and the mean of all starts counts.
type held struct {
	watch  watch
	need   float64
	stage  int // the one with all traffic
	bake   time.Duration
	since  schemas.Time // start of its first block
	blocks int64
	first  int64
}

// watch is a process that finds late harm.
type watch interface {
	process
	LogE() float64
	LogEMax() float64
}

// newHeld is the watch of a metric, nil where it has none.
func newHeld(c compiled, m *metricTest, make func() watch) *held {
	if m.segment > 0 || !c.spec.HeldBack(m.spec) {
		return nil
	}
	last := len(c.spec.Stages) - 1
	return &held{watch: make(), need: c.budget.Threshold(m.spec.Name, "holdback"), stage: last, bake: c.spec.Stages[last].Bake, since: schemas.Unknown}
}

// detector is the watch of a share, whose counts are those of the test of harm.
func detector(null sequential.Null, opt sequential.Options) func() watch {
	return func() watch { return sequential.NewHoldBack(null, opt) }
}

// restarted are the options of a watch of engine G.
func restarted(null sequential.Null) sequential.ScoreOptions {
	return sequential.ScoreOptions{Null: null, Harm: true, Stages: decision.HeldStarts}
}

// restartedScore is the watch of a mean.
func restartedScore(m *decision.Metric) func() watch {
	return func() watch { return sequential.NewScore(restarted(null(m.Worse, m.Tolerance))) }
}

// observe has a block scored; part says which of the starts it belongs to.
func (t *held) observe(b *Block, score func(w watch, part int) bool) {
	if t == nil || b.Stage != t.stage {
		return
	}
	if t.since == schemas.Unknown {
		t.since = b.Start
	}
	part := int(float64(b.Start.Sub(t.since)) / float64(t.bake) * decision.HeldStarts)
	if !score(t.watch, min(max(part, 0), decision.HeldStarts-1)) {
		return
	}
	t.blocks++
	if t.first == 0 && t.watch.LogEMax() >= t.need {
		t.first = int64(b.Start) / 1e6
	}
}

// counts scores a block of a share.
func (t *held) counts(b *Block, stable, canary sequential.Counts) {
	t.observe(b, func(w watch, _ int) bool { return w.(*sequential.HoldBack).Observe(stable, canary) })
}

func (t *held) evidence(m *metricTest, margin decision.Margin, effect stats.Interval, value [2]float64, out []stats.Evidence) []stats.Evidence {
	if t == nil {
		return out
	}
	_, detects := t.watch.(*sequential.HoldBack)
	e := m.evidence("holdback", map[bool]string{true: "hold-back", false: "restarted"}[detects], fmt.Sprintf("after promotion: %s", claim("≤", m.spec.Worse, margin)),
		detects, t.watch.LogE(), t.watch.LogEMax(), t.need, effect, value)
	e.Blocks, e.First = t.blocks, t.first
	if detects {
		e.P = math.Min(1, float64(max(1, t.blocks))*math.Exp(-t.watch.LogEMax())) // P(alarm within T blocks) ≤ T/c
	}
	return append(out, e)
}

func (t *held) fields(f *wire.Fields) {
	if t == nil {
		return
	}
	part(f, t.watch)
	wire.Int(f, &t.since)
	wire.Int(f, &t.blocks)
	wire.Int(f, &t.first)
}
