package drift

import "math"

// Tests on the table of two arms by B categories, in one look at independent events.
// Categories that are empty in both arms are left out. Pearson's statistic needs about
// 5 expected events in a cell; G does with fewer. Source: Agresti, "Categorical Data
// Analysis" (2013), section 3.2; numbers in testdata/vectors/drift/contingency.json.

// Contingency is what the table says.
type Contingency struct {
	DoF       int     // filled categories less one
	ChiSquare float64 // Pearson's statistic
	G         float64 // likelihood-ratio statistic, twice the gain in nats
	CramersV  float64 // √(χ²/(n+m)) for two arms, in [0, 1]
	Expected  float64 // the least expected count of a cell
}

// Contingency computes the table's statistics; all are 0 when an arm is empty.
func (c Counts) Contingency() (t Contingency) {
	if !c.lawful() {
		return t
	}
	n, m, _ := c.sizes()
	t.DoF, t.Expected = c.filled()-1, math.MaxFloat64
	for i := range c.Stable {
		a, b := float64(c.Stable[i]), float64(c.Canary[i])
		if a+b == 0 {
			continue
		}
		ea, eb := float64((a+b)*(n/(n+m))), float64((a+b)*(m/(n+m)))
		t.ChiSquare += float64((a-ea)*(a-ea)/ea) + float64((b-eb)*(b-eb)/eb)
		t.G += float64(2 * (xlogx(a, ea) + xlogx(b, eb)))
		t.Expected = math.Min(t.Expected, math.Min(ea, eb))
	}
	t.G = math.Max(0, t.G)
	if t.DoF < 1 {
		t.ChiSquare, t.G = 0, 0
	}
	t.CramersV = math.Min(1, math.Sqrt(t.ChiSquare/(n+m)))
	return t
}

// xlogx is x·log(x/y), 0 for x = 0.
func xlogx(x, y float64) float64 {
	if x == 0 {
		return 0
	}
	return float64(x * math.Log(x/y))
}

// ChiSquareP and GP are the probabilities of such statistics or larger without drift.
func (t Contingency) ChiSquareP() float64 { return chiSquareAbove(float64(t.DoF), t.ChiSquare) }

// GP is as ChiSquareP.
func (t Contingency) GP() float64 { return chiSquareAbove(float64(t.DoF), t.G) }

func rawChiSquare(c Counts, _ []float64) float64 {
	_, _, s := c.sizes()
	return c.Contingency().ChiSquare * s
}

func rawG(c Counts, _ []float64) float64 {
	_, _, s := c.sizes()
	return c.Contingency().G * s
}

func pChiSquare(c Counts) float64 { return c.Contingency().ChiSquareP() }
func pG(c Counts) float64         { return c.Contingency().GP() }
