package drift

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
)

// unserved names what the reference numbers hold and this package does not serve,
// by file, or file and method, with the reason.
var unserved = map[string]string{
	"psi/none":                 "infinite for an empty bin",
	"psi/eps_1e-4":             "a constant share for empty bins biases small samples",
	"psi/eps_1e-6":             "a constant share for empty bins biases small samples",
	"psi/add_one":              "one half is the rule; two rules would give two indices",
	"psi/evidently_0.7":        "a rule of another program",
	"psi/clip_0.01_deepchecks": "a rule of another program: it hides rare categories",
	"psi/float_min_frouros":    "a rule of another program: it counts empty bins",
	"sequential/eproc":         "predictions without shrinkage lose power in many bins",
	"embedding":                "not shipped yet: seeded projections",
	"multiple":                 "belongs to package stats/multiple",
}

type vector struct {
	ID     string                     `json:"id"`
	Input  map[string]json.RawMessage `json:"input"`
	Params map[string]json.RawMessage `json:"params"`
	Expect map[string]json.RawMessage `json:"expect"`

	seen map[string]bool // expected numbers that a check asked for
}

// vectorFiles lists the reference numbers of the repository, and those of the
// folder drift below VERDIN_VECTORS, by name of the file without its ending.
func vectorFiles(t *testing.T) (paths []string) {
	dirs := []string{"../testdata/vectors/drift"}
	if more := os.Getenv("VERDIN_VECTORS"); more != "" {
		dirs = append(dirs, filepath.Join(more, "drift"))
	}
	for _, dir := range dirs {
		found, err := filepath.Glob(filepath.Join(dir, "*.json"))
		if err != nil || len(found) == 0 {
			t.Fatalf("no reference numbers in %s: %v", dir, err)
		}
		paths = append(paths, found...)
	}
	return paths
}

func TestReferenceNumbers(t *testing.T) {
	checked, left := map[string]int{}, map[string]int{}
	for _, path := range vectorFiles(t) {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var file struct{ Cases []vector }
		if err := json.Unmarshal(raw, &file); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		for _, v := range file.Cases {
			method := name + "/" + v.method()
			check := served[method]
			switch {
			case check != nil:
				checked[method]++
				t.Run(v.ID, func(t *testing.T) {
					v.seen = map[string]bool{}
					check(t, v)
					v.complete(t)
				})
			case unserved[method] != "" || unserved[name] != "":
				left[method]++
			default:
				t.Errorf("%s: case %s: nothing serves %s: serve it, or list it as unserved with the reason", path, v.ID, method)
			}
		}
	}
	for method := range served {
		if checked[method] == 0 {
			t.Errorf("no reference number was found for %s", method)
		}
	}
	t.Logf("checked %v, left out %v", checked, left)
}

// method is the smoothing rule where there is one, else the first word of the name
// that says what is asked.
func (v *vector) method() string {
	if rule := v.text("zero_rule"); rule != "" {
		return rule
	}
	words := strings.Split(v.ID, "_")
	switch {
	case v.Input["x"] != nil && words[0] == "ks":
		return "distance"
	case len(words) > 1 && (words[1] == "bracket" || words[1] == "threshold" || words[1] == "pvalue"):
		return words[1]
	}
	return words[0]
}

func (v *vector) text(param string) (s string) {
	_ = json.Unmarshal(v.Params[param], &s)
	return s
}

// served maps each method to its check.
var served = map[string]func(*testing.T, vector){
	"psi/threshold":      checkPSILimit,
	"ks/pvalue":          checkKSP,
	"ks/kolmogorov":      checkKolmogorov,
	"sequential/dkw":     checkSpending,
	"contingency/ct":     checkContingency,
	"contingency/chi2":   checkChiSquare,
	"divergence/div":     checkDivergence,
	"wasserstein/w1":     checkWasserstein,
	"cvm_ad/cvm":         checkCramer,
	"calibration/cal":    checkCalibration,
	"psi/add_half":       checkPSI,
	"ks/distance":        checkKS,
	"sequential/bracket": checkBracket,
	"sequential/emix":    checkMixture,
}

// checkPSI takes the counts, or those that the binning of raw values must give.
func checkPSI(t *testing.T, v vector) {
	checkQuantiles(t, v)
	from := v.Input
	if from["ref_counts"] == nil {
		from = v.Expect
	}
	c := Counts{numbers[int64](t, from["ref_counts"]), numbers[int64](t, from["cur_counts"])}
	raw, effect := c.PSI()
	near(t, "psi", raw, v.Expect["psi"], 1e-12)
	near(t, "psi_debiased", effect, v.Expect["psi_debiased"], 1e-12)
	above, _ := c.PSIP(0)
	near(t, "p_chi2", above, v.Expect["p_chi2"], 1e-8)
}

