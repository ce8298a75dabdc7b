package engine

import (
	"fmt"

	"verdin/decision"
	"verdin/ingest/window"
	"verdin/internal/wire"
	"verdin/stats"
	"verdin/stats/sequential"
)

// sticky asks of any kind of metric what its own test asks, where units come back to
// their arm and rows are not independent: engine G with a variance that comes from
// buckets of units. Asymptotic. What counts in a block is the same: ones of a share,
// values beyond a past quantile, values capped at an edge.
//
// no-row: the rows of the kinds make it where assignment is sticky
type sticky struct {
	metricTest
	harm    *sequential.Sticky
	safe    []*sequential.Sticky // guardrails only: one per margin
	limit   *sequential.Sticky   // where a limit is set
	capHarm *sequential.Sticky   // of guarded means: the share of values at the cap, see capCheck
	capSafe []*sequential.Sticky // one per margin
	held    *held                // after promotion
	shown   *sequential.Sticky
	past    sequential.Tail
	totals  [2]stats.Histogram // of the running stage, quantiles only
	sum     [2]float64         // of the running stage, all other kinds
	divided [2]float64         // what it is divided by
	edge    int                // threshold of the last block
	buckets []sequential.Bucket
}

func newStickies(c compiled, kinds ...string) []Test {
	var out []Test
	for _, m := range c.metricTests(kinds...) {
		t := &sticky{metricTest: m, shown: newStickyDisplay(), buckets: make([]sequential.Bucket, window.Buckets)}
		t.harm = t.process(c, m.spec.Tolerance, true)
		t.held = newHeld(c, &m, func() watch { return sequential.NewSticky(restarted(t.null(m.spec.Tolerance)), window.Buckets) })
		for _, margin := range m.margins {
			t.safe = append(t.safe, t.process(c, margin, false))
		}
		if m.spec.Capped() && m.segment == 0 {
			t.capHarm = t.atCap(c, true)
			for range m.margins {
				t.capSafe = append(t.capSafe, t.atCap(c, false))
			}
		}
		if m.spec.Limit.Set {
			t.limit = t.process(c, decision.Margin{}, true)
		}
		out = append(out, t)
	}
	return out
}

// process is a test of one claim. Margins of quantiles move the threshold of the canary
// instead, and both arms' shares beyond theirs are compared.
func (t *sticky) process(c compiled, m decision.Margin, harm bool) *sequential.Sticky {
	return sequential.NewSticky(sequential.ScoreOptions{Null: t.null(m), Harm: harm, Stages: len(c.spec.Stages)}, window.Buckets)
}

func (t *sticky) null(m decision.Margin) sequential.Null {
	if t.spec.Kind == "quantile" {
		return sequential.Null{Worse: sequential.Higher}
	}
	return null(t.spec.Worse, m)
}

// atCap is a test of one claim on the share of values at the cap.
func (t *sticky) atCap(c compiled, harm bool) *sequential.Sticky {
	return sequential.NewSticky(sequential.ScoreOptions{Null: capNull(&t.metricTest), Harm: harm, Stages: len(c.spec.Stages)}, window.Buckets)
}

// newSums are the tests of sums per unit, where units keep their arm: what the units
// that were active in a window add up to, divided by their number.
func newSums(c compiled) []Test {
	if !c.plan.Sticky {
		return nil
	}
	return newStickies(c, decision.Sum)
}

func newStickyDisplay() *sequential.Sticky {
	return sequential.NewSticky(sequential.ScoreOptions{Stages: 1}, window.Buckets)
}

func (t *sticky) StartStage(stage int) {
	t.start(stage)
	t.shown, t.sum, t.divided, t.totals = newStickyDisplay(), [2]float64{}, [2]float64{}, [2]stats.Histogram{}
	for _, safe := range append(t.safe[:len(t.safe):len(t.safe)], t.capSafe...) {
		safe.StartStage(stage)
	}
}

func (t *sticky) Observe(block Block) {
	stable, canary, ok := t.summaries(&block)
	if !ok {
		return
	}
	t.score(&block, stable, canary)
	t.past.Add(&stable.Hist)
}

