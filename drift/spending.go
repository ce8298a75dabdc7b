package drift

import "math"

// Spent is the part of a risk that look k = 1, 2, … may use: 6α/(π²k²), which sums to
// α. A test at this level at each look errs with probability at most α, if each look's
// p-value holds; needs no number of looks, and nothing about how looks depend.
func Spent(alpha float64, k int64) float64 {
	if k < 1 || !(alpha > 0) {
		return 0
	}
	return 6 * math.Min(alpha, 1) / (math.Pi * math.Pi) / float64(k) / float64(k)
}

// KSLimit is the distance at the edges that look k may call drift at total risk alpha:
// the limit law at Spent(alpha, k). A rule to compare with, not a verdict's.
func KSLimit(alpha float64, k, n, m int64) float64 {
	if n < 1 || m < 1 {
		return 1
	}
	return math.Min(1, kolmogorovLimit(Spent(alpha, k))*math.Sqrt(1/float64(n)+1/float64(m)))
}

// DKWLimit is as KSLimit by the inequality of Dvoretzky, Kiefer and Wolfowitz for each
// arm at half the risk, with Massart's constant (1990): valid at every sample size,
// and wider.
func DKWLimit(alpha float64, k, n, m int64) float64 {
	spent := Spent(alpha, k)
	if n < 1 || m < 1 || !(spent > 0) {
		return 1
	}
	root := math.Sqrt(math.Log(4/spent) / 2)
	return math.Min(1, root/math.Sqrt(float64(n))+root/math.Sqrt(float64(m)))
}
