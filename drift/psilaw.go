package drift

import (
	"math"

	"verdin/stats"
)

// Without drift the index follows s·χ²(B−1), s = 1/n + 1/m, and at a true index d the
// noncentral law with λ = d/s: good where a bin expects 5 events and more, in one look
// at independent events. Sources: Yurdakul, Naranjo (2020); Potgieter et al.,
// arXiv:2307.11878. Numbers in testdata/vectors/drift/psi.json.

func rawPSI(c Counts, _ []float64) float64 { raw, _ := c.PSI(); return raw }
func floorPSI(c Counts, _ []float64) float64 {
	_, _, s := c.sizes()
	return float64(c.filled()-1) * s
}
func pPSI(c Counts) float64 { above, _ := c.PSIP(0); return above }

// PSIP returns the probability, were the true index d, of an index of at least, and of
// at most, the one that is seen: small "above" speaks against "index ≤ d", small
// "below" against "index ≥ d". For one look, not exact; both are 1 for an empty arm.
func (c Counts) PSIP(d float64) (above, below float64) {
	if !c.lawful() {
		return 1, 1
	}
	_, _, s := c.sizes()
	raw, _ := c.PSI()
	return psiTails(raw, d, s, c.filled())
}

func psiTails(raw, d, s float64, bins int) (above, below float64) {
	if bins < 2 {
		return 1, 1 // one bin cannot tell
	}
	dof, lambda := float64(bins-1), clean(d)/s
	return noncentralAbove(dof, lambda, raw/s), noncentralBelow(dof, lambda, raw/s)
}

// PSIInterval is the interval of true indices that PSIP does not reject on either
// side at (1−level)/2. For one look, not exact.
func (c Counts) PSIInterval(level float64) stats.Interval {
	out := stats.Interval{Scale: "psi"}
	if !c.lawful() || !(level > 0 && level < 1) || c.filled() < 2 {
		return out
	}
	_, _, s := c.sizes()
	raw, effect := c.PSI()
	risk, bins := (1-level)/2, c.filled()
	top := raw + s
	for top < math.MaxFloat32 {
		if _, below := psiTails(raw, top, s, bins); below < risk {
			break
		}
		top *= 2
	}
	out.Estimate, out.Level, out.Method = effect, level, "asymptotic"
	out.Low = bisect(0, top, func(d float64) bool { above, _ := psiTails(raw, d, s, bins); return above < risk })
	out.High = bisect(0, top, func(d float64) bool { _, below := psiTails(raw, d, s, bins); return below >= risk })
	if above, _ := psiTails(raw, 0, s, bins); above >= risk {
		out.Low = 0
	}
	return out
}

// PSILimit is the index that is exceeded with probability alpha in one look at n and m
// events in so many bins when the true index is d. It depends on the sample size: a
// fixed limit of 0.1 or 0.2 does not.
func PSILimit(alpha, d float64, bins int, n, m int64) float64 {
	if bins < 2 || n < 1 || m < 1 {
		return 0
	}
	s := 1/float64(n) + 1/float64(m)
	return s * noncentralLimit(alpha, float64(bins-1), clean(d)/s)
}

// PSIEvents is the number of canary events at which one look with risk alpha finds a
// true index d with the given power; share is the canary's part of all events.
func PSIEvents(d, alpha, power float64, bins int, share float64) float64 {
	if !(d > 0) || bins < 2 || !(share > 0 && share < 1) || !(0 < alpha && alpha < power && power < 1) {
		return 0
	}
	dof := float64(bins - 1)
	limit := noncentralLimit(alpha, dof, 0)
	lambda := bisect(0, 1e6, func(l float64) bool { return noncentralAbove(dof, l, limit) < power })
	return lambda / (d * (1 - share))
}
