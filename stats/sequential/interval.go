package sequential

import (
	"math"

	"verdin/stats"
)

// Scale is how the effect on a share is expressed.
type Scale int

const (
	Difference Scale = iota // canary − stable
	Ratio                   // canary ÷ stable
)

const (
	intervalSide  = 48   // nodes to each side of "no effect"
	intervalLeast = 0.01 // least effect: a log ratio, or a log odds ratio as a difference
	intervalMost  = 8.0  // greatest effect
	intervalOdds  = 5    // units that the stable arm's rate is worth in predicting the canary's
)

// ShareInterval is an interval for the difference or the ratio of two shares that
// holds at every look, by inversion of engine B. Exact: at every node the rejected
// hypothesis is "the effect was at most the node in every block" (or at least), so that
// it bounds effects that hold in all blocks; it assumes nothing about base rates.
// Nodes are ± 0.01 … 8 on the scale of log ratios, evenly in log, for differences times
// p(1−p) at the stable rate p of the first block: 16 % apart.
type ShareInterval struct {
	scale  Scale
	a, b   base
	unit   float64 // p(1−p), fixed at the first scored block; 0 before
	effect [2]float64
	inv    inversion
	nodes  []float64
	print  uint64
}

// NewShareInterval starts an interval. Of the options it uses the prior rate and its weight.
func NewShareInterval(scale Scale, opt Options) *ShareInterval {
	t := &ShareInterval{scale: scale, a: newBase(half{}, opt), inv: newInversion(2*intervalSide + 1)}
	t.nodes = make([]float64, len(t.inv.low))
	t.place()
	t.print = fingerprint("share interval", float64(scale), t.a.anchor)
	return t
}

// place computes the nodes; differences at most 1.
func (t *ShareInterval) place() {
	for i, psi := range LogGrid(intervalLeast, intervalMost, intervalSide) {
		lo, hi := intervalSide-1-i, intervalSide+1+i
		if t.scale == Ratio {
			t.nodes[lo], t.nodes[intervalSide], t.nodes[hi] = math.Exp(-psi), 1, math.Exp(psi)
		} else {
			d := min(1, t.unit*psi)
			t.nodes[lo], t.nodes[hi] = -d, d
		}
	}
}

// Observe scores a closed block of stable a and canary b.
func (t *ShareInterval) Observe(a, b Counts) (scored bool) {
	if !a.lawful() || !b.lawful() {
		return false
	}
	pa, ready := t.a.rate()
	if scored = ready && a.N > 0 && b.N > 0; scored {
		if t.unit == 0 {
			t.unit = pa * (1 - pa)
			t.place()
		}
		pb := inside((t.b.ones + float64(intervalOdds*pa)) / (t.b.n + intervalOdds))
		for k, x := range t.nodes {
			h := half{slope: 1, shift: x}
			if t.scale == Ratio {
				h = half{slope: x}
			}
			t.inv.add(k, h, a, b, pa, pb)
		}
		t.estimate(a, b)
		t.inv.blocks++
	}
	t.a.add(a)
	t.b.add(b)
	return scored
}

// estimate adds a block to the Mantel–Haenszel difference or ratio.
func (t *ShareInterval) estimate(a, b Counts) {
	na, nb := float64(a.N), float64(b.N)
	up, down := float64(float64(b.Y)*(na/(na+nb))), float64(float64(a.Y)*(nb/(na+nb)))
	if t.scale == Difference {
		up, down = up-down, float64(na*(nb/(na+nb)))
	}
	t.effect[0] += up
	t.effect[1] += down
}

// Interval returns the estimate, weighted by block, and its bounds. The level is 0 while
// a bound is not known, or where no one effect fits all blocks.
func (t *ShareInterval) Interval(alpha float64) stats.Interval {
	scale, estimate, note := "difference", 0.0, ""
	if t.scale == Ratio {
		scale, estimate = "ratio", 1
	}
	if t.effect[1] > 0 {
		estimate = t.effect[0] / t.effect[1]
	}
	lo, hi := t.inv.bounds(alpha)
	low, high := -1.0, 1.0
	if t.scale == Ratio {
		low = 0
	}
	if lo >= 0 {
		low = t.nodes[lo]
	}
	if hi < len(t.nodes) {
		high = t.nodes[hi]
	}
	switch {
	case t.inv.blocks == 0, !(alpha > 0 && alpha < 1), t.scale == Ratio && hi == len(t.nodes), t.effect[1] <= 0:
		note = tooEarly
	case lo >= hi:
		note = notConstant
	}
	return t.inv.interval(estimate, low, high, alpha, scale, note)
}

// AppendState appends the state of the interval.
func (t *ShareInterval) AppendState(b []byte) []byte { return appendState(b, t) }

// Restore sets the state that AppendState wrote, in an interval made with the same
// arguments; else it returns ErrState and changes nothing.
func (t *ShareInterval) Restore(b []byte) error { return restore(b, t) }

func (t *ShareInterval) state(c *codec) {
	c.print(t.print)
	t.a.state(c)
	t.b.state(c)
	c.float(&t.unit)
	c.floats(t.effect[:])
	t.inv.state(c)
	if c.mode == reading {
		t.place()
	}
}
