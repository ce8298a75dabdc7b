package bench

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"

	"verdin/internal/peers"
)

// pooled are the counts of both arms since the rollout began, whatever the split was.
type pooled struct{ na, ya, nb, yb float64 }

func (p *pooled) add(l Counts) {
	p.na += float64(l.Stable.N)
	p.ya += float64(l.Stable.Y)
	p.nb += float64(l.Canary.N)
	p.yb += float64(l.Canary.Y)
}

func pooling(name string, holds func(pooled) bool) Rule[Counts] {
	return Alarm(name, func() func(Counts) bool {
		var p pooled
		return func(l Counts) bool {
			p.add(l)
			return p.na > 0 && p.nb > 0 && holds(p)
		}
	})
}

// ZEachLook is the one-sided z-test for two shares on all data so far, at every look,
// from five expected events per arm on.
func ZEachLook(alpha float64) Rule[Counts] {
	z := distuv.UnitNormal.Quantile(1 - alpha)
	return pooling("z-test, each look", func(p pooled) bool {
		share := (p.ya + p.yb) / (p.na + p.nb)
		if share*math.Min(p.na, p.nb) < 5 || share == 1 {
			return false
		}
		return p.yb/p.nb-p.ya/p.na >= z*math.Sqrt(share*(1-share)*(1/p.na+1/p.nb))
	})
}

// GrowthBook is its sequential test as a guardrail: the one-sided interval of the
// relative difference lies above 0; tuning as it comes, 5,000 units.
func GrowthBook(alpha float64) Rule[Counts] {
	g := peers.GrowthBook{Alpha: alpha, Tuning: 5000, Relative: true, Sides: peers.Greater}
	return pooling("GrowthBook", func(p pooled) bool {
		if p.yb*p.na <= p.ya*p.nb {
			return false
		}
		r := g.Interval(peers.Proportion(p.na, p.ya), peers.Proportion(p.nb, p.yb))
		return !r.GaveUp && r.Low > 0
	})
}

// HowardRamdas is the test of "both arms have one rate, which never changes" with the
// beta-binomial mixtures of Howard, Ramdas, McAuliffe and Sekhon: the least product of
// both arms' processes over all common rates, two-sided, where the canary is worse.
func HowardRamdas(alpha float64) Rule[Counts] {
	const planned = 5000
	return pooling("Howard–Ramdas", func(p pooled) bool {
		if p.yb*p.na <= p.ya*p.nb {
			return false
		}
		at := func(rate float64) float64 {
			m := peers.NewBetaBinomial(planned*rate*(1-rate), alpha, rate, 1-rate, false)
			v := rate * (1 - rate)
			return m.LogE(p.ya-rate*p.na, v*p.na) + m.LogE(p.yb-rate*p.nb, v*p.nb)
		}
		if at((p.ya+p.yb)/(p.na+p.nb)) < -math.Log(alpha) {
			return false // the least is not above this
		}
		return least(at, math.Max(p.ya/p.na, 1e-6), math.Min(p.yb/p.nb, 1-1e-6)) >= -math.Log(alpha)
	})
}

// least is the least value of a function with one valley between lo and hi.
func least(f func(float64) float64, lo, hi float64) float64 {
	for range 60 {
		l, r := lo+(hi-lo)/3, hi-(hi-lo)/3
		if f(l) < f(r) {
			hi = r
		} else {
			lo = l
		}
	}
	return f((lo + hi) / 2)
}

// FixedLimit fails a check where a window's canary rate is above the limit, and alarms
// at the given number of failed checks, however far apart they are.
func FixedLimit(name string, limit float64, checks int) Rule[Counts] {
	return Alarm(name, func() func(Counts) bool {
		failed := 0
		return func(l Counts) bool {
			if float64(l.Canary.Y) > limit*float64(l.Canary.N) {
				failed++
			}
			return failed >= checks
		}
	})
}

// ArgoRollouts fails an analysis when more than failureLimit checks have failed; 3, as
// in its documentation (the default is 0).
func ArgoRollouts(limit float64) Rule[Counts] { return FixedLimit("Argo Rollouts", limit, 4) }

// Flagger rolls back at threshold failed checks; 10, as in its documentation (the
// default is 1).
func Flagger(limit float64) Rule[Counts] { return FixedLimit("Flagger", limit, 10) }
