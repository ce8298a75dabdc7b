package peers

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mathext"

	"verdin/stats/sequential"
)

// BetaBinomial is the mixture supermartingale of Howard, Ramdas, McAuliffe, Sekhon
// (2021, proposition 7) for increments that lie g below or h above their mean.
type BetaBinomial struct {
	r, g, h, x float64
	norm       float64
}

// NewBetaBinomial tunes a mixture to be tightest at variance v.
func NewBetaBinomial(v, alpha, g, h float64, oneSided bool) BetaBinomial {
	m := BetaBinomial{g: g, h: h, x: 1}
	if oneSided {
		alpha *= 2
		m.x = h / (g + h)
	}
	m.r = math.Max(sequential.BestRho(v, alpha)-g*h, 1e-3*g*h)
	m.norm = m.logBeta(0, 0)
	return m
}

// logBeta is the log of the incomplete beta integral after a sum s of variance v.
func (m BetaBinomial) logBeta(s, v float64) float64 {
	a := (m.r + v - m.g*s) / (m.g * (m.g + m.h))
	b := (m.r + v + m.h*s) / (m.h * (m.g + m.h))
	l := mathext.Lbeta(a, b)
	if m.x < 1 {
		l += math.Log(mathext.RegIncBeta(a, b, m.x))
	}
	return l
}

// LogE is the log of the supermartingale at a sum s with intrinsic time v.
func (m BetaBinomial) LogE(s, v float64) float64 {
	total := m.g + m.h
	return v/(m.g*m.h)*math.Log(total) - (v+m.h*s)/(m.h*total)*math.Log(m.g) - (v-m.g*s)/(m.g*total)*math.Log(m.h) +
		m.logBeta(s, v) - m.norm
}

// Bound is the sum at which LogE reaches log(1/α), at most v/g.
func (m BetaBinomial) Bound(v, alpha float64) float64 {
	lo, hi := 0.0, v/m.g
	if m.LogE(hi, v) < -math.Log(alpha) {
		return hi
	}
	for range 100 {
		if mid := (lo + hi) / 2; m.LogE(mid, v) < -math.Log(alpha) {
			lo = mid
		} else {
			hi = mid
		}
	}
	return (lo + hi) / 2
}

// QuantileAB is the anytime p-value of Howard, Ramdas (2022) against "the arms have
// the same p-quantile": the least product of both arms' mixtures over all values that
// the common quantile might have. It needs one distribution per arm that never changes,
// or a split that never does.
func QuantileAB(a, b []float64, p, planned, alpha float64) float64 {
	m := NewBetaBinomial(planned*p*(1-p), alpha, p, 1-p, false)
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	least := math.Inf(1)
	calm := [2]float64{m.calmest(p, len(a)), m.calmest(p, len(b))}
	for _, x := range append(slices.Clone(a), b...) {
		sum := 0.0
		for i, arm := range [2][]float64{a, b} {
			n := float64(len(arm))
			below, _ := slices.BinarySearch(arm, x)
			upTo, _ := slices.BinarySearch(arm, math.Nextafter(x, math.Inf(1)))
			share := math.Min(math.Max(calm[i], float64(below)/n), float64(upTo)/n)
			sum += m.LogE((share-p)*n, p*(1-p)*n)
		}
		least = math.Min(least, sum)
	}
	return math.Min(1, math.Exp(-least))
}

// calmest is the share below the quantile at which n values speak least against it.
func (m BetaBinomial) calmest(p float64, n int) float64 {
	lo, hi := 0.0, 1.0
	at := func(share float64) float64 { return m.LogE((share-p)*float64(n), p*(1-p)*float64(n)) }
	for range 100 {
		l, r := lo+(hi-lo)/3, hi-(hi-lo)/3
		if at(l) < at(r) {
			hi = r
		} else {
			lo = l
		}
	}
	return (lo + hi) / 2
}

// DoubleStitching is the bound of Howard, Ramdas (2022, theorem 2) on the deviation of
// the empirical from the true share below the p-quantile, times t, uniformly in p and t.
type DoubleStitching struct{ Planned, Delta, S, Eta float64 }

// Bound after t values.
func (d DoubleStitching) Bound(p, t, alpha float64) float64 {
	t = math.Max(t, d.Planned)
	logit := math.Log(p / (1 - p))
	r := p
	if p < 0.5 {
		r = math.Min(0.5, 1/(1+math.Exp(-logit-2*d.Delta*math.Sqrt(d.Planned*d.Eta/t))))
	}
	variance := r * (1 - r)
	j := math.Sqrt(t/d.Planned)*math.Abs(logit)/(2*d.Delta) + 1
	zeta := mathext.Zeta(d.S, 1)
	ell := d.S*math.Log(math.Log(d.Eta*t/d.Planned)) + d.S*math.Log(j) +
		math.Log(2*zeta*(2*zeta+1)/(alpha*math.Pow(math.Log(d.Eta), d.S)))
	return d.Delta*math.Sqrt(d.Eta*t*variance/d.Planned) + stitched(d.Eta, (1-2*p)/3, variance*t, ell)
}

// PolyStitching is the stitched sub-gamma bound (Howard et al. 2021, theorem 1).
type PolyStitching struct{ Least, C, S, Eta float64 }

// Bound at intrinsic time v.
func (b PolyStitching) Bound(v, alpha float64) float64 {
	v = math.Max(v, b.Least)
	ell := b.S*math.Log(math.Log(b.Eta*v/b.Least)) + math.Log(mathext.Zeta(b.S, 1)/math.Pow(math.Log(b.Eta), b.S)) - math.Log(alpha)
	return stitched(b.Eta, b.C, v, ell)
}

// stitched joins the pieces of a bound over epochs of ratio eta.
func stitched(eta, c, v, ell float64) float64 {
	k1, k2 := (math.Pow(eta, 0.25)+math.Pow(eta, -0.25))/math.Sqrt2, (math.Sqrt(eta)+1)/2
	linear := k2 * c * ell
	return math.Sqrt(k1*k1*v*ell+linear*linear) + linear
}
