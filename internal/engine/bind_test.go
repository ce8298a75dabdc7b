package engine

import (
	"errors"
	"io/fs"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"verdin/decision"
	"verdin/drift"
	"verdin/ingest/window"
)

// baselineOf is a file with a feature of numbers, of so many values, and one of names.
func baselineOf(t testing.TB, values int) []byte {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, 2))
	xs := make([]float64, values)
	for i := range xs {
		xs[i] = rng.NormFloat64()
	}
	age := learnt("features.age", xs)
	country, err := drift.NewCategoryReference("features.country", []drift.Named{{Name: "de", N: 600}, {Name: "fr", N: 400}}, 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	text, err := (&drift.Baseline{Rollout: "default/r", Features: []drift.Reference{age, country}}).Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// A spec is bound to the bytes of its baseline: features.* becomes what it knows, the
// plan has its bins from the start, and what is bound is never read again.
func TestABoundSpecHasItsBinsFromTheStart(t *testing.T) {
	c := testCompiled(t, func(s *decision.Spec) {
		s.Drift = []decision.Drift{{Name: "inputs", Of: []decision.Feature{{Field: decision.AllFeatures}}, Between: "arms", Reference: "b.json", Method: "psi", Above: 0.1, Faults: 0.01, Role: decision.Signal, Weight: 1}}
	})
	if err := Bound(c.spec); err == nil {
		t.Error("a spec without its baseline may start")
	}
	s, err := Bind(c.spec, func(name string) ([]byte, error) { return baselineOf(t, 5000), nil })
	if err != nil {
		t.Fatal(err)
	}
	again, err := Bind(s, func(string) ([]byte, error) { return nil, errors.New("read twice") })
	if err != nil || again != s || len(s.Drift[0].Of) != 2 || s.Digest == c.spec.Digest {
		t.Fatalf("%v, %+v", err, s.Drift)
	}
	plan := Compile(s, Layout(s), 1, 0)
	age, country := &plan.Features[0], &plan.Features[1]
	if len(age.Edges) < drift.FineBins || age.Mass == nil || len(country.Categories) != 1 || len(country.Others) != 1 || !newLearner(s, plan).frozen {
		t.Errorf("%d edges; categories %v, others %v", len(age.Edges), country.Categories, country.Others)
	}
	for i, d := range newDrifts(compiled{s, s.Budget(1), plan})[0].(*driftCheck).features {
		if d.test == nil || d.faults == nil {
			t.Errorf("feature %d has no test yet", i)
		}
	}
}

// What cannot be compared is refused before it begins, with what to do.
func TestBaselinesThatDoNotFitAreRefused(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*decision.Drift)
		says   string
	}{
		"a file that is not there": {func(d *decision.Drift) { d.Reference = "none.json" }, "not exist"},
		"another file":             {func(d *decision.Drift) { d.Baseline = "sha256:" + strings.Repeat("0", 64) }, "has changed"},
		"an unknown field":         {func(d *decision.Drift) { d.Of[0].Field = "features.height" }, "knows nothing of features.height"},
		"names in order":           {func(d *decision.Drift) { d.Of[0].Field = "features.country"; d.Method = "ks" }, "use method: psi"},
		"too short a history":      {func(d *decision.Drift) { d.Between = "reference"; d.Above = 0.01 }, "calibrate from a longer history"},
		"another list of names": {func(d *decision.Drift) {
			d.Of[0] = decision.Feature{Field: "features.country", Categories: []string{"it"}}
		}, "remove them from the spec"},
	} {
		c := testCompiled(t, func(s *decision.Spec) {
			s.Drift = []decision.Drift{{Name: "inputs", Of: []decision.Feature{{Field: "features.age"}}, Between: "arms", Reference: "b.json", Method: "psi", Above: 0.1, Faults: 0.01, Role: decision.Signal, Weight: 1}}
			tc.change(&s.Drift[0])
		})
		_, err := Bind(c.spec, func(file string) ([]byte, error) {
			if file != "b.json" {
				return nil, fs.ErrNotExist
			}
			return baselineOf(t, 5000), nil
		})
		if err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: %v, want %q", name, err, tc.says)
		}
	}
}

