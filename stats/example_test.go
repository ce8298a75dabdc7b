package stats_test

import (
	"fmt"

	"verdin/stats"
)

func ExampleSummary() {
	latency := stats.NewSummary(stats.Shape{Kind: stats.Mean})
	for _, seconds := range []float64{0.12, 0.08, 0.3, 5} {
		latency.Add(seconds)
	}
	n, mean, _ := latency.Moments()
	fmt.Printf("%d values, mean %.3f\n", n, mean)

	second := stats.GridSnap(1, true)
	_, capped, _ := latency.CappedMoments(second)
	fmt.Printf("capped at %.3f: mean %.3f, above it %d\n", stats.GridEdge(second), capped, latency.Hist.Above(second))
	// Output:
	// 4 values, mean 1.375
	// capped at 1.010: mean 0.378, above it 1
}

func ExampleDecodeSummary() {
	s := stats.NewSummary(stats.Shape{Kind: stats.Proportion})
	s.AddOne(true)
	s.AddOne(false)
	back, _, err := stats.DecodeSummary(s.AppendBinary(nil))
	fmt.Println(back.Ones, "of", back.N, err)
	// Output: 1 of 2 <nil>
}

func ExampleFix() {
	v, clamped := stats.Fix(0.25)
	fmt.Println(v.Float(), clamped)
	// Output: 0.25 false
}
