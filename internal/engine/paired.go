package engine

import (
	"fmt"

	"verdin/decision"
	"verdin/ingest/window"
	"verdin/internal/wire"
	"verdin/stats"
	"verdin/stats/sequential"
)

// pairs asks of requests that both arms answered whether the canary's answer is the
// worse one: a share by the signs of the differences, exactly; a mean by the differences,
// capped alike in both directions (R51).
//
// Where stable has a value and the canary has none by the horizon nothing is known. To
// the claim of safety such a pair is a failure of the canary; to that of harm it is no
// pair, for the copy may have been lost on its way.
type pairs struct {
	metricTest
	harm  pairProcess
	safe  []pairProcess     // guardrails only: one per margin
	limit *sequential.Limit // shares with a limit
	cap   *pairedCap        // guarded means
	shown *sequential.Score
	past  sequential.Tail // sizes of differences that are not 0, means only
	known bool            // a block was seen
	sum   [2]float64
}

// pairProcess is a test of one claim about pairs.
type pairProcess interface {
	process
	staged
	StartStage(stage int)
}

func newPairs(c compiled) []Test {
	var out []Test
	for _, m := range c.testsOf(c.spec.Pairs, decision.Proportion, decision.SLO, decision.Mean) {
		m.lane, m.at = window.Label, c.pairSlot(m.spec.Name)
		m.limits.harm = c.budget.SegmentThreshold(m.spec.Name, "paired", m.within)
		m.limits.cap = c.budget.Threshold(m.spec.Name, "paired_cap")
		t := &pairs{metricTest: m, shown: newDisplayMean()}
		t.harm = t.process(m.spec.Tolerance, true)
		for _, margin := range m.margins {
			t.safe = append(t.safe, t.process(margin, false))
		}
		if m.spec.Limit.Set && !c.spec.Apart(m.spec) {
			t.limit = sequential.NewLimit(badShare(m.spec), sequential.Options{Stages: 1, MDE: m.spec.MDE})
		}
		if m.spec.Capped() && m.segment == 0 {
			t.cap = newPairedCap(len(m.margins))
		}
		out = append(out, t)
	}
	return out
}

// pairSlot is the place of a metric's pairs among those of the label lane.
func (c compiled) pairSlot(name string) (at int) {
	for i := range c.plan.Metrics {
		m := &c.plan.Metrics[i]
		if m.Pair == window.Both && m.Name == name {
			break
		}
		if m.Lane() == window.Label {
			at++
		}
	}
	return at
}

// process is a test of one claim. Only the first stage of a rollout is mirrored.
func (t *pairs) process(margin decision.Margin, harm bool) pairProcess {
	n := null(t.spec.Worse, margin)
	if t.spec.Kind == decision.Mean {
		return sequential.NewScore(sequential.ScoreOptions{Null: n, Harm: harm, Stages: 1})
	}
	return sequential.NewPaired(n, harm, sequential.Options{Stages: 1})
}

func (t *pairs) StartStage(stage int) {
	t.start(stage)
	t.shown, t.sum = newDisplayMean(), [2]float64{}
	for _, safe := range t.safe {
		safe.StartStage(stage)
	}
	if t.cap != nil {
		t.cap.startStage(stage)
	}
}

func (t *pairs) Observe(b Block) {
	if !b.Mirrored || b.Lane != t.lane || b.Segment != t.segment {
		return
	}
	x := t.sums(&b)
	switch {
	case x.n+x.missing == 0:
		t.skipped.EmptyArm++
		t.unsafe.EmptyArm++
		return
	case t.spec.Kind == decision.Mean && !t.known:
		t.skipped.Learning++
		t.unsafe.Learning++
	default:
		t.score(&b, x)
	}
	t.known = true
	t.past.AddFrom(1, &x.above.Hist, &x.below.Hist)
}

func (t *pairs) score(b *Block, x pairSums) {
	edge := t.edge()
	if x.n > 0 {
		t.observe(t.harm, x, edge, 0)
		if t.limit != nil {
			t.limit.Observe(t.bad(counts(x.values[1])), 0)
		}
		if t.scored(x.n, x.n, b.Stage) {
			t.shown.ObservePaired(x.moments(edge), 0)
			for a, v := range x.values {
				t.sum[a] += t.total(v)
			}
		}
	}
	if b.Clean {
		for _, safe := range t.safe {
			t.observe(safe, x, edge, x.missing)
		}
	} else {
		t.unclean(b)
	}
	if t.cap != nil {
		t.cap.observe(x.beyond(edge, t.lower()), x.missing, b)
	}
	t.crossed(0, t.ready(t.harm) && t.harm.LogEMax() >= t.limits.harm, b.Start)
	t.crossed(1, len(t.safe) > 0 && t.ready(t.safe[t.margin()]) && t.safe[t.margin()].LogE() >= t.limits.safe, b.Start)
}

// observe shows a block to a process; so many missing answers are failures of the canary.
func (t *pairs) observe(p pairProcess, x pairSums, edge int, missing int64) {
	switch p := p.(type) {
	case *sequential.Paired:
		c := x.beyond(1, t.lower())
		c.Canary += missing
		p.Observe(c, 0)
	case *sequential.Score:
		worst := stats.GridEdge(edge)
		if t.lower() {
			worst = -worst
		}
		p.ObservePaired(x.moments(edge).Merge(sequential.Moments{N: missing, Mean: worst}), 0)
	}
}

func (t *pairs) lower() bool { return t.spec.Worse == "lower" }

