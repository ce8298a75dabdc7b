package engine

import (
	"fmt"
	"math"

	"verdin/decision"
	"verdin/internal/wire"
	"verdin/stats"
	"verdin/stats/sequential"
)

// held watches a guarded share after promotion, against the part of stable that is held
// back, for harm that begins at an unknown window (R34, R50). It runs beside the ordinary
// test, which is slow to forget a long harmless time.
type held struct {
	detector *sequential.HoldBack
	need     float64
	stage    int // the one with all traffic
	blocks   int64
	first    int64
}

// newHeld is the watch of a metric, nil where it has none. The counts that it is shown
// are those of the test of harm.
func newHeld(c compiled, m *metricTest, null sequential.Null, opt sequential.Options) *held {
	if m.segment > 0 || !c.spec.HeldBack(m.spec) {
		return nil
	}
	return &held{detector: sequential.NewHoldBack(null, opt), need: c.budget.Threshold(m.spec.Name, "holdback"), stage: len(c.spec.Stages) - 1}
}

func (t *held) observe(b *Block, stable, canary sequential.Counts) {
	if t == nil || b.Stage != t.stage || !t.detector.Observe(stable, canary) {
		return
	}
	t.blocks++
	if t.first == 0 && t.detector.LogEMax() >= t.need {
		t.first = int64(b.Start) / 1e6
	}
}

func (t *held) evidence(m *metricTest, margin decision.Margin, effect stats.Interval, value [2]float64, out []stats.Evidence) []stats.Evidence {
	if t == nil {
		return out
	}
	e := m.evidence("holdback", "hold-back", fmt.Sprintf("after promotion: %s", claim("≤", m.spec.Worse, margin)), true,
		t.detector.LogE(), t.detector.LogEMax(), t.need, effect, value)
	e.Blocks, e.First = t.blocks, t.first
	e.P = math.Min(1, float64(max(1, t.blocks))*math.Exp(-t.detector.LogEMax())) // P(alarm within T blocks) ≤ T/c
	return append(out, e)
}

func (t *held) fields(f *wire.Fields) {
	if t == nil {
		return
	}
	part(f, t.detector)
	wire.Int(f, &t.blocks)
	wire.Int(f, &t.first)
}
