package engine

import (
	"verdin/stats"
	"verdin/stats/sequential"
)

// level is that of displayed intervals: per metric, not adjusted for their number.
const level = 0.95

// displayRho tunes the displayed interval of shares: it is tightest at about 10³
// effective observations of a share near 5 % (variance 50, see sequential.BestRho),
// and wider by a logarithm elsewhere. It is fixed before any data, and verdicts do
// not use it.
const displayRho = 6

func newDisplay() *sequential.Score {
	return sequential.NewScore(sequential.ScoreOptions{Rho: displayRho, Stages: 1})
}

// interval is that of a process of engine G.
type interval interface {
	Interval(alpha float64) (estimate, low, high float64)
	Ready() bool
}

// displayed is the interval of a score, as a difference canary − stable.
func displayed(s interval, scale string) stats.Interval {
	est, low, high := s.Interval(1 - level)
	i := stats.Interval{Estimate: est, Low: low, High: high, Level: level, Method: "asymptotic", Scale: scale}
	if !s.Ready() {
		i.Low, i.High, i.Level, i.Note = est, est, 0, "too few observations for an interval"
	}
	return i
}
