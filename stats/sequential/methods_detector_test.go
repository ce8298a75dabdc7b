package sequential

import (
	"math"
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
	v.equal(t, "V", s.v[0])
}
