package engine

import (
	"math"

	"verdin/decision"
	"verdin/internal/wire"
	"verdin/stats"
	"verdin/stats/sequential"
)

// mean asks engine G whether an average got worse. Values are capped at an edge:
// the spec's, or the stable 99.9 % quantile of past windows, the same in both
// arms; what is compared is then the capped mean.
type mean struct {
	metricTest
	harm  *sequential.Score
	safe  []*sequential.Score // guardrails only: one per margin
	shown *sequential.Score
	cap   *capCheck // guardrails only
	held  *held     // after promotion
	past  sequential.Tail
	sum   [2]float64
}

func newMeans(c compiled) []Test {
	if c.plan.Sticky {
		return newStickies(c, "mean")
	}
	var out []Test
	for _, m := range c.metricTests("mean") {
		t := &mean{metricTest: m, cap: newCapCheck(c, &m), held: newHeld(c, &m, restartedScore(m.spec)), harm: newScore(c, m.spec, m.spec.Tolerance, true), shown: newDisplayMean()}
		for _, margin := range m.margins {
			t.safe = append(t.safe, newScore(c, m.spec, margin, false))
		}
		out = append(out, t)
	}
	return out
}

func newScore(c compiled, m *decision.Metric, margin decision.Margin, harm bool) *sequential.Score {
	return sequential.NewScore(sequential.ScoreOptions{
		Null: null(m.Worse, margin), Harm: harm, Stages: len(c.spec.Stages)})
}

func newDisplayMean() *sequential.Score {
	return sequential.NewScore(sequential.ScoreOptions{Stages: 1})
}

func (t *mean) StartStage(stage int) {
	t.start(stage)
	t.shown, t.sum = newDisplayMean(), [2]float64{}
	if t.cap != nil {
		t.cap.startStage(stage)
	}
	for _, safe := range t.safe {
		safe.StartStage(stage)
	}
}

func (t *mean) Observe(block Block) {
	stable, canary, ok := t.summaries(&block)
	if !ok {
		return
	}
	cap, known := t.capEdge()
	switch {
	case stable.N == 0 || canary.N == 0:
		t.skipped.EmptyArm++
		t.unsafe.EmptyArm++
	case !known:
		t.skipped.Learning++
		t.unsafe.Learning++
	default:
		t.score(&block, stable, canary, cap)
	}
	t.past.Add(&stable.Hist)
}

func (t *mean) score(block *Block, stable, canary *stats.Summary, cap int) {
	a, b := t.capped(stable, cap), t.capped(canary, cap)
	moved := t.capped(canary, t.canaryCap(cap, t.spec.Tolerance, true))
	t.harm.Observe(a, moved, block.Stage)
	t.held.observe(block, func(w watch, part int) bool { return w.(*sequential.Score).Observe(a, moved, part) })
	if t.scored(a.N, b.N, block.Stage) {
		t.shown.Observe(a, b, 0)
		t.sum[0] += float64(a.Mean * float64(a.N))
		t.sum[1] += float64(b.Mean * float64(b.N))
	}
	if block.Clean {
		for i, safe := range t.safe {
			safe.Observe(a, t.capped(canary, t.canaryCap(cap, t.margins[i], false)), block.Stage)
		}
	} else {
		t.unclean(block)
	}
	if t.cap != nil {
		t.cap.observe(&t.metricTest, block, stable, canary, cap)
	}
	t.crossed(0, t.harm.Ready() && t.harm.LogEMax() >= t.limits.harm, block.Start)
	if len(t.safe) > 0 {
		safe := t.safe[t.margin()]
		t.crossed(1, safe.Ready() && safe.LogE() >= t.limits.safe, block.Start)
	}
}

// canaryCap is the cap of the canary's values: under a relative margin they are
// divided by the ratio at the margin, so their cap is the ratio times stable's,
// snapped to the side that makes the claim harder to show.
func (t *metricTest) canaryCap(cap int, m decision.Margin, harm bool) int {
	if !m.Relative {
		return cap
	}
	higher := t.spec.Worse == "higher"
	ratio := 1 + m.Value
	if !higher {
		ratio = 1 - m.Value
	}
	return stats.GridSnap(float64((stats.GridEdge(cap)+t.low())*ratio)-t.low(), higher != harm)
}

// capEdge is the edge at which values of the next block are capped; false while no
// stable window has been seen and the spec names none.
func (t *mean) capEdge() (edge int, known bool) {
	if t.spec.Cap == 0 && t.past.N() == 0 {
		return 0, false
	}
	return t.capOf(&t.past), true
}

// capOf is the spec's cap, or the 99.9 % quantile of past values.
func (t *metricTest) capOf(past *sequential.Tail) int {
	if t.spec.Cap > 0 {
		return stats.GridSnap(t.spec.Cap-t.low(), true)
	}
	return past.Edge(0.999)
}

// low is what the shard has subtracted from every value.
func (t *metricTest) low() float64 {
	if t.spec.Range != nil && t.spec.Range.Low < 0 {
		return t.spec.Range.Low
	}
	return 0
}

// capped are the moments of an arm's values, each at most the edge, on the metric's own scale.
func (t *mean) capped(s *stats.Summary, edge int) sequential.Moments {
	n, mean, m2 := s.CappedMoments(edge)
	return sequential.Moments{N: int64(n), Mean: mean + t.low(), M2: m2}
}

func (t *mean) Evidence(out []stats.Evidence) []stats.Evidence {
	effect := displayed(t.shown, "difference")
	var value [2]float64
	for a := range value {
		if t.n[a] > 0 {
			value[a] = t.sum[a] / float64(t.n[a])
		}
	}
	out = append(out, known(t.harm, t.evidence("harm", "score", claim("≤", t.spec.Worse, t.spec.Tolerance), false,
		t.harm.LogE(), t.harm.LogEMax(), t.limits.harm, effect, value)))
	if len(t.safe) > 0 {
		safe, words := t.safe[t.margin()], claim("≥", t.spec.Worse, t.margins[t.margin()])
		all, stage := t.safety("score", words, false, safe, effect, value)
		out = append(out, known(safe, all), known(safe, stage))
	}
	out = t.held.evidence(&t.metricTest, t.spec.Tolerance, effect, value, out)
	if t.cap != nil {
		out = t.cap.evidence(&t.metricTest, out)
	}
	return out
}

// known withdraws a claim made outside the domain in which the asymptotics are declared to hold.
func known(s *sequential.Score, e stats.Evidence) stats.Evidence {
	if !s.Ready() {
		e.Result, e.LogE, e.LogEMax, e.P = stats.Unknown, math.Min(0, e.LogE), 0, 1
		e.Warnings = append(e.Warnings, "too few windows or observations for an asymptotic test")
	}
	return e
}

func (t *mean) AppendState(b []byte) []byte { return appendFields(b, t.fields) }
func (t *mean) Restore(b []byte) error      { return restoreFields(b, errTest, t.fields) }

func (t *mean) fields(f *wire.Fields) {
	t.metricTest.fields(f)
	claims(f, t.harm, t.safe)
	part(f, t.shown)
	t.held.fields(f)
	if t.cap != nil {
		t.cap.fields(f)
	}
	part(f, &t.past)
	for a := range t.sum {
		f.Float(&t.sum[a])
	}
}
