package sequential

import "math"

// Passage is the law of the number of blocks until a claim is shown: evidence that
// drifts and trembles like a Brownian motion reaches a line after a time that is
// inverse Gaussian (Schrödinger 1915), with
//
//	P(time ≤ t) = Φ(√(λ/t)·(t/μ − 1)) + e^(2λ/μ)·Φ(−√(λ/t)·(t/μ + 1))
//
// The zero value is "never".
type Passage struct {
	Mean  float64 // μ, in blocks
	Shape float64 // λ, in blocks
	Wait  float64 // blocks before the first one that is scored
	Least float64 // scored blocks before anything is claimed
}

// Within is the probability that the claim is shown within t blocks.
func (p Passage) Within(t float64) float64 {
	t -= p.Wait
	if t < p.Least || !(t > 0 && p.Mean > 0 && p.Shape > 0) {
		return 0
	}
	root := math.Sqrt(p.Shape / t)
	first := LogNormalCDF(root * (t/p.Mean - 1))
	second := float64(2*p.Shape/p.Mean) + LogNormalCDF(-root*(t/p.Mean+1))
	return math.Min(1, math.Exp(first)+math.Exp(second))
}

// Quantile is the number of whole blocks, at least 1, within which the claim is shown
// with probability q in (0, 1); 0 if it never is.
func (p Passage) Quantile(q float64) float64 {
	if !(p.Mean > 0 && p.Shape > 0 && q > 0 && q < 1) {
		return 0
	}
	lo, hi := p.Wait, p.Wait+p.Mean
	for i := 0; p.Within(hi) < q; i++ {
		if hi = p.Wait + float64(2*(hi-p.Wait)); i > 200 {
			return 0
		}
	}
	for range 100 {
		if mid := lo + (hi-lo)/2; p.Within(mid) < q {
			lo = mid
		} else {
			hi = mid
		}
	}
	if hi = math.Ceil(hi); hi < math.MaxFloat64 {
		return math.Max(1, hi)
	}
	return 0
}

// PassageShares is the law for a claim on shares, when the arms' true rates are a and b
// in every block: harm where they lie beyond the null's margin, safety where they lie
// within it. A block brings the distance of the truth from the margin line in nats,
//
//	μ = na·KL(a‖x) + nb·KL(b‖y),  σ² = na·a(1−a)·(logit a − logit x)² + nb·b(1−b)·(logit b − logit y)²
//
// with (x, y) its nearest point, and the line to reach is the threshold log(1/(α·w))
// plus what not knowing the truth costs. ok is false where the claim cannot be shown.
func PassageShares(null Null, a, b float64, per Traffic, threshold float64) (p Passage, ok bool) {
	h := null.harm()
	a, b = inside(h.rate(a)), inside(h.rate(b))
	if !(per.Stable > 0 && per.Canary > 0 && threshold > 0) {
		return Passage{}, false
	}
	x, _ := h.project(per.Stable, per.Canary, a, b)
	y := h.at(x)
	if !(x > 0 && x < 1 && y > 0 && y < 1) {
		return Passage{}, false
	}
	nats := float64(per.Stable*divergence(a, x)) + float64(per.Canary*divergence(b, y))
	da, db := logit(a)-logit(x), logit(b)-logit(y)
	variance := float64(per.Stable*a*(1-a)*da*da) + float64(per.Canary*b*(1-b)*db*db)
	line := threshold + unknownSafe
	if !h.contains(a, b) {
		line = threshold + unknownHarm(threshold)
	}
	return passage(line, nats, variance)
}

// unknownSafe is what the mixture over four alternatives costs: log 4, less what its
// other points bring; 0.7 in simulations.
const unknownSafe = 0.7

// unknownHarm is what the mixture over the default grid costs: the grid holds a share
// √(2π/I)/(ψ·log(most/least)) of its weight around an effect ψ that is known up to 1/√I, and at the
// threshold I·ψ² is twice that. Its best point beats the truth by half a nat, half of
// which an unknown base rate takes back (simulations).
func unknownHarm(threshold float64) float64 {
	return math.Max(0, math.Log(math.Log(gridMost/gridLeast)*math.Sqrt(threshold/math.Pi))-0.25)
}

func logit(p float64) float64 { return math.Log(p / (1 - p)) }

// looked is the mean overshoot of a motion that is looked at once a block, in standard
// deviations of a block: −ζ(½)/√(2π) (Siegmund 1979).
const looked = 0.5826

// passage is that of a motion with a drift and a variance per block to a line.
func passage(line, drift, variance float64) (p Passage, ok bool) {
	line += float64(looked * math.Sqrt(variance))
	p = Passage{Mean: line / drift, Shape: line * (line / variance)}
	if !(drift > 0 && variance > 0 && p.Mean < math.MaxFloat64 && p.Shape < math.MaxFloat64) {
		return Passage{}, false
	}
	return p, true
}
