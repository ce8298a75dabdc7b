package sequential

import (
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"testing"

	"verdin/stats"
	"verdin/stats/multiple"
)

// served names the code behind each method of the reference vectors.
var served map[string]func(*testing.T, *vector)

func init() {
	served = map[string]func(*testing.T, *vector){
		"tg_block_log_e":            testBlockLogE,
		"tg_block_null_expectation": testBlockExpectation,
		"srm_tilt_log_e_path":       testSampleRatioPath,
		"poisson_rate_log_e_path":   testRatePath,
		"stratified_mean_score":     testStratifiedScore,
		"pooled_vs_stratified":      testPooledAgainstStratified,
		"merge_moments":             testMergeMoments,
		"normal_log_mixture":        testNormalMixture,
		"normal_mixture_bound":      testNormalBound,
		"gb_halfwidth":              testGrowthBookHalfWidth,
		"avlm_radius":               testAvlmRadius,
		"std_conjmix_margin":        testConjugateMargin,
		"best_rho2_exact":           testBestRho,
		"msprt_two_sample":          testMSPRT,
		"msprt_normal":              testMSPRTPath,
		"combine":                   testCombine,
		"log_weighted_average":      testLogAverage,
		"running_p":                 testRunningP,

		"log_hypergeometric_mgf":         testHypergeometricMGF,
		"conditional_mixture_log_e_path": testConditionalPath,
		"asymptotic_confseq":             testAsymptoticInterval,
		"lyapunov_asympcs":               testAsymptoticInterval,
		"safe2x2_plugin_e":               testPlugIn,
		"safe2x2_linear_delta_grid":      testPlugInGrid,
		"cluster_score_variance":         testClusterScore,
		"e_sr_and_e_cusum":               testDetectors,
		"edetector_ST":                   testFamilyDetector,
		"edetector_SR":                   testFamilyDetector,
		"edetector_CU":                   testFamilyDetector,
	}
}

// peers are methods that internal/peers serves: rules of other programs that are computed
// for comparison and never decide. Its own test holds the cases.
var peers = []string{
	"gb_SequentialTwoSidedTTest",
	"gb_SequentialOneSidedTreatmentGreaterTTest",
	"gb_SequentialOneSidedTreatmentLesserTTest",
	"avlm_log_G_t",
	"msprt_bernoulli",
	"msprt_optimal_tau2",
	"sequential_multinomial_p",
	"std_LIL_margin",
	"poly_stitching_bound",
	"double_stitching_bound",
	"beta_binomial_log_mixture",
	"beta_binomial_mixture_bound",
	"quantile_ab_p_value",
}

// notShipped are methods of other programs that Verdin does without, and why.
var notShipped = map[string]string{
	"safe2x2_difference_restricted_e": "plug-in restricted to a difference: bound to equal block sizes",
	"bernoulli_confidence_interval":   "one-arm interval: overlap of two arms' intervals is no test of their difference",
	"gamma_exponential_log_mixture":   "sub-exponential one-arm boundary",
	"gamma_exponential_mixture_bound": "sub-exponential one-arm boundary",
	"gamma_poisson_log_mixture":       "sub-Poisson one-arm boundary",
	"gamma_poisson_mixture_bound":     "sub-Poisson one-arm boundary",
	"predmix_empbern_twosided_cs":     "one-arm mean, depends on the order of observations",
	"predmix_hoeffding_cs":            "one-arm mean, depends on the order of observations",
	"conjmix_empbern_twosided_cs":     "one-arm mean, depends on the order of observations",
	"conjmix_hoeffding_twosided_cs":   "one-arm mean, depends on the order of observations",
	"hedged_cs":                       "one-arm mean by betting, depends on the order of observations",
	"betting_capital_hedged":          "one-arm mean by betting, depends on the order of observations",
	"empirical_process_lil_bound":     "needs one fixed distribution; quantiles are exceedance counts in engine B",
	"fixed_quantile_cs":               "needs one fixed distribution; quantiles are exceedance counts in engine B",
}

// halfOf reads the null of a half-plane case; two-sided equality is the side on
// which the alternative does not lie.
func halfOf(t *testing.T, v *vector, side string) half {
	h := half{slope: 1, above: side == "ge"}
	if read[string](t, v.Params, "margin_kind") == "rel" {
		h.slope = num(t, v.Params, "margin")
	} else {
		h.shift = num(t, v.Params, "margin")
	}
	if side == "eq" {
		h.above = num(t, v.Params, "alt_b") < h.at(num(t, v.Params, "alt_a"))
	}
	return h
}

