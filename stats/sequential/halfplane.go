package sequential

import "math"

// logFactor is the log e-variable of a block against the null h, for the
// alternative that the arms' rates are (pa, pb), both in (0, 1):
//
//	ya·log(pa/x) + (na−ya)·log((1−pa)/(1−x)) + yb·log(pb/y) + (nb−yb)·log((1−pb)/(1−y))
//
// where (x, y) is the point of the null that is nearest to the alternative, by
// na·KL(pa‖x) + nb·KL(pb‖y). Its expectation is at most 1 whenever the block's average
// rates lie in the null, however units differ. It is 0 if the alternative lies in
// the null or an arm is empty.
//
// The expectation is at most exp(d·(θa − x)) where d is the derivative of that
// distance along the line at x, 0 at the minimum. What a root finder leaves of it is
// taken off, so that Q1 holds for the numbers that are used.
func (h half) logFactor(a, b Counts, pa, pb float64) float64 {
	if a.N == 0 || b.N == 0 || h.contains(pa, pb) {
		return 0
	}
	x, slack := h.project(float64(a.N), float64(b.N), pa, pb)
	y := h.at(x)
	if !(x > 0 && x < 1 && y > 0 && y < 1 && slack < maxSlack) {
		return 0 // a null that the unit square does not meet
	}
	return float64(float64(a.Y)*math.Log(pa/x)) + float64(float64(a.N-a.Y)*math.Log((1-pa)/(1-x))) +
		float64(float64(b.Y)*math.Log(pb/y)) + float64(float64(b.N-b.Y)*math.Log((1-pb)/(1-y))) - slack
}

const (
	maxSlack = 1     // nats: a projection worse than that is not used
	rootStep = 2e-16 // relative step at which a root is found
	rootMost = 80    // steps; bisection alone needs about 60
)

// project returns the stable rate x of the nearest point of the null, and the size
// of the derivative that is left there.
func (h half) project(na, nb, pa, pb float64) (x, slack float64) {
	lo, hi := max(0, -h.shift/h.slope), min(1, (1-h.shift)/h.slope)
	if !(h.slope > 0 && lo < hi) {
		return 0, 0
	}
	other := (pb - h.shift) / h.slope // where the line has the rate pb
	x = (float64(na*pa) + float64(nb*other)) / (na + nb)
	lo, hi = max(lo, min(pa, other)), min(hi, max(pa, other))
	if !(x > lo && x < hi) {
		x = lo + (hi-lo)/2
	}
	for range rootMost {
		g, dg := h.gradient(na, nb, pa, pb, x)
		slack = math.Abs(g)
		if g > 0 {
			lo = x
		} else {
			hi = x
		}
		next := x - g/dg
		if !(next >= lo && next <= hi) {
			next = lo + (hi-lo)/2
		}
		if math.Abs(next-x) <= rootStep*x {
			return x, slack
		}
		x = next
	}
	g, _ := h.gradient(na, nb, pa, pb, x)
	return x, math.Abs(g)
}

// gradient is the derivative of −(na·KL(pa‖x) + nb·KL(pb‖y)), y = slope·x + shift, by
// x, and its own derivative. It falls strictly in x.
func (h half) gradient(na, nb, pa, pb, x float64) (g, dg float64) {
	y := h.at(x)
	a1, a0 := na*pa/x, na*(1-pa)/(1-x)
	b1, b0 := h.slope*nb*pb/y, h.slope*nb*(1-pb)/(1-y)
	g = (a1 - a0) + (b1 - b0)
	dg = -(a1/x + a0/(1-x) + float64(h.slope*(b1/y+b0/(1-y))))
	return g, dg
}
