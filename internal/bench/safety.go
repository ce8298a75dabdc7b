package bench

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat/distuv"

	"verdin/stats/sequential"
)

// Noninferior is a world without harm, in which the time counts until that is shown: the
// canary is no worse than the margin, at one stage of 10 % canary and α = 5 %.
type Noninferior struct {
	PerWindow, Rate, Margin float64
	Windows                 int
}

var noninferiors = []Noninferior{
	{1000, 0.01, 0.01, 100}, {1000, 0.01, 0.005, 250}, {1000, 0.01, 0.002, 1200},
	{10000, 0.01, 0.002, 150}, {10000, 0.01, 0.001, 500}, {1000, 0.1, 0.01, 400},
}

// Case plays the rule for a step forward.
func (s Noninferior) Case() Case {
	w := Ramp{PerWindow: s.PerWindow, Windows: s.Windows, Shares: []float64{delayShare}, Rate: Daily(s.Rate, 0.3)}
	name := fmt.Sprintf("%g of %g a window, margin %g", s.Rate, s.PerWindow, s.Margin)
	return NewCase(Case{Name: name, Alpha: falsePromote, Runs: 2000}, w.Play,
		SafetyShown(sequential.Null{Margin: s.Margin}, sequential.Options{PriorRate: s.Rate}, falsePromote))
}

// Fixed is the number of windows that a test of one look needs for 80 % power:
// n = (z(1−α) + z(0.8))²·p(1−p)·(1/share a + 1/share b) ÷ margin².
func (s Noninferior) Fixed() float64 {
	z := distuv.UnitNormal.Quantile(1-falsePromote) + distuv.UnitNormal.Quantile(0.8)
	n := z * z * s.Rate * (1 - s.Rate) * (1/delayShare + 1/(1-delayShare)) / (s.Margin * s.Margin)
	return math.Ceil(n / s.PerWindow)
}

// Planned is the law by which the program plans.
func (s Noninferior) Planned() sequential.Passage {
	per := sequential.Traffic{Stable: s.PerWindow * (1 - delayShare), Canary: s.PerWindow * delayShare}
	p, _ := sequential.PassageShares(sequential.Null{Margin: s.Margin}, s.Rate, s.Rate, per, threshold(falsePromote))
	return p
}
