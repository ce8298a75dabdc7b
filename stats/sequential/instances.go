package sequential

import "math"

// InstanceBound is the greatest log E that any test valid under random assignment of
// canary among total instances can reach: log C(total, canary), the log of the number
// of assignments. Impossible numbers show nothing: 0.
func InstanceBound(total, canary int64) float64 { return math.Max(0, LogChoose(total, canary)) }

// InstancesCanShow tells whether a claim at level alpha is within reach of so few
// instances; if not, a rule on them has no error control and must say so.
func InstancesCanShow(total, canary int64, alpha float64) bool {
	return alpha > 0 && InstanceBound(total, canary) >= -math.Log(alpha)
}
