package sequential_test

import (
	"fmt"
	"math"

	"verdin/stats"
	"verdin/stats/sequential"
)

func latencies(median float64) *stats.Histogram {
	h := stats.NewHistogram(false)
	for i := range 1000 {
		h.Add(median * (0.5 + float64(i)/1000))
	}
	return &h
}

func ExampleConditional() {
	test := sequential.NewConditional(1, sequential.Higher, sequential.Options{})
	test.Observe(sequential.Counts{N: 900, Y: 9}, sequential.Counts{N: 100, Y: 9}, 0)
	fmt.Printf("from the first block on: log E %.1f\n", test.LogE())
	// Output: from the first block on: log E 7.4
}

func ExampleExceedance() {
	test := sequential.NewExceedance(sequential.QuantileOptions{
		Q: 0.9, Tolerance: sequential.Null{Margin: 0.05, Relative: true}, Margin: sequential.Null{Margin: 0.2, Relative: true},
	})
	for range 10 {
		test.Observe(latencies(100), latencies(130), 0, true)
	}
	fmt.Println("p90 grew by more than 5 %:", test.Harm.LogEMax() >= math.Log(100))
	// Output: p90 grew by more than 5 %: true
}

func ExampleOrder() {
	test := sequential.NewOrder(sequential.Null{}, sequential.Options{})
	for range 10 {
		test.Observe(latencies(100), latencies(103), 0)
	}
	fmt.Println("somewhere more is worse:", test.LogEMax() >= math.Log(100))
	// Output: somewhere more is worse: true
}

func ExampleRate() {
	test := sequential.NewRate(sequential.Null{Margin: 0.1, Relative: true}, true, true, sequential.Options{})
	for range 10 {
		test.Observe(sequential.Events{Count: 90, Exposure: 3600}, sequential.Events{Count: 18, Exposure: 400}, 0)
	}
	fmt.Println("rate ratio above 1.1:", test.LogEMax() >= math.Log(100), "exact:", test.Exact())
	// Output: rate ratio above 1.1: true exact: true
}

func ExamplePaired() {
	test := sequential.NewPaired(sequential.Null{Margin: 0.02}, false, sequential.Options{})
	test.Observe(sequential.Triple{Canary: 10, Stable: 12, Ties: 1978}, 0)
	fmt.Println("worse in less than two points of all pairs:", test.LogE() >= math.Log(20))
	// Output: worse in less than two points of all pairs: true
}

func ExampleBand() {
	coverage := sequential.NewBand(sequential.CoverageTolerance, sequential.Options{})
	for range 10 {
		coverage.Observe(sequential.Counts{N: 900, Y: 880}, sequential.Counts{N: 100, Y: 80})
	}
	fmt.Println("labels are missing in one arm:", coverage.LogEMax() >= math.Log(1000))
	// Output: labels are missing in one arm: true
}

func ExampleCapCheck() {
	check := sequential.NewCapCheck(sequential.Null{}, sequential.Null{}, sequential.Options{PriorRate: 0.001})
	for range 10 {
		check.Observe(sequential.Counts{N: 9000, Y: 9}, sequential.Counts{N: 1000, Y: 10}, 0, true)
	}
	fmt.Println("a tail beyond the cap:", check.Harm.LogEMax() >= math.Log(100))
	// Output: a tail beyond the cap: true
}

func ExampleShareInterval() {
	interval := sequential.NewShareInterval(sequential.Ratio, sequential.Options{})
	for range 60 {
		interval.Observe(sequential.Counts{N: 9000, Y: 90}, sequential.Counts{N: 1000, Y: 15})
	}
	i := interval.Interval(0.05)
	fmt.Printf("%.2f in [%.2f, %.2f], %s\n", i.Estimate, i.Low, i.High, i.Method)
	// Output: 1.50 in [1.35, 1.71], exact
}

func ExampleQuantileShift() {
	interval := sequential.NewQuantileShift(0.9)
	for range 60 {
		interval.Observe(latencies(100), latencies(110))
	}
	i := interval.Interval(0.05)
	fmt.Printf("%.2f in [%.2f, %.2f]\n", i.Estimate, i.Low, i.High)
	// Output: 1.10 in [1.06, 1.13]
}

