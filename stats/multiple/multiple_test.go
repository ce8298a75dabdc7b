package multiple

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestWeightsSumToOne(t *testing.T) {
	for _, in := range [][]float64{{1}, {2, 1, 1}, {0, 0}, {1, math.NaN(), -3, math.Inf(1)}, {}} {
		var m []Member
		for _, w := range in {
			m = append(m, Member{Weight: w})
		}
		sum := 0.0
		for _, x := range Normalise(m) {
			sum += x.Weight
		}
		if len(in) > 0 && math.Abs(sum-1) > 1e-15 {
			t.Errorf("weights %v: sum %v", in, sum)
		}
	}
	if got := Normalise([]Member{{Weight: 3}, {Weight: math.NaN()}, {Weight: 1}}); got[0].Weight != 0.75 || got[1].Weight != 0 {
		t.Errorf("shares %v", got)
	}
}

// TestThresholdsSpendTheBudget: Σ exp(−threshold) = α over a family.
func TestThresholdsSpendTheBudget(t *testing.T) {
	spent := 0.0
	for _, m := range Normalise([]Member{{Weight: 5}, {Weight: 2}, {Weight: 1}}) {
		spent += math.Exp(-Threshold(0.01, m.Weight))
	}
	if math.Abs(spent-0.01) > 1e-15 {
		t.Errorf("spent %v, want 0.01", spent)
	}
	for _, w := range []float64{0, -1, math.NaN()} {
		if got := Threshold(0.05, w); got != math.MaxFloat64 {
			t.Errorf("weight %v: threshold %v, want never", w, got)
		}
	}
}

// TestGenerationsShareTheBudget: Σ 6α/(π²g²) = α, and the rest after G is below 1/G.
func TestGenerationsShareTheBudget(t *testing.T) {
	sum := 0.0
	for g := 1; g <= 10000; g++ {
		sum += GenerationAlpha(0.05, g)
	}
	if !(sum < 0.05 && sum > 0.05*(1-1e-4)) {
		t.Errorf("10,000 generations spend %v of 0.05", sum)
	}
	if GenerationAlpha(0.05, 0) != GenerationAlpha(0.05, 1) {
		t.Error("generations count from 1")
	}
}

// rejectedByDefinition tries every set of hypotheses.
func rejectedByDefinition(logE []float64, alpha float64) (out []int) {
	for i := range logE {
		all := true
		for set := 1; set < 1<<len(logE); set++ {
			if set>>i&1 == 0 {
				continue
			}
			sum, n := 0.0, 0.0
			for k := range logE {
				if set>>k&1 == 1 {
					sum, n = sum+math.Exp(logE[k]), n+1
				}
			}
			all = all && sum/n >= 1/alpha
		}
		if all {
			out = append(out, i)
		}
	}
	return out
}

func TestClosedAverageIsTheClosure(t *testing.T) {
	r := rand.New(rand.NewPCG(31, 31))
	for range 2000 {
		logE := make([]float64, 1+r.IntN(7))
		for i := range logE {
			logE[i] = 6 * r.NormFloat64()
		}
		if got, want := ClosedAverage(logE, 0.05), rejectedByDefinition(logE, 0.05); !slices.Equal(got, want) {
			t.Fatalf("%v: %v, want %v", logE, got, want)
		}
	}
	if got := ClosedAverage(nil, 0.05); got != nil {
		t.Errorf("no hypotheses: %v", got)
	}
}

// TestEBHIsMonotone: more evidence for one hypothesis takes no other off the list.
func TestEBHIsMonotone(t *testing.T) {
	r := rand.New(rand.NewPCG(32, 32))
	for range 1000 {
		logE := make([]float64, 1+r.IntN(9))
		for i := range logE {
			logE[i] = 4 * r.NormFloat64()
		}
		before := EBH(logE, 0.1)
		logE[r.IntN(len(logE))] += r.Float64()
		for _, i := range before {
			if !slices.Contains(EBH(logE, 0.1), i) {
				t.Fatalf("more evidence took %d from the list", i)
			}
		}
		if low := slices.Min(logE); len(before) == len(logE) && low < math.Log(1/0.1)-1 {
			t.Fatalf("all were rejected with a least log e of %v", low)
		}
	}
}

func TestAverageOfAnythingIsFinite(t *testing.T) {
	if got := LogAverage([]float64{900, -900}, nil); math.Abs(got-(900-math.Ln2)) > 1e-12 {
		t.Errorf("log average %v", got)
	}
}

func ExampleThreshold() {
	for _, m := range Normalise([]Member{{Metric: "errors", Test: "harm", Weight: 3}, {Metric: "latency", Test: "harm", Weight: 1}}) {
		fmt.Printf("%s: log E of %.2f\n", m.Metric, Threshold(0.01, m.Weight))
	}
	// Output:
	// errors: log E of 4.89
	// latency: log E of 5.99
}

func ExampleEBH() {
	fmt.Println(EBH([]float64{math.Log(100), math.Log(50), math.Log(30), 0, -2}, 0.05))
	// Output: [0 1]
}
