package drift

import (
	"math"
	"slices"
)

// The larger arm has seen more of everything: distinct values are compared at an equal
// number of events.

// Rarefied is the mean number of distinct values among k events drawn at random, without
// putting back, from events that are counted by value:
//
//	Σ_i 1 − C(N − nᵢ, k)/C(N, k)
//
// Exact. Source: Hurlbert, "The nonconcept of species diversity" (1971).
func Rarefied(counts []int64, k int64) float64 {
	n := int64(0)
	for _, c := range counts {
		if c < 0 || c > mostEvents || n > mostEvents {
			return 0
		}
		n += c
	}
	k = min(k, n)
	if k <= 0 {
		return 0
	}
	mean := 0.0
	for _, c := range counts {
		if c > 0 {
			mean += 1 - absent(n, c, k)
		}
	}
	return mean
}

// absent is C(n−c, k)/C(n, k): none of c events among k of n.
func absent(n, c, k int64) float64 {
	if c > n-k {
		return 0
	}
	few, many := min(c, k), max(c, k) // it is symmetric in c and k
	if few > steps {
		return math.Exp(logAbsent(n, float64(few), float64(many)))
	}
	p := 1.0
	for i := range few {
		p *= float64(n-many-i) / float64(n-i)
	}
	return p
}

// steps is the number of factors up to which absent multiplies them out.
const steps = 1000

// logAbsent is Σ log(1 − many/(n−i)) over i < few, in steps of equal length, each at
// its middle.
func logAbsent(n int64, few, many float64) (log float64) {
	for s := range steps {
		i := float64((float64(s)+0.5)*few/steps) - 0.5
		log += float64(few / steps * math.Log1p(-many/(float64(n)-i)))
	}
	return log
}

// Cardinality compares the number of distinct values of the arms at the size of the
// smaller one. Counts are by value, not by bin; their order does not matter.
type Cardinality struct {
	Events         int64   // at which both are compared
	Stable, Canary float64 // distinct values among so many events, on average
}

// Cardinality is 0 where an arm is empty.
func (c Counts) Cardinality() (out Cardinality) {
	n := c.Totals()
	if n[0] <= 0 || n[1] <= 0 {
		return out
	}
	out.Events = min(n[0], n[1])
	out.Stable, out.Canary = Rarefied(c.Stable, out.Events), Rarefied(c.Canary, out.Events)
	return out
}

// Concentration says how unequally recommendations fall on the items of a catalogue:
// a model that is trained on what it has shown narrows them.
type Concentration struct {
	Events   int64      // at which coverage and Gini compare the arms
	Coverage [2]float64 // part of the catalogue that is shown, stable and canary
	Gini     [2]float64 // 0 = all items alike, towards 1 = one item only, over the whole catalogue
	Simpson  [2]float64 // chance that two recommendations are of one item; no bias at any size
}

// Concentration compares recommendations counted by item, items of the catalogue that
// were never shown included as zeros. Coverage is exact at equal events; for Gini the
// larger arm is thinned to the smaller one's size, by one draw that the seed decides.
func (c Counts) Concentration(seed uint64) (out Concentration) {
	if !c.lawful() {
		return out
	}
	n := c.Totals()
	out.Events = min(n[0], n[1])
	for arm, counts := range [2][]int64{c.Stable, c.Canary} {
		out.Coverage[arm] = math.Min(1, Rarefied(counts, out.Events)/float64(len(counts)))
		out.Gini[arm] = Gini(thin(counts, out.Events, seed))
		out.Simpson[arm] = simpson(counts)
	}
	return out
}

// Gini is the Gini coefficient of counts: half the mean difference between two of them,
// divided by their mean. It grows when events are few: compare at equal numbers.
func Gini(counts []int64) float64 {
	xs := slices.Clone(counts)
	slices.Sort(xs)
	n, total, weighted := float64(len(xs)), 0.0, 0.0
	for i, x := range xs {
		if x < 0 || x > mostEvents {
			return 0
		}
		total += float64(x)
		weighted += float64((2*float64(i) + 1 - n) * float64(x))
	}
	if total == 0 {
		return 0
	}
	return math.Min(1, math.Max(0, weighted/(n*total)))
}

func simpson(counts []int64) (p float64) {
	n := float64(sum(counts))
	if n < 2 {
		return 0
	}
	for _, c := range counts {
		p += float64(float64(c) / n * ((float64(c) - 1) / (n - 1)))
	}
	return math.Max(0, p)
}

// mostThinned bounds the events that are drawn one by one; larger arms are thinned in
// proportion first.
const mostThinned = 1 << 22

// thin draws k of the events at random, without putting back.
func thin(counts []int64, k int64, seed uint64) []int64 {
	out := slices.Clone(counts)
	n := sum(counts)
	if k >= n {
		return out
	}
	if n > mostThinned {
		for i, c := range out {
			out[i] = int64(math.Round(float64(c) * (float64(k) / float64(n))))
		}
		return out // so many events that chance hardly matters
	}
	left, want := n, k
	for i, c := range counts {
		out[i] = 0
		for range c {
			seed += 0x9e3779b97f4a7c15
			if float64(mix(seed)>>11)/(1<<53)*float64(left) < float64(want) {
				out[i]++
				want--
			}
			left--
		}
	}
	return out
}

// mix is the finaliser of SplitMix64 (Steele, Lea, Flood 2014).
func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
