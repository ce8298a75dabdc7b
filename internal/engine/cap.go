package engine

import (
	"fmt"

	"verdin/internal/wire"
	"verdin/stats"
	"verdin/stats/sequential"
)

// capMargin is how many more of the canary's values may lie on the bad side of the cap:
// half a point of all. A smaller difference is no harm either.
const capMargin = 0.005

// capCheck looks at what the cap of a guarded mean hides: the share of values at or
// beyond it may not have grown (or, where low values are bad, shrunk).
type capCheck struct {
	harm *sequential.Harm
	safe []*sequential.Safe // one per margin: the canary's cap depends on it
	n    [2]int64           // of the running stage
	y    [2]int64
}

func newCapCheck(c compiled, m *metricTest) *capCheck {
	if !m.spec.Capped() || m.segment > 0 {
		return nil
	}
	null := capNull(m)
	t := &capCheck{harm: sequential.NewHarm(null, c.options(m.spec))}
	for range m.margins {
		t.safe = append(t.safe, sequential.NewSafe(null, c.options(m.spec)))
	}
	return t
}

func capNull(m *metricTest) sequential.Null {
	null := sequential.Null{Margin: capMargin}
	if m.spec.Worse == "lower" {
		null.Worse = sequential.Lower
	}
	return null
}

func (t *capCheck) startStage(stage int) {
	t.n, t.y = [2]int64{}, [2]int64{}
	for _, safe := range t.safe {
		safe.StartStage(stage)
	}
}

// observe scores a block whose values are capped at an edge, the canary's at the one
// that a margin moves it to.
func (t *capCheck) observe(m *metricTest, b *Block, stable, canary *stats.Summary, cap int) {
	count := func(s *stats.Summary, edge int) sequential.Counts {
		return sequential.Beyond(&s.Hist, edge, sequential.Higher)
	}
	a, same := count(stable, cap), count(canary, cap)
	t.harm.Observe(a, count(canary, m.canaryCap(cap, m.spec.Tolerance, true)), b.Stage)
	for i, safe := range t.safe {
		if b.Clean {
			safe.Observe(a, count(canary, m.canaryCap(cap, m.margins[i], false)), b.Stage)
		}
	}
	if b.Stage == m.stage {
		for k, c := range []sequential.Counts{a, same} {
			t.n[k] += c.N
			t.y[k] += c.Y
		}
	}
}

func (t *capCheck) evidence(m *metricTest, out []stats.Evidence) []stats.Evidence {
	v := share(t.y, t.n)
	effect := stats.Interval{Estimate: v[1] - v[0], Low: v[1] - v[0], High: v[1] - v[0], Scale: "difference", Note: "share of values at or beyond the cap"}
	words := func(sign string) string { return capWords(m.spec.Worse, sign) }
	out = append(out, m.evidence("cap", "halfplane", words("≤"), true, t.harm.LogE(), t.harm.LogEMax(), m.limits.cap, effect, v))
	if len(t.safe) > 0 {
		all, stage := m.safety("halfplane", words("≥"), true, t.safe[m.margin()], effect, v)
		out = append(out, capped(all), capped(stage))
	}
	return out
}

func capWords(worse, sign string) string {
	return fmt.Sprintf("share of values at the cap, canary against stable: harm (%s is worse) %s %v", worse, sign, capMargin)
}

// capped renames a claim of safety as one about the cap.
func capped(e stats.Evidence) stats.Evidence {
	e.Name, e.Test = e.Metric+"/cap_"+e.Test, "cap_"+e.Test
	return e
}

func (t *capCheck) fields(f *wire.Fields) {
	claims(f, t.harm, t.safe)
	for a := range t.n {
		wire.Int(f, &t.n[a])
		wire.Int(f, &t.y[a])
	}
}
