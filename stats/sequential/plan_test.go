package sequential

import (
	"math"
	"testing"
)

// TestPlanIsTheMedianOfSimulations: blocks until "no worse than the margin" is shown,
// true difference 0, α = 5 %, 10 % canary, daily swing ±30 %; medians from simulations
// of the method before this code was written.
func TestPlanIsTheMedianOfSimulations(t *testing.T) {
	for _, c := range []struct {
		perBlock, rate, margin, median float64
	}{
		{1000, 0.01, 0.01, 11}, {1000, 0.01, 0.005, 34}, {1000, 0.01, 0.002, 192},
		{10000, 0.01, 0.002, 19}, {10000, 0.01, 0.001, 72}, {1000, 0.1, 0.01, 62},
	} {
		blocks, ok := PlanBinary(Null{Margin: c.margin}, c.rate, c.rate, Traffic{0.9 * c.perBlock, 0.1 * c.perBlock}, math.Log(20))
		if !ok || math.Abs(blocks-c.median) > 1+0.06*c.median {
			t.Errorf("%+v: planned %v blocks", c, blocks)
		}
	}
}

func TestPlanOfWhatCannotBeShown(t *testing.T) {
	per := Traffic{900, 100}
	for name, f := range map[string]func() (float64, bool){
		"a share at the margin":  func() (float64, bool) { return PlanBinary(Null{Margin: 0.25}, 0.25, 0.5, per, 3) },
		"a mean at the margin":   func() (float64, bool) { return PlanMean(Null{Margin: 0.5}, 2, 2.5, 1, per, 3) },
		"no canary traffic":      func() (float64, bool) { return PlanBinary(Null{}, 0.1, 0.2, Traffic{900, 0}, 3) },
		"no variance":            func() (float64, bool) { return PlanMean(Null{}, 2, 3, 0, per, 3) },
		"a margin out of bounds": func() (float64, bool) { return PlanBinary(Null{Margin: 1}, 0.1, 0.2, per, 3) },
	} {
		if blocks, ok := f(); ok || blocks != 0 {
			t.Errorf("%s: planned %v blocks", name, blocks)
		}
	}
}

func TestPlanMeanKnowsDirections(t *testing.T) {
	per := Traffic{900, 100}
	up, _ := PlanMean(Null{Margin: 0.1}, 2, 2.3, 1, per, 3)
	down, _ := PlanMean(Null{Margin: 0.1, Worse: Lower}, 2, 1.7, 1, per, 3)
	if up != down || up != math.Ceil(4/(0.5*90*0.04)) {
		t.Errorf("blocks %v up, %v down, want %v", up, down, math.Ceil(4/(0.5*90*0.04)))
	}
	rel, _ := PlanMean(Null{Margin: 0.1, Relative: true}, 2, 2.2*1.1, 1, per, 3)
	if rel != math.Ceil(4/(0.5*90*0.04)) {
		t.Errorf("relative: %v blocks", rel)
	}
}
