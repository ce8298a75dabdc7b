package sequential

import (
	"math"
	"testing"
)

// TestPassageIsTheIntegralOfItsDensity √(λ/2πt³)·exp(−λ(t−μ)²/2μ²t), by Simpson's rule.
func TestPassageIsTheIntegralOfItsDensity(t *testing.T) {
	for _, p := range []Passage{{Mean: 1, Shape: 1}, {Mean: 20, Shape: 60}, {Mean: 300, Shape: 200}, {Mean: 5, Shape: 4000}} {
		density := func(x float64) float64 {
			if x <= 0 {
				return 0
			}
			d := x - p.Mean
			return math.Sqrt(p.Shape/(2*math.Pi*x*x*x)) * math.Exp(-p.Shape*d*d/(2*p.Mean*p.Mean*x))
		}
		const steps = 200000
		for _, f := range []float64{0.3, 1, 2.5} {
			end, sum := f*p.Mean, 0.0
			h := end / steps
			for i := 0; i < steps; i += 2 {
				x := float64(i) * h
				sum += h / 3 * (density(x) + 4*density(x+h) + density(x+2*h))
			}
			if got := p.Within(end); math.Abs(got-sum) > 1e-8 {
				t.Errorf("%+v within %v: %.10f, the integral is %.10f", p, end, got, sum)
			}
		}
	}
}

func TestPassageQuantilesAreWholeBlocks(t *testing.T) {
	for _, p := range []Passage{{Mean: 7, Shape: 20}, {Mean: 0.01, Shape: 1}, {Mean: 30, Shape: 9, Wait: 4, Least: 10}, {Mean: 1e9, Shape: 1e9}} {
		for _, q := range []float64{0.01, 0.5, 0.9, 0.999} {
			n := p.Quantile(q)
			if n != math.Ceil(n) || n < 1 || p.Within(n+1e-6*n) < q || n > 1 && p.Within(n-1) >= q {
				t.Errorf("%+v: quantile %v is %v blocks, within it %v", p, q, n, p.Within(n))
			}
		}
	}
	if n := (Passage{Mean: 0.5, Shape: 100, Wait: 2, Least: 5}).Quantile(0.5); n != 7 {
		t.Errorf("two blocks of waiting and five of scoring: %v", n)
	}
}

func TestWhatIsNeverShownHasNoPassage(t *testing.T) {
	per := Traffic{900, 100}
	for name, f := range map[string]func() (Passage, bool){
		"a share at the margin":   func() (Passage, bool) { return PassageShares(Null{Margin: 0.25}, 0.25, 0.5, per, 3) },
		"no canary":               func() (Passage, bool) { return PassageShares(Null{}, 0.1, 0.2, Traffic{Stable: 9}, 3) },
		"a margin beyond 1":       func() (Passage, bool) { return PassageShares(Null{Margin: 1}, 0.1, 0.2, per, 3) },
		"no threshold":            func() (Passage, bool) { return PassageShares(Null{}, 0.1, 0.2, per, math.NaN()) },
		"not a share":             func() (Passage, bool) { return PassageShares(Null{}, math.NaN(), 0.2, per, 3) },
		"a mean at the margin":    func() (Passage, bool) { return PassageMeans(Null{Margin: 0.5}, 2, 2.5, 1, per, 3, true) },
		"pairs at the margin":     func() (Passage, bool) { return PassagePairs(Null{Margin: 0.1}, Discord{0.2, 0.1}, 100, 3, true) },
		"pairs that never differ": func() (Passage, bool) { return PassagePairs(Null{}, Discord{}, 100, 3, true) },
		"no pairs":                func() (Passage, bool) { return PassagePairs(Null{}, Discord{0.2, 0.1}, 0, 3, true) },
		"more than all pairs":     func() (Passage, bool) { return PassagePairs(Null{}, Discord{0.8, 0.4}, 9, 3, true) },
		"no variance":             func() (Passage, bool) { return PassageMeans(Null{}, 2, 3, 0, per, 3, true) },
		"a margin of everything": func() (Passage, bool) {
			return PassageMeans(Null{Margin: 1, Relative: true, Worse: Lower}, 2, 3, 1, per, 3, true)
		},
	} {
		if p, ok := f(); ok || p.Within(1e9) != 0 || p.Quantile(0.5) != 0 {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

// TestPassageOfMeansKnowsDirections: what is as far from the margin takes as long.
func TestPassageOfMeansKnowsDirections(t *testing.T) {
	per := Traffic{900, 100}
	up, _ := PassageMeans(Null{Margin: 0.1}, 2, 2.3, 1, per, 3, true)
	down, _ := PassageMeans(Null{Margin: 0.1, Worse: Lower}, 2, 1.7, 1, per, 3, true)
	if math.Abs(up.Mean-down.Mean) > 1e-9*up.Mean || up.Mean <= 0 {
		t.Errorf("up %+v, down %+v", up, down)
	}
	if learning, _ := PassageMeans(Null{Margin: 0.1}, 2, 2.3, 1, per, 3, false); learning.Wait != scoreBlocks || learning.Mean != up.Mean {
		t.Errorf("while ρ is learnt: %+v", learning)
	}
	if few, _ := PassageMeans(Null{Margin: 0.1}, 2, 2.3, 1, Traffic{90, 10}, 3, true); few.Least != scoreUnits/10 {
		t.Errorf("ten canary units a block: %+v", few)
	}
}
