package sequential

import (
	"math"
	"strings"
	"testing"
)

func testHypergeometricMGF(t *testing.T, v *vector) {
	na, nb, s := int64(num(t, v.Inputs, "n_a")), int64(num(t, v.Inputs, "n_b")), int64(num(t, v.Inputs, "s"))
	phi := num(t, v.Params, "phi")
	v.equal(t, "log_mgf", LogHypergeometricMGF(phi, na, nb, s))
	bound := []float64{0}
	Tilt(bound, []float64{phi}, float64(nb)/float64(na+nb), s, 0)
	v.equal(t, "binomial_bound", -bound[0])
}

// testConditionalPath also serves the binomial bound, which is Rate with the units as exposure.
func testConditionalPath(t *testing.T, v *vector) {
	c := NewConditional(1, Higher, Options{})
	m, l := NewMixture(Uniform(32)), make([]float64, 32)
	var exact, bound []float64
	for _, b := range read[[]record](t, v.Inputs, "blocks") {
		x := Counts{int64(num(t, b, "n_a")), int64(num(t, b, "y_a"))}
		y := Counts{int64(num(t, b, "n_b")), int64(num(t, b, "y_b"))}
		c.Observe(x, y, 0)
		exact = append(exact, c.LogE())
		if x.N > 0 && y.N > 0 {
			Tilt(l, LogGrid(gridLeast, gridMost, 32), RateShare(1, float64(x.N), float64(y.N)), x.Y, y.Y)
			m.Add(l)
		}
		bound = append(bound, m.LogE())
	}
	v.equalPath(t, "log_e_exact", exact)
	v.equalPath(t, "log_e_binomial_bound", bound)
}

func testDetectors(t *testing.T, v *vector) {
	sr, cu := NewDetector(ShiryaevRoberts, []float64{0}), NewDetector(CUSUM, []float64{0})
	var srs, cus []float64
	for _, l := range nums(t, v.Inputs, "log_factors") {
		sr.Add([]float64{l})
		cu.Add([]float64{l})
		srs, cus = append(srs, sr.LogE()), append(cus, cu.LogE())
	}
	v.equalPath(t, "log_e_sr", srs)
	v.equalPath(t, "log_e_cusum", cus)
}

// testFamilyDetector feeds the detector, and for ST the mixture, with the log factors
// that the reference program uses per observation.
func testFamilyDetector(t *testing.T, v *vector) {
	m, lambdas := num(t, v.Params, "m_pre"), nums(t, v.Params, "lambdas")
	factor := map[string]func(x, lambda float64) float64{
		"Ber":     func(x, l float64) float64 { return l*x - math.Log1p(m*math.Expm1(l)) },
		"Bounded": func(x, l float64) float64 { return math.Log1p(l * (x/m - 1)) },
		"Normal":  func(x, l float64) float64 { return l*(x-m) - l*l/2 },
	}[read[string](t, v.Params, "family")]
	var logw []float64
	for _, w := range nums(t, v.Params, "weights") {
		logw = append(logw, math.Log(w))
	}
	var p interface {
		Add([]float64)
		LogE() float64
	}
	switch v.Method {
	case "edetector_ST":
		p = NewMixture(logw)
	case "edetector_SR":
		p = NewDetector(ShiryaevRoberts, logw)
	case "edetector_CU":
		p = NewDetector(CUSUM, logw)
	}
	var path []float64
	stopped := 0
	l := make([]float64, len(lambdas))
	for i, x := range nums(t, v.Inputs, "x") {
		for k, lambda := range lambdas {
			l[k] = factor(x, lambda)
		}
		p.Add(l)
		path = append(path, p.LogE())
		if stopped == 0 && p.LogE() > num(t, v.Params, "log_threshold") {
			stopped = i + 1
		}
	}
	var got []float64
	for _, at := range read[[]int](t, v.Inputs, "at") {
		got = append(got, path[at-1])
	}
	v.equalPath(t, "log_value", got)
	v.equal(t, "stopped_time", float64(stopped))
}

func testClusterScore(t *testing.T, v *vector) {
	n := int(num(t, v.Params, "buckets"))
	s := NewSticky(ScoreOptions{Harm: true, Rho: 1}, n)
	blocks := map[int][]Bucket{}
	last := 0
	for _, r := range read[[]record](t, v.Inputs, "rows") {
		at, arm := int(num(t, r, "window")), 0
		if read[string](t, r, "arm") == "canary" {
			arm = 1
		}
		if blocks[at] == nil {
			blocks[at] = make([]Bucket, n)
		}
		b := &blocks[at][int(num(t, r, "bucket"))]
		b.Rows[arm], b.Base[arm], b.Sum[arm] = int64(num(t, r, "n")), num(t, r, "n"), num(t, r, "sum")
		last = max(last, at)
	}
	for at := range last + 1 {
		s.Observe(blocks[at], 0)
	}
	v.equal(t, "S", s.s[0])
	_, plain := spread(s.copies[0]) // before it is compared with the larger arm's
	v.equal(t, "V", plain)
}

