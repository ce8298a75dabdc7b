package multiple

import "math"

// Member is one test of a family: its crossing can cause the family's action.
type Member struct {
	Metric, Segment, Test string
	Weight                float64 // share of the family's error budget
}

// Normalise returns the members with weights that sum to 1 in proportion to the ones
// given. Weights that are not positive numbers count as 0; if all do, members share alike.
func Normalise(members []Member) []Member {
	out := make([]Member, len(members))
	copy(out, members)
	sum := 0.0
	for i := range out {
		if w := out[i].Weight; !(w > 0) || math.IsInf(w, 0) {
			out[i].Weight = 0
		}
		sum += out[i].Weight
	}
	for i := range out {
		if sum > 0 {
			out[i].Weight /= sum
		} else {
			out[i].Weight = 1 / float64(len(out))
		}
	}
	return out
}

// Threshold is the log E at which a member of the given weight may cause the action:
// log(1/(α·w)). Without a budget it is the greatest number: never.
func Threshold(alpha, weight float64) float64 {
	if budget := alpha * weight; budget > 0 {
		return -math.Log(budget)
	}
	return math.MaxFloat64
}

// GenerationAlpha is the part of a rollout's error budget that its g-th generation
// (1, 2, …) may use: 6α/(π²g²), which sums to α over all generations.
func GenerationAlpha(alpha float64, g int) float64 {
	n := float64(max(1, g))
	return 6 * alpha / (math.Pi * math.Pi * n * n)
}
