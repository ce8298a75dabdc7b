package sequential

import "math"

// Traffic is the number of scored units per block and arm.
type Traffic struct{ Stable, Canary float64 }

// unknownSize is what a mixture over effects costs against knowing the effect, in nats.
const unknownSize = 1

// PlanBinary estimates the blocks until a claim on a share is shown when the arms'
// true rates are a and b: harm where they lie beyond the null's margin, safety where
// they lie within it. The threshold is log(1/(α·w)). Each block brings the distance of
// the truth from the margin in nats,
//
//	min over the margin line of na·KL(a‖x) + nb·KL(b‖y)
//
// Harm asks for a nat more than the threshold, since the size of the effect is not
// known: then it is the mean number of blocks. For safety it is the median. Good to
// about 20 %. ok is false where the truth is at the margin.
func PlanBinary(null Null, a, b float64, per Traffic, threshold float64) (blocks float64, ok bool) {
	h := null.harm()
	a, b = inside(h.rate(a)), inside(h.rate(b))
	if !(per.Stable > 0 && per.Canary > 0) {
		return 0, false
	}
	x, _ := h.project(per.Stable, per.Canary, a, b)
	y := h.at(x)
	if !(x > 0 && x < 1 && y > 0 && y < 1) {
		return 0, false
	}
	if !h.contains(a, b) {
		threshold += unknownSize
	}
	return planned(float64(per.Stable*divergence(a, x))+float64(per.Canary*divergence(b, y)), threshold)
}

// PlanMean is PlanBinary for means a and b with the standard deviation sd per value;
// a block brings ½·(na·nb/n)·(distance from the margin/sd)² nats, and either claim asks
// for the nat more.
func PlanMean(null Null, a, b, sd float64, per Traffic, threshold float64) (blocks float64, ok bool) {
	if !(per.Stable > 0 && per.Canary > 0 && sd > 0) {
		return 0, false
	}
	distance := b - a - null.margin()
	switch {
	case null.Relative:
		distance = b/null.ratio() - a
	case null.Worse == Lower:
		distance = b - a + null.margin()
	}
	z := distance / sd
	w := per.Stable * per.Canary / (per.Stable + per.Canary)
	return planned(0.5*w*z*z, threshold+unknownSize)
}

func planned(nats, threshold float64) (blocks float64, ok bool) {
	if blocks = threshold / nats; !(nats > 0) || math.IsInf(blocks, 0) {
		return 0, false
	}
	return math.Ceil(blocks), true
}

// divergence is KL(p‖q) of two coins.
func divergence(p, q float64) float64 {
	return float64(p*math.Log(p/q)) + float64((1-p)*math.Log((1-p)/(1-q)))
}
