package bench

import (
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// Tally is what one rule answered in every run of a world.
type Tally struct {
	Rule   string
	First  []int // look of the answer, from 1; 0 = none
	Answer []Answer
}

// Runs is the number of runs.
func (t Tally) Runs() int { return len(t.First) }

// Count is the number of runs that ended in an answer.
func (t Tally) Count(a Answer) (k int) {
	for _, x := range t.Answer {
		if x == a {
			k++
		}
	}
	return k
}

// Share is the part of the runs that ended in an answer.
func (t Tally) Share(a Answer) float64 { return float64(t.Count(a)) / float64(max(1, t.Runs())) }

// Upper is the upper bound of that share at 99 %.
func (t Tally) Upper(a Answer) float64 { return Upper(t.Count(a), t.Runs(), confidence) }

// Lower is the lower bound of that share at 99 %.
func (t Tally) Lower(a Answer) float64 { return Lower(t.Count(a), t.Runs(), confidence) }

// Mean is the mean number of looks until an answer; a run without one counts as a
// history of the given length.
func (t Tally) Mean(length int) float64 {
	sum := 0
	for _, x := range t.First {
		if x == 0 {
			x = length
		}
		sum += x
	}
	return float64(sum) / float64(max(1, t.Runs()))
}

// Quantile is the number of looks within which a share q of the runs have an answer,
// 0 if fewer have one.
func (t Tally) Quantile(q float64) int {
	all := make([]int, 0, len(t.First))
	for _, x := range t.First {
		if x > 0 {
			all = append(all, x)
		}
	}
	slices.Sort(all)
	if i := int(q * float64(t.Runs())); i < len(all) {
		return all[i]
	}
	return 0
}

// By is the share of runs that have an answer at each look up to the given length.
func (t Tally) By(length int) []float64 {
	out := make([]float64, length+1)
	for _, x := range t.First {
		if x > 0 && x <= length {
			out[x]++
		}
	}
	sum := 0.0
	for i, x := range out {
		sum += x
		out[i] = sum / float64(max(1, t.Runs()))
	}
	return out
}

const confidence = 0.99

// Upper is the one-sided upper bound of Clopper and Pearson (1934) for a share seen k
// times in n.
func Upper(k, n int, level float64) float64 {
	if k >= n {
		return 1
	}
	return distuv.Beta{Alpha: float64(k + 1), Beta: float64(n - k)}.Quantile(level)
}

// Lower is the one-sided lower bound.
func Lower(k, n int, level float64) float64 { return 1 - Upper(n-k, n, level) }
