package sequential

import "math"

// LogNormalCDF is log Φ(x), accurate in both tails.
func LogNormalCDF(x float64) float64 {
	switch {
	case x > 0:
		return math.Log1p(-0.5 * math.Erfc(x/math.Sqrt2))
	case x > -30:
		return math.Log(0.5 * math.Erfc(-x/math.Sqrt2))
	}
	y := 1 / (x * x)
	series := 1 - float64(y*(1-float64(3*y*(1-float64(5*y)))))
	return -float64(x*x/2) - math.Log(-x*math.Sqrt(2*math.Pi)) + math.Log(series)
}

// NormalMixture is the log of the two-sided Gaussian mixture of a score s with
// variance v, tuned by ρ > 0:
//
//	½·log(ρ/(v+ρ)) + s²/(2(v+ρ))
//
// It is the mixture SPRT, and the inverse of GrowthBook's and Howard's intervals.
func NormalMixture(s, v, rho float64) float64 {
	return float64(0.5*math.Log(rho/(v+rho))) + s*s/(2*(v+rho))
}

// NormalMixtureOneSided mixes over positive effects only (Howard et al. 2021,
// proposition 5):
//
//	½·log(4ρ/(v+ρ)) + s²/(2(v+ρ)) + log Φ(s/√(v+ρ))
func NormalMixtureOneSided(s, v, rho float64) float64 {
	return float64(0.5*math.Log(4*rho/(v+rho))) + s*s/(2*(v+rho)) + LogNormalCDF(s/math.Sqrt(v+rho))
}

// NormalBound is the score at which NormalMixture reaches log(1/α).
func NormalBound(v, rho, alpha float64) float64 {
	return math.Sqrt((v + rho) * (math.Log((v+rho)/rho) + float64(2*math.Log(1/alpha))))
}

// NormalBoundOneSided is the score at which NormalMixtureOneSided reaches log(1/α).
func NormalBoundOneSided(v, rho, alpha float64) float64 {
	want := math.Log(1 / alpha)
	lo, hi := 0.0, math.Sqrt(2*(v+rho)*(want+float64(0.5*math.Log((v+rho)/rho))))
	for range 200 {
		mid := lo + (hi-lo)/2
		if mid <= lo || mid >= hi {
			break
		}
		if NormalMixtureOneSided(mid, v, rho) < want {
			lo = mid
		} else {
			hi = mid
		}
	}
	return hi
}

// BestRho tunes a mixture to be tightest when the variance of the score is v; for a
// one-sided mixture give 2α.
func BestRho(v, alpha float64) float64 {
	l := float64(2 * math.Log(1/alpha))
	return v / (l + math.Log1p(l))
}
