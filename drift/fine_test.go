package drift_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/stat"

	"verdin/drift"
)

// The distance of the values lies between what the fine bins tell, and they tell it far
// more closely than the bins of a test.
func TestFineBinsBracketTheDistance(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 20 {
		shift, scale := rng.NormFloat64()/5, math.Exp(rng.NormFloat64()/5)
		var values [2][]float64
		for range 4000 {
			values[0] = append(values[0], rng.NormFloat64())
			values[1] = append(values[1], shift+scale*rng.NormFloat64())
		}
		edges, err := drift.Learn(values[0][:2000], drift.FineBins)
		if err != nil {
			t.Fatal(err)
		}
		var counts [2][]uint64
		for a := range values {
			h := drift.NewHistogram(edges)
			h.Add(values[a], nil, 0)
			for _, n := range drift.NewReference("x", h).Counts {
				counts[a] = append(counts[a], uint64(n))
			}
			slices.Sort(values[a])
		}
		f := drift.NewFine(len(counts[0]))
		f.Observe(counts[0], counts[1], 0)
		want := stat.KolmogorovSmirnov(values[0], nil, values[1], nil)
		got := f.Effect()
		var low, high float64
		if _, err := fmt.Sscanf(got.Note, "between %g and %g,", &low, &high); err != nil {
			t.Fatal(err)
		}
		if got.Estimate > want+1e-12 || low > want*1.001 || high < want*0.999 || high-low > 0.02 {
			t.Errorf("the values are %v apart, the bins say %v: %s", want, got.Estimate, got.Note)
		}
	}
}

// A change of traffic between windows of one stage looks like no distance, and a stage
// begins without what the stage before it has shown.
func TestFineBinsWeighTheArmsByWindow(t *testing.T) {
	f := drift.NewFine(3)
	f.Observe([]uint64{900, 90, 10}, []uint64{90, 9, 1}, 0)
	f.Observe([]uint64{10, 90, 900}, []uint64{10, 90, 900}, 0)
	if got := f.Effect().Estimate; got > 1e-12 {
		t.Errorf("windows without a difference are %v apart together", got)
	}
	f.Observe([]uint64{5, 5, 0}, []uint64{0, 5, 5}, 1)
	if got := f.Effect().Estimate; math.Abs(got-0.5) > 1e-12 {
		t.Errorf("the new stage shows %v, want 0.5", got)
	}
	for name, observe := range map[string]func(){
		"another shape": func() { f.Observe([]uint64{1, 0}, []uint64{0, 1}, 1) },
		"an empty arm":  func() { f.Observe([]uint64{9, 0, 0}, []uint64{0, 0, 0}, 1) },
		"no stage":      func() { f.Observe([]uint64{9, 0, 0}, []uint64{0, 0, 9}, -1) },
	} {
		if observe(); math.Abs(f.Effect().Estimate-0.5) > 1e-12 {
			t.Errorf("%s changes the distance to %v", name, f.Effect().Estimate)
		}
	}
}

func FuzzFineRestore(f *testing.F) {
	seed := drift.NewFine(3)
	seed.Observe([]uint64{5, 5, 0}, []uint64{0, 5, 5}, 1)
	f.Add(seed.AppendState(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		x := drift.NewFine(3)
		if err := x.Restore(b); err != nil {
			if !errors.Is(err, drift.ErrState) {
				t.Fatalf("%v does not wrap ErrState", err)
			}
			return
		}
		if got := x.AppendState(nil); !slices.Equal(got, b) {
			t.Fatalf("restored % x, and writes % x", b, got)
		}
		x.Observe([]uint64{1, 2, 3}, []uint64{3, 2, 1}, 2)
		if e := x.Effect().Estimate; math.IsNaN(e) || e < 0 || e > 1 {
			t.Fatalf("a distance of %v", e)
		}
	})
}

func ExampleFine() {
	f := drift.NewFine(4)
	f.Observe([]uint64{25, 25, 25, 25}, []uint64{10, 20, 30, 40}, 0)
	e := f.Effect()
	fmt.Printf("%s %.2f, %s\n", e.Scale, e.Estimate, e.Note)
	// Output: ks 0.20, between 0.2 and 0.45, current stage
}
