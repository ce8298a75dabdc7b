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
		if got, want := closedAverage(logE, 0.05), rejectedByDefinition(logE, 0.05); !slices.Equal(got, want) {
			t.Fatalf("%v: %v, want %v", logE, got, want)
		}
	}
	if got := closedAverage(nil, 0.05); got != nil {
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
		before := ebh(logE, 0.1)
		logE[r.IntN(len(logE))] += r.Float64()
		for _, i := range before {
			if !slices.Contains(ebh(logE, 0.1), i) {
				t.Fatalf("more evidence took %d from the list", i)
			}
		}
		if low := slices.Min(logE); len(before) == len(logE) && low < math.Log(1/0.1)-1 {
			t.Fatalf("all were rejected with a least log e of %v", low)
		}
	}
}

func TestAverageOfAnythingIsFinite(t *testing.T) {
	if got := logAverage([]float64{900, -900}, nil); math.Abs(got-(900-math.Ln2)) > 1e-12 {
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

// oneClock is a list on one clock.
func oneClock(logE ...float64) OneClock {
	var all []EValue
	for i, e := range logE {
		all = append(all, EValue{Clock: "predictions", Name: fmt.Sprint("feature ", i), LogE: e})
	}
	return ByClock(all)[0]
}

// TestClocksAreNotMixed: e-values of two clocks come apart, whatever their order, and the
// only way to an average is a list of one clock.
func TestClocksAreNotMixed(t *testing.T) {
	lists := ByClock([]EValue{{"labels/24h", "accuracy", 3, 0}, {"predictions", "errors", 5, 0}, {"labels/24h", "conversion", 1, 0}, {"labels/1h", "clicks", 9, 0}})
	var clocks []Clock
	for _, l := range lists {
		clocks = append(clocks, l.Clock())
	}
	if want := []Clock{"labels/1h", "labels/24h", "predictions"}; !slices.Equal(clocks, want) {
		t.Fatalf("clocks %v, want %v", clocks, want)
	}
	if got, want := lists[1].LogAverage(), math.Log((math.Exp(3)+math.Exp(1))/2); math.Abs(got-want) > 1e-12 {
		t.Errorf("average over labels/24h: %v, want %v", got, want)
	}
	if got := lists[0].EBH(0.05); len(got) != 1 || got[0].Name != "clicks" {
		t.Errorf("list over labels/1h: %v", got)
	}
	if (OneClock{}).LogAverage() != 0 || ByClock(nil) != nil {
		t.Error("nothing is not nothing")
	}
}

// TestOneUnprovedClaimStopsAStep: the weakest decides, and no claims are no proof.
func TestOneUnprovedClaimStopsAStep(t *testing.T) {
	for _, c := range []struct {
		logE    []float64
		weakest int
		shown   bool
	}{{nil, -1, false}, {[]float64{3, 4}, 0, true}, {[]float64{9, 2.9, 8}, 1, false}, {[]float64{9, math.NaN()}, 1, false}} {
		if weakest, shown := IntersectionUnion(0.05, c.logE...); weakest != c.weakest || shown != c.shown {
			t.Errorf("%v: weakest %d, shown %v", c.logE, weakest, shown)
		}
	}
}

// TestSegmentsShareTheWeight of their metric: half stays with all traffic.
func TestSegmentsShareTheWeight(t *testing.T) {
	total, parts := Segments(0.5, []float64{300, 100, 0})
	if total != 0.25 || !slices.Equal(parts, []float64{0.1875, 0.0625, 0}) {
		t.Errorf("total %v, parts %v", total, parts)
	}
	if total, parts := Segments(0.4, nil); total != 0.4 || parts != nil {
		t.Errorf("without segments: %v, %v", total, parts)
	}
}

func ExampleOneClock_EBH() {
	for _, e := range oneClock(math.Log(100), math.Log(50), math.Log(30), 0, -2).EBH(0.05) {
		fmt.Println(e.Name)
	}
	// Output:
	// feature 0
	// feature 1
}

func ExampleIntersectionUnion() {
	weakest, shown := IntersectionUnion(0.05, 4.2, 3.1, 6)
	fmt.Println(weakest, shown)
	// Output: 1 true
}

func ExampleSegments() {
	fmt.Println(Segments(1, []float64{600, 200}))
	// Output: 0.5 [0.375 0.125]
}
