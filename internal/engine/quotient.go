package engine

import (
	"verdin/decision"
	"verdin/internal/wire"
	"verdin/stats"
	"verdin/stats/sequential"
)

// quotient asks engine G whether a ratio of two sums got worse, such as cost per token:
// by the residuals of numerators about the pooled ratio of a block. Asymptotic.
type quotient struct {
	metricTest
	harm  *sequential.Score
	safe  []*sequential.Score
	held  *held // after promotion
	shown *sequential.Score
	sums  [2][2]float64 // numerators, denominators per arm in the running stage
}

func newQuotients(c compiled) []Test {
	if c.plan.Sticky {
		return newStickies(c, decision.Ratio)
	}
	var out []Test
	for _, m := range c.metricTests(decision.Ratio) {
		t := &quotient{metricTest: m, harm: newScore(c, m.spec, m.spec.Tolerance, true), shown: newDisplayMean(), held: newHeld(c, &m, restartedScore(m.spec))}
		for _, margin := range m.margins {
			t.safe = append(t.safe, newScore(c, m.spec, margin, false))
		}
		out = append(out, t)
	}
	return out
}

func (t *quotient) StartStage(stage int) {
	t.start(stage)
	t.shown, t.sums = newDisplayMean(), [2][2]float64{}
	for _, safe := range t.safe {
		safe.StartStage(stage)
	}
}

// pairs are the moments of an arm: its numerators, denominators, and the sums of both.
func (t *quotient) pairs(all []stats.Summary) sequential.Pairs {
	var m [3]sequential.Moments
	for i := range m {
		n, mean, m2 := all[t.at+i].Moments()
		m[i] = sequential.Moments{N: int64(n), Mean: mean, M2: m2}
	}
	return sequential.PairsOf(m[0], m[1], m[2])
}

func (t *quotient) Observe(block Block) {
	stable, canary, ok := t.summaries(&block)
	if !ok {
		return
	}
	if stable.N == 0 || canary.N == 0 {
		t.skipped.EmptyArm++
		t.unsafe.EmptyArm++
		return
	}
	a, b := t.pairs(block.Stable.Metrics), t.pairs(block.Canary.Metrics)
	if !t.harm.ObserveRatio(a, b, block.Stage) {
		t.skipped.Learning++
	}
	t.held.observe(&block, func(w watch, part int) bool { return w.(*sequential.Score).ObserveRatio(a, b, part) })
	if t.scored(a.N, b.N, block.Stage) {
		t.shown.ObserveRatio(a, b, 0)
		for k, p := range []sequential.Pairs{a, b} {
			t.sums[k][0] += float64(p.MeanY * float64(p.N))
			t.sums[k][1] += float64(p.MeanM * float64(p.N))
		}
	}
	if block.Clean {
		for _, safe := range t.safe {
			safe.ObserveRatio(a, b, block.Stage)
		}
	} else {
		t.unclean(&block)
	}
	t.crossed(0, t.harm.Ready() && t.harm.LogEMax() >= t.limits.harm, block.Start)
	t.crossed(1, len(t.safe) > 0 && t.safe[t.margin()].LogE() >= t.limits.safe, block.Start)
}

func (t *quotient) Evidence(out []stats.Evidence) []stats.Evidence {
	effect := displayed(t.shown, "difference")
	var value [2]float64
	for k, s := range t.sums {
		if s[1] > 0 {
			value[k] = s[0] / s[1]
		}
	}
	out = append(out, known(t.harm, t.evidence("harm", "ratio", claim("≤", t.spec.Worse, t.spec.Tolerance), false,
		t.harm.LogE(), t.harm.LogEMax(), t.limits.harm, effect, value)))
	if len(t.safe) > 0 {
		safe := t.safe[t.margin()]
		all, stage := t.safety("ratio", claim("≥", t.spec.Worse, t.margins[t.margin()]), false, safe, effect, value)
		out = append(out, known(safe, all), known(safe, stage))
	}
	return t.held.evidence(&t.metricTest, t.spec.Tolerance, effect, value, out)
}

func (t *quotient) AppendState(b []byte) []byte { return appendFields(b, t.fields) }
func (t *quotient) Restore(b []byte) error      { return restoreFields(b, errTest, t.fields) }

func (t *quotient) fields(f *wire.Fields) {
	t.metricTest.fields(f)
	claims(f, t.harm, t.safe)
	part(f, t.shown)
	t.held.fields(f)
	for k := range t.sums {
		f.Float(&t.sums[k][0])
		f.Float(&t.sums[k][1])
	}
}
