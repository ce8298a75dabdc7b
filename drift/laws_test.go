package drift

import (
	"math"
	"testing"
)

// Numbers by the series in 40 digits (mpmath 1.3).
func TestNoncentralTailsAreAccurateOnBothSides(t *testing.T) {
	for _, c := range []struct{ dof, lambda, x, above, below float64 }{
		{1, 0.5, 3, 0.16005557306017386, 0.83994442693982614},
		{9, 90, 200, 8.0889959590534022e-6, 0.99999191100404095},
		{9, 90, 20, 0.99999999036580497, 9.6341950282747123e-9},
		{19, 3, 100, 6.8475074112805601e-11, 0.99999999993152493},
		{20, 900, 1300, 4.0337490199707975e-9, 0.99999999596625098},
		{4, 0.01, 30, 5.0682348867652588e-6, 0.99999493176511323},
		{9, 400, 150, 0.99999999999999941, 5.9328232085786696e-16},
	} {
		above, below := noncentralAbove(c.dof, c.lambda, c.x), noncentralBelow(c.dof, c.lambda, c.x)
		if math.Abs(above/c.above-1) > 1e-9 || math.Abs(below/c.below-1) > 1e-9 {
			t.Errorf("dof %v, λ %v, x %v: tails %v and %v, want %v and %v", c.dof, c.lambda, c.x, above, below, c.above, c.below)
		}
	}
}

func TestBesselIsAccurate(t *testing.T) {
	for y, want := range map[float64]float64{
		0.02: 5.0584371674328889, 0.3: 1.9546530988058694, 1: 1.1708721016781378, 5: 0.55095457600597136, 40: 0.19770810462750406,
	} {
		if got := besselQuarter(y); math.Abs(got/want-1) > 1e-12 {
			t.Errorf("y = %v: %v, want %v", y, got, want)
		}
	}
}

func TestTailsOfEveryLawAreOrderedAndAddUp(t *testing.T) {
	for _, dof := range []float64{1, 9, 20, 319} {
		for _, lambda := range []float64{0, 1e-3, 1, 30, 1e4, 9e4, 1.1e5, 1e15} {
			last := 1.0
			for _, z := range []float64{-8, -4, -1, 0, 1, 4, 8} {
				x := dof + lambda + z*math.Sqrt(2*(dof+2*lambda))
				above, below := noncentralAbove(dof, lambda, x), noncentralBelow(dof, lambda, x)
				if !(above >= 0 && above <= last && below >= 0 && below <= 1) || math.Abs(above+below-1) > 1e-7 {
					t.Errorf("dof %v, λ %v, x %v: tails %v and %v", dof, lambda, x, above, below)
				}
				last = above
			}
		}
	}
	for _, x := range []float64{math.Inf(-1), -1, 0, 5e-324, 1e-9, 0.799999, 0.8, 3, 1e300, math.Inf(1), math.NaN()} {
		for _, p := range []float64{kolmogorovAbove(x), kolmogorovBelow(x), cramerAbove(x), chiSquareAbove(3, x), noncentralAbove(3, 1, x), noncentralBelow(0, 1, x), noncentralAbove(0, 0, x)} {
			if !(p >= 0 && p <= 1) {
				t.Errorf("x = %v: probability %v", x, p)
			}
		}
	}
}

func TestLimitsInvertTheLaws(t *testing.T) {
	for _, alpha := range []float64{0.5, 0.05, 1e-3, 1e-9} {
		for _, lambda := range []float64{0, 3, 900} {
			if got := noncentralAbove(9, lambda, noncentralLimit(alpha, 9, lambda)); math.Abs(got/alpha-1) > 1e-9 {
				t.Errorf("λ %v: limit for %v is exceeded with probability %v", lambda, alpha, got)
			}
		}
		if got := kolmogorovAbove(kolmogorovLimit(alpha)); math.Abs(got/alpha-1) > 1e-9 {
			t.Errorf("limit for %v is exceeded with probability %v", alpha, got)
		}
	}
	for _, alpha := range []float64{0, -1, math.NaN(), 1, 2} {
		if a, b := noncentralLimit(alpha, 9, 1), kolmogorovLimit(alpha); a-a != 0 || b-b != 0 || a < 0 || b < 0 {
			t.Errorf("risk %v: limits %v and %v", alpha, a, b)
		}
	}
}

// Needed canary events at a share of one tenth, one look, risk 0.001, power 0.9, in 10
// bins, as an independent simulation found them.
func TestEventsToSeeAnIndex(t *testing.T) {
	for d, want := range map[float64]float64{0.2: 190, 0.1: 379, 0.05: 758, 0.02: 1894} {
		if got := PSIEvents(d, 0.001, 0.9, 10, 0.1); math.Abs(got/want-1) > 0.01 {
			t.Errorf("index %v needs %.0f events, want %v", d, got, want)
		}
	}
	for _, x := range []float64{PSIEvents(0, 0.01, 0.9, 10, 0.1), PSIEvents(0.1, 0.01, 0.9, 1, 0.1), PSIEvents(0.1, 0.9, 0.01, 10, 0.1), PSIEvents(0.1, math.NaN(), 0.9, 10, 0.1), PSIEvents(math.NaN(), 0.1, 0.9, 10, 2)} {
		if x != 0 {
			t.Errorf("a question without an answer gives %v, want 0", x)
		}
	}
}

// Where the normal law takes over, it agrees with the sum.
func TestTheFarNoncentralLawJoinsTheNearOne(t *testing.T) {
	const dof, lambda = 19, 1e5
	for _, z := range []float64{-5, -2, 0, 2, 5} {
		x := dof + lambda + z*math.Sqrt(2*(dof+2*lambda))
		near, far := poissonMean(dof, lambda/2, x/2, z > 0), normalAbove(sankaran(dof, lambda, x))
		if z <= 0 {
			far = normalAbove(-sankaran(dof, lambda, x))
		}
		if math.Abs(far/near-1) > 1e-5 {
			t.Errorf("z = %v: tail %v by the sum, %v by the normal law", z, near, far)
		}
	}
}
