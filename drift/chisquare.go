package drift

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// The laws of distances that are sums of squares: chi-square where the arms do not
// differ, noncentral chi-square where they do. Numbers in
// testdata/vectors/drift/contingency.json and psi.json.

// farNoncentral is the noncentrality beyond which the normal law of Sankaran's power
// takes over from the sum, which takes √λ steps.
const farNoncentral = 1e5

// chiSquareAbove is the probability that a chi-square variable of dof degrees of
// freedom exceeds x; without degrees of freedom it is 0 for sure.
func chiSquareAbove(dof, x float64) float64 {
	switch {
	case !(x > 1e-300):
		return 1
	case !(dof > 0) || math.IsInf(x, 1):
		return 0
	}
	return mathext.GammaIncRegComp(dof/2, x/2)
}

// noncentralAbove and noncentralBelow are the upper and lower tails of the noncentral
// chi-square law: chi-square with dof + 2J degrees of freedom, J Poisson of mean λ/2.
// Both tails are sums of positive terms around the greatest weight, accurate where
// they are small. Source: Johnson, Kotz, Balakrishnan, "Continuous Univariate
// Distributions" 2 (1995), chapter 29.
func noncentralAbove(dof, lambda, x float64) float64 {
	switch {
	case !(x > 1e-300):
		return 1
	case math.IsInf(x, 1):
		return 0
	case !(lambda > 0):
		return chiSquareAbove(dof, x)
	case lambda > farNoncentral:
		return normalAbove(sankaran(dof, lambda, x))
	}
	return poissonMean(dof, lambda/2, x/2, true)
}

func noncentralBelow(dof, lambda, x float64) float64 {
	switch {
	case !(x > 1e-300):
		return 0
	case math.IsInf(x, 1):
		return 1
	case !(lambda > 0):
		if !(dof > 0) {
			return 1
		}
		return mathext.GammaIncReg(dof/2, x/2)
	case lambda > farNoncentral:
		return normalAbove(-sankaran(dof, lambda, x))
	}
	return poissonMean(dof, lambda/2, x/2, false)
}

// poissonMean is Σ_j Poisson(j; l)·T(dof/2+j, h), T the upper or lower incomplete gamma
// function. Neighbours follow from T(a+1) = T(a) ± h^a e^{−h}/Γ(a+1).
func poissonMean(dof, l, h float64, upper bool) float64 {
	const small = 1e-18
	top := math.Floor(l)
	weight, a := math.Exp(logPoisson(top, l)), dof/2+top
	tail, sign := mathext.GammaIncReg(math.Max(a, math.SmallestNonzeroFloat64), h), -1.0
	if upper {
		tail, sign = 1-tail, 1
		if a > 0 {
			tail = mathext.GammaIncRegComp(a, h)
		}
	}
	step := math.Exp(logPoisson(a, h)) // from a to a+1
	sum := float64(weight * tail)
	for j, w, t, s := top, weight, tail, step; ; {
		t, s = math.Max(0, math.Min(1, t+float64(sign*s))), s*(h/(dof/2+j+1))
		j++
		w *= l / j
		sum += float64(w * t)
		if left := w * (j + 1) / (j + 1 - l); j > l && math.Min(left, left*t*(1+math.Sqrt(l))) <= small*sum {
			break
		}
		if w == 0 {
			break
		}
	}
	for j, w, t, s := top, weight, tail, step; j > 0 && w > 0; {
		w *= j / l
		j--
		s *= (dof/2 + j + 1) / h
		t = math.Max(0, math.Min(1, t-float64(sign*s)))
		sum += float64(w * t)
		if w*(j+1) <= small*sum || w*t*(j+1) <= small*sum && upper {
			break
		}
	}
	return math.Min(sum, 1)
}

// logPoisson is log(h^a e^{−h}/Γ(a+1)).
func logPoisson(a, h float64) float64 {
	if a < 20 {
		g, _ := math.Lgamma(a + 1)
		if a == 0 {
			return -h
		}
		return float64(a*math.Log(h)) - h - g
	}
	r := (h - a) / a
	stirling := 1/(12*a) - 1/(360*a*a*a) + 1/(1260*a*a*a*a*a)
	return float64(a*math.Log1p(r)) - (h - a) - math.Log(2*math.Pi*a)/2 - stirling
}

// sankaran turns a noncentral chi-square value into a normal one. Source: Sankaran,
// "Approximations to the non-central chi-square distribution" (1963).
func sankaran(dof, lambda, x float64) float64 {
	s, t := dof+lambda, dof+float64(2*lambda)
	h := 1 - float64(2*s*(dof+float64(3*lambda)))/(3*t*t)
	p := t / (s * s)
	m := (h - 1) * (1 - float64(3*h))
	mean := 1 + float64(h*p*(h-1-float64((2-h)*m*p/2)))
	spread := h * math.Sqrt(2*p) * (1 + float64(m*p/2))
	return (math.Pow(x/s, h) - mean) / spread
}

func normalAbove(z float64) float64 { return math.Erfc(z/math.Sqrt2) / 2 }

// noncentralLimit is the value that the law exceeds with probability alpha.
func noncentralLimit(alpha, dof, lambda float64) float64 {
	if !(alpha < 1) || !(dof > 0) {
		return 0
	}
	alpha = math.Max(alpha, 1e-300)
	high := dof + lambda + 1
	for noncentralAbove(dof, lambda, high) > alpha {
		high *= 2
	}
	return bisect(0, high, func(x float64) bool { return noncentralAbove(dof, lambda, x) > alpha })
}

// bisect is the point between low and high where below turns from true to false.
func bisect(low, high float64, below func(float64) bool) float64 {
	for range 200 {
		half := low + (high-low)/2
		if half <= low || half >= high || high-low <= 1e-12*high {
			return half
		}
		if below(half) {
			low = half
		} else {
			high = half
		}
	}
	return low
}
