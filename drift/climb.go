package drift

import "math"

const (
	climbSteps  = 40    // Newton steps at most; 2 to 6 are usual
	climbGain   = 1e-10 // gain of log E per event of the rarer arm at which the climb ends
	valleySteps = 60    // steps of the inner search at most; 1 to 3 are usual
	valleyStep  = 1e-5  // step at which the inner search ends: its square is left
)

// slope is the dual at a point: value, gradient and second derivatives by β and λ.
type slope struct {
	value        float64
	beta, lambda float64
	bb, bl, ll   float64
}

// climb maximises the dual by Newton's method with step halving. Where the laws are
// near each other ψ is a parabola, and the nearest law of the null lies at the part
// r = √(d/PSI) of the way: from there it is not far. Else λ = 0 is lawful, always.
func (s *nearest) climb(share, away float64) {
	r := math.Sqrt(s.d / away)
	s.lambda = share * (1 - share) * (1 - r) / (2 * r)
	s.beta = share * (1 - float64(s.lambda*s.d))
	at, ok := s.look(s.beta, s.lambda)
	if !ok {
		s.beta, s.lambda = share, 0
		at, ok = s.look(s.beta, s.lambda)
	}
	least := climbGain * math.Min(share, 1-share)
	for step := 0; ok && step < climbSteps; step++ {
		det := float64(at.bb*at.ll) - float64(at.bl*at.bl)
		db := (float64(at.bl*at.lambda) - float64(at.ll*at.beta)) / det
		dl := (float64(at.bl*at.beta) - float64(at.bb*at.lambda)) / det
		gain := float64(at.beta*db) + float64(at.lambda*dl)
		if !(gain > least) {
			return
		}
		at, ok = s.advance(at, db, dl, gain)
	}
}

// advance moves along (db, dl) as far as the dual is defined and grows enough.
func (s *nearest) advance(at slope, db, dl, gain float64) (slope, bool) {
	for size := 1.0; size > 1e-6; size /= 2 {
		beta, lambda := s.beta+float64(size*db), s.lambda+float64(size*dl)
		if lambda <= 0 {
			continue
		}
		next, ok := s.look(beta, lambda)
		if ok && next.value >= at.value+float64(0.1*size*gain) {
			s.beta, s.lambda = beta, lambda
			return next, true
		}
	}
	return at, false
}

// look evaluates the dual, and moves every x to its minimum. It is defined where
// α + βt + λ(t−1)log t > 0 for all t > 0; ok is false elsewhere.

func (s *nearest) look(beta, lambda float64) (at slope, ok bool) {
	alpha := 1 - beta - float64(lambda*s.d)
	low, high := -zero(beta, lambda), zero(alpha, lambda)
	if !(low < high) {
		return at, false
	}
	for i, w := range s.w {
		rho := s.rho[i]
		x, t := valley(s.x[i], low, high, alpha, beta, lambda, rho)
		s.x[i] = x
		tx := float64(t * x)
		f := tx - x // (t−1)·log t
		h := alpha + float64(beta*t) + float64(lambda*f)
		if !(h > 0) {
			return at, false
		}
		at.value += float64(w * (math.Log(h) - float64(rho*x)))
		cb, cl := (t-1)/h, (f-s.d)/h // by β, by λ
		mb, ml := t/h, (tx+t-1)/h    // the same, by x too
		curve := (float64(beta*t)+float64(lambda*(tx+2*t)))/h - float64(rho*rho)
		at.beta += float64(w * cb)
		at.lambda += float64(w * cl)
		mb -= float64(cb * rho)
		ml -= float64(cl * rho)
		at.bb -= float64(w * (float64(cb*cb) + float64(mb*mb)/curve))
		at.bl -= float64(w * (float64(cb*cl) + float64(mb*ml)/curve))
		at.ll -= float64(w * (float64(cl*cl) + float64(ml*ml)/curve))
	}
	return at, true
}

// zero is the y where c + λ(1 − eʸ − y) = 0: it falls from +∞ to −∞. u is positive
// left of zero(α, λ), v right of −zero(β, λ). Without λ it is ±∞ by the sign of c.
func zero(c, lambda float64) float64 {
	if lambda <= 0 {
		if c > 0 {
			return math.Inf(1)
		}
		return math.Inf(-1)
	}
	k := 1 + c/lambda // y + eʸ = k
	y := k
	if k > 1 {
		y = math.Log(k)
	}
	for range 60 {
		e := math.Exp(y)
		step := (y + e - k) / (1 + e)
		y -= step
		if math.Abs(step) <= 1e-9*(1+math.Abs(y)) {
			break
		}
	}
	return y
}

// valley returns the x in (low, high) where (1−ρ)·t·v(x) = ρ·u(x), which grows with
// x there, and t = eˣ: Newton's method between bounds, from a guess. The last step is
// so small that t follows it by its series.
func valley(x, low, high, alpha, beta, lambda, rho float64) (float64, float64) {
	if !(low < x && x < high) {
		x = between(low, high)
	}
	for range valleySteps {
		t := math.Exp(x)
		tx := float64(t * x)
		u := alpha + float64(lambda*(1-t-x))
		tv := float64(beta*t) + float64(lambda*(t+tx-1))
		f := float64((1-rho)*tv) - float64(rho*u)
		slope := float64((1-rho)*(tv+float64(lambda*(t+1)))) + float64(rho*lambda*(t+1))
		step := -f / slope
		if math.Abs(step) <= valleyStep {
			return x + step, t * (1 + step + float64(step*step/2))
		}
		if f > 0 {
			high = x
		} else {
			low = x
		}
		if x += step; !(low < x && x < high) {
			x = between(low, high)
		}
	}
	return x, math.Exp(x)
}

// between is a point inside an interval that may be unbounded.
func between(low, high float64) float64 {
	switch {
	case math.IsInf(low, -1) && math.IsInf(high, 1):
		return 0
	case math.IsInf(low, -1):
		return high - 1
	case math.IsInf(high, 1):
		return low + 1
	}
	return low + (high-low)/2
}