// testAsymptoticInterval: the common bound with the variance of all values so far put
// in, n units of it (asymptotic) or the sum of squares (Lyapunov).
func testAsymptoticInterval(t *testing.T, v *vector) {
	x, alpha := nums(t, v.Inputs, "x"), num(t, v.Params, "alpha")
	low, high := []float64{}, []float64{}
	for _, at := range read[[]int](t, v.Inputs, "at") {
		var m Moments
		for _, y := range x[:at] {
			m = m.Merge(Moments{N: 1, Mean: y})
		}
		n, half := float64(at), math.Inf(1)
		variance := m.M2 / (n - 1)
		switch {
		case at < 2:
		case v.Method == "asymptotic_confseq":
			half = math.Sqrt(variance) * NormalBound(n, 1/lambertRho(num(t, v.Params, "t_opt"), alpha), alpha) / n
		default:
			half = NormalBound(n*variance, 1/num(t, v.Params, "rho2"), alpha) / n
		}
		low, high = append(low, m.Mean-half), append(high, m.Mean+half)
	}
	v.equalPath(t, "lower", low)
	v.equalPath(t, "upper", high)
}

// lambertRho is the exact optimum that BestRho approximates, as 1/ρ: with
// w·e^w = −α²/e, w < −1, it is (−w − 1)/t.
func lambertRho(t, alpha float64) float64 {
	want := 2*math.Log(alpha) - 1 // log(−w) + w
	w := -2.0
	for range 100 {
		w = want - math.Log(-w)
	}
	return (-w - 1) / t
}

// plugIn is the product of block factors for the arms' posterior means, against the line
// θb = θa + delta: the e-value of safestats, from this package's factor.
func plugIn(t *testing.T, v *vector, delta float64, prior [4]float64) float64 {
	na, nb := num(t, v.Params, "na"), num(t, v.Params, "nb")
	ya, yb := nums(t, v.Inputs, "ya"), nums(t, v.Inputs, "yb")
	logE := 0.0
	a1, a0, b1, b0 := prior[0], prior[1], prior[2], prior[3]
	for i := range ya {
		pa, pb := inside(a1/(a1+a0)), inside(b1/(b1+b0))
		h := half{slope: 1, shift: delta}
		h.above = !(pb > h.at(pa))
		logE += h.logFactor(Counts{int64(na), int64(ya[i])}, Counts{int64(nb), int64(yb[i])}, pa, pb)
		a1, a0, b1, b0 = a1+ya[i], a0+na-ya[i], b1+yb[i], b0+nb-yb[i]
	}
	return logE
}

func testPlugIn(t *testing.T, v *vector) {
	var prior [4]float64
	for i, name := range []string{"betaA1", "betaA2", "betaB1", "betaB2"} {
		prior[i] = num(t, v.Params, name)
	}
	logE := plugIn(t, v, 0, prior)
	v.equal(t, "log_e", logE)
	v.equal(t, "e", math.Exp(logE))
}

func testPlugInGrid(t *testing.T, v *vector) {
	var got []float64
	for _, delta := range nums(t, v.Expected, "delta") {
		got = append(got, plugIn(t, v, delta, [4]float64{0.18, 0.18, 0.18, 0.18}))
	}
	v.equalPath(t, "log_e", got)
}

// testRunningP reads the one path of either side, under whatever name.
func testRunningP(t *testing.T, v *vector) {
	m := NewMixture([]float64{0})
	last := 0.0
	var got []float64
	for _, e := range onlyPath(t, v.Inputs) {
		m.Add([]float64{e - last})
		last = e
		got = append(got, math.Min(1, math.Exp(-m.LogEMax())))
	}
	want := onlyPath(t, v.Expected)
	if len(got) != len(want) {
		t.Fatalf("%d p-values, want %d", len(got), len(want))
	}
	for i := range want {
		near(t, "p", got[i], want[i], v.RelTol)
	}
}

func onlyPath(t *testing.T, r record) []float64 {
	for name, raw := range r {
		if strings.HasPrefix(strings.TrimSpace(string(raw)), "[") {
			path := nums(t, r, name)
			if name == "e" {
				for i := range path {
					path[i] = math.Log(path[i])
				}
			}
			return path
		}
	}
	t.Fatal("no path")
	return nil
}
