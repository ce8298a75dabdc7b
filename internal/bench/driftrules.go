package bench

import (
	"math"

	"verdin/drift"
)

// rowsBefore is how many canary rows the rules of others wait for: fewer say nothing,
// and most of their users know it.
const rowsBefore = 30

// DriftShown is Verdin's rule: the e-process of a method against "distance ≤ above" has
// reached 1/α.
func DriftShown(method string, above, alpha float64, stages int) Rule[Bins] {
	return watching("Verdin "+method, alpha, func(b drift.Block) drift.Test { return drift.Methods[method](b.Bins, above, stages) })
}

// StickyDriftShown is the rule where units come back: variance by bucket of units.
func StickyDriftShown(method string, above, alpha float64, stages int) Rule[Bins] {
	return watching("Verdin "+method, alpha, func(b drift.Block) drift.Test { return drift.StickyMethods[method](b.Bins, b.Sub, above, stages) })
}

func watching(name string, alpha float64, start func(drift.Block) drift.Test) Rule[Bins] {
	return Alarm(name, func() func(Bins) bool {
		var test drift.Test
		return func(l Bins) bool {
			if test == nil {
				test = start(l.Block)
			}
			test.Observe(l.Block)
			return test.LogEMax() >= threshold(alpha)
		}
	})
}

// gathering makes a rule of all rows so far, whatever the split was, from rowsBefore
// canary rows on; look counts from 1.
func gathering(name string, holds func(c drift.Counts, look int64) bool) Rule[Bins] {
	return Alarm(name, func() func(Bins) bool {
		var c drift.Counts
		look := int64(0)
		return func(l Bins) bool {
			if c.Stable == nil {
				c = drift.Counts{Stable: make([]int64, l.Bins), Canary: make([]int64, l.Bins)}
			}
			look++
			l.fold(c)
			n := c.Totals()
			return n[0] >= rowsBefore && n[1] >= rowsBefore && holds(c, look)
		}
	})
}

// fold adds a look's parts to counts by bin.
func (l *Bins) fold(c drift.Counts) {
	for i := range l.Stable {
		c.Stable[i%l.Bins] += int64(l.Stable[i])
		c.Canary[i%l.Bins] += int64(l.Canary[i])
	}
}

// distance is the row of drift's table of distances.
func distance(name string) drift.Distance {
	for _, d := range drift.Distances {
		if d.Name == name {
			return d
		}
	}
	panic("bench: no distance " + name) // a programming error: the table is fixed
}

// GSpending is the G test at 6α/(π²k²) in look k: what remains of a classical test when
// its looks are paid for.
func GSpending(alpha float64) Rule[Bins] {
	g := distance("g")
	return gathering("G, α-spending", func(c drift.Counts, look int64) bool { return g.P(c) <= drift.Spent(alpha, look) })
}

// FixedPSI alarms above a fixed index, as scorecards have it.
func FixedPSI(limit float64) Rule[Bins] {
	return gathering("PSI > "+Number(limit), func(c drift.Counts, _ int64) bool {
		raw, _ := c.PSI()
		return raw > limit
	})
}

// KSEachLook is the two-sample test at 5 % by its limit law, at every look.
func KSEachLook() Rule[Bins] {
	return gathering("KS, each look", func(c drift.Counts, _ int64) bool { return kolmogorov(c) })
}

// kolmogorov tells whether the KS distance is significant at 5 %: above 1.3581·√(1/n+1/m).
func kolmogorov(c drift.Counts) bool {
	low, _ := c.KS()
	n := c.Totals()
	return low > 1.3581*math.Sqrt(1/float64(n[0])+1/float64(n[1]))
}

// Evidently is its choice for a numeric column with more than five values: up to 1,000
// reference rows KS at p < 0.05, else the Wasserstein distance in standard deviations of
// the reference at 0.1 or more.
func Evidently() Rule[Bins] {
	w := distance("wasserstein")
	return gathering("Evidently", func(c drift.Counts, _ int64) bool {
		if c.Totals()[0] <= 1000 {
			return kolmogorov(c)
		}
		return w.Raw(c, nil) >= 0.1
	})
}

// NannyML compares chunks by the Jensen–Shannon distance to a reference, and alarms
// above the mean and three standard deviations of ten chunks of that reference. Here the
// reference is stable's first ten looks, and a chunk is a look.
func NannyML() Rule[Bins] {
	const chunks = 10
	js := distance("jensen-shannon")
	root := func(c drift.Counts) float64 { return math.Sqrt(js.Raw(c, nil) / math.Ln2) }
	return Alarm("NannyML", func() func(Bins) bool {
		var past [][]int64
		var all []int64
		limit := 0.0
		return func(l Bins) bool {
			c := drift.Counts{Stable: make([]int64, l.Bins), Canary: make([]int64, l.Bins)}
			l.fold(c)
			if len(past) < chunks {
				if all == nil {
					all = make([]int64, l.Bins)
				}
				past = append(past, c.Stable)
				for i, n := range c.Stable {
					all[i] += n
				}
				if len(past) == chunks {
					limit = inSample(past, all, root)
				}
				return false
			}
			chunk := drift.Counts{Stable: all, Canary: c.Canary}
			return chunk.Totals()[1] > 0 && root(chunk) > limit
		}
	})
}

// inSample is mean + 3 sd (n in the denominator) of the chunks' own distances.
func inSample(past [][]int64, all []int64, root func(drift.Counts) float64) float64 {
	sum, square := 0.0, 0.0
	for _, chunk := range past {
		d := root(drift.Counts{Stable: all, Canary: chunk})
		sum += d
		square += d * d
	}
	n := float64(len(past))
	return sum/n + 3*math.Sqrt(math.Max(0, square/n-sum/n*sum/n))
}

// AlwaysFire alarms as soon as it may: whoever compares detectors by how soon they find
// a drift must beat it.
func AlwaysFire() Rule[Bins] {
	return gathering("always fire", func(drift.Counts, int64) bool { return true })
}

// driftRivals are the rules of others that stand beside ours.
func driftRivals(alpha float64) []Rule[Bins] {
	return []Rule[Bins]{GSpending(alpha), FixedPSI(0.1), FixedPSI(0.2), KSEachLook(), Evidently(), NannyML(), AlwaysFire()}
}
