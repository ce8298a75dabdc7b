package drift

import "math"

// CramerVonMises returns the statistic T = nm/(n+m)²·Σ(P−Q)² over all events, with ties
// by midranks, and the probability of such a one or larger without drift: the limit
// law at T moved to the mean and variance that T has at n and m events. For one look;
// not exact. Sources: Anderson, "On the distribution of the two-sample Cramér–von
// Mises criterion" (1962); Csörgő, Faraway (1996) for the law. Numbers in
// testdata/vectors/drift/cvm_ad.json.
func (c Counts) CramerVonMises() (t, p float64) {
	if !c.lawful() {
		return 0, 1
	}
	n, m, _ := c.sizes()
	a, b, u, v := 0.0, 0.0, 0.0, 0.0
	for i := range c.Stable {
		x, y := float64(c.Stable[i]), float64(c.Canary[i])
		rank := a + b + (x+y+1)/2
		u += ranksAbout(rank, a, x)
		v += ranksAbout(rank, b, y)
		a, b = a+x, b+y
	}
	both := n + m
	t = (float64(n*u)+float64(m*v))/(n*m*both) - (float64(4*n*m)-1)/(6*both)
	mean := (1 + 1/both) / 6
	variance := (both + 1) / 45 / (both * both) * (float64(4*n*m*both) - float64(3*(float64(n*n)+float64(m*m))) - float64(2*n*m)) / (4 * n * m)
	if !(variance > 0) {
		return t, 1
	}
	return t, cramerAbove(1.0/6 + (t-mean)/math.Sqrt(45*variance))
}

// ranksAbout is Σ (rank − i)² over i = before+1 … before+k.
func ranksAbout(rank, before, k float64) float64 {
	d := rank - before - (k+1)/2
	return float64(k*d*d) + float64(k*(k-1)*(k+1)/12)
}

// cramerAbove is the upper tail of the limit law,
//
//	1 − 1/(π√x)·Σ_k Γ(k+½)/(Γ(½)·k!)·√(4k+1)·e^{−y}·K_{1/4}(y),  y = (4k+1)²/(16x).
func cramerAbove(x float64) float64 {
	switch {
	case !(x > 0.003):
		return 1
	case x > 1000: // e^{−x·π²/2} is below the smallest number
		return 0
	}
	sum, weight := 0.0, 1.0
	for k := 0.0; k < 200; k++ {
		z := 4*k + 1
		y := z * z / (16 * x)
		term := float64(weight * math.Sqrt(z) * math.Exp(-2*y) * besselQuarter(y))
		sum += term
		if term <= 1e-16*sum {
			break
		}
		weight *= (k + 0.5) / (k + 1)
	}
	return math.Min(1, math.Max(0, 1-sum/(math.Pi*math.Sqrt(x))))
}

// besselQuarter is e^y·K_{1/4}(y) = ∫₀^∞ exp(y − y·cosh t)·cosh(t/4) dt, by the
// trapezoid rule, which converges faster than any power of the step here.
func besselQuarter(y float64) float64 {
	const step = 1.0 / 32
	end := math.Acosh(1 + 40/y)
	sum := 0.5
	for t := step; t <= end; t += step {
		h := math.Sinh(t / 2)
		sum += float64(math.Exp(-2*y*h*h) * math.Cosh(t/4))
	}
	return step * sum
}

// rawCramer is the mean of (P−Q)² over the pooled events, at the ends of bins.
func rawCramer(c Counts, _ []float64) (w float64) {
	n, m, _ := c.sizes()
	a, b := 0.0, 0.0
	for i := range c.Stable {
		a += float64(c.Stable[i])
		b += float64(c.Canary[i])
		d := (float64(a*m) - float64(b*n)) / (n * m)
		w += float64(d * d * (float64(c.Stable[i]+c.Canary[i]) / (n + m)))
	}
	return math.Min(w, 1)
}

// floorCramer is s·Σ R(1−R) over the pooled cumulative shares R.
func floorCramer(c Counts, _ []float64) (w float64) {
	n, m, s := c.sizes()
	below := 0.0
	for i := range c.Stable {
		k := float64(c.Stable[i] + c.Canary[i])
		below += k
		r := below / (n + m)
		w += float64(s * r * (1 - r) * (k / (n + m)))
	}
	return math.Min(math.Max(w, 0), 1)
}

func pCramer(c Counts) float64 { _, p := c.CramerVonMises(); return p }