// ready tells whether a process may claim anything: an asymptotic one not at once.
func (t *pairs) ready(p pairProcess) bool {
	s, asymptotic := p.(*sequential.Score)
	return !asymptotic || s.Ready()
}

// edge is where the sizes of differences are capped: at the spec's cap, or beyond 99.9 %
// of those of past blocks and twice the margin, so that a harm of the margin's size is
// not hidden.
func (t *pairs) edge() int {
	switch {
	case t.spec.Kind != decision.Mean:
		return 1
	case t.spec.Cap > 0:
		return stats.GridSnap(t.spec.Cap, true)
	}
	edge := stats.GridSnap(2*t.spec.Margin.Value, true)
	if t.past.N() > 0 {
		edge = max(edge, t.past.Edge(0.999))
	}
	return edge
}

// total is what an arm's values add up to.
func (t *pairs) total(s *stats.Summary) float64 {
	n, mean, _ := s.Moments()
	low := t.low()
	if t.spec.Kind != decision.Mean {
		low = 0
	}
	return float64(float64(n) * (mean + low))
}

// pairSums are the pairs of a block.
type pairSums struct {
	n, missing   int64             // pairs, and answers of stable without one of the canary
	values       [2]*stats.Summary // of the pairs, by arm
	above, below *stats.Summary    // how far the canary lies above stable, and below
}

func (t *pairs) sums(b *Block) pairSums {
	x := pairSums{above: &b.Canary.Metrics[t.at+1], below: &b.Stable.Metrics[t.at+1]}
	x.values = [2]*stats.Summary{&b.Stable.Metrics[t.at], &b.Canary.Metrics[t.at]}
	x.n, x.missing = int64(x.above.N), int64(x.values[1].Null)
	return x
}

// moments are those of canary − stable, its size capped at an edge.
func (x pairSums) moments(edge int) sequential.Moments {
	n := float64(x.n)
	if x.above.Shape.Kind == stats.Proportion && x.n > 0 {
		d := (float64(x.above.Ones) - float64(x.below.Ones)) / n
		return sequential.Moments{N: x.n, Mean: d, M2: max(0, float64(x.above.Ones+x.below.Ones)-float64(n*float64(d*d)))}
	}
	_, up, upM2 := x.above.CappedMoments(edge)
	_, down, downM2 := x.below.CappedMoments(edge)
	return sequential.Moments{N: x.n, Mean: up - down, M2: upM2 + downM2 + float64(2*n*float64(up*down))} // of each pair one of them is 0
}

// beyond counts the pairs whose difference reaches an edge, by the worse arm.
func (x pairSums) beyond(edge int, lower bool) sequential.Triple {
	var c sequential.Triple
	for k, s := range []*stats.Summary{x.above, x.below} {
		y := int64(s.Ones)
		if s.Shape.Kind != stats.Proportion {
			y = sequential.Beyond(&s.Hist, edge, sequential.Higher).Y
		}
		if (k == 0) != lower {
			c.Canary = y
		} else {
			c.Stable = y
		}
	}
	c.Ties = x.n - c.Canary - c.Stable
	return c
}

func (t *pairs) Evidence(out []stats.Evidence) []stats.Evidence {
	effect := displayed(t.shown, "difference")
	var value [2]float64
	for a := range value {
		if t.n[a] > 0 {
			value[a] = t.sum[a] / float64(t.n[a])
		}
	}
	out = append(out, t.ofPairs(t.harm, t.evidence("harm", t.method(), pairWords("≤", t.spec.Worse, t.spec.Tolerance), t.exact(), t.harm.LogE(), t.harm.LogEMax(), t.limits.harm, effect, value)))
	if len(t.safe) > 0 {
		safe, words := t.safe[t.margin()], pairWords("≥", t.spec.Worse, t.margins[t.margin()])
		all, stage := t.safety(t.method(), words, t.exact(), safe, effect, value)
		out = append(out, t.ofPairs(safe, all), t.ofPairs(safe, stage))
	}
	if t.cap != nil {
		out = t.cap.evidence(&t.metricTest, out)
	}
	if t.limit != nil {
		out = append(out, t.beyondLimit(t.limit, effect, value))
	}
	return out
}

func (t *pairs) exact() bool { return t.spec.Kind != decision.Mean }

func (t *pairs) method() string {
	if t.exact() {
		return "paired"
	}
	return "paired mean"
}

// ofPairs renames a claim as one about pairs, and withdraws it where its process may
// not make it yet.
func (t *pairs) ofPairs(p pairProcess, e stats.Evidence) stats.Evidence {
	if s, asymptotic := p.(*sequential.Score); asymptotic {
		e = known(s, e)
	}
	test := "paired"
	if e.Test != "harm" {
		test += "_" + e.Test
	}
	e.Name, e.Test = e.Metric+"/"+test, test
	if e.Segment != "" {
		e.Name += " " + e.Segment
	}
	return e
}

func pairWords(sign, worse string, m decision.Margin) string {
	return fmt.Sprintf("of the same request, canary against stable: %s", claim(sign, worse, m))
}

func (t *pairs) AppendState(b []byte) []byte { return appendFields(b, t.fields) }
func (t *pairs) Restore(b []byte) error      { return restoreFields(b, errTest, t.fields) }

func (t *pairs) fields(f *wire.Fields) {
	t.metricTest.fields(f)
	claims(f, t.harm, t.safe)
	if t.limit != nil {
		part(f, t.limit)
	}
	if t.cap != nil {
		t.cap.fields(f)
	}
	part(f, t.shown)
	part(f, &t.past)
	f.Bool(&t.known)
	for a := range t.sum {
		f.Float(&t.sum[a])
	}
}
