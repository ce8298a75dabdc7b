package sequential

import "math"

// Discord is how a pair of answers turns out: the probability that the canary alone is
// worse, and that stable alone is. The rest are ties.
type Discord struct{ Canary, Stable float64 }

// Apart is the discord of arms with rates a and b of bad answers that fail
// independently: the most that there can be where answers do not fail against each other,
// so that what is planned with it is not too short.
func Apart(a, b float64) Discord {
	return Discord{Canary: float64(b * (1 - a)), Stable: float64(a * (1 - b))}
}

// PassagePairs is the law for a claim of Paired when a block has so many pairs. A pair
// brings the log of the best bet's factor,
//
//	μ = max over λ of E log(1 + λ·(d − δ)),  σ² = Var log(1 + λ·(d − δ))
//
// with d = 1, −1 or 0, and the line to reach is the threshold plus what the mixture over
// bets costs. ok is false where the claim cannot be shown.
func PassagePairs(null Null, of Discord, pairs, threshold float64, harm bool) (p Passage, ok bool) {
	delta := min(null.margin(), 1)
	bad := func(x float64) bool { return !(x >= 0 && x <= 1) }
	if bad(of.Canary) || bad(of.Stable) || bad(of.Canary+of.Stable) || !(pairs > 0 && threshold > 0) {
		return Passage{}, false
	}
	most, sign := 1/(1+delta), 1.0
	if !harm {
		most, sign = 1/max(1-delta, leastRate), -1
	}
	bet := func(f float64) (mean, variance float64) {
		for _, o := range [3]struct{ p, d float64 }{{of.Canary, 1}, {of.Stable, -1}, {1 - of.Canary - of.Stable, 0}} {
			x := math.Log1p(float64(sign * f * most * (o.d - delta)))
			mean += float64(o.p * x)
			variance += float64(o.p * x * x)
		}
		return mean, variance - float64(mean*mean)
	}
	lo, hi := pairsLeast, pairsMost
	for range 100 { // the mean is concave in the bet
		a, b := lo+(hi-lo)/3, hi-(hi-lo)/3
		left, _ := bet(a)
		if right, _ := bet(b); left < right {
			lo = a
		} else {
			hi = b
		}
	}
	mean, variance := bet((lo + hi) / 2)
	return passage(threshold+unknownBet(threshold), float64(pairs*mean), float64(pairs*variance))
}

// unknownBet is what the mixture over bets costs, as unknownHarm for its grid. Here no
// base rate is unknown: the half nat by which its best point beats the truth is kept.
func unknownBet(threshold float64) float64 {
	return math.Max(0, math.Log(math.Log(pairsMost/pairsLeast)*math.Sqrt(threshold/math.Pi))-0.5)
}
