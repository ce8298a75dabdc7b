package bench

import (
	"math"

	"verdin/stats/sequential"
)

// Delay is a world with harm, in which the time counts until it is found: at tolerance 0,
// one stage of 10 % canary, α = 1 %.
type Delay struct {
	PerWindow, Rate, Odds float64
	Windows               int
}

const (
	delayAlpha = 0.01
	delayShare = 0.1
)

// Names of the oracles, which are told what nobody knows.
const (
	OracleSPRT        = "oracle SPRT"
	OracleConditional = "oracle conditional SPRT"
	Uninformed        = "Verdin, no history"
)

var delays = []Delay{
	{1000, 0.01, 1.5, 600}, {1000, 0.01, 2, 250}, {1000, 0.01, 4, 60},
	{300, 0.002, 5, 400}, {1000, 0.1, 1.2, 500}, {1000, 0.4, 1.15, 500},
}

// Case plays ours, told the historical rate and not told, oracles, and rules of others.
func (d Delay) Case(name string) Case {
	w := Ramp{PerWindow: d.PerWindow, Windows: d.Windows, Shares: []float64{delayShare}, Rate: Flat(d.Rate), Canary: Odds(d.Odds)}
	no := sequential.Null{}
	blind := HarmShown(no, sequential.Options{}, delayAlpha)
	blind.Name = Uninformed
	return NewCase(Case{Name: name, Alpha: delayAlpha, Runs: fullRuns}, w.Play,
		HarmShown(no, sequential.Options{PriorRate: d.Rate}, delayAlpha), blind,
		conditionalSPRT(d.Odds), sprt(), GrowthBook(delayAlpha), HowardRamdas(delayAlpha))
}

// Wald is what no test can beat on average, but for the overshoot of the last window:
// log(1/α) ÷ the information of a window, when the stable rate is known.
func (d Delay) Wald() float64 {
	p, q := d.Rate, Odds(d.Odds)(d.Rate, 0)
	kl := q*math.Log(q/p) + (1-q)*math.Log((1-q)/(1-p))
	return threshold(delayAlpha) / (d.PerWindow * delayShare * kl)
}

// sprt is told both rates of every window.
func sprt() Rule[Counts] {
	return Alarm(OracleSPRT, func() func(Counts) bool {
		sum := 0.0
		return func(l Counts) bool {
			p, q := l.truth[0], l.truth[1]
			sum += float64(l.Canary.Y)*math.Log(q/p) + float64(l.Canary.N-l.Canary.Y)*math.Log((1-q)/(1-p))
			return sum >= threshold(delayAlpha)
		}
	})
}

// conditionalSPRT is told the odds ratio, and no rate.
func conditionalSPRT(odds float64) Rule[Counts] {
	opt := sequential.Options{Grid: []float64{math.Log(odds)}}
	return Alarm(OracleConditional, func() func(Counts) bool {
		t := sequential.NewConditional(1, sequential.Higher, opt)
		return func(l Counts) bool {
			t.Observe(l.Stable, l.Canary, 0)
			return t.LogEMax() >= threshold(delayAlpha)
		}
	})
}

// Planned is the law by which the program plans.
func (d Delay) Planned() sequential.Passage {
	per := sequential.Traffic{Stable: d.PerWindow * (1 - delayShare), Canary: d.PerWindow * delayShare}
	p, _ := sequential.PassageShares(sequential.Null{}, d.Rate, Odds(d.Odds)(d.Rate, 0), per, threshold(delayAlpha))
	return p
}
