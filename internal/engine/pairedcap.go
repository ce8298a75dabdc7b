package engine

import (
	"fmt"

	"verdin/internal/wire"
	"verdin/stats"
	"verdin/stats/sequential"
)

// pairedCap looks at what the cap of differences hides: the share of pairs in which the
// canary is worse by the cap or more may not exceed the reverse by half a point.
type pairedCap struct {
	harm *sequential.Paired
	safe []*sequential.Paired // one per margin, as for other claims: alike
	n    sequential.Triple    // of the running stage
}

func newPairedCap(margins int) *pairedCap {
	null := sequential.Null{Margin: capMargin}
	t := &pairedCap{harm: sequential.NewPaired(null, true, sequential.Options{Stages: 1})}
	if margins > 0 {
		t.safe = append(t.safe, sequential.NewPaired(null, false, sequential.Options{}))
	}
	return t
}

func (t *pairedCap) startStage(stage int) {
	t.n = sequential.Triple{}
	for _, safe := range t.safe {
		safe.StartStage(stage)
	}
}

func (t *pairedCap) observe(c sequential.Triple, missing int64, b *Block) {
	t.harm.Observe(c, 0)
	t.n.Canary += c.Canary
	t.n.Stable += c.Stable
	t.n.Ties += c.Ties
	c.Canary += missing
	for _, safe := range t.safe {
		if b.Clean {
			safe.Observe(c, 0)
		}
	}
}

func (t *pairedCap) evidence(m *metricTest, out []stats.Evidence) []stats.Evidence {
	var v [2]float64
	if n := float64(t.n.Canary + t.n.Stable + t.n.Ties); n > 0 {
		v = [2]float64{float64(t.n.Stable) / n, float64(t.n.Canary) / n}
	}
	effect := stats.Interval{Estimate: v[1] - v[0], Low: v[1] - v[0], High: v[1] - v[0], Scale: "difference", Note: "share of pairs in which an arm is worse by the cap or more"}
	words := func(sign string) string {
		return fmt.Sprintf("share of pairs in which the canary is worse by the cap or more, less the reverse %s %v", sign, capMargin)
	}
	e := m.evidence("paired_cap", "paired", words("≤"), true, t.harm.LogE(), t.harm.LogEMax(), m.limits.cap, effect, v)
	out = append(out, e)
	for _, safe := range t.safe {
		all, stage := m.safety("paired", words("≥"), true, safe, effect, v)
		for _, e := range []stats.Evidence{all, stage} {
			e.Test = "paired_cap_" + e.Test
			e.Name = e.Metric + "/" + e.Test
			out = append(out, e)
		}
	}
	return out
}

func (t *pairedCap) fields(f *wire.Fields) {
	claims(f, t.harm, t.safe)
	for _, n := range []*int64{&t.n.Canary, &t.n.Stable, &t.n.Ties} {
		wire.Int(f, n)
	}
}
