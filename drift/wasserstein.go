package drift

import "math"

// Wasserstein is the area between the cumulative shares of the arms,
//
//	W1 = Σ |Pᵢ − Qᵢ|·(xᵢ₊₁ − xᵢ),
//
// in the unit of the positions x, which must ascend: how far a value moves on average.
// It is exact for values at these positions; binned values are at most half a bin
// from theirs. Positions are left as they are, counts are compared as integers. It is
// 0 for an empty arm and for positions that are not numbers, one per bin. Source:
// Vallender (1974); numbers in testdata/vectors/drift/wasserstein.json.
func (c Counts) Wasserstein(positions []float64) float64 {
	if !c.lawful() || len(positions) != len(c.Stable) || !ascending(positions) {
		return 0
	}
	return wasserstein(c.Stable, c.Canary, positions)
}

// wasserstein takes weighted counts too.
func wasserstein[S, C number](stable []S, canary []C, positions []float64) (w float64) {
	n, m := float64(sum(stable)), float64(sum(canary))
	a, b := 0.0, 0.0
	for i := range len(positions) - 1 {
		a += float64(stable[i])
		b += float64(canary[i])
		part := math.Abs(float64(a*m)-float64(b*n)) / (n * m)
		// Halves: the width of a bin may exceed the largest number.
		w += 2 * float64(part*(positions[i+1]/2-positions[i]/2))
	}
	return finite(w)
}

func ascending(xs []float64) bool {
	for i, x := range xs {
		if x-x != 0 || i > 0 && x < xs[i-1] {
			return false
		}
	}
	return true
}

// spreadOf is the standard deviation of counts at positions; rank positions for nil.
func spreadOf(counts []int64, positions []float64) float64 {
	n, mean := float64(sum(counts)), 0.0
	for i, k := range counts {
		mean += float64(float64(k) / n * positions[i])
	}
	v := 0.0
	for i, k := range counts {
		d := positions[i] - mean
		v += float64(float64(k) / n * float64(d*d))
	}
	return finite(math.Sqrt(v))
}

func ranks(bins int) []float64 {
	xs := make([]float64, bins)
	for i := range xs {
		xs[i] = float64(i)
	}
	return xs
}

// rawWasserstein is W1 in standard deviations of the stable arm, or of both where the
// stable arm has one value only.
func rawWasserstein(c Counts, positions []float64) float64 {
	if positions == nil {
		positions = ranks(len(c.Stable))
	}
	w := c.Wasserstein(positions)
	if w == 0 {
		return 0
	}
	sd := spreadOf(c.Stable, positions)
	if sd == 0 {
		both := make([]int64, len(c.Stable))
		for i := range both {
			both[i] = c.Stable[i] + c.Canary[i]
		}
		sd = spreadOf(both, positions)
	}
	if sd == 0 {
		return 0
	}
	return finite(w / sd)
}

// floorWasserstein is Σ √(2s·R(1−R)/π)·(xᵢ₊₁ − xᵢ) over pooled cumulative shares R.
func floorWasserstein(c Counts, positions []float64) float64 {
	if positions == nil {
		positions = ranks(len(c.Stable))
	}
	if len(positions) != len(c.Stable) || !ascending(positions) {
		return 0
	}
	n, m, s := c.sizes()
	w, below := 0.0, 0.0
	for i := range len(positions) - 1 {
		below += float64(c.Stable[i] + c.Canary[i])
		r := below / (n + m)
		w += 2 * float64(math.Sqrt(math.Max(0, 2*s*r*(1-r)/math.Pi))*(positions[i+1]/2-positions[i]/2))
	}
	if sd := spreadOf(c.Stable, positions); sd > 0 {
		return finite(w / sd)
	}
	return 0
}