func (t *sticky) score(block *Block, stable, canary *stats.Summary) {
	if t.limit != nil && canary.N > 0 {
		t.limit.Observe(t.alone(block), block.Stage)
	}
	switch {
	case stable.N == 0 || canary.N == 0:
		t.skipped.EmptyArm++
		t.unsafe.EmptyArm++
		return
	case !t.known():
		t.skipped.Learning++
		t.unsafe.Learning++
		return
	}
	t.edge = t.threshold()
	if !t.harm.Observe(t.against(block, t.spec.Tolerance, true), block.Stage) {
		t.skipped.Learning++ // the spread between buckets is not known yet
	}
	t.held.observe(block, func(w watch, part int) bool {
		return w.(*sequential.Sticky).Observe(t.against(block, t.spec.Tolerance, true), part)
	})
	if t.capHarm != nil {
		t.capHarm.Observe(t.beyondCap(block, t.spec.Tolerance, true), block.Stage)
	}
	if t.scored(int64(stable.N), int64(canary.N), block.Stage) {
		t.show(block, stable, canary)
	}
	if block.Clean {
		for i, safe := range t.safe {
			safe.Observe(t.against(block, t.margins[i], false), block.Stage)
		}
		for i, safe := range t.capSafe {
			safe.Observe(t.beyondCap(block, t.margins[i], false), block.Stage)
		}
	} else {
		t.unclean(block)
	}
	t.crossed(0, t.harm.LogEMax() >= t.limits.harm, block.Start)
	t.crossed(1, len(t.safe) > 0 && t.safe[t.margin()].LogE() >= t.limits.safe, block.Start)
}

func (t *sticky) show(block *Block, stable, canary *stats.Summary) {
	same := t.count(t.edge)
	t.shown.Observe(t.fill(block, same, same), 0)
	if t.spec.Kind == "quantile" {
		t.totals[0].Merge(&stable.Hist)
		t.totals[1].Merge(&canary.Hist)
		return
	}
	for g := range t.buckets {
		for a := range t.sum {
			t.sum[a] += t.buckets[g].Sum[a]
			t.divided[a] += t.buckets[g].Base[a]
		}
	}
}

// known tells whether past blocks give the threshold or the cap that the kind needs.
func (t *sticky) known() bool {
	switch t.spec.Kind {
	case "quantile":
		return t.past.Reaches(t.tailShare())
	case "mean":
		return t.spec.Cap > 0 || t.past.N() > 0
	}
	return true
}

func (t *sticky) threshold() int {
	switch t.spec.Kind {
	case "quantile":
		return t.past.Edge(t.spec.Quantile)
	case "mean":
		return t.capOf(&t.past)
	case decision.Sum, decision.Ratio:
		return stats.GridCells - 1 // no cap
	}
	return 1
}

// rule is what one value counts.
type rule struct {
	mean  bool    // values, at most the edge's; else whether it is on the bad side of the edge
	below bool    // the bad side is below the edge
	edge  int     //
	low   float64 // what the shard has subtracted from a value
}

func (r rule) count(g *window.Group) float64 {
	n, beyond := float64(g.N), int(g.Cell) >= r.edge
	switch {
	case !r.mean && beyond != r.below:
		return n
	case !r.mean:
		return 0
	case beyond:
		return float64(n * (stats.GridEdge(r.edge) + r.low))
	}
	return g.Sum.Float() + float64(n*r.low)
}

func (t *sticky) count(edge int) rule {
	return rule{mean: t.spec.Kind == "mean" || t.spec.Kind == decision.Sum || t.spec.Kind == decision.Ratio, below: t.spec.Kind == "quantile" && t.spec.Worse == "lower", edge: edge, low: t.low()}
}

// against is a block as a claim with margin m counts it.
func (t *sticky) against(block *Block, m decision.Margin, harm bool) []sequential.Bucket {
	edge := t.edge
	switch t.spec.Kind {
	case "quantile":
		edge = t.shift(stats.GridEdge(t.edge), m, harm)
	case "mean":
		edge = t.canaryCap(t.edge, m, harm)
	}
	return t.fill(block, t.count(t.edge), t.count(edge))
}

// beyondCap is a block in which the values at or beyond an arm's cap count.
func (t *sticky) beyondCap(block *Block, m decision.Margin, harm bool) []sequential.Bucket {
	return t.fill(block, rule{edge: t.edge}, rule{edge: t.canaryCap(t.edge, m, harm)})
}

func (t *sticky) fill(block *Block, stable, canary rule) []sequential.Bucket {
	clear(t.buckets)
	for a, arm := range []*window.Arm{block.Stable, block.Canary} {
		r := [2]rule{stable, canary}[a]
		for i := range arm.Groups[t.at] {
			g := &arm.Groups[t.at][i]
			if g.Cell == window.Unlabelled {
				continue
			}
			b := &t.buckets[g.Bucket]
			b.Rows[a] += int64(g.N)
			b.Base[a] += float64(g.N)
			b.Sum[a] += r.count(g)
		}
		t.base(a, arm)
	}
	return t.buckets
}

// base replaces the number of rows by what the kind divides by: the units of a sum, the
// denominators of a ratio.
func (t *sticky) base(a int, arm *window.Arm) {
	switch t.spec.Kind {
	case decision.Sum:
		for g := range t.buckets {
			t.buckets[g].Base[a] = 0
		}
		for _, u := range arm.Units {
			t.buckets[u.Hash%window.Buckets].Base[a]++
		}
	case decision.Ratio:
		for g := range t.buckets {
			t.buckets[g].Base[a] = 0
		}
		for i := range arm.Groups[t.at+1] {
			g := &arm.Groups[t.at+1][i]
			if g.Cell != window.Unlabelled {
				t.buckets[g.Bucket].Base[a] += g.Sum.Float()
			}
		}
	}
}