// checkKS puts every distinct value in a bin of its own; missing values are none.
func checkKS(t *testing.T, v vector) {
	x, y := floats(t, v.Input["x"]), floats(t, v.Input["y"])
	values := slices.DeleteFunc(slices.Concat(x, y), math.IsNaN)
	sort.Float64s(values)
	values = slices.Compact(values)
	if len(values) == 0 {
		values = []float64{0}
	}
	count := func(xs []float64, weights json.RawMessage) []int64 {
		counts, ws := make([]int64, len(values)), numbers[float64](t, weights)
		for i, x := range xs {
			w := 1.0
			if ws != nil {
				w = ws[i]
			}
			if at, ok := slices.BinarySearch(values, x); ok {
				counts[at] += int64(w)
			}
		}
		return counts
	}
	both := Counts{count(x, v.Input["xw"]), count(y, v.Input["yw"])}
	low, _ := both.KS()
	if string(v.Expect["defined"]) == "false" {
		near(t, "D of an empty side", low, json.RawMessage("0"), 0)
		return
	}
	near(t, "D", low, v.Expect["D"], 1e-15)
	if exact := v.Expect["p_exact_given_ties"]; exact != nil {
		p, method := both.KSP()
		near(t, "p "+method, p, exact, 1e-9)
	} else if x, y, all := len(x), len(y), len(values); all == x+y {
		p, method := both.KSP()
		near(t, "p "+method, p, v.Expect["p_exact_no_ties"], 1e-9)
	}
	n, m, s := both.sizes()
	if n > 0 && m > 0 {
		near(t, "limit", kolmogorovAbove(low/math.Sqrt(s)), v.Expect["p_kolmogorov_limit"], 1e-9)
		near(t, "stephens", kolmogorovAbove(low*stephens(math.Sqrt(1/s))), v.Expect["p_stephens"], 1e-9)
	}
}

func checkBracket(t *testing.T, v vector) {
	c := Counts{numbers[int64](t, v.Input["ref_counts"]), numbers[int64](t, v.Input["cur_counts"])}
	low, high := c.KS()
	near(t, "d_lower", low, v.Expect["d_lower"], 1e-15)
	near(t, "d_upper", high, v.Expect["d_upper"], 1e-15)
}

func checkMixture(t *testing.T, v vector) {
	if got := numbers[float64](t, v.Params["shrinkage"]); !slices.Equal(got, trust[:]) {
		t.Fatalf("weights %v, ours are %v", got, trust)
	}
	var windows []struct{ Canary, Stable []int64 }
	if err := json.Unmarshal(v.Input["windows"], &windows); err != nil {
		t.Fatal(err)
	}
	path, p := numbers[float64](t, v.Expect["log_e_path"]), numbers[float64](t, v.Expect["always_valid_p"])
	test, most := NewPSI(len(windows[0].Canary), 0, 1), 0.0
	for i, w := range windows {
		test.block(Counts{w.Stable, w.Canary}, 0)
		prompt := test.mix.LogE() // the part of the evidence that is not for late starts
		most = math.Max(most, prompt)
		if math.Abs(prompt-path[i]) > 1e-9 || math.Abs(math.Exp(-most)-p[i]) > 1e-9 {
			t.Errorf("window %d: log E %v, p %v, want %v, %v", i, prompt, math.Exp(-most), path[i], p[i])
		}
		if least := prompt + math.Log(0.75); test.LogE() < least-1e-9 {
			t.Errorf("window %d: log E %v, at least %v is for prompt drift", i, test.LogE(), least)
		}
	}
}

// near allows a relative error, and an absolute one of a few units of rounding.
func near(t *testing.T, what string, got float64, want json.RawMessage, relative float64) {
	t.Helper()
	if want == nil || string(want) == "null" {
		return
	}
	w, err := strconv.ParseFloat(string(want), 64)
	if err != nil || math.Abs(got-w) > relative*math.Abs(w)+1e-15 {
		t.Errorf("%s is %v, want %s within %v", what, got, want, relative)
	}
}

func numbers[T number](t *testing.T, raw json.RawMessage) (xs []T) {
	t.Helper()
	if raw == nil {
		return nil
	}
	if err := json.Unmarshal(raw, &xs); err != nil {
		t.Fatal(err)
	}
	return xs
}

// floats reads numbers among which may stand "NaN" and "+Inf" as words.
func floats(t *testing.T, raw json.RawMessage) (xs []float64) {
	t.Helper()
	var words []any
	if err := json.Unmarshal(raw, &words); err != nil {
		t.Fatal(err)
	}
	for _, w := range words {
		switch w := w.(type) {
		case float64:
			xs = append(xs, w)
		case string:
			x, err := strconv.ParseFloat(w, 64)
			if err != nil {
				t.Fatal(err)
			}
			xs = append(xs, x)
		}
	}
	return xs
}
