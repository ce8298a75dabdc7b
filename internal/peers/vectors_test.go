package peers

import (
	"encoding/json"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"verdin/stats/sequential"
)

// fields is a JSON object of numbers, texts and lists; infinities are texts.
type fields map[string]any

func (f fields) num(name string) float64 { return number(f[name]) }

func number(x any) float64 {
	switch x := x.(type) {
	case float64:
		return x
	case bool:
		if x {
			return 1
		}
	case string:
		return map[string]float64{"+Inf": math.Inf(1), "-Inf": math.Inf(-1)}[x]
	}
	return 0
}

func (f fields) nums(name string) (out []float64) {
	for _, x := range f[name].([]any) {
		out = append(out, number(x))
	}
	return out
}

func (f fields) arm(name string) fields { return f[name].(map[string]any) }

type vector struct {
	ID, Method string
	Params     fields
	Inputs     fields
	Expected   fields
	RelTol     float64 `json:"rel_tol"`
}

func (v *vector) equal(t *testing.T, field string, got float64) {
	t.Helper()
	v.near(t, field, got, v.Expected.num(field))
}

func (v *vector) near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if got != want && !(math.Abs(got-want) <= v.RelTol*math.Max(1, math.Abs(want))) {
		t.Errorf("%s: %.17g, want %.17g within %g", what, got, want, v.RelTol)
	}
}

// served names the function behind each method; package sequential points here for them.
var served = map[string]func(*testing.T, *vector){
	"gb_SequentialTwoSidedTTest":                 func(t *testing.T, v *vector) { testGrowthBook(t, v, TwoSided) },
	"gb_SequentialOneSidedTreatmentGreaterTTest": func(t *testing.T, v *vector) { testGrowthBook(t, v, Greater) },
	"gb_SequentialOneSidedTreatmentLesserTTest":  func(t *testing.T, v *vector) { testGrowthBook(t, v, Lesser) },
	"avlm_log_G_t": func(t *testing.T, v *vector) {
		e := LogAnytimeT(v.Inputs.num("t"), v.Inputs.num("nu"), v.Inputs.num("n"), v.Params.num("g"))
		v.equal(t, "log_e", e)
		v.equal(t, "p", math.Min(1, math.Exp(-e)))
	},
	"avlm_radius": func(t *testing.T, v *vector) {
		n := v.Inputs.num("n")
		v.equal(t, "t_radius", AnytimeTRadius(n-v.Params.num("coefficients"), n, v.Params.num("g"), v.Params.num("alpha")))
	},
	"msprt_bernoulli":          testBernoulliMSPRT,
	"sequential_multinomial_p": testMultinomial,
	"msprt_optimal_tau2": func(t *testing.T, v *vector) {
		v.equal(t, "tau2", TruncatedTau2(v.Params.num("alpha"), v.Params.num("sigma"), v.Params.num("truncation")))
	},
	"std_LIL_margin": func(t *testing.T, v *vector) {
		v.equal(t, "margin", LILMargin(v.Inputs.num("t"), v.Params.num("alpha")))
	},
	"poly_stitching_bound": func(t *testing.T, v *vector) {
		b := PolyStitching{v.Params.num("v_min"), v.Params.num("c"), v.Params.num("s"), v.Params.num("eta")}
		v.equal(t, "bound", b.Bound(v.Inputs.num("v"), v.Params.num("alpha")))
	},
	"double_stitching_bound": func(t *testing.T, v *vector) {
		d := DoubleStitching{v.Params.num("t_opt"), v.Params.num("delta"), v.Params.num("s"), v.Params.num("eta")}
		v.equal(t, "bound", d.Bound(v.Inputs.num("p"), v.Inputs.num("t"), v.Params.num("alpha")))
	},
	"beta_binomial_log_mixture": func(t *testing.T, v *vector) {
		v.equal(t, "log_e", betaBinomial(v).LogE(v.Inputs.num("s"), v.Inputs.num("v")))
	},
	"beta_binomial_mixture_bound": func(t *testing.T, v *vector) {
		v.equal(t, "bound", betaBinomial(v).Bound(v.Inputs.num("v"), v.Params.num("alpha")))
	},
	"quantile_ab_p_value": func(t *testing.T, v *vector) {
		v.equal(t, "p_value", QuantileAB(v.Inputs.nums("a"), v.Inputs.nums("b"), v.Params.num("quantile"), v.Params.num("t_opt"), v.Params.num("alpha_opt")))
	},
}

