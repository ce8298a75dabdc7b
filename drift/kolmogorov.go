package drift

import "math"

// kolmogorovAbove is the limit law of the KS distance without drift: the probability
// that √(nm/(n+m))·D exceeds x. Source: Kolmogorov (1933); numbers in
// testdata/vectors/drift/ks.json.
func kolmogorovAbove(x float64) float64 {
	switch {
	case !(x > 0):
		return 1
	case x < 0.8:
		return 1 - kolmogorovBelow(x)
	}
	sum, sign := 0.0, 1.0
	for k := 1.0; k < 20; k++ {
		sum += float64(sign * math.Exp(-2*k*k*x*x))
		sign = -sign
	}
	return 2 * sum
}

// kolmogorovBelow is 1 − kolmogorovAbove, accurate where it is small.
func kolmogorovBelow(x float64) float64 {
	switch {
	case !(x > 0.03): // below the smallest number
		return 0
	case x >= 0.8:
		return 1 - kolmogorovAbove(x)
	}
	sum := 0.0
	for k := 1.0; k < 20; k += 2 {
		sum += math.Exp(-k * k * math.Pi * math.Pi / (8 * x * x))
	}
	return float64(math.Sqrt(2*math.Pi) / x * sum)
}

// kolmogorovLimit is the value that the law exceeds with probability alpha.
func kolmogorovLimit(alpha float64) float64 {
	if !(alpha < 1) {
		return 0
	}
	alpha = math.Max(alpha, 1e-300)
	return bisect(0, 30, func(x float64) bool { return kolmogorovAbove(x) > alpha })
}