func ExampleSticky() {
	test := sequential.NewSticky(sequential.ScoreOptions{Harm: true, Rho: 100}, 0)
	block := make([]sequential.Bucket, sequential.Buckets)
	for g := range block {
		bad := float64(g % 3)
		block[g] = sequential.Bucket{Rows: [2]int64{20, 20}, Base: [2]float64{20, 20}, Sum: [2]float64{bad, bad + 1 + float64(g%2)}}
	}
	for range 10 {
		test.Observe(block, 0)
	}
	fmt.Println("harm among units that come back:", test.LogEMax() >= math.Log(100))
	// Output: harm among units that come back: true
}

func ExampleScore_ObserveRatio() {
	test := sequential.NewScore(sequential.ScoreOptions{Rho: 100})
	for range 6 {
		test.ObserveRatio(
			sequential.Pairs{N: 900, MeanY: 1, MeanM: 5, M2Y: 800, M2M: 2000, CoM: 400},
			sequential.Pairs{N: 100, MeanY: 1.2, MeanM: 5, M2Y: 90, M2M: 220, CoM: 45}, 0)
	}
	estimate, _, _ := test.Interval(0.05)
	fmt.Printf("clicks per view differ by %.3f\n", estimate)
	// Output: clicks per view differ by 0.040
}

func ExampleHoldBack() {
	watch := sequential.NewHoldBack(sequential.Null{}, sequential.Options{PriorRate: 0.01})
	limit := sequential.DetectorThreshold(1440, 0.005) // a day of minutes
	for minute := 1; minute <= 1440; minute++ {
		y := int64(19)
		if minute > 600 {
			y = 38
		}
		watch.Observe(sequential.Counts{N: 100, Y: 1}, sequential.Counts{N: 1900, Y: y})
		if watch.LogEMax() >= limit {
			fmt.Printf("found %d minutes after it began\n", minute-600)
			return
		}
	}
	// Output: found 41 minutes after it began
}

func ExampleCeiling() {
	watch := sequential.NewCeiling(sequential.Options{})
	for range 20 {
		watch.Observe(0.02, sequential.Counts{N: 1000, Y: 30})
	}
	fmt.Println("above the ceiling:", watch.LogEMax() >= sequential.DetectorThreshold(20, 0.01))
	// Output: above the ceiling: true
}

func ExampleInstancesCanShow() {
	fmt.Println(sequential.InstancesCanShow(12, 3, 0.001), sequential.InstancesCanShow(40, 10, 0.001))
	// Output: false true
}

// 1 % errors, 10 % canary of 1,000 units a block: how long until "at most half a point
// worse" is shown at α = 5 %?
func ExamplePassageShares() {
	p, _ := sequential.PassageShares(sequential.Null{Margin: 0.005}, 0.01, 0.01, sequential.Traffic{Stable: 900, Canary: 100}, math.Log(20))
	fmt.Println(p.Quantile(0.5), p.Quantile(0.9))
	// Output: 36 81
}

// Latencies of 20 ± 20 ms, a tenth more is too much.
func ExamplePassageMeans() {
	p, _ := sequential.PassageMeans(sequential.Null{Margin: 0.1, Relative: true}, 20, 20, 20, sequential.Traffic{Stable: 900, Canary: 100}, math.Log(20), true)
	fmt.Println(p.Quantile(0.5), p.Quantile(0.9))
	// Output: 10 21
}

func ExamplePassagePairs() {
	// Copies of 300 requests a window; both arms fail at 5 % and independently.
	d := sequential.Apart(0.05, 0.05)
	p, _ := sequential.PassagePairs(sequential.Null{Margin: 0.02}, d, 300, math.Log(20), false)
	fmt.Printf("%.4f of the pairs differ each way; safe within 2 points after %v windows, in nine of ten after %v\n", d.Canary, p.Quantile(0.5), p.Quantile(0.9))
	// Output: 0.0475 of the pairs differ each way; safe within 2 points after 7 windows, in nine of ten after 14
}

func ExampleNewLate() {
	// One alternative, e twice as likely as the null in each block, from block 51 on.
	late := sequential.NewLate(sequential.Uniform(1))
	for block := range 60 {
		factor := -0.5
		if block >= 50 {
			factor = 1
		}
		late.Add([]float64{factor})
	}
	fmt.Printf("from the start on: %.0f, from any start: %.1f\n", 50*-0.5+10*1, late.LogE())
	// Output: from the start on: -15, from any start: 5.5
}
