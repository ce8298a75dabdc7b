package multiple

import (
	"cmp"
	"slices"
)

// Clock names a history: e-processes that grow as the same events arrive. Tests whose
// labels ripen at different times have different clocks, and an average of theirs is
// no e-process (Choe, Ramdas 2024, "Combining evidence across filtrations").
type Clock string

// EValue is what one test knows now.
type EValue struct {
	Clock  Clock
	Name   string
	LogE   float64
	Weight float64 // share in averages; where all are 0, members share alike
}

// OneClock is a list of e-values of one clock. It cannot be built but by ByClock, and
// averages and lists exist for it alone, so that no caller can mix clocks (M2).
type OneClock struct {
	clock  Clock
	values []EValue
}

// ByClock sorts e-values into one list per clock, by the clock's name, each in the
// order given.
func ByClock(values []EValue) []OneClock {
	var out []OneClock
	for _, v := range values {
		at, found := slices.BinarySearchFunc(out, v.Clock, func(o OneClock, c Clock) int { return cmp.Compare(o.clock, c) })
		if !found {
			out = slices.Insert(out, at, OneClock{clock: v.Clock})
		}
		out[at].values = append(out[at].values, v)
	}
	return out
}

// Clock is the clock of the list.
func (o OneClock) Clock() Clock { return o.clock }

// LogAverage is the log of the weighted average, an e-value on that clock if the
// weights sum to at most 1. An empty list, which has shown nothing, gives 0.
func (o OneClock) LogAverage() float64 {
	if len(o.values) == 0 {
		return 0
	}
	logE, weights := make([]float64, len(o.values)), make([]float64, len(o.values))
	sum := 0.0
	for i, v := range o.values {
		logE[i], weights[i] = v.LogE, max(0, v.Weight)
		sum += weights[i]
	}
	if !(sum > 0) {
		weights = nil
	}
	return logAverage(logE, weights)
}

// EBH returns the members that the e-BH procedure rejects at false discovery rate
// alpha: those of the k greatest e-values, with the largest k for which the k-th is at
// least K/(α·k). It holds under any dependence (Wang, Ramdas 2022).
func (o OneClock) EBH(alpha float64) []EValue { return o.pick(ebh(o.logE(), alpha)) }

// ClosedAverage returns the members that the closed average test rejects: every set
// that holds one of them has an average e-value of at least 1/α. No true hypothesis is
// among them with probability 1 − α.
func (o OneClock) ClosedAverage(alpha float64) []EValue {
	return o.pick(closedAverage(o.logE(), alpha))
}

func (o OneClock) logE() []float64 {
	out := make([]float64, len(o.values))
	for i, v := range o.values {
		out[i] = v.LogE
	}
	return out
}

func (o OneClock) pick(at []int) []EValue {
	var out []EValue
	for _, i := range at {
		out = append(out, o.values[i])
	}
	return out
}
