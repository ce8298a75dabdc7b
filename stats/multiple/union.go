package multiple

import "math"

// IntersectionUnion tells whether every claim is shown at level alpha, each by its own
// e-process of any clock: a step forward with one claim untrue needs that one process
// to err, so that no correction is due. Weakest is the index of the claim with the least
// evidence. Without claims nothing is shown, and weakest is −1.
func IntersectionUnion(alpha float64, logE ...float64) (weakest int, shown bool) {
	weakest = -1
	for i, e := range logE {
		if weakest < 0 || !(e >= logE[weakest]) {
			weakest = i
		}
	}
	return weakest, weakest >= 0 && alpha > 0 && logE[weakest] >= -math.Log(alpha)
}

// Segments spreads the weight of a metric: half to all traffic, half over its segments
// by their past traffic. Without segments the total has it all; without any traffic
// segments share alike.
func Segments(weight float64, traffic []float64) (total float64, parts []float64) {
	if len(traffic) == 0 {
		return weight, nil
	}
	members := make([]Member, len(traffic))
	for i, n := range traffic {
		members[i].Weight = n
	}
	for _, m := range Normalise(members) {
		parts = append(parts, float64(weight/2*m.Weight))
	}
	return weight / 2, parts
}
