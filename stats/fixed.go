package stats

import (
	"math"
	"math/bits"
)

// Values enter sums as fixed-point integers: units of 2⁻³⁰, at most 2⁴⁰ in size.
// Integer sums are associative to the bit (S1).
const (
	fixBits  = 30
	fixUnit  = 1.0 / (1 << fixBits)
	fixLimit = 1 << 40
	fixSmall = 1 << 32 // below it a fixed value fits an int64
)

// Sum128 is a signed sum of fixed-point values in units of 2⁻³⁰, two's complement.
// 2⁵⁷ values of the greatest size fit.
type Sum128 struct {
	Hi int64
	Lo uint64
}

// Fix rounds x to the nearest multiple of 2⁻³⁰, half to even. Values beyond ±2⁴⁰
// are moved to that limit and reported as clamped; NaN becomes 0 and is reported too.
func Fix(x float64) (v Sum128, clamped bool) {
	if math.Abs(x) < fixSmall {
		i := int64(math.RoundToEven(x * (1 << fixBits)))
		return Sum128{i >> 63, uint64(i)}, false
	}
	switch {
	case x > fixLimit:
		x, clamped = fixLimit, true
	case x < -fixLimit:
		x, clamped = -fixLimit, true
	case x != x:
		return Sum128{}, true
	}
	i := int64(x * (1 << 20)) // exact: such values are multiples of 2⁻²⁰
	return Sum128{i >> 54, uint64(i) << 10}, clamped
}

// Add adds b.
func (a *Sum128) Add(b Sum128) {
	var carry uint64
	a.Lo, carry = bits.Add64(a.Lo, b.Lo, 0)
	a.Hi += b.Hi + int64(carry)
}

// times returns n·a.
func (a Sum128) times(n uint64) Sum128 {
	hi, lo := bits.Mul64(a.Lo, n)
	return Sum128{int64(hi + uint64(a.Hi)*n), lo}
}

// abs returns the size of a as two words.
func (a Sum128) abs() (hi, lo uint64) {
	if a.Hi >= 0 {
		return uint64(a.Hi), a.Lo
	}
	lo, borrow := bits.Sub64(0, a.Lo, 0)
	hi, _ = bits.Sub64(0, uint64(a.Hi), borrow)
	return hi, lo
}

// Float returns the sum in units.
func (a Sum128) Float() float64 {
	hi, lo := a.abs()
	f := wide{lo, hi}.float() * fixUnit
	if a.Hi < 0 {
		return -f
	}
	return f
}

// square returns a², for a single value as Fix returns it.
func (a Sum128) square() Sum192 {
	hi, lo := a.abs() // hi < 2⁷
	var s Sum192
	s.Mid, s.Lo = bits.Mul64(lo, lo)
	h, m := bits.Mul64(lo, 2*hi)
	s.Add(Sum192{Hi: h + hi*hi, Mid: m})
	return s
}

// Sum192 is a sum of squares of fixed-point values in units of 2⁻⁶⁰. 2⁵² squares
// of the greatest size fit.
type Sum192 struct{ Hi, Mid, Lo uint64 }

// Add adds b.
func (a *Sum192) Add(b Sum192) {
	var carry uint64
	a.Lo, carry = bits.Add64(a.Lo, b.Lo, 0)
	a.Mid, carry = bits.Add64(a.Mid, b.Mid, carry)
	a.Hi, _ = bits.Add64(a.Hi, b.Hi, carry)
}

// times returns n·a.
func (a Sum192) times(n uint64) Sum192 {
	h0, l0 := bits.Mul64(a.Lo, n)
	h1, l1 := bits.Mul64(a.Mid, n)
	mid, carry := bits.Add64(l1, h0, 0)
	return Sum192{a.Hi*n + h1 + carry, mid, l0}
}

// Float returns the sum in squared units.
func (a Sum192) Float() float64 { return wide{a.Lo, a.Mid, a.Hi}.float() * (fixUnit * fixUnit) }