func betaBinomial(v *vector) BetaBinomial {
	return NewBetaBinomial(v.Params.num("v_opt"), v.Params.num("alpha_opt"), v.Params.num("g"), v.Params.num("h"), v.Params.num("one_sided") == 1)
}

func testGrowthBook(t *testing.T, v *vector, sides Sides) {
	g := GrowthBook{v.Params.num("alpha"), v.Params.num("tuning"), v.Params["difference"] == "relative", sides}
	arm := func(name string) Sample {
		a := v.Inputs.arm(name)
		if v.Params["kind"] == "prop" {
			return Proportion(a.num("n"), a.num("sum"))
		}
		return Mean(a.num("n"), a.num("sum"), a.num("sum_squares"))
	}
	r := g.Test(arm("a"), arm("b"))
	if got := v.Expected["error"] != ""; got != r.GaveUp {
		t.Fatalf("gave up: %v, want %v", r.GaveUp, got)
	}
	ci := v.Expected.nums("ci")
	v.equal(t, "point", r.Point)
	v.equal(t, "stderr", r.StdErr)
	v.equal(t, "p", r.P)
	v.near(t, "low", r.Low, ci[0])
	v.near(t, "high", r.High, ci[1])
}

// testBernoulliMSPRT: the common mixture with the variance of the running means put in.
func testBernoulliMSPRT(t *testing.T, v *vector) {
	x, y := v.Inputs.nums("x"), v.Inputs.nums("y")
	for i, at := range v.Inputs.nums("at") {
		n, p, q := at, 0.0, 0.0
		for k := range int(at) {
			p, q = p+x[k]/n, q+y[k]/n
		}
		w := n / (p*(1-p) + q*(1-q))
		logE := sequential.NormalMixture(w*(p-q-v.Params.num("theta0")), w, math.Pow(v.Params.num("tau"), -2))
		v.near(t, "lr", math.Exp(logE), v.Expected.nums("lr")[i])
	}
}

func testMultinomial(t *testing.T, v *vector) {
	shares := v.Params.nums("null_probabilities")
	total, least, last := make([]float64, len(shares)), 1.0, 0.0
	for i, b := range v.Inputs["blocks"].([]any) {
		for k, x := range b.([]any) {
			total[k] += number(x)
		}
		last = LogDirichletBayes(total, shares, v.Params.num("dirichlet_concentration"))
		least = math.Min(least, math.Exp(-last))
		v.near(t, "p", least, v.Expected.nums("p_values")[i])
	}
	v.equal(t, "final_log_bayes_factor", last)
}

// TestVectors holds every reference case of the peers against its function.
func TestVectors(t *testing.T) {
	folders := []string{"../../testdata/vectors/sequential"}
	if more := os.Getenv("VERDIN_VECTORS"); more != "" {
		folders = append(folders, more)
	}
	seen := map[string]int{}
	for _, folder := range folders {
		err := filepath.WalkDir(folder, func(name string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if d.IsDir() && d.Name() == "drift" {
				return fs.SkipDir
			}
			if d.IsDir() || !strings.HasSuffix(name, ".json") {
				return nil
			}
			text, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			var cases []vector
			if err := json.Unmarshal(text, &cases); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			for _, v := range cases {
				if run := served[v.Method]; run != nil {
					seen[v.Method]++
					t.Run(v.ID, func(t *testing.T) { run(t, &v) })
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for method := range served {
		if seen[method] == 0 {
			t.Errorf("method %s has no case", method)
		}
	}
}
