package engine

import (
	"verdin/decision"
	"verdin/ingest/window"
	"verdin/internal/wire"
	"verdin/stats"
	"verdin/stats/sequential"
)

// proportion asks engine B whether a share got worse (harm), whether it is within
// its margin (safe), and whether the canary's own share is above its limit.
type proportion struct {
	metricTest
	harm  *sequential.Harm
	safe  []*sequential.Safe        // guardrails only: one per margin
	limit *sequential.Limit         // where a limit is set
	held  *held                     // after promotion
	shown *sequential.ShareInterval // of the running stage
	ones  [2]int64
}

func newProportions(c compiled) []Test {
	if c.plan.Sticky {
		return newStickies(c, decision.Proportion, decision.SLO, decision.Rate)
	}
	var out []Test
	for _, m := range c.metricTests(decision.Proportion, decision.SLO, decision.Rate) {
		if m.spec.Kind == decision.Rate && m.spec.Margin.Relative {
			continue // see rate
		}
		t := &proportion{metricTest: m,
			harm:  sequential.NewHarm(null(m.spec.Worse, m.spec.Tolerance), c.options(m.spec)),
			shown: newShare(m.spec),
		}
		t.held = newHeld(c, &m, detector(null(m.spec.Worse, m.spec.Tolerance), c.options(m.spec)))
		for _, margin := range m.margins {
			t.safe = append(t.safe, sequential.NewSafe(null(m.spec.Worse, margin), c.options(m.spec)))
		}
		if m.spec.Limit.Set {
			t.limit = sequential.NewLimit(badShare(m.spec), c.options(m.spec))
		}
		out = append(out, t)
	}
	return out
}

func (t *proportion) StartStage(stage int) {
	t.start(stage)
	t.shown, t.ones = newShare(t.spec), [2]int64{}
	for _, safe := range t.safe {
		safe.StartStage(stage)
	}
}

func (t *proportion) Observe(block Block) {
	stable, canary, ok := t.summaries(&block)
	if !ok {
		t.copies(&block)
		return
	}
	a, b := counts(stable), counts(canary)
	if t.limit != nil && b.N > 0 {
		t.limit.Observe(t.bad(b), block.Stage)
	}
	if a.N == 0 || b.N == 0 {
		t.skipped.EmptyArm++
		t.unsafe.EmptyArm++
		return
	}
	if !t.harm.Observe(a, b, block.Stage) {
		t.skipped.Learning++ // the base rate is not known yet
	}
	t.held.counts(&block, a, b)
	if t.scored(a.N, b.N, block.Stage) {
		t.shown.Observe(a, b)
		t.ones[0] += a.Y
		t.ones[1] += b.Y
	}
	if block.Clean {
		for _, safe := range t.safe {
			safe.Observe(a, b, block.Stage)
		}
	} else {
		t.unclean(&block)
	}
	t.crossed(0, t.harm.LogEMax() >= t.limits.harm, block.Start)
	t.crossed(1, len(t.safe) > 0 && t.safe[t.margin()].LogE() >= t.limits.safe, block.Start)
}

// copies looks at the canary's answers to copies of requests: a limit is for them too.
func (t *proportion) copies(b *Block) {
	if t.limit != nil && b.Mirrored && b.Lane == window.Fast && t.lane == window.Fast && b.Segment == t.segment {
		if c := counts(&b.Canary.Metrics[t.at]); c.N > 0 {
			t.limit.Observe(t.bad(c), b.Stage)
		}
	}
}

// badShare is the limit as a share of bad observations.
func badShare(m *decision.Metric) float64 {
	if m.Worse == "lower" {
		return 1 - m.Limit.Value
	}
	return m.Limit.Value
}

// bad mirrors the counts of a metric whose low values are bad.
func (t *metricTest) bad(c sequential.Counts) sequential.Counts {
	if t.spec.Worse == "lower" {
		c.Y = c.N - c.Y
	}
	return c
}

func counts(s *stats.Summary) sequential.Counts {
	return sequential.Counts{N: int64(s.N), Y: int64(s.Ones)}
}

func (t *proportion) Evidence(out []stats.Evidence) []stats.Evidence {
	effect, value := t.shown.Interval(1-level), share(t.ones, t.n)
	out = append(out, t.evidence("harm", "halfplane", claim("≤", t.spec.Worse, t.spec.Tolerance), true,
		t.harm.LogE(), t.harm.LogEMax(), t.limits.harm, effect, value))
	if len(t.safe) > 0 {
		safe, words := t.safe[t.margin()], claim("≥", t.spec.Worse, t.margins[t.margin()])
		all, stage := t.safety("halfplane", words, true, safe, effect, value)
		out = append(out, all, stage)
	}
	out = t.held.evidence(&t.metricTest, t.spec.Tolerance, effect, value, out)
	if t.limit != nil {
		out = append(out, t.beyondLimit(t.limit, effect, value))
	}
	return out
}

func share(ones, n [2]int64) (v [2]float64) {
	for a := range v {
		if n[a] > 0 {
			v[a] = float64(ones[a]) / float64(n[a])
		}
	}
	return v
}

func (t *proportion) AppendState(b []byte) []byte { return appendFields(b, t.fields) }
func (t *proportion) Restore(b []byte) error      { return restoreFields(b, errTest, t.fields) }

func (t *proportion) fields(f *wire.Fields) {
	t.metricTest.fields(f)
	claims(f, t.harm, t.safe)
	if t.limit != nil {
		part(f, t.limit)
	}
	t.held.fields(f)
	part(f, t.shown)
	for a := range t.ones {
		wire.Int(f, &t.ones[a])
	}
}
