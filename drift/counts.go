package drift

import "math"

// Counts are events of both arms in the same bins.
type Counts struct{ Stable, Canary []int64 }

// Totals returns the events of each arm: stable, canary.
func (c Counts) Totals() [2]int64 { return [2]int64{sum(c.Stable), sum(c.Canary)} }

// PSI is the population stability index between the arms,
//
//	raw = Σ (cᵢ − sᵢ) · ln(cᵢ / sᵢ)   in nats,
//
// over shares with one half added to the count of every bin. Without drift it is
// about floor = (B−1)(1/n + 1/m), B = bins that hold any event: a matter of sample
// size. effect = max(0, raw − floor) takes it off. Both are 0 when an arm is empty.
// Source of the floor: Yurdakul, Naranjo, "Statistical properties of the population
// stability index" (2020); numbers in testdata/vectors/drift/psi.json.
func (c Counts) PSI() (raw, effect float64) {
	n := c.Totals()
	return psi(c.Stable, c.Canary, float64(n[0]), float64(n[1]))
}

// KS is the largest distance between the cumulative shares of the arms, over
// ordered bins. The distance at the bins' edges is low; the distance between the
// values themselves, which the bins hide, is at most high. Both are 0 when an arm
// is empty. Numbers in testdata/vectors/drift/ks.json and sequential.json.
func (c Counts) KS() (low, high float64) {
	n := c.Totals()
	return ks(c.Stable, c.Canary, float64(n[0]), float64(n[1]))
}

type number interface{ int64 | float64 }

func sum[T number](xs []T) (total T) {
	for _, x := range xs {
		total += x
	}
	return total
}

// psi takes weighted counts too: n and m are then the effective sizes of the arms.
func psi[S, C number](stable []S, canary []C, n, m float64) (raw, effect float64) {
	if n <= 0 || m <= 0 || len(stable) != len(canary) {
		return 0, 0
	}
	half, filled := float64(len(stable))/2, 0.0
	for i := range stable {
		s := (float64(stable[i]) + 0.5) / (n + half)
		c := (float64(canary[i]) + 0.5) / (m + half)
		raw += float64((c - s) * math.Log(c/s))
		if stable[i] > 0 || canary[i] > 0 {
			filled++
		}
	}
	return raw, math.Max(0, raw-float64((filled-1)*(1/n+1/m)))
}

// ks compares i/n with j/m as i·m with j·n, which is exact up to 2⁵³.
func ks[S, C number](stable []S, canary []C, n, m float64) (low, high float64) {
	if n <= 0 || m <= 0 || len(stable) != len(canary) {
		return 0, 0
	}
	before, s, c := 0.0, 0.0, 0.0
	for i := range stable {
		s += float64(stable[i])
		c += float64(canary[i])
		here := float64(s*m) - float64(c*n)
		low = math.Max(low, math.Abs(here))
		up, down := float64(float64(stable[i])*m), float64(float64(canary[i])*n)
		high = math.Max(high, math.Min(before+up, here+down))
		high = math.Max(high, math.Min(down-before, up-here))
		before = here
	}
	scale := n * m
	return math.Min(low/scale, 1), math.Min(math.Max(low, high)/scale, 1)
}
