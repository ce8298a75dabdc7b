package engine

import (
	"fmt"
	"math"

	"verdin/decision"
	"verdin/internal/wire"
	"verdin/stats"
	"verdin/stats/sequential"
)

// quantile asks engine B whether the canary's tail is longer, by exceedance: c is
// the edge nearest the stable quantile of past windows, and canary values above
// r·c are counted against stable values above c. Both are edges of the universal
// grid, so the counts are exact.
type quantile struct {
	metricTest
	harm   *sequential.Harm
	safe   []*sequential.Safe // guardrails only: one per margin
	limit  *sequential.Limit
	held   *held                     // after promotion
	shown  *sequential.QuantileShift // of the running stage
	past   sequential.Tail           // stable values of past blocks
	totals [2]stats.Histogram        // of the running stage
	edge   int                       // c of the last block
}

func newQuantiles(c compiled) []Test {
	if c.plan.Sticky {
		return newStickies(c, "quantile")
	}
	var out []Test
	for _, m := range c.metricTests("quantile") {
		null := sequential.Null{Worse: sequential.Higher}
		opt := c.options(m.spec)
		opt.PriorRate, opt.PriorWeight = m.tailShare(), 200
		t := &quantile{metricTest: m, harm: sequential.NewHarm(null, opt), shown: sequential.NewQuantileShift(m.spec.Quantile)}
		t.held = newHeld(c, &m, detector(null, opt))
		for range m.margins {
			t.safe = append(t.safe, sequential.NewSafe(null, opt))
		}
		if m.spec.Limit.Set {
			t.limit = sequential.NewLimit(m.tailShare(), opt)
		}
		out = append(out, t)
	}
	return out
}

// tailShare is the share of observations on the bad side of the quantile.
func (t *metricTest) tailShare() float64 {
	if t.spec.Worse == "lower" {
		return t.spec.Quantile
	}
	return 1 - t.spec.Quantile
}

func (t *quantile) StartStage(stage int) {
	t.start(stage)
	t.shown, t.totals = sequential.NewQuantileShift(t.spec.Quantile), [2]stats.Histogram{}
	for _, safe := range t.safe {
		safe.StartStage(stage)
	}
}

func (t *quantile) Observe(block Block) {
	stable, canary, ok := t.summaries(&block)
	if !ok {
		return
	}
	if t.limit != nil && canary.N > 0 {
		t.limit.Observe(t.beyond(canary, t.snap(t.spec.Limit.Value, true)), block.Stage)
	}
	t.score(&block, stable, canary)
	t.past.Add(&stable.Hist)
}

func (t *quantile) score(block *Block, stable, canary *stats.Summary) {
	switch {
	case stable.N == 0 || canary.N == 0:
		t.skipped.EmptyArm++
		t.unsafe.EmptyArm++
		return
	case !t.past.Reaches(t.tailShare()):
		t.skipped.Learning++
		t.unsafe.Learning++
		return
	}
	t.edge = t.past.Edge(t.spec.Quantile)
	c := stats.GridEdge(t.edge)
	a := t.beyond(stable, t.edge)
	b := t.beyond(canary, t.shift(c, t.spec.Tolerance, true))
	t.harm.Observe(a, b, block.Stage)
	t.held.counts(block, a, b)
	if t.scored(a.N, b.N, block.Stage) {
		t.shown.Observe(&stable.Hist, &canary.Hist)
		t.totals[0].Merge(&stable.Hist)
		t.totals[1].Merge(&canary.Hist)
	}
	if block.Clean {
		for i, safe := range t.safe {
			edge := t.shift(c, t.margins[i], false)
			safe.ObserveAlt(a, t.beyond(canary, edge), t.past.Beyond(edge, null(t.spec.Worse, decision.Margin{}).Worse), block.Stage)
		}
	} else {
		t.unclean(block)
	}
	t.crossed(0, t.harm.LogEMax() >= t.limits.harm, block.Start)
	t.crossed(1, len(t.safe) > 0 && t.safe[t.margin()].LogE() >= t.limits.safe, block.Start)
}

// shift moves a threshold by a margin to the bad side and snaps it to an edge:
// outward for harm, inward for safety, so that the claim is never the weaker one.
func (t *metricTest) shift(c float64, m decision.Margin, outward bool) int {
	d := m.Value
	if m.Relative {
		d = float64(c * m.Value)
	}
	if t.spec.Worse == "lower" {
		return t.snap(math.Max(0, c-d), outward)
	}
	return t.snap(c+d, outward)
}

func (t *metricTest) snap(x float64, outward bool) int {
	return stats.GridSnap(x, outward != (t.spec.Worse == "lower"))
}

// beyond counts the observations on the bad side of an edge.
func (t *quantile) beyond(s *stats.Summary, edge int) sequential.Counts {
	above := int64(s.Hist.Above(edge))
	if t.spec.Worse == "lower" {
		above = int64(s.N) - above
	}
	return sequential.Counts{N: int64(s.N), Y: above}
}

func (t *quantile) Evidence(out []stats.Evidence) []stats.Evidence {
	effect, value := t.shown.Interval(1-level), t.values()
	out = append(out, t.evidence("harm", "halfplane", t.growth("≤", t.spec.Tolerance), true, t.harm.LogE(), t.harm.LogEMax(), t.limits.harm, effect, value))
	if len(t.safe) > 0 {
		safe, null := t.safe[t.margin()], t.growth("≥", t.margins[t.margin()])
		all, stage := t.safety("halfplane", null, true, safe, effect, value)
		out = append(out, all, stage)
	}
	out = t.held.evidence(&t.metricTest, t.spec.Tolerance, effect, value, out)
	if t.limit != nil {
		out = append(out, t.beyondLimit(t.limit, effect, value))
	}
	return out
}

// growth is the claim of a margin on a quantile in words.
func (t *metricTest) growth(sign string, m decision.Margin) string {
	return fmt.Sprintf("growth of p%v: %s", t.spec.Quantile*100, claim(sign, t.spec.Worse, m))
}

// values are the arms' own quantiles in the running stage, as grid edges.
func (t *quantile) values() (v [2]float64) {
	for a := range v {
		if t.totals[a].N() > 0 {
			v[a] = stats.GridEdge(t.totals[a].Quantile(t.spec.Quantile))
		}
	}
	return v
}

func (t *quantile) AppendState(b []byte) []byte { return appendFields(b, t.fields) }
func (t *quantile) Restore(b []byte) error      { return restoreFields(b, errTest, t.fields) }

func (t *quantile) fields(f *wire.Fields) {
	t.metricTest.fields(f)
	claims(f, t.harm, t.safe)
	if t.limit != nil {
		part(f, t.limit)
	}
	t.held.fields(f)
	part(f, t.shown)
	part(f, &t.past)
	for a := range t.totals {
		histogram(f, &t.totals[a])
	}
	wire.Int(f, &t.edge)
	f.Check(t.edge >= 0 && t.edge < stats.GridCells, "edge %d", t.edge)
}
