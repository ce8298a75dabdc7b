package sequential

import (
	"math"
)

// expectation sums exp(log factor) over all outcomes of two binomial arms.
func expectation(na, nb int64, pa, pb float64, logFactor func(a, b Counts) float64) float64 {
	sum := 0.0
	for ya := int64(0); ya <= na; ya++ {
		for yb := int64(0); yb <= nb; yb++ {
			a, b := Counts{na, ya}, Counts{nb, yb}
			sum += math.Exp(logBinomial(a, pa) + logBinomial(b, pb) + logFactor(a, b))
		}
	}
	return sum
}

func logBinomial(c Counts, p float64) float64 {
	n, y := float64(c.N), float64(c.Y)
	lg := func(x float64) float64 { v, _ := math.Lgamma(x + 1); return v }
	l := lg(n) - lg(y) - lg(n-y)
	if y > 0 {
		l += y * math.Log(p)
	}
	if n > y {
		l += (n - y) * math.Log1p(-p)
	}
	return l
}