func testBlockLogE(t *testing.T, v *vector) {
	side := "le"
	switch null := read[string](t, v.Params, "null"); {
	case strings.Contains(null, ">="):
		side = "ge"
	case strings.Contains(null, "=="):
		side = "eq"
	}
	h := halfOf(t, v, side)
	a := Counts{int64(num(t, v.Inputs, "n_a")), int64(num(t, v.Inputs, "y_a"))}
	b := Counts{int64(num(t, v.Inputs, "n_b")), int64(num(t, v.Inputs, "y_b"))}
	pa, pb := num(t, v.Params, "alt_a"), num(t, v.Params, "alt_b")
	v.equal(t, "log_e", h.logFactor(a, b, pa, pb))
	if !h.contains(pa, pb) && a.N > 0 && b.N > 0 {
		x, _ := h.project(float64(a.N), float64(b.N), pa, pb)
		v.equal(t, "proj_a", x)
		v.equal(t, "proj_b", h.at(x))
	}
}

func testBlockExpectation(t *testing.T, v *vector) {
	h := halfOf(t, v, read[string](t, v.Params, "side"))
	na, nb := int64(num(t, v.Params, "n_a")), int64(num(t, v.Params, "n_b"))
	pa, pb := num(t, v.Params, "alt_a"), num(t, v.Params, "alt_b")
	most := num(t, v.Expected, "max_allowed")
	var got []float64
	for _, p := range read[[][2]number](t, v.Inputs, "null_points") {
		e := expectation(na, nb, float64(p[0]), float64(p[1]), func(a, b Counts) float64 { return h.logFactor(a, b, pa, pb) })
		if e > most+1e-12 {
			t.Errorf("expectation %v at %v, at most %v is allowed", e, p, most)
		}
		got = append(got, e)
	}
	v.equalPath(t, "expectation", got)
}

func testSampleRatioPath(t *testing.T, v *vector) {
	r := NewSampleRatio()
	var got []float64
	for _, b := range read[[]record](t, v.Inputs, "blocks") {
		r.Observe(num(t, b, "configured_share"), int64(num(t, b, "n_stable")), int64(num(t, b, "n_canary")))
		got = append(got, r.LogE())
	}
	v.equalPath(t, "log_e", got)
}

func testRatePath(t *testing.T, v *vector) {
	phi := LogGrid(gridLeast, gridMost, 32)
	m, l := NewMixture(Uniform(32)), make([]float64, 32)
	var got []float64
	for _, b := range read[[]record](t, v.Inputs, "blocks") {
		share := RateShare(num(t, v.Params, "null_rate_ratio_at_most"), num(t, b, "exposure_a"), num(t, b, "exposure_b"))
		Tilt(l, phi, share, int64(num(t, b, "events_a")), int64(num(t, b, "events_b")))
		m.Add(l)
		got = append(got, m.LogE())
	}
	v.equalPath(t, "log_e", got)
}

// deviations is sq − sum²/n, which float64 would spoil by cancellation.
func deviations(n, sum, sq float64) float64 {
	wide := func(x float64) *big.Float { return new(big.Float).SetPrec(200).SetFloat64(x) }
	mean := new(big.Float).Quo(wide(sum), wide(n))
	m2, _ := new(big.Float).Sub(wide(sq), mean.Mul(mean, wide(sum))).Float64()
	return math.Max(0, m2)
}

func testStratifiedScore(t *testing.T, v *vector) {
	arm := func(b record, x string) Moments {
		n, sum, sq := num(t, b, "n_"+x), num(t, b, "sum_"+x), num(t, b, "sumsq_"+x)
		if n == 0 {
			return Moments{}
		}
		return Moments{int64(n), sum / n, deviations(n, sum, sq)}
	}
	rho, alpha, delta := num(t, v.Params, "rho"), num(t, v.Params, "alpha"), num(t, v.Params, "delta0")
	var s, vr, w float64
	for _, b := range read[[]record](t, v.Inputs, "blocks") {
		bs, bv, bw := BlockScore(arm(b, "a"), arm(b, "b"), delta)
		s, vr, w = s+bs, vr+bv, w+bw
	}
	v.equal(t, "S", s)
	v.equal(t, "V", vr)
	v.equal(t, "W", w)
	v.equal(t, "log_e_two_sided", NormalMixture(s, vr, rho))
	v.equal(t, "log_e_harm_up", NormalMixtureOneSided(s, vr, rho))
	v.equal(t, "log_e_harm_down", NormalMixtureOneSided(-s, vr, rho))
	if w > 0 {
		v.equal(t, "estimate", s/w+delta)
		v.equal(t, "cs_half_width", NormalBound(vr, rho, alpha)/w)
	}
}

