package sequential

import (
	"math"

	"verdin/stats"
)

// shiftSide is how many edges of the grid to each side a shift is tested at: factors
// from 0.30 to 3.3.
const shiftSide = 60

// QuantileShift is an interval for the factor by which a quantile differs between the
// arms, by inversion of Exceedance at every edge around the threshold: the factor
// 1.02^k is in it while neither "canary's exceedance of 1.02^k·c ≤ stable's of c" nor
// "≥" is rejected at α/2. It is widened by one edge, which covers what the grid rounds.
// Exact in the sense of exceedance (see Exceedance).
type QuantileShift struct {
	q      float64
	past   [2]Tail
	inv    inversion
	excess []float64 // Σ w·(canary's − stable's exceedance) per node
	print  uint64
}

// NewQuantileShift starts an interval for the q-quantile.
func NewQuantileShift(q float64) *QuantileShift {
	q = inside(q)
	return &QuantileShift{
		q: q, inv: newInversion(2*shiftSide + 1), excess: make([]float64, 2*shiftSide+1),
		print: fingerprint("quantile shift", q),
	}
}

// Observe scores a closed block of stable a and canary b, then learns the next
// threshold from a and the canary's tail from b.
func (t *QuantileShift) Observe(a, b *stats.Histogram) (scored bool) {
	if scored = t.past[0].Reaches(min(t.q, 1-t.q)) && a.N() > 0 && b.N() > 0; scored {
		edge := t.past[0].Edge(t.q)
		stable := Beyond(a, edge, Higher)
		pa := inside(t.past[0].Beyond(edge, Higher))
		w := float64(a.N()) / (float64(a.N()) + float64(b.N())) * float64(b.N())
		first := edge - shiftSide
		canary, past := Beyond(b, first, Higher), t.past[1].Above(first)
		for k := range t.excess {
			h := half{slope: 1}
			pb := inside((past + float64(intervalOdds*pa)) / (t.past[1].n + intervalOdds))
			t.inv.add(k, h, stable, canary, pa, pb)
			t.excess[k] += float64(w * (canary.Moments().Mean - stable.Moments().Mean))
			canary.Y -= int64(b.Count(first + k))
			past -= t.past[1].in(first + k)
		}
		t.inv.blocks++
	}
	t.past[0].Add(a)
	t.past[1].Add(b)
	return scored
}

// Interval returns the factor canary ÷ stable at which exceedances agree, and its
// bounds. The level is 0 while a bound is not known, or where no one factor fits all
// blocks.
func (t *QuantileShift) Interval(alpha float64) stats.Interval {
	at := func(k int) float64 { return math.Pow(stats.GridEdge(2)/stats.GridEdge(1), float64(k-shiftSide)) }
	best := shiftSide
	for k, x := range t.excess {
		if math.Abs(x) < math.Abs(t.excess[best]) {
			best = k
		}
	}
	note := ""
	lo, hi := t.inv.bounds(alpha)
	switch {
	case t.inv.blocks == 0, !(alpha > 0 && alpha < 1), lo < 0, hi == len(t.excess):
		note = tooEarly
	case lo >= hi:
		note = notConstant
	}
	return t.inv.interval(at(best), at(lo-1), at(hi+1), alpha, "ratio", note)
}

// AppendState appends the state of the interval.
func (t *QuantileShift) AppendState(b []byte) []byte { return appendState(b, t) }

// Restore sets the state that AppendState wrote, in an interval made with the same
// arguments; else it returns ErrState and changes nothing.
func (t *QuantileShift) Restore(b []byte) error { return restore(b, t) }

func (t *QuantileShift) state(c *codec) {
	c.print(t.print)
	t.past[0].state(c)
	t.past[1].state(c)
	c.floats(t.excess)
	t.inv.state(c)
}
