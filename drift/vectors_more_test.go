package drift

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// number reads one expected number, among them "+Inf" and "NaN"; ok is false where the
// case has none.
func (v *vector) number(t *testing.T, key string) (x float64, ok bool) {
	t.Helper()
	v.seen[key] = true
	raw := v.Expect[key]
	if raw == nil || string(raw) == "null" {
		return 0, false
	}
	x, err := strconv.ParseFloat(strings.Trim(string(raw), `"`), 64)
	if err != nil {
		t.Fatal(err)
	}
	return x, true
}

// holds compares one number with the case, where the case has it.
func (v *vector) holds(t *testing.T, key string, got, relative, absolute float64) {
	t.Helper()
	want, ok := v.number(t, key)
	if ok && !(math.Abs(got-want) <= relative*math.Abs(want)+absolute) {
		t.Errorf("%s is %v, want %v", key, got, want)
	}
}

func (v *vector) input(t *testing.T, key string) float64 {
	t.Helper()
	x, err := strconv.ParseFloat(string(v.Input[key]), 64)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func (v *vector) counts(t *testing.T) Counts {
	return Counts{numbers[int64](t, v.Input["ref_counts"]), numbers[int64](t, v.Input["cur_counts"])}
}

// binned puts every distinct value in a bin of its own.
func binned(x, y []float64) (c Counts, positions []float64) {
	positions = slices.Concat(x, y)
	slices.Sort(positions)
	positions = slices.Compact(positions)
	c = Counts{make([]int64, len(positions)), make([]int64, len(positions))}
	for arm, xs := range [][]float64{x, y} {
		for _, x := range xs {
			at, _ := slices.BinarySearch(positions, x)
			[][]int64{c.Stable, c.Canary}[arm][at]++
		}
	}
	return c, positions
}

func checkPSILimit(t *testing.T, v vector) {
	bins, n, m := int(v.input(t, "bins")), int64(v.input(t, "n")), int64(v.input(t, "m"))
	for key := range v.Expect {
		var alpha, d float64
		parts := strings.Split(key, "_")
		switch {
		case strings.HasPrefix(key, "thr_tolerance_"):
			d, _ = strconv.ParseFloat(parts[2], 64)
			alpha, _ = strconv.ParseFloat(parts[4], 64)
		case strings.HasPrefix(key, "thr_"):
			alpha, _ = strconv.ParseFloat(parts[1], 64)
		default:
			continue
		}
		v.holds(t, key, PSILimit(alpha, d, bins, n, m), 1e-7, 0)
	}
}

func checkKSP(t *testing.T, v vector) {
	n, m, d := v.input(t, "n"), v.input(t, "m"), v.input(t, "D")
	root := math.Sqrt(n * m / (n + m))
	v.holds(t, "p_kolmogorov_limit", kolmogorovAbove(root*d), 1e-8, 0)
	v.holds(t, "p_stephens", kolmogorovAbove(stephens(root)*d), 1e-8, 0)
}

func checkKolmogorov(t *testing.T, v vector) {
	if v.Input["alpha"] != nil {
		v.holds(t, "c", kolmogorovLimit(v.input(t, "alpha")), 1e-9, 0)
		return
	}
	v.holds(t, "sf", kolmogorovAbove(v.input(t, "stat")), 1e-9, 0)
	v.holds(t, "cdf", kolmogorovBelow(v.input(t, "stat")), 1e-9, 0)
}

func checkSpending(t *testing.T, v vector) {
	alpha, k, n, m := v.input(t, "alpha"), int64(v.input(t, "look")), int64(v.input(t, "n")), int64(v.input(t, "m"))
	v.holds(t, "alpha_k", Spent(alpha, k), 1e-9, 0)
	v.holds(t, "kolmogorov_c", kolmogorovLimit(Spent(alpha, k)), 1e-9, 0)
	v.holds(t, "ks_threshold", KSLimit(alpha, k, n, m), 1e-9, 0)
	v.holds(t, "bound_two_sided_one_each", DKWLimit(alpha, k, n, m), 1e-9, 0)
}

func checkContingency(t *testing.T, v vector) {
	got := v.counts(t).Contingency()
	v.holds(t, "dof", float64(got.DoF), 0, 0)
	v.holds(t, "chi2", got.ChiSquare, 1e-10, 1e-15)
	v.holds(t, "g", got.G, 1e-10, 1e-13)
	v.holds(t, "chi2_p", got.ChiSquareP(), 1e-8, 0)
	v.holds(t, "g_p", got.GP(), 1e-8, 0)
	v.holds(t, "cramers_v", got.CramersV, 1e-10, 1e-15)
	v.holds(t, "min_expected", got.Expected, 1e-12, 0)
}

func checkChiSquare(t *testing.T, v vector) {
	v.holds(t, "sf", chiSquareAbove(v.input(t, "dof"), v.input(t, "stat")), 1e-9, 0)
}

func checkDivergence(t *testing.T, v vector) {
	p, q := numbers[float64](t, v.Input["p"]), numbers[float64](t, v.Input["q"])
	js := jensenShannon(p, q)
	v.holds(t, "js_divergence_nats", js, 1e-9, 1e-12)
	v.holds(t, "js_distance_nats", math.Sqrt(js), 1e-9, 1e-12)
	v.holds(t, "js_divergence_base2", js/math.Ln2, 1e-9, 1e-12)
	v.holds(t, "js_distance_base2", math.Sqrt(js/math.Ln2), 1e-9, 1e-12)
	h := hellinger(p, q)
	v.holds(t, "hellinger", h, 1e-9, 1e-12)
	v.holds(t, "bhattacharyya_coefficient", 1-h*h, 1e-9, 1e-12)
	tv, largest := variation(p, q)
	v.holds(t, "total_variation", tv, 1e-9, 1e-12)
	v.holds(t, "l_infinity", largest, 1e-9, 1e-12)
}

func checkWasserstein(t *testing.T, v vector) {
	x, y := floats(t, v.Input["ref"]), floats(t, v.Input["cur"])
	c, at := binned(x, y)
	if v.Input["ref_w"] == nil {
		v.holds(t, "w1", c.Wasserstein(at), 1e-9, 1e-12)
		return
	}
	a, b := make([]float64, len(at)), make([]float64, len(at))
	for i, w := range numbers[float64](t, v.Input["ref_w"]) {
		k, _ := slices.BinarySearch(at, x[i])
		a[k] += w
	}
	for i, w := range numbers[float64](t, v.Input["cur_w"]) {
		k, _ := slices.BinarySearch(at, y[i])
		b[k] += w
	}
	v.holds(t, "w1", wasserstein(a, b, at), 1e-9, 1e-12)
}

func checkCramer(t *testing.T, v vector) {
	c, _ := binned(floats(t, v.Input["x"]), floats(t, v.Input["y"]))
	stat, p := c.CramerVonMises()
	v.holds(t, "cvm_T", stat, 1e-10, 1e-14)
	v.holds(t, "cvm_p_asymptotic", p, 0, 1e-6)
}

// quantileCounts serves the cases whose edges are quantiles of the reference.
func (v *vector) quantiles() (bins int, ok bool) {
	var binning string
	_ = json.Unmarshal(v.Params["binning"], &binning)
	_ = json.Unmarshal(v.Params["bins"], &bins)
	return bins, binning == "ref_quantile_left_closed"
}

// unservedKeys names the numbers in cases that are served which this package does not
// compute, with the reason.
var unservedKeys = map[string]string{
	"kl_pq_nats":                    "infinite for an empty bin",
	"kl_qp_nats":                    "infinite for an empty bin",
	"psi_raw":                       "infinite for an empty bin; psi.json has the smoothed index",
	"chi2_yates":                    "a correction for 2 × 2 tables that makes the test too shy; small tables have exact e-processes",
	"chi2_yates_p":                  "as chi2_yates",
	"fisher_p":                      "small tables have exact e-processes",
	"fisher_odds_ratio":             "stats/sequential has the conditional test",
	"ref_std_ddof0":                 "an ingredient; the ratio is served",
	"w1_over_max_std_0.001":         "a rule of another program for constant columns",
	"ref_iqr":                       "an ingredient of another rule",
	"energy_distance":               "it orders shifts as Wasserstein does, in the square of the unit",
	"cvm_p_exact":                   "the limit law, moved to the right mean and variance, is used at every size",
	"ad_A2_normalised":              "Anderson–Darling: Cramér–von Mises answers the same question",
	"ad_p_interpolated":             "as ad_A2_normalised",
	"ad_critical_values":            "as ad_A2_normalised",
	"ad_p_is_capped":                "as ad_A2_normalised",
	"ad_undefined":                  "as ad_A2_normalised",
	"mwu_U1":                        "it sees shifts only: KS and PSI see more",
	"mwu_p_asymptotic_cc":           "as mwu_U1",
	"p_scipy_asymp":                 "a rule of another program, undefined for one event each",
	"logsf":                         "the logarithm of a number that is served",
	"two_exp_bound":                 "an upper bound of a number that is served",
	"effective_n":                   "an ingredient",
	"c_dkw":                         "an ingredient of DKWLimit, which is served",
	"null_mean":                     "checked as the floor of the index",
	"null_sd":                       "an ingredient",
	"mean_score":                    "an ingredient",
	"auc":                           "stats/sequential has the area with its variance",
	"log_loss_clip_1e-15":           "unbounded: one confident miss decides it; a mean of stats/sequential serves it",
	"ece_10_mass":                   "bins that depend on the scores do not merge",
	"ece_10_width_right":            "another rule for scores at an edge",
	"mce_10_width_right":            "another rule for scores at an edge",
	"rms_ce_10_width_right":         "another rule for scores at an edge",
	"bins_10_width_right":           "another rule for scores at an edge",
	"debiased_sq_ce_10_width_right": "another rule for scores at an edge",
	"ece_15_width_right":            "another rule for scores at an edge",
	"mce_15_width_right":            "another rule for scores at an edge",
}

// complete says that a check which uses holds asked for every expected number, but for
// those on the list.
func (v *vector) complete(t *testing.T) {
	t.Helper()
	if len(v.seen) == 0 {
		return // an older check, which compares what it names
	}
	for key := range v.Expect {
		if !v.seen[key] && unservedKeys[key] == "" {
			t.Errorf("nothing serves the number %s: serve it, or list it with the reason", key)
		}
	}
}