func testPooledAgainstStratified(t *testing.T, v *vector) {
	var s, w float64
	var a, b Counts
	for _, r := range read[[]record](t, v.Inputs, "blocks") {
		x := Counts{int64(num(t, r, "n_a")), int64(num(t, r, "y_a"))}
		y := Counts{int64(num(t, r, "n_b")), int64(num(t, r, "y_b"))}
		bs, _, bw := BlockScore(x.Moments(), y.Moments(), 0)
		s, w = s+bs, w+bw
		a, b = Counts{a.N + x.N, a.Y + x.Y}, Counts{b.N + y.N, b.Y + y.Y}
	}
	v.equal(t, "stratified_mh_difference", s/w)
	v.equal(t, "pooled_difference", b.Moments().Mean-a.Moments().Mean)
}

func testMergeMoments(t *testing.T, v *vector) {
	var parts []Moments
	sum := stats.NewSummary(stats.Shape{Kind: stats.Mean})
	for _, xs := range read[[][]float64](t, v.Inputs, "partials") {
		var m Moments
		for _, x := range xs {
			m = m.Merge(Moments{N: 1, Mean: x})
			sum.Add(x)
		}
		parts = append(parts, m)
	}
	var left, right Moments
	for i := range parts {
		left = left.Merge(parts[i])
		right = parts[len(parts)-1-i].Merge(right)
	}
	n, mean, m2 := sum.Moments()
	for _, m := range []Moments{left, right, {int64(n), mean, m2}} {
		v.equal(t, "n", float64(m.N))
		v.equal(t, "mean", m.Mean)
		v.equal(t, "m2", m.M2)
	}
}

// sided returns α or 2α, as a mixture over one side is tuned.
func sided(t *testing.T, v *vector) (oneSided bool, rho float64) {
	alpha := num(t, v.Params, "alpha_opt")
	if oneSided = read[bool](t, v.Params, "one_sided"); oneSided {
		alpha *= 2
	}
	return oneSided, BestRho(num(t, v.Params, "v_opt"), alpha)
}

func testNormalMixture(t *testing.T, v *vector) {
	one, rho := sided(t, v)
	f := NormalMixture
	if one {
		f = NormalMixtureOneSided
	}
	v.equal(t, "log_e", f(num(t, v.Inputs, "s"), num(t, v.Inputs, "v"), rho))
}

func testNormalBound(t *testing.T, v *vector) {
	one, rho := sided(t, v)
	f := NormalBound
	if one {
		f = NormalBoundOneSided
	}
	v.equal(t, "bound", f(num(t, v.Inputs, "v"), rho, num(t, v.Params, "alpha")))
}

// testGrowthBookHalfWidth: the same function with ρ = 1/ρ² of GrowthBook. Its
// one-sided closed form is an upper bound of the exact root.
func testGrowthBookHalfWidth(t *testing.T, v *vector) {
	alpha, tuning := num(t, v.Params, "alpha"), num(t, v.Params, "tuning")
	n, sd := num(t, v.Inputs, "n"), math.Sqrt(num(t, v.Inputs, "s2"))
	two, one := BestRho(tuning, alpha), BestRho(tuning, 2*alpha)
	v.equal(t, "rho_two_sided", 1/math.Sqrt(two))
	v.equal(t, "rho_one_sided", 1/math.Sqrt(one))
	v.equal(t, "two_sided", sd*NormalBound(n, two, alpha)/n)
	theirs, ours := num(t, v.Expected, "one_sided"), sd*NormalBoundOneSided(n, one, alpha)/n
	if !(ours <= theirs && ours >= 0.97*theirs) {
		t.Errorf("one-sided root %v, GrowthBook's upper bound of it %v", ours, theirs)
	}
}

