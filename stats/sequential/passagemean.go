package sequential

import "math"

// PassageMeans is the law for a claim on means a and b with the standard deviation sd
// per value: that of Score, whose ρ was learnt from earlier blocks, or is learnt from the
// first five. The line that the score has to reach bends with its variance; it is
// replaced by its tangent where the score gets there on average.
func PassageMeans(null Null, a, b, sd float64, per Traffic, threshold float64, learnt bool) (p Passage, ok bool) {
	if !(per.Stable > 0 && per.Canary > 0 && sd > 0 && threshold > 0 && null.ratio() > 0) {
		return Passage{}, false
	}
	r := null.ratio()
	n := per.Stable + per.Canary
	w := per.Stable * (per.Canary / n)
	opt := ScoreOptions{Null: null}
	drift := float64(w * math.Abs(b/r-a-opt.delta()))
	v := float64(w * sd * sd * (float64(per.Stable/n) + float64(per.Canary/n/(r*r))))
	rho := BestRho(v*scorePlan, 2*scoreAlpha)
	bound := func(t float64) float64 { return NormalBoundOneSided(float64(t*v), rho, math.Exp(-threshold)) }
	t := 1.0
	for i := 0; bound(t) > drift*t; i++ {
		if t = float64(2 * t); i > 60 {
			return Passage{}, false
		}
	}
	lo := 0.0
	for range 60 {
		if mid := lo + (t-lo)/2; bound(mid) > drift*mid {
			lo = mid
		} else {
			t = mid
		}
	}
	slope := (bound(1.01*t) - bound(0.99*t)) / (0.02 * t)
	p, ok = passage(bound(t)-float64(slope*t), drift-slope, v)
	if !ok {
		return Passage{}, false
	}
	p.Least = math.Max(scoreBlocks, math.Ceil(scoreUnits/math.Min(per.Stable, per.Canary)))
	if !learnt {
		p.Wait = scoreBlocks
	}
	return p, true
}
