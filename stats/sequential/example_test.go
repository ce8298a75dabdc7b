package sequential_test

import (
	"fmt"
	"math"

	"verdin/stats/sequential"
)

// A canary that fails twice as often, looked at after every window of a minute.
func ExampleHarm() {
	test := sequential.NewHarm(sequential.Null{Margin: 0.001}, sequential.Options{PriorRate: 0.01})
	for minute := 1; minute <= 60; minute++ {
		stable, canary := sequential.Counts{N: 9000, Y: 90}, sequential.Counts{N: 1000, Y: 20}
		test.Observe(stable, canary, 0)
		if test.LogEMax() >= math.Log(1/0.01) {
			fmt.Printf("harm shown after %d minutes\n", minute)
			return
		}
	}
	// Output: harm shown after 3 minutes
}

func ExampleSafe() {
	test := sequential.NewSafe(sequential.Null{Margin: 0.005}, sequential.Options{})
	for minute := 1; minute <= 60; minute++ {
		test.Observe(sequential.Counts{N: 9000, Y: 90}, sequential.Counts{N: 1000, Y: 10}, 0)
		if test.LogE() >= math.Log(1/0.05) && test.StageLogE() >= math.Log(1/0.05) {
			fmt.Printf("harm below half a point shown after %d minutes\n", minute)
			return
		}
	}
	// Output: harm below half a point shown after 5 minutes
}

func ExampleLimit() {
	test := sequential.NewLimit(0.05, sequential.Options{})
	test.Observe(sequential.Counts{N: 400, Y: 60}, 0)
	fmt.Println("above 5 %:", test.LogEMax() >= math.Log(1/0.01))
	// Output: above 5 %: true
}

func ExampleSampleRatio() {
	test := sequential.NewSampleRatio()
	for range 10 {
		test.Observe(0.1, 9200, 800)
	}
	fmt.Println("split is off:", test.LogEMax() >= math.Log(1/0.001))
	// Output: split is off: true
}

func ExampleScore() {
	test := sequential.NewScore(sequential.ScoreOptions{Harm: true, Rho: 250})
	for range 6 {
		test.Observe(sequential.Moments{N: 900, Mean: 10, M2: 8100}, sequential.Moments{N: 100, Mean: 11, M2: 900}, 0)
	}
	estimate, low, high := test.Interval(0.05)
	fmt.Printf("difference %.2f in [%.2f, %.2f], harm shown: %v\n", estimate, low, high, test.LogEMax() >= math.Log(1/0.01))
	// Output: difference 1.00 in [0.60, 1.40], harm shown: true
}

func ExamplePlanBinary() {
	per := sequential.Traffic{Stable: 900, Canary: 100}
	blocks, ok := sequential.PlanBinary(sequential.Null{Margin: 0.01}, 0.01, 0.01, per, math.Log(1/0.05))
	fmt.Println(blocks, ok)
	// Output: 11 true
}
