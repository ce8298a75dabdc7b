package stats

import (
	"math"
	"math/bits"
)

// wide is an unsigned integer of up to 256 bits, least word first. It serves the
// one subtraction that floats would spoil: n·Σx² − (Σx)².
type wide [4]uint64

// float rounds to nearest, half to even on what the highest 64 bits show, with
// the rest folded into the last of them.
func (w wide) float() float64 {
	top := 3
	for top > 0 && w[top] == 0 {
		top--
	}
	if top == 0 {
		return float64(w[0])
	}
	shift := bits.LeadingZeros64(w[top])
	m := w[top]<<shift | w[top-1]>>(64-shift)
	rest := w[top-1] << shift
	for i := top - 2; i >= 0; i-- {
		rest |= w[i]
	}
	if rest != 0 {
		m |= 1
	}
	return math.Ldexp(float64(m), 64*top-shift)
}

// spread returns n·q − s², which is never negative for n values of sum s and sum
// of squares q, as an exact integer in units of 2⁻⁶⁰.
func spread(n uint64, s Sum128, q Sum192) wide {
	var nq, ss wide
	h0, l0 := bits.Mul64(q.Lo, n)
	h1, l1 := bits.Mul64(q.Mid, n)
	h2, l2 := bits.Mul64(q.Hi, n)
	var c uint64
	nq[0] = l0
	nq[1], c = bits.Add64(l1, h0, 0)
	nq[2], c = bits.Add64(l2, h1, c)
	nq[3] = h2 + c

	hi, lo := s.abs()
	ss[1], ss[0] = bits.Mul64(lo, lo)
	ss[3], ss[2] = bits.Mul64(hi, hi)
	mh, ml := bits.Mul64(hi, lo)
	for range 2 { // 2·hi·lo, one word up
		ss[1], c = bits.Add64(ss[1], ml, 0)
		ss[2], c = bits.Add64(ss[2], mh, c)
		ss[3] += c
	}

	var out wide
	var b uint64
	for i := range out {
		out[i], b = bits.Sub64(nq[i], ss[i], b)
	}
	if b != 0 {
		return wide{} // only crafted sums come here
	}
	return out
}

// moments returns the mean and the sum of squared deviations of n values.
func moments(n uint64, s Sum128, q Sum192) (mean, m2 float64) {
	if n == 0 {
		return 0, 0
	}
	return s.Float() / float64(n), spread(n, s, q).float() * (fixUnit * fixUnit) / float64(n)
}
