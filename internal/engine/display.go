package engine

import (
	"verdin/decision"
	"verdin/stats"
	"verdin/stats/sequential"
)

// level is that of displayed intervals: per metric, not adjusted for their number.
const level = 0.95

// newShare is the interval of a share in one stage: of the ratio where the margin is a
// ratio, else of the difference.
func newShare(m *decision.Metric) *sequential.ShareInterval {
	if m.Margin.Relative {
		return sequential.NewShareInterval(sequential.Ratio, sequential.Options{})
	}
	return sequential.NewShareInterval(sequential.Difference, sequential.Options{})
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
