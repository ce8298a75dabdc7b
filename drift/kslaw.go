package drift

import "math"

// exactPairs is the number of pairs of events up to which p-values of KS are counted
// out; beyond, Stephens' correction of the limit law serves, and beyond farEvents the
// limit law itself.
const (
	exactPairs = 1e6
	farEvents  = 1e6
)

func rawKS(c Counts, _ []float64) float64 { low, _ := c.KS(); return low }

// floorKS is the mean √(π/2)·log 2·√s of the limit law.
func floorKS(c Counts, _ []float64) float64 {
	_, _, s := c.sizes()
	if c.filled() < 2 {
		return 0
	}
	return math.Min(1, math.Sqrt(math.Pi/2*s)*math.Ln2)
}

func pKS(c Counts) float64 { p, _ := c.KSP(); return p }

// KSP is the probability of a KS distance at the edges that is at least the one seen,
// without drift, in one look at independent events, and how it was found: "exact"
// counts the ways in which the events could be dealt to the arms, given how many fall
// in each bin; "stephens" and "limit" are laws for distributions without ties, and
// too large in few bins. Source of the correction: Stephens (1970).
func (c Counts) KSP() (p float64, method string) {
	if !c.lawful() {
		return 1, "exact"
	}
	n, m, s := c.sizes()
	if n*m <= exactPairs {
		return c.latticeP(), "exact"
	}
	low, _ := c.KS()
	if root := math.Sqrt(1 / s); 1/s < farEvents {
		return kolmogorovAbove(low * stephens(root)), "stephens"
	}
	return kolmogorovAbove(low / math.Sqrt(s)), "limit"
}

func stephens(root float64) float64 { return root + 0.12 + 0.11/root }

// KSBounds returns bounds on two p-values by the triangle inequality, at any true
// distribution: of the null "D ≤ d", from the distance at the edges, and of the null
// "D ≥ d", from the greatest distance that the bins can hide. For one look, not exact.
func (c Counts) KSBounds(d float64) (above, below float64) {
	if !c.lawful() {
		return 1, 1
	}
	_, _, s := c.sizes()
	low, high := c.KS()
	root := math.Sqrt(s)
	return kolmogorovAbove((low - clean(d)) / root), kolmogorovAbove((clean(d) - high) / root)
}

// latticeP counts paths: a deal of the events to the arms is a path over the lattice
// (i stable, j canary events), all equally likely. h(i,j) is the probability that a
// path to (i,j) has met |i/n − j/m| ≥ D at the end of a bin: 1 where it meets it
// there, else i/(i+j)·h(i−1,j) + j/(i+j)·h(i,j−1). Terms are positive, so small
// probabilities are accurate.
func (c Counts) latticeP() float64 {
	t := c.Totals()
	n, m := t[0], t[1]
	var most int64 // n·m·D, an integer
	ends := make([]bool, n+m+1)
	var i, j int64
	for k := range c.Stable {
		i, j = i+c.Stable[k], j+c.Canary[k]
		most = max(most, gap(i, j, n, m))
		ends[i+j] = true
	}
	if most == 0 {
		return 1
	}
	h := make([]float64, m+1)
	for i := int64(0); i <= n; i++ {
		for j := int64(0); j <= m; j++ {
			left := 0.0
			if j > 0 {
				left = h[j-1]
			}
			switch {
			case ends[i+j] && gap(i, j, n, m) >= most:
				h[j] = 1
			case i+j > 0:
				h[j] = (float64(float64(i)*h[j]) + float64(float64(j)*left)) / float64(i+j)
			}
		}
	}
	return h[m]
}

// gap is n·m times the distance of the cumulative shares i/n and j/m.
func gap(i, j, n, m int64) int64 {
	if d := i*m - j*n; d > 0 {
		return d
	} else {
		return -d
	}
}
