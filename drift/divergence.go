package drift

import "math"

// Divergences of two distributions p and q on the same bins, which need not sum to 1:
// they are taken as shares. Empty bins need no smoothing: each of these is bounded.
// Sums of terms that are never negative replace 1 − Σ√(pq) and its kind, which
// rounding takes below 0. Numbers in testdata/vectors/drift/divergence.json.

// shares calls f with the shares of every bin; without events in an arm it does not.
func shares[S, C number](stable []S, canary []C, f func(p, q float64)) {
	n, m := float64(sum(stable)), float64(sum(canary))
	if !(n > 0 && m > 0) || len(stable) != len(canary) || math.IsInf(n, 1) || math.IsInf(m, 1) {
		return
	}
	for i := range stable {
		f(float64(stable[i])/n, float64(canary[i])/m)
	}
}

// jensenShannon is the divergence in nats, in [0, log 2]. With t = (q−p)/(p+q) a bin
// adds (p+q)/4·((1+t)·log(1+t) + (1−t)·log(1−t)), never below 0. Source: Lin,
// "Divergence measures based on the Shannon entropy" (1991).
func jensenShannon[S, C number](stable []S, canary []C) (js float64) {
	shares(stable, canary, func(p, q float64) {
		if p+q > 0 {
			js += float64((p + q) / 4 * entropyGap((q-p)/(p+q)))
		}
	})
	return math.Min(js, math.Ln2)
}

// entropyGap is (1+t)·log(1+t) + (1−t)·log(1−t): t² + t⁴/6 + … for small t.
func entropyGap(t float64) float64 {
	t = math.Abs(t)
	switch {
	case t >= 1:
		return 2 * math.Ln2
	case t < 1e-3:
		s := float64(t * t)
		return float64(s * (1 + float64(s/6*(1+float64(0.4*s)))))
	}
	return float64((1+t)*math.Log1p(t)) + float64((1-t)*math.Log1p(-t))
}

// hellinger is √(½·Σ(√p−√q)²), in [0, 1].
func hellinger[S, C number](stable []S, canary []C) float64 {
	h := 0.0
	shares(stable, canary, func(p, q float64) {
		d := math.Sqrt(q) - math.Sqrt(p)
		h += float64(d * d)
	})
	return math.Min(1, math.Sqrt(h/2))
}

// variation is the total variation ½·Σ|p−q| and the largest |p−q| of a bin, in [0, 1].
func variation[S, C number](stable []S, canary []C) (tv, largest float64) {
	shares(stable, canary, func(p, q float64) {
		d := math.Abs(q - p)
		tv += d / 2
		largest = math.Max(largest, d)
	})
	return math.Min(tv, 1), math.Min(largest, 1)
}

func rawJensenShannon(c Counts, _ []float64) float64 { return jensenShannon(c.Stable, c.Canary) }
func rawHellinger(c Counts, _ []float64) float64     { return hellinger(c.Stable, c.Canary) }
func rawVariation(c Counts, _ []float64) float64 {
	tv, _ := variation(c.Stable, c.Canary)
	return tv
}

func eighth(c Counts, _ []float64) float64 { return math.Min(math.Ln2, floorPSI(c, nil)/8) }
func floorHellinger(c Counts, _ []float64) float64 {
	return math.Min(1, math.Sqrt(floorPSI(c, nil)/8))
}

// floorVariation is ½·Σ√(2s·r(1−r)/π) over the pooled shares r: the mean of |p−q| where
// the counts are about normal.
func floorVariation(c Counts, _ []float64) (tv float64) {
	n, m, s := c.sizes()
	for i := range c.Stable {
		r := float64(c.Stable[i]+c.Canary[i]) / (n + m)
		tv += math.Sqrt(2*s*r*(1-r)/math.Pi) / 2
	}
	return math.Min(tv, 1)
}
