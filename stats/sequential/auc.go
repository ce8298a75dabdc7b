package sequential

import "verdin/stats"

// Scores are the scores that a model gave in one arm and block, by what the label
// turned out to be, counted by cell of the universal grid: scores of one cell are ties.
type Scores struct{ Positive, Negative *stats.Histogram }

// aucLeast is the number of labels of each kind that a block needs in each arm. The
// counts are known before any score is looked at.
const aucLeast = 10

func (s Scores) enough() bool { return s.Positive.N() >= aucLeast && s.Negative.N() >= aucLeast }

// AUC returns the area under the receiver operating characteristic curve, ties counted
// half, and DeLong's estimate of its variance: with F the share of negatives below a
// positive and G that of positives above a negative,
//
//	var = var(F)/m + var(G)/n,  m positives, n negatives
//
// Both are 0 without two labels of each kind.
func (s Scores) AUC() (area, variance float64) {
	m, n := float64(s.Positive.N()), float64(s.Negative.N())
	if m < 2 || n < 2 {
		return 0, 0
	}
	var below, f1, f2, g1, g2 float64
	above := m
	for cell := range stats.GridCells {
		p, q := float64(s.Positive.Count(cell)), float64(s.Negative.Count(cell))
		if p == 0 && q == 0 {
			continue
		}
		above -= p
		f, g := (below+q/2)/n, (above+p/2)/m
		f1, f2 = f1+float64(p*f), f2+float64(p*f*f)
		g1, g2 = g1+float64(q*g), g2+float64(q*g*g)
		below += q
	}
	area = f1 / m
	vf, vg := max(0, f2-float64(f1*f1/m))/(m-1), max(0, g2-float64(g1*g1/n))/(n-1)
	return area, vf/m + vg/n
}

// ObserveAUC is Observe for the area under the curve: the difference of the arms'
// areas in a block, weighted by labels, with the sum of their DeLong variances, each at
// least that of half a pair out of order: a perfect separation is no certainty. A block
// needs 10 labels of each kind in each arm.
func (t *Score) ObserveAUC(a, b Scores, stage int) (scored bool) {
	if !(t.ratio > 0) || !a.enough() || !b.enough() {
		return false
	}
	wa, wb := a.weight(), b.weight()
	w := wa * (wb / (wa + wb))
	x, vx := a.floored()
	y, vy := b.floored()
	at := func(ratio, delta float64) part {
		return part{w * (y/ratio - x - delta), w * w * (vx + vy/ratio/ratio), w}
	}
	return t.observe(at(t.ratio, t.delta), at(1, 0), a.scarcer(), b.scarcer(), stage)
}

func (s Scores) scarcer() int64 { return int64(min(s.Positive.N(), s.Negative.N())) }

func (s Scores) floored() (area, variance float64) {
	area, variance = s.AUC()
	pairs := float64(float64(s.Positive.N()) * float64(s.Negative.N()))
	return area, max(variance, 0.5/(pairs+1)/float64(s.scarcer()))
}

// weight is m·n/(m+n): the size of the scarcer label, as far as it matters.
func (s Scores) weight() float64 {
	m, n := float64(s.Positive.N()), float64(s.Negative.N())
	return m * (n / (m + n))
}
