package planning

import (
	"math"
	"time"
)

// forward is the time until a step can be taken: the bake, the samples, and the safety
// of every guardrail at once, as if they had nothing to do with each other (if they move
// together it is shorter).
func (s *Stage) forward(window, lateness time.Duration, samples float64) Time {
	least := math.Max(s.Windows, math.Ceil(samples/math.Min(s.Units[0], s.Units[1])))
	within := func(windows float64) float64 {
		all := 1.0
		if windows < least {
			return 0
		}
		for _, m := range s.metrics {
			behind := math.Ceil(float64(m.late-lateness) / float64(window)) // labels come later
			all *= m.shownSafe.Within(windows - behind)
		}
		return all
	}
	return timeOf(func(q float64) float64 { return quantile(within, q) }, window, lateness)
}

// quantile is the least whole number with a probability of at least q, 0 if it is
// beyond 2⁵⁰.
func quantile(within func(float64) float64, q float64) float64 {
	hi := 1.0
	for ; within(hi) < q; hi *= 2 {
		if hi > 1<<50 {
			return 0
		}
	}
	lo := math.Floor(hi / 2)
	for hi-lo > 1 {
		if mid := math.Floor((lo + hi) / 2); within(mid) < q {
			lo = mid
		} else {
			hi = mid
		}
	}
	return hi
}
