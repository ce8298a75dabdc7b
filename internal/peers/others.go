package peers

import "math"

// LogAnytimeT is the log of avlm's e-value for a t-statistic with nu degrees of freedom
// after n observations, g the planned ones: of one linear model, pooled over time.
func LogAnytimeT(t, nu, n, g float64) float64 {
	r := g / (g + n)
	return 0.5*math.Log(r) + (nu+1)/2*(math.Log1p(t*t/nu)-math.Log1p(r*t*t/nu))
}

// AnytimeTRadius is the t-statistic at which LogAnytimeT reaches log(1/α), +Inf while
// no t can.
func AnytimeTRadius(nu, n, g, alpha float64) float64 {
	r := g / (g + n)
	k := math.Exp(math.Log(r*alpha*alpha) / (nu + 1))
	if k <= r {
		return math.Inf(1)
	}
	return math.Sqrt(nu * (1 - k) / (k - r))
}

// LogDirichletBayes is the log Bayes factor of ssrm for counts against fixed shares,
// under a Dirichlet prior of the given concentration around them: one split for ever.
func LogDirichletBayes(counts []float64, shares []float64, concentration float64) float64 {
	lg := func(x float64) float64 { v, _ := math.Lgamma(x); return v }
	n, sum := 0.0, 0.0
	for i, x := range counts {
		prior := concentration * shares[i]
		sum += lg(prior+x) - lg(prior) - x*math.Log(shares[i])
		n += x
	}
	return lg(concentration) - lg(concentration+n) + sum
}

// TruncatedTau2 is the variance of the mixing law that Johari, Koomen, Pekelis, Walsh
// (2017) call best for tests that end after a number of observations.
func TruncatedTau2(alpha, sigma, truncation float64) float64 {
	b := math.Sqrt(2*math.Log(1/alpha)/truncation) / sigma
	tail := 0.5 * math.Erfc(b/math.Sqrt2)
	density := math.Exp(-b*b/2) / math.Sqrt(2*math.Pi)
	return sigma * sigma * tail / (density/b - tail)
}

// LILMargin is the margin of drconfseq that shrinks at the rate of the iterated
// logarithm, for values of variance 1, at two-sided level alpha.
func LILMargin(t, alpha float64) float64 {
	return 1.7 * math.Sqrt((math.Log(math.Log(2*t))+0.72*math.Log(2*5.2/alpha))/t)
}
