package sequential

import (
	"math"

	"verdin/stats"
)

// Beyond counts the values of an arm on the bad side of an edge of the universal
// grid: exact integers, since the threshold is an edge.
func Beyond(h *stats.Histogram, edge int, worse Worse) Counts {
	n, above := int64(h.N()), int64(h.Above(edge))
	if worse == Lower {
		above = n - above
	}
	return Counts{n, above}
}

// ShiftEdge moves the threshold at an edge by a null's margin to the bad side, by a
// part of it or by a number of the metric's unit, and snaps it to an edge: outward for
// harm, inward for safety, so that the claim is never weaker than the one that is named.
func ShiftEdge(edge int, null Null, outward bool) int {
	c := stats.GridEdge(edge)
	d := null.margin()
	if null.Relative {
		d = float64(c * d)
	}
	if d == 0 {
		return edge
	}
	if null.Worse == Lower {
		return stats.GridSnap(math.Max(0, c-d), !outward)
	}
	return stats.GridSnap(c+d, outward)
}

// QuantileOptions make an Exceedance.
type QuantileOptions struct {
	Q         float64 // in (0, 1): 0.99 for p99
	Worse     Worse
	Tolerance Null // of harm; its Worse is not used
	Margin    Null // of safety; its Worse is not used
	Options        // the prior rate is not used: it is the tail's share
}

// Exceedance tests claims on a quantile by counts of exceedance. The threshold c of a
// block is the grid edge at the stable arm's past quantile; with a margin r the nulls
// are, on rates of exceedance θ beyond a threshold,
//
//	harm   θb(r·c) ≤ θa(c)    "the quantile grew by at most r"
//	safe   θb(r·c) ≥ θa(c)
//
// with r·c moved outward for harm and inward for safety to the next edge. Exact: the
// claim is on exceedance of c, whatever quantile of the block c is.
type Exceedance struct {
	Harm *Harm
	Safe *Safe

	q, share   float64
	harm, safe Null
	past       Tail
	print      uint64
}

// NewExceedance starts a test.
func NewExceedance(opt QuantileOptions) *Exceedance {
	q := inside(opt.Q)
	t := &Exceedance{q: q, share: 1 - q, harm: opt.Tolerance, safe: opt.Margin}
	if opt.Worse == Lower {
		t.share = q
	}
	t.harm.Worse, t.safe.Worse = opt.Worse, opt.Worse
	opt.PriorRate, opt.PriorWeight = t.share, priorWeight
	t.Harm, t.Safe = NewHarm(Null{}, opt.Options), NewSafe(Null{}, opt.Options)
	t.print = fingerprint("exceedance", t.q, t.harm.margin(), flag(t.harm.Relative), t.safe.margin(), flag(t.safe.Relative), float64(opt.Worse))
	return t
}

// StartStage starts the evidence of a stage of Safe anew, and only that.
func (t *Exceedance) StartStage(stage int) { t.Safe.StartStage(stage) }

// Edge is the threshold of the next block; ok is false while fewer than five past
// stable values are expected beyond it.
func (t *Exceedance) Edge() (edge int, ok bool) {
	if !t.past.Reaches(t.share) {
		return 0, false
	}
	return t.past.Edge(t.q), true
}

// Observe scores a closed block of stable a and canary b served in a stage, then
// learns the next threshold from a. Safety wants blocks that are clean.
func (t *Exceedance) Observe(a, b *stats.Histogram, stage int, clean bool) (scored bool) {
	edge, ok := t.Edge()
	if scored = ok && a.N() > 0 && b.N() > 0; scored {
		worse := t.harm.Worse
		stable := Beyond(a, edge, worse)
		t.Harm.Observe(stable, Beyond(b, ShiftEdge(edge, t.harm, true), worse), stage)
		if moved := ShiftEdge(edge, t.safe, false); clean {
			t.Safe.ObserveAlt(stable, Beyond(b, moved, worse), t.past.Beyond(moved, worse), stage)
		}
	}
	t.past.Add(a)
	return scored
}

// AppendState appends the state of the test.
func (t *Exceedance) AppendState(b []byte) []byte { return appendState(b, t) }

// Restore sets the state that AppendState wrote, in a test made with the same
// arguments; else it returns ErrState and changes nothing.
func (t *Exceedance) Restore(b []byte) error { return restore(b, t) }

func (t *Exceedance) state(c *codec) {
	c.print(t.print)
	t.Harm.state(c)
	t.Safe.state(c)
	t.past.state(c)
}