// testAvlmRadius serves the normal radius; the t radius is of a method not shipped.
func testAvlmRadius(t *testing.T, v *vector) {
	n := num(t, v.Inputs, "n")
	v.equal(t, "z_radius", NormalBound(n, num(t, v.Params, "g"), num(t, v.Params, "alpha"))/math.Sqrt(n))
}

func testConjugateMargin(t *testing.T, v *vector) {
	n := num(t, v.Inputs, "t")
	v.equal(t, "margin", NormalBound(n, 1/num(t, v.Params, "rho2"), num(t, v.Params, "alpha"))/n)
}

// testBestRho serves the closed form; the exact one, by Lambert's W, is within 8 % of it
// and gains nothing.
func testBestRho(t *testing.T, v *vector) {
	v.equal(t, "rho2", lambertRho(num(t, v.Params, "t_opt"), num(t, v.Params, "alpha")))
	v.equal(t, "rho2_approx", 1/BestRho(num(t, v.Params, "t_opt"), num(t, v.Params, "alpha")))
}

func testMSPRT(t *testing.T, v *vector) {
	w := 1 / (num(t, v.Inputs, "var_a")/num(t, v.Inputs, "n_a") + num(t, v.Inputs, "var_b")/num(t, v.Inputs, "n_b"))
	rho, alpha := 1/num(t, v.Params, "tau2"), num(t, v.Params, "alpha")
	logE := NormalMixture(w*(num(t, v.Inputs, "diff")-num(t, v.Params, "theta0")), w, rho)
	v.equal(t, "log_lr", logE)
	v.equal(t, "p", math.Min(1, math.Exp(-logE)))
	v.equal(t, "cs_half_width", NormalBound(w, rho, alpha)/w)
}

func testMSPRTPath(t *testing.T, v *vector) {
	sigma, tau, theta := num(t, v.Params, "sigma"), num(t, v.Params, "tau"), num(t, v.Params, "theta0")
	x, y := nums(t, v.Inputs, "x"), nums(t, v.Inputs, "y")
	var got []float64
	for _, at := range read[[]int](t, v.Inputs, "at") {
		d := 0.0
		for i := range at {
			d += (x[i] - y[i]) / float64(at)
		}
		w := float64(at) / (2 * sigma * sigma)
		got = append(got, math.Exp(NormalMixture(w*(d-theta), w, 1/(tau*tau))))
	}
	v.equalPath(t, "lr", got)
}

func testCombine(t *testing.T, v *vector) {
	alpha := num(t, v.Params, "alpha")
	var logE []float64
	for _, e := range nums(t, v.Inputs, "e") {
		logE = append(logE, math.Log(e))
	}
	list := oneClock(logE, nil)
	average := list.LogAverage()
	near(t, "average, in logs", average, math.Log(num(t, v.Expected, "average")), v.RelTol)
	if got, want := average >= -math.Log(alpha), read[bool](t, v.Expected, "global_reject"); got != want {
		t.Errorf("global test rejects: %v, want %v", got, want)
	}
	limit := multiple.Threshold(alpha, 1/float64(len(logE)))
	if got, want := slices.Max(logE) >= limit, read[bool](t, v.Expected, "bonferroni_reject"); got != want {
		t.Errorf("Bonferroni rejects: %v, want %v", got, want)
	}
	if got, want := indices(list.EBH(alpha)), read[[]int](t, v.Expected, "e_bh"); !slices.Equal(got, want) {
		t.Errorf("e-BH rejects %v, want %v", got, want)
	}
	if got, want := indices(list.ClosedAverage(alpha)), read[[]int](t, v.Expected, "closed_average"); !slices.Equal(got, want) {
		t.Errorf("closed average rejects %v, want %v", got, want)
	}
}

// oneClock is a list on one clock whose names are their places.
func oneClock(logE, weights []float64) multiple.OneClock {
	var all []multiple.EValue
	for i, e := range logE {
		v := multiple.EValue{Name: strconv.Itoa(i), LogE: e}
		if weights != nil {
			v.Weight = weights[i]
		}
		all = append(all, v)
	}
	return multiple.ByClock(all)[0]
}

func indices(values []multiple.EValue) (out []int) {
	for _, v := range values {
		i, _ := strconv.Atoi(v.Name)
		out = append(out, i)
	}
	return out
}

func testLogAverage(t *testing.T, v *vector) {
	v.equal(t, "log_average", oneClock(nums(t, v.Inputs, "log_e"), nums(t, v.Params, "weights")).LogAverage())
}