// A KS guardrail can be shown the same with a tolerance far below the mass of a coarse
// bin, since its groups are a quarter of it.
func TestAKSGuardrailIsFinerThanItsTolerance(t *testing.T) {
	d := decision.Drift{Method: "ks", Above: 0.03}
	rng := rand.New(rand.NewPCG(3, 4))
	xs := make([]float64, 4096)
	for i := range xs {
		xs[i] = rng.NormFloat64()
	}
	r := learnt("x", xs)
	total := 0.0
	for _, groups := range []int{drift.CoarseBins, fineness(&d)} {
		var f = testCompiled(t, nil).plan.Features[1]
		layOut(&f, &r, wanted{groups: groups})
		fold := drift.FoldNumbers(f.Mass, f.Single, groups)
		same := drift.NewKSSame(fold.Bins(), fold.Single(), d.Above, 1)
		same.StartStage(0)
		for range 40 {
			b := drift.Block{Sub: 1, Bins: f.Bins(), Stable: make([]uint64, f.Bins()), Canary: make([]uint64, f.Bins())}
			for row, n := range f.Mass {
				b.Stable[row], b.Canary[row] = uint64(n), uint64(n)
			}
			same.Observe(fold.Fold(b))
		}
		if total = same.P(); groups == drift.CoarseBins && total < 0.5 {
			t.Errorf("%d groups show a distance below %v: p %v", groups, d.Above, total)
		}
	}
	if !(total < 0.01) {
		t.Errorf("%d groups do not show equal arms to be within %v: p %v", fineness(&d), d.Above, total)
	}
}

// A check by KS shows the distance at the fine bins of its reference, not at the bins
// that its test works on.
func TestKSShowsTheDistanceOfTheFineBins(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	xs := make([]float64, 4096)
	for i := range xs {
		xs[i] = rng.NormFloat64()
	}
	r := learnt("features.age", xs)
	c := testCompiled(t, func(s *decision.Spec) {
		s.Drift[0].Method, s.Drift[0].Of = "ks", s.Drift[0].Of[1:]
	})
	f := &c.plan.Features[0]
	layOut(f, &r, finest(c.spec, c.plan)[0])
	b := block(c)
	fine := f.FineBins()
	for i := range 20 * fine {
		interval := i % fine
		b.Stable.Features[0].AddFine(interval)
		b.Stable.Features[0].AddBin(i%c.plan.Subs(), f.Group(interval))
		interval -= interval % 2 // every second one stays empty: far finer than the groups
		b.Canary.Features[0].AddFine(interval)
		b.Canary.Features[0].AddBin(i%c.plan.Subs(), f.Group(interval))
	}
	d := started(c, newDrifts)[0]
	d.Observe(b)
	want := drift.NewFine(fine)
	want.Observe(b.Stable.Features[0].Fine, b.Canary.Features[0].Fine, 0)
	e := find(t, d.(*driftCheck), "inputs/drift")
	if e.Effect != want.Effect() || e.Effect.Estimate == 0 {
		t.Errorf("shown is %+v, the fine bins are %+v apart", e.Effect, want.Effect())
	}
}

// The table that finds the bin of a number agrees with a search of the plan's edges.
func TestTheTableOfAFeatureAgreesWithItsEdges(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	xs := make([]float64, 4096)
	for i := range xs {
		if xs[i] = rng.NormFloat64(); i%5 == 0 {
			xs[i] = math.Round(xs[i]*4) / 4
		}
	}
	r := learnt("x", xs)
	var f window.Feature
	layOut(&f, &r, wanted{groups: 20})
	check := func(x float64) {
		want, found := slices.BinarySearch(f.Edges, x)
		if found {
			want++
		}
		if got := f.Finder.Bin(x); got != want {
			t.Fatalf("%v is in interval %d, want %d", x, got, want)
		}
	}
	for _, e := range f.Edges {
		check(e)
		check(math.Nextafter(e, math.Inf(1)))
		check(math.Nextafter(e, math.Inf(-1)))
	}
	for range 100_000 {
		check(rng.NormFloat64() * math.Exp(20*rng.NormFloat64()))
	}
	for _, x := range []float64{0, math.Copysign(0, -1), math.MaxFloat64, -math.MaxFloat64, math.SmallestNonzeroFloat64} {
		check(x)
	}
}
