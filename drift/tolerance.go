package drift

import "math"

// The null "PSI ≤ d" is a convex set of pairs (p, q) of distributions. A block of n
// stable and m canary events is weighed by
//
//	E = Π (u_i N/n)^{stable_i} · Π (v_i N/m)^{canary_i},   N = n + m,
//
// with u_i, v_i ≥ 0 that satisfy, for every (p, q) of the null,
//
//	Σ u_i p_i + Σ v_i q_i ≤ 1.                                        (half-space)
//
// Then the mean of E is at most 1: by the inequality of means it is at most
// (Σ u_i p_i + Σ v_i q_i)^N. It is enough that the block's average laws are in the
// null, and the events are independent.
//
// Half-spaces come from tangents. ψ(p, q) = (q−p)·log(q/p), the summand of PSI, is
// convex and homogeneous, so it lies above its tangent plane at each ratio t = q/p:
// ψ(p, q) ≥ p·(1 − t − log t) + q·(1 + log t − 1/t). Take any t_i > 0, λ ≥ 0 and
// α + β + λd = 1, and put
//
//	u_i = α + λ(1 − t_i − log t_i),   v_i = β + λ(1 + log t_i − 1/t_i):
//
// Σ u_i p_i + Σ v_i q_i ≤ α + β + λ·PSI(p, q) ≤ 1. So every point that the solver
// may return is valid, converged or not; how far it got is a matter of power only.
//
// The best half-space for alternatives (p*, q*) touches the null where n KL(p*‖p) +
// m KL(q*‖q) is least. Its dual is the concave problem, in two unknowns β and λ,
//
//	max Σ w_i · min_x [ log(α + βeˣ + λ(eˣ−1)x) − ρ_i x ],   x = log t,
//	w_i = (n p*_i + m q*_i)/N,   ρ_i = m q*_i/(N w_i).
type nearest struct {
	w, rho, x []float64
	d         float64
	beta      float64
	lambda    float64
}

func newNearest(bins int) nearest {
	return nearest{w: make([]float64, bins), rho: make([]float64, bins), x: make([]float64, bins)}
}

// factor returns log E of a block for the alternatives p and q, which must be
// positive; it is 0 if they lie in the null.
func (s *nearest) factor(c Counts, p, q []float64, d, n, m float64) float64 {
	if d == 0 {
		return equality(c, p, q, n, m)
	}
	away := distance(p, q)
	if away <= d {
		return 0
	}
	share := m / (n + m)
	s.d = d
	for i := range p {
		s.w[i] = float64((1-share)*p[i]) + float64(share*q[i])
		s.rho[i] = share * q[i] / s.w[i]
		s.x[i] = math.Log(q[i] / p[i])
	}
	s.climb(share, away)
	return s.logE(c, 1-share, share)
}

// distance is the PSI of two distributions.
func distance(p, q []float64) (sum float64) {
	for i := range p {
		sum += float64((q[i] - p[i]) * math.Log(q[i]/p[i]))
	}
	return sum
}

// equality is the case d = 0: the nearest member of the null is the mean law.
func equality(c Counts, p, q []float64, n, m float64) (sum float64) {
	share := m / (n + m)
	for i := range p {
		mean := float64((1-share)*p[i]) + float64(share*q[i])
		sum += float64(float64(c.Stable[i]) * math.Log(p[i]/mean))
		sum += float64(float64(c.Canary[i]) * math.Log(q[i]/mean))
	}
	return sum
}

// logE weighs the block by the half-space found; a half-space that is not one
// (u or v not positive) weighs nothing.
func (s *nearest) logE(c Counts, stable, canary float64) (sum float64) {
	alpha := 1 - s.beta - float64(s.lambda*s.d)
	for i, x := range s.x {
		u := alpha - float64(s.lambda*(math.Expm1(x)+x))
		v := s.beta + float64(s.lambda*(x-math.Expm1(-x)))
		if !(u > 0 && v > 0) {
			return 0
		}
		sum += float64(float64(c.Stable[i]) * math.Log(u/stable))
		sum += float64(float64(c.Canary[i]) * math.Log(v/canary))
	}
	return sum
}
