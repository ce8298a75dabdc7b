package drift

import "math"

// Distance is one way to say how far two binned distributions are apart. It describes;
// verdicts come from the e-processes of Methods.
type Distance struct {
	Name    string
	File    string
	Ordered bool    // bins have an order, else their order does not matter
	Most    float64 // no counts give more; +Inf where there is no bound
	Formula string  // p, q = shares of stable and canary, P, Q their cumulative shares
	Source  string

	// Raw is the distance: 0 for an empty arm or equal shares, finite, never below 0.
	// Positions are those of the bins' values, ascending; nil means 0, 1, 2, …
	Raw func(c Counts, positions []float64) float64
	// Floor is about what Raw is without any drift, a matter of sample size.
	Floor func(c Counts, positions []float64) float64
	// PSI is the index of a small shift of a bell-shaped distribution at this distance:
	// the one scale on which distances of all kinds compare.
	PSI func(x float64) float64
	// P is the probability of this distance or more without drift, in one look at
	// independent events; nil where no law is known that does not depend on the values.
	P func(c Counts) float64
}

// Distances lists every distance, one per row. The law tests range over it, and
// docs/drift.md has a line for each.
var Distances = []Distance{
	{"psi", "psi.go", false, math.Inf(1), "Σ (q−p)·log(q/p), one half added to each count", "Yurdakul, Naranjo 2020", rawPSI, floorPSI, same, pPSI},
	{"chi-square", "contingency.go", false, math.Inf(1), "(1/n+1/m)·Σ (observed−expected)²/expected", "Pearson 1900", rawChiSquare, floorPSI, same, pChiSquare},
	{"g", "contingency.go", false, math.Inf(1), "(1/n+1/m)·2·Σ observed·log(observed/expected)", "Wilks 1938", rawG, floorPSI, same, pG},
	{"jensen-shannon", "divergence.go", false, math.Ln2, "KL(p‖½(p+q))/2 + KL(q‖½(p+q))/2", "Lin 1991", rawJensenShannon, eighth, times8, nil},
	{"hellinger", "divergence.go", false, 1, "√(½·Σ(√p−√q)²)", "Hellinger 1909", rawHellinger, floorHellinger, squared8, nil},
	{"total variation", "divergence.go", false, 1, "½·Σ|p−q|", "Jordan 1881", rawVariation, floorVariation, overlap, nil},
	{"ks", "ks.go", true, 1, "max |P−Q| at the edges", "Kolmogorov 1933; Smirnov 1939", rawKS, floorKS, overlap, pKS},
	{"wasserstein", "wasserstein.go", true, math.Inf(1), "∫|P−Q| dx ÷ standard deviation of stable", "Vaserstein 1969", rawWasserstein, floorWasserstein, square, nil},
	{"cramer-von mises", "cramer.go", true, 1, "∫(P−Q)² d(nP+mQ)/(n+m)", "Anderson 1962", rawCramer, floorCramer, cramerPSI, pCramer},
}

// Measured is one distance of two arms, on its own scale and on the common one.
type Measured struct {
	Name   string
	Raw    float64 // on the distance's own scale
	Floor  float64 // about what Raw is without drift at these sample sizes
	Effect float64 // index that corresponds to Raw less the one that corresponds to Floor, ≥ 0
	P      float64 // one look, without drift; 1 where no law is known
}

// Measure appends every distance of c to out, in the order of Distances. Positions
// may be nil.
func (c Counts) Measure(out []Measured, positions []float64) []Measured {
	for i := range Distances {
		d := &Distances[i]
		m := Measured{Name: d.Name, P: 1}
		if c.lawful() {
			m.Raw, m.Floor = d.Raw(c, positions), d.Floor(c, positions)
			m.Effect = finite(math.Max(0, d.PSI(m.Raw)-d.PSI(m.Floor)))
			if d.P != nil {
				m.P = d.P(c)
			}
		}
		out = append(out, m)
	}
	return out
}

// lawful tells whether both arms have events, in the same bins.
func (c Counts) lawful() bool {
	if len(c.Stable) != len(c.Canary) || len(c.Stable) == 0 {
		return false
	}
	for i := range c.Stable {
		if s, k := c.Stable[i], c.Canary[i]; s < 0 || k < 0 || s > mostEvents || k > mostEvents {
			return false
		}
	}
	n := c.Totals()
	return n[0] > 0 && n[1] > 0
}

// sizes returns the events of each arm and s = 1/n + 1/m.
func (c Counts) sizes() (n, m, s float64) {
	t := c.Totals()
	n, m = float64(t[0]), float64(t[1])
	return n, m, 1/n + 1/m
}

// filled is the number of bins that hold any event.
func (c Counts) filled() (bins int) {
	for i := range c.Stable {
		if c.Stable[i] > 0 || c.Canary[i] > 0 {
			bins++
		}
	}
	return bins
}

// finite keeps a number among those that can be computed with.
func finite(x float64) float64 {
	if x != x {
		return 0
	}
	return math.Min(math.Max(x, -math.MaxFloat64), math.MaxFloat64)
}

// Equivalents of a small shift by d standard deviations: the index is d², eight times
// the Jensen–Shannon divergence and the squared Hellinger distance; the laws overlap
// but for 2Φ(d/2) − 1, which is also their KS distance.

func same(x float64) float64     { return x }
func times8(x float64) float64   { return 8 * x }
func square(x float64) float64   { return finite(x * x) }
func squared8(x float64) float64 { return 8 * x * x }

func overlap(x float64) float64 {
	x = math.Min(math.Max(x, 0), 1-1e-15)
	d := 2 * math.Sqrt2 * math.Erfinv(x)
	return d * d
}

func cramerPSI(x float64) float64 { return 2 * math.Pi * math.Sqrt(3) * x }
