package drift_test

import (
	"fmt"
	"math"

	"verdin/drift"
)

// One window after another is compared; the canary sends more events to the last bin.
func ExampleNewPSI() {
	test := drift.NewPSI(4, 0.1, 1)
	for look := 1; look <= 100; look++ {
		test.Observe(drift.Block{
			Sub: 1, Bins: 4,
			Stable: []uint64{250, 250, 250, 250},
			Canary: []uint64{20, 20, 20, 60},
		})
		if test.LogEMax() >= math.Log(1/0.01) {
			effect := test.Effect()
			fmt.Printf("look %d: the index is above 0.1, about %.2f; %v events\n", look, effect.Estimate, test.N())
			return
		}
	}
	// Output: look 4: the index is above 0.1, about 0.27; [4000 480] events
}

// The bins are ordered; the canary's values are lower.
func ExampleNewKS() {
	test := drift.NewKS(4, 0.1, 1)
	for look := 1; look <= 100; look++ {
		test.Observe(drift.Block{
			Sub: 1, Bins: 4,
			Stable: []uint64{250, 250, 250, 250},
			Canary: []uint64{60, 20, 20, 20},
		})
		if test.LogEMax() >= math.Log(1/0.01) {
			effect := test.Effect()
			fmt.Printf("look %d: the distance is above 0.1, about %.2f\n", look, effect.Estimate)
			return
		}
	}
	// Output: look 3: the distance is above 0.1, about 0.25
}

// Every method is found by its name in a spec.
func Example() {
	test := drift.Methods["psi"](3, 0, 1)
	fmt.Println(test.LogE(), test.Blocks())
	// Output: 0 0
}

func ExampleCounts_PSI() {
	c := drift.Counts{Stable: []int64{200, 300, 300, 200}, Canary: []int64{150, 250, 320, 280}}
	raw, effect := c.PSI()
	fmt.Printf("%.4f, without what is owed to sample size %.4f\n", raw, effect)
	// Output: 0.0515, without what is owed to sample size 0.0455
}

func ExampleCounts_KS() {
	c := drift.Counts{Stable: []int64{5, 10, 20, 30, 35}, Canary: []int64{300, 250, 200, 150, 100}}
	low, high := c.KS()
	fmt.Printf("%.1f at the edges, at most %.1f inside\n", low, high)
	// Output: 0.4 at the edges, at most 0.6 inside
}