// ideal is how many times the canary's rows the arm has that stands for a limit.
const ideal = 1e6

// alone is a block in which the canary is compared with an arm that lies at the limit
// and is so large that it has no spread of its own.
func (t *sticky) alone(block *Block) []sequential.Bucket {
	r, share := t.count(1), t.spec.Limit.Value
	if t.spec.Kind == "quantile" {
		r, share = t.count(t.snap(t.spec.Limit.Value, true)), t.tailShare()
	}
	t.fill(block, r, r)
	for g := range t.buckets {
		b := &t.buckets[g]
		b.Rows[0], b.Base[0] = b.Rows[1], float64(ideal*b.Base[1])
		b.Sum[0] = float64(share * b.Base[0])
	}
	return t.buckets
}

func (t *sticky) Evidence(out []stats.Evidence) []stats.Evidence {
	effect, value := displayed(t.shown, "difference"), t.values()
	words := func(sign string, m decision.Margin) string { return claim(sign, t.spec.Worse, m) }
	if t.spec.Kind == "quantile" {
		effect.Scale = "share beyond the threshold"
		words = func(sign string, m decision.Margin) string { return t.growth(sign, m) }
		if t.blocks > 0 {
			effect.Note = fmt.Sprintf("canary − stable share beyond stable's own p%v (%.4g)", t.spec.Quantile*100, stats.GridEdge(t.edge))
		}
	}
	out = append(out, t.settled(t.harm, t.evidence("harm", "sticky", words("≤", t.spec.Tolerance), false,
		t.harm.LogE(), t.harm.LogEMax(), t.limits.harm, effect, value)))
	if len(t.safe) > 0 {
		safe := t.safe[t.margin()]
		all, stage := t.safety("sticky", words("≥", t.margins[t.margin()]), false, safe, effect, value)
		out = append(out, t.settled(safe, all), t.settled(safe, stage))
	}
	out = t.held.evidence(&t.metricTest, t.spec.Tolerance, effect, value, out)
	if t.capHarm != nil {
		out = t.capEvidence(out)
	}
	if t.limit != nil {
		e := t.evidence("limit", "sticky", t.limitWords(), false, t.limit.LogE(), t.limit.LogEMax(), t.limits.limit, effect, value)
		e.Kind = "limit"
		out = append(out, t.settled(t.limit, e))
	}
	return out
}

func (t *sticky) capEvidence(out []stats.Evidence) []stats.Evidence {
	words, none := func(sign string) string { return capWords(t.spec.Worse, sign) }, stats.Interval{Scale: "difference", Note: "share of values at or beyond the cap"}
	out = append(out, t.settled(t.capHarm, t.evidence("cap", "sticky", words("≤"), false, t.capHarm.LogE(), t.capHarm.LogEMax(), t.limits.cap, none, [2]float64{})))
	if len(t.capSafe) > 0 {
		safe := t.capSafe[t.margin()]
		all, stage := t.safety("sticky", words("≥"), false, safe, none, [2]float64{})
		out = append(out, t.settled(safe, capped(all)), t.settled(safe, capped(stage)))
	}
	return out
}

// settled warns of a claim that cannot be made yet.
func (t *sticky) settled(s *sequential.Sticky, e stats.Evidence) stats.Evidence {
	if !s.Ready() {
		e.Warnings = append(e.Warnings, fmt.Sprintf("too few windows, rows, or buckets of units seen in both arms (of %d)", window.Buckets))
	}
	return e
}

func (t *sticky) values() (v [2]float64) {
	for a := range v {
		switch {
		case t.spec.Kind == "quantile" && t.totals[a].N() > 0:
			v[a] = stats.GridEdge(t.totals[a].Quantile(t.spec.Quantile))
		case t.spec.Kind != "quantile" && t.divided[a] > 0:
			v[a] = t.sum[a] / t.divided[a]
		}
	}
	return v
}

func (t *sticky) AppendState(b []byte) []byte { return appendFields(b, t.fields) }
func (t *sticky) Restore(b []byte) error      { return restoreFields(b, errTest, t.fields) }

func (t *sticky) fields(f *wire.Fields) {
	t.metricTest.fields(f)
	claims(f, t.harm, t.safe)
	if t.limit != nil {
		part(f, t.limit)
	}
	if t.capHarm != nil {
		part(f, t.capHarm)
	}
	for _, safe := range t.capSafe {
		part(f, safe)
	}
	part(f, t.shown)
	t.held.fields(f)
	part(f, &t.past)
	for a := range t.totals {
		histogram(f, &t.totals[a])
		f.Float(&t.sum[a])
		f.Float(&t.divided[a])
	}
	wire.Int(f, &t.edge)
	f.Check(t.edge >= 0 && t.edge < stats.GridCells, "edge %d", t.edge)
}
