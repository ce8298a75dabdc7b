package engine

import (
	"fmt"

	"verdin/decision"
	"verdin/internal/wire"
	"verdin/stats"
	"verdin/stats/sequential"
)

// rate asks engine T whether predictions are followed by an outcome more, or less, often:
// a ratio of rates, by the canary's share of all events. A prediction has at most one
// event, so the test is exact or on the safe side, and needs no base rate.
type rate struct {
	metricTest
	harm  *sequential.Rate
	safe  []*sequential.Rate
	held  *held // after promotion
	shown *sequential.ShareInterval
	y     [2]int64
}

func newRates(c compiled) []Test {
	if c.plan.Sticky {
		return nil // see newProportions
	}
	var out []Test
	for _, m := range c.metricTests(decision.Rate) {
		if !m.spec.Margin.Relative {
			continue // a difference of shares: see newProportions
		}
		t := &rate{metricTest: m, shown: newShare(m.spec), harm: sequential.NewRate(null(m.spec.Worse, m.spec.Tolerance), true, true, c.options(m.spec))}
		t.held = newHeld(c, &m, detector(null(m.spec.Worse, m.spec.Tolerance), c.options(m.spec)))
		for _, margin := range m.margins {
			t.safe = append(t.safe, sequential.NewRate(null(m.spec.Worse, margin), false, true, c.options(m.spec)))
		}
		out = append(out, t)
	}
	return out
}

func (t *rate) StartStage(stage int) {
	t.start(stage)
	t.shown, t.y = newShare(t.spec), [2]int64{}
	for _, safe := range t.safe {
		safe.StartStage(stage)
	}
}

func (t *rate) Observe(block Block) {
	stable, canary, ok := t.summaries(&block)
	if !ok {
		return
	}
	a, b := counts(stable), counts(canary)
	if a.N == 0 || b.N == 0 {
		t.skipped.EmptyArm++
		t.unsafe.EmptyArm++
		return
	}
	x, y := events(a), events(b)
	t.harm.Observe(x, y, block.Stage)
	t.held.counts(&block, a, b)
	if t.scored(a.N, b.N, block.Stage) {
		t.shown.Observe(a, b)
		t.y[0] += a.Y
		t.y[1] += b.Y
	}
	if block.Clean {
		for _, safe := range t.safe {
			safe.Observe(x, y, block.Stage)
		}
	} else {
		t.unclean(&block)
	}
	t.crossed(0, t.harm.LogEMax() >= t.limits.harm, block.Start)
	t.crossed(1, len(t.safe) > 0 && t.safe[t.margin()].LogE() >= t.limits.safe, block.Start)
}

func events(c sequential.Counts) sequential.Events {
	return sequential.Events{Count: c.Y, Exposure: float64(c.N)}
}

func (t *rate) Evidence(out []stats.Evidence) []stats.Evidence {
	effect, value := t.shown.Interval(1-level), share(t.y, t.n)
	words := func(sign string, m decision.Margin) string {
		return fmt.Sprintf("rate of %s: %s", t.spec.Field, claim(sign, t.spec.Worse, m))
	}
	out = append(out, t.evidence("harm", "rate", words("≤", t.spec.Tolerance), t.harm.Exact(), t.harm.LogE(), t.harm.LogEMax(), t.limits.harm, effect, value))
	if len(t.safe) > 0 {
		safe := t.safe[t.margin()]
		all, stage := t.safety("rate", words("≥", t.margins[t.margin()]), safe.Exact(), safe, effect, value)
		out = append(out, all, stage)
	}
	return t.held.evidence(&t.metricTest, t.spec.Tolerance, effect, value, out)
}

func (t *rate) AppendState(b []byte) []byte { return appendFields(b, t.fields) }
func (t *rate) Restore(b []byte) error      { return restoreFields(b, errTest, t.fields) }

func (t *rate) fields(f *wire.Fields) {
	t.metricTest.fields(f)
	claims(f, t.harm, t.safe)
	part(f, t.shown)
	t.held.fields(f)
	for a := range t.y {
		wire.Int(f, &t.y[a])
	}
}
