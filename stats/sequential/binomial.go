package sequential

import "math"

// logBinomialPMF is log P(X = x) for n trials of probability p in (0, 1), accurate to a
// few parts in 10¹⁵ of its size also for counts of a thousand million, where the
// difference of three log gammas keeps no digit (Loader 2000, saddle-point form).
func logBinomialPMF(x, n, p float64) float64 {
	switch x {
	case 0:
		return float64(n * math.Log1p(-p))
	case n:
		return float64(n * math.Log(p))
	}
	q := 1 - p
	c := stirlingError(n) - stirlingError(x) - stirlingError(n-x) - deviance(x, n*p) - deviance(n-x, n*q)
	return c - float64(0.5*math.Log(2*math.Pi*x*((n-x)/n)))
}

// stirlingError is log n! − log(√(2πn)·(n/e)ⁿ).
func stirlingError(n float64) float64 {
	if n < 16 {
		v, _ := math.Lgamma(n + 1)
		return v - (float64((n+0.5)*math.Log(n)) - n + float64(0.5*math.Log(2*math.Pi)))
	}
	y := 1 / (n * n)
	return (1.0/12 - float64(y*(1.0/360-float64(y*(1.0/1260-float64(y*(1.0/1680-float64(y/1188)))))))) / n
}

// deviance is x·log(x/m) + m − x, without cancellation where x is near m.
func deviance(x, m float64) float64 {
	d := x - m
	if math.Abs(d) >= 0.1*(x+m) {
		return float64(x*math.Log(x/m)) + m - x
	}
	v := d / (x + m)
	sum, power := float64(d*v), 2*x*v
	for k := 3.0; ; k += 2 {
		power *= v * v
		next := sum + float64(power/k)
		if next == sum {
			return sum
		}
		sum = next
	}
}

// LogChoose is the log of the number of ways to choose k of n; −Inf never comes out:
// impossible choices count as one way.
func LogChoose(n, k int64) float64 {
	if k <= 0 || k >= n {
		return 0
	}
	return logBinomialPMF(float64(k), float64(n), 0.5) + float64(float64(n)*math.Ln2)
}
