package drift_test

import (
	"fmt"
	"math"

	"verdin/drift"
)

// History gives the edges; both arms are then counted in the same bins.
func ExampleLearn() {
	history := make([]float64, 10_000)
	for i := range history {
		history[i] = float64(i % 1000)
	}
	edges, err := drift.Learn(history, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	stable, canary := drift.NewHistogram(edges), drift.NewHistogram(edges)
	stable.Add(history, nil, 0)
	canary.Add([]float64{5, 5000, math.NaN(), 7}, []byte{0b0111}, 0)
	bins := canary.Bins()
	fmt.Println(edges.Bins(), "bins;", bins[len(bins)-1], "above,", canary.Odd(drift.NotANumber), "NaN,", canary.Odd(drift.Missing), "missing")
	// Output: 322 bins; 1 above, 1 NaN, 1 missing
}

// A baseline is written once and read by every run.
func ExampleReadBaseline() {
	country, err := drift.NewCategoryReference("country", []drift.Named{{Name: "de", N: 70}, {Name: "fr", N: 25}, {Name: "lu", N: 5}}, 2, 3)
	if err != nil {
		fmt.Println(err)
		return
	}
	written := drift.Baseline{Rollout: "shop/ranker", Features: []drift.Reference{country}}
	file, err := written.Append(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	read, err := drift.ReadBaseline(file)
	if err != nil {
		fmt.Println(err)
		return
	}
	feature, _ := read.Feature("country")
	for _, name := range []string{"fr", "lu", "us"} {
		fmt.Println(name, "is", feature.Categories.Label(feature.Categories.Bin(name)))
	}
	// Output:
	// fr is fr
	// lu is (other)
	// us is (new)
}

// All distances on one scale: the index of a small shift.
func ExampleCounts_Measure() {
	c := drift.Counts{Stable: []int64{2000, 3000, 3000, 2000}, Canary: []int64{150, 250, 320, 280}}
	for _, m := range c.Measure(nil, nil)[:4] {
		fmt.Printf("%s: %.4f, effect %.3f, p %.1g\n", m.Name, m.Raw, m.Effect, m.P)
	}
	// Output:
	// psi: 0.0515, effect 0.048, p 4e-10
	// chi-square: 0.0535, effect 0.050, p 2e-10
	// g: 0.0521, effect 0.049, p 3e-10
	// jensen-shannon: 0.0064, effect 0.048, p 1
}

// A limit for an index depends on the sample size.
func ExamplePSILimit() {
	for _, canary := range []int64{100, 1000, 50_000} {
		fmt.Printf("%d canary events: %.4f\n", canary, drift.PSILimit(0.01, 0, 10, canary, 9*canary))
	}
	// Output:
	// 100 canary events: 0.2407
	// 1000 canary events: 0.0241
	// 50000 canary events: 0.0005
}

// Equal arms are shown to be alike, which no test of drift can do.
func ExampleNewKSSame() {
	test := drift.NewKSSame(10, nil, 0.2, 1)
	for look := 1; look <= 100; look++ {
		test.Observe(drift.Block{
			Sub: 1, Bins: 10,
			Stable: []uint64{90, 90, 90, 90, 90, 90, 90, 90, 90, 90},
			Canary: []uint64{10, 10, 10, 10, 10, 10, 10, 10, 10, 10},
		})
		if test.P() <= 0.01 {
			fmt.Printf("look %d: the distance between the values is below 0.2\n", look)
			return
		}
	}
	// Output: look 4: the distance between the values is below 0.2
}

// The canary loses one value in fifty.
func ExampleNewFaults() {
	const groups = 2
	test := drift.NewFaults(groups, 0.005, 1, 0)
	for look := 1; look <= 100; look++ {
		test.Observe(drift.Block{
			Sub: 1, Bins: 9,
			Stable: []uint64{0, 0, 0, 0, 0, 0, 0, 500, 500},
			Canary: []uint64{4, 0, 0, 0, 0, 0, 0, 98, 98},
		})
		if test.LogEMax() >= math.Log(1/0.01) {
			fmt.Printf("look %d: %s\n", look, test.Effect().Note)
			return
		}
	}
	// Output: look 5: share of missing values, current stage
}

// Of two features one has drifted; the list names it.
func ExampleFeatures() {
	var f drift.Features
	f.AddFeature("age", drift.NewPSI(3, 0.05, 1))
	f.AddFeature("price", drift.NewPSI(3, 0.05, 1))
	same := drift.Block{Sub: 1, Bins: 3, Stable: []uint64{300, 300, 300}, Canary: []uint64{30, 30, 30}}
	other := drift.Block{Sub: 1, Bins: 3, Stable: []uint64{300, 300, 300}, Canary: []uint64{10, 20, 60}}
	for range 10 {
		f.Observe([]drift.Block{same, other})
	}
	fmt.Println(f.LogEMax() >= math.Log(1/0.01), f.Drifted(0.05))
	// Output: true [price]
}

// One bin of a score between 0 and 1 is too sure.
func ExampleCalibration() {
	c := drift.NewCalibration(10)
	for i := range 100 {
		c.Add(0.95, i%10 != 0) // right 9 times of 10
		c.Add(0.25, i%2 == 0)  // right every second time
	}
	s := c.Scores()
	fmt.Printf("Brier %.3f, largest gap %.2f, squared error %.4f\n", s.Brier, s.MCE, s.Debiased)
	// Output: Brier 0.203, largest gap 0.25, squared error 0.0308
}

// The canary shows fewer items of a catalogue of six.
func ExampleCounts_Concentration() {
	c := drift.Counts{Stable: []int64{100, 100, 100, 100, 100, 100}, Canary: []int64{0, 0, 0, 0, 10, 50}}
	got := c.Concentration(1)
	fmt.Printf("at %d events: coverage %.2f and %.2f, the same item twice %.2f and %.2f\n", got.Events, got.Coverage[0], got.Coverage[1], got.Simpson[0], got.Simpson[1])
	// Output: at 60 events: coverage 1.00 and 0.33, the same item twice 0.17 and 0.72
}

// Units come back: parts of a window are buckets of units.
func ExampleNewSticky() {
	test := drift.NewSticky("ks", 2, 64, 0.05, 1)
	window := drift.Block{Sub: 64, Bins: 2, Stable: make([]uint64, 128), Canary: make([]uint64, 128)}
	for g := range 64 {
		window.Stable[2*g], window.Stable[2*g+1] = 5, uint64(5+g%3)
		window.Canary[2*g], window.Canary[2*g+1] = uint64(g%2), 5
	}
	for range 20 {
		test.Observe(window)
	}
	fmt.Println(test.LogEMax() >= math.Log(1/0.01))
	// Output: true
}

// A row of the stable arm plays the canary, to learn how often checks alarm for nothing.
func ExamplePretend() {
	n := 0
	for user := range uint64(10_000) {
		if drift.Pretend(user, 42, 0.1) {
			n++
		}
	}
	fmt.Println(n > 900 && n < 1100)
	// Output: true
}

func ExampleFoldNumbers() {
	// A window of a feature of four groups, behind the five odd rows and the two outer ones.
	fold := drift.FoldNumbers([]int64{0, 0, 0, 0, 0, 0, 0, 100, 100, 100, 100}, nil, 2)
	row := func(below, beyond, a, b, c, d uint64) []uint64 {
		return []uint64{3, 0, 0, 0, 0, below, beyond, a, b, c, d}
	}
	b := fold.Fold(drift.Block{Sub: 1, Bins: 11, Stable: row(1, 2, 10, 10, 10, 10), Canary: row(0, 5, 1, 2, 3, 4)})
	fmt.Println(b.Bins, b.Stable, b.Canary)
	// Output: 4 [1 20 20 2] [0 3 7 5]
}

func ExampleNewStickyPSISame() {
	// 8,000 users in 64 buckets come in each of 20 windows, and like one of four things.
	users := drift.NewStickyPSISame(4, 64, 0.05)
	b := drift.Block{Sub: 64, Bins: 4, Stable: make([]uint64, 64*4), Canary: make([]uint64, 64*4)}
	for user := range 8000 {
		arm := [2][]uint64{b.Stable, b.Canary}[user/64%2]
		arm[user%64*4+user*user/7%4]++
	}
	for range 20 {
		users.Observe(b)
	}
	fmt.Println(users.P() <= 0.05, users.Exact())
	// Output: true false
}
