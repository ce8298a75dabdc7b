package engine

import (
	"math/rand/v2"
	"slices"
	"testing"

	"verdin/drift"
	"verdin/ingest/window"
	"verdin/schemas"
)

// ages is a final window in which stable showed n values of a feature that learns.
func ages(c compiled, rng *rand.Rand, n int) *window.Partial {
	p := fast(0, 0, 10, 0, 0)
	stable := &p.Cells[0].Arms[0]
	stable.Features = newArm(c).Features
	for range n {
		stable.Features[1].Offer(rng.Uint64()|1, float64(rng.IntN(100)))
	}
	return &p
}

// Edges are frozen after five final windows and a thousand values, not before.
func TestEdgesAreFrozenAfterFiveWindowsAndAThousandValues(t *testing.T) {
	cases := []struct {
		name            string
		windows, values int
		freeze          bool
	}{
		{"enough of both", 5, 200, true},
		{"four windows", 4, 1000, false},
		{"too few values", 5, 199, false},
		{"many windows of few values", 59, 1, false},
		{"patience ends", 60, 1, true},
	}
	for _, tc := range cases {
		c := testCompiled(t, nil)
		l, rng := newLearner(c.spec, c.plan), rand.New(rand.NewPCG(1, 2))
		for range tc.windows {
			if next, _ := l.freeze(c.plan, 0); next != nil {
				t.Errorf("%s: frozen too early", tc.name)
			}
			l.observe(ages(c, rng, tc.values))
		}
		next, from := l.freeze(c.plan, second(61))
		if (next != nil) != tc.freeze {
			t.Errorf("%s: frozen %v, want %v", tc.name, next != nil, tc.freeze)
		}
		if next == nil {
			continue
		}
		if learnt := next.Features[1].Bins() > 0; learnt != (tc.values*tc.windows >= learnValues) {
			t.Errorf("%s: edges %v", tc.name, next.Features[1].Edges)
		}
		if from != second(70) || next.Revision != 1 || c.plan.Revision != 0 || c.plan.Features[1].Edges != nil {
			t.Errorf("%s: revision %d from %v, want 1 from the next window, and the old plan as it was", tc.name, next.Revision, from)
		}
		if again, _ := l.freeze(c.plan, second(71)); again != nil {
			t.Errorf("%s: frozen twice", tc.name)
		}
	}
}

// What is learnt does not depend on the order of windows.
func TestLearntEdgesAreOrderFree(t *testing.T) {
	c := testCompiled(t, nil)
	rng := rand.New(rand.NewPCG(3, 4))
	var windows []*window.Partial
	for range 8 {
		windows = append(windows, ages(c, rng, 900)) // more in all than a sample holds
	}
	learn := func() []float64 {
		l := newLearner(c.spec, c.plan)
		for _, w := range windows {
			l.observe(w)
		}
		next, _ := l.freeze(c.plan, 0)
		return next.Features[1].Edges
	}
	want := learn()
	if len(want) <= drift.FineBins/2 || !slices.IsSorted(want) {
		t.Fatalf("%d edges, want those of fine bins, ascending", len(want))
	}
	for range 10 {
		rng.Shuffle(len(windows), func(i, k int) { windows[i], windows[k] = windows[k], windows[i] })
		if got := learn(); !slices.Equal(got, want) {
			t.Fatalf("another order gives %v, want %v", got, want)
		}
	}
}

// Fine bins are learnt and grouped: heavy values stay apart, and no group of several
// values is much heavier than the part that a check wants.
func TestLearntBinsAreFineAndGrouped(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	values := make([]float64, 4000)
	for i := range values {
		if values[i] = rng.NormFloat64(); i%3 == 0 {
			values[i] = 0
		}
	}
	r := learnt("x", values)
	for _, groups := range []int{20, 40} {
		var f window.Feature
		layOut(&f, &r, wanted{groups: groups})
		heavy := 0
		for row, n := range f.Mass {
			switch {
			case row < window.OddRows+2:
			case f.Single[row]:
				heavy++
			case float64(n) > 1.5*float64(len(values))/float64(groups):
				t.Errorf("%d groups: row %d has %d of %d values", groups, row, n, len(values))
			}
		}
		if len(f.Edges) < 150 || heavy != 1 || f.Bins() != len(f.Mass) || len(f.Single) != f.Bins() {
			t.Errorf("%d groups: %d edges, %d heavy values, %d bins, masses of %d", groups, len(f.Edges), heavy, f.Bins(), len(f.Mass))
		}
	}
	if r := learnt("x", nil); r.Edges != nil {
		t.Error("edges were learnt of nothing")
	}
}

// A rollout without numeric features has nothing to learn.
func TestDeclaredCategoriesNeedNoLearning(t *testing.T) {
	c := testCompiled(t, nil)
	c.plan.Features = c.plan.Features[:1]
	if l := newLearner(c.spec, c.plan); !l.frozen {
		t.Error("it learns")
	}
}

// The revision that a cut decides is the judge's own plan from then on, and its
// tests begin to read the new bins.
func TestACutThatFreezesRevisesThePlan(t *testing.T) {
	b := newBench(t)
	c := testCompiled(t, nil)
	b.learn, b.tests = newLearner(c.spec, c.plan), newTests(b.spec, b.budget, b.plan)
	rng := rand.New(rand.NewPCG(5, 6))
	var eff Effects
	for i := range 5 {
		after, end := float64(10*i), float64(10*i+10)
		w := ages(c, rng, 300)
		w.After, w.End = second(after), second(end)
		arm := newArm(c)
		arm.Features = w.Cells[0].Arms[0].Features
		w.Cells[0].Arms = [2]window.Arm{arm, newArm(c)}
		if eff.Plan != nil {
			t.Fatalf("frozen after %d windows", i)
		}
		eff = b.cut(end+5, schemas.Never, *w, fast(1, after, end, -1, 0))
	}
	if eff.Plan == nil || eff.PlanFrom != second(60) || b.plan != eff.Plan {
		t.Fatalf("plan %v from %v, want a revision from 60 s on", eff.Plan, eff.PlanFrom)
	}
	if eff = b.cut(70, schemas.Never); eff.Plan != nil {
		t.Error("revised twice")
	}
}
