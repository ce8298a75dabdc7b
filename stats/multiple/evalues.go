package multiple

import (
	"math"
	"slices"

	"verdin/stats"
)

// logAverage is the log of the weighted average of e-values on one clock, given as
// logs; the average is an e-value if the weights sum to at most 1. Without weights
// it is the plain average.
func logAverage(logE, weights []float64) float64 {
	terms := make([]float64, len(logE))
	for i, e := range logE {
		w := 1 / float64(len(logE))
		if weights != nil {
			w = weights[i]
		}
		terms[i] = e + math.Log(w)
	}
	return stats.LogSumExp(terms)
}

// ebh returns the indices, ascending, of what OneClock.EBH rejects.
func ebh(logE []float64, alpha float64) []int {
	order := descending(logE)
	n := float64(len(logE))
	rejected := 0
	for i, at := range order {
		if logE[at] >= math.Log(n/(alpha*float64(i+1))) {
			rejected = i + 1
		}
	}
	out := order[:rejected]
	slices.Sort(out)
	return out
}

// closedAverage returns the indices, ascending, of what OneClock.ClosedAverage rejects.
func closedAverage(logE []float64, alpha float64) []int {
	order := descending(logE)
	var out []int
	for i := range logE {
		sum, worst := logE[i], true
		for k, size := len(order)-1, 1; worst; k-- {
			worst = sum >= math.Log(float64(size)/alpha)
			if k < 0 {
				break
			}
			if order[k] != i { // the least e-values first: no other set of that size is harder
				sum, size = stats.LogAddExp(sum, logE[order[k]]), size+1
			}
		}
		if worst {
			out = append(out, i)
		}
	}
	return out
}

// descending returns the indices by falling e-value, equal ones in their order.
func descending(logE []float64) []int {
	order := make([]int, len(logE))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case logE[a] > logE[b]:
			return -1
		case logE[a] < logE[b]:
			return 1
		}
		return 0
	})
	return order
}
