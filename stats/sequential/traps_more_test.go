package sequential

import (
	"math"
	"math/rand/v2"
	"testing"

	"verdin/stats"
	"verdin/stats/multiple"
)

// TestTrap14OverlapIsNoTest: the arms' own intervals overlap, and the difference excludes 0.
func TestTrap14OverlapIsNoTest(t *testing.T) {
	a, b := Counts{20000, 1000}, Counts{20000, 1150}
	one := func(c Counts) (low, high float64) {
		m := c.Moments()
		half := NormalBound(m.M2, BestRho(m.M2, 0.05), 0.05) / float64(c.N)
		return m.Mean - half, m.Mean + half
	}
	_, highA := one(a)
	lowB, _ := one(b)
	s, v, w := BlockScore(a.Moments(), b.Moments(), 0)
	low := s/w - NormalBound(v, BestRho(v, 0.05), 0.05)/w
	if highA < lowB || low <= 0 {
		t.Errorf("stable ends at %v, canary begins at %v, difference begins at %v", highA, lowB, low)
	}
}

// TestTrap16SmallWindowsHaveALargePSI: ten bins and 50 canary rows exceed 0.2 again and
// again without any drift; counts against counts do not alarm in 180 windows.
func TestTrap16SmallWindowsHaveALargePSI(t *testing.T) {
	const bins, n = 10, 50
	psiAlarms := 0
	runs := 20
	k := share(716, runs, func(r *rand.Rand) bool {
		var tests [bins]*Band
		for i := range tests {
			tests[i] = NewBand(0, Options{PriorRate: 1.0 / bins, GridPoints: 8})
		}
		loud, psiLoud := false, false
		for range 180 {
			var c [2][bins]float64
			for arm, rows := range [2]int{9 * n, n} {
				for range rows {
					c[arm][r.IntN(bins)]++
				}
			}
			psi, logs := 0.0, make([]float64, bins)
			for i, test := range tests {
				p, q := (c[0][i]+0.5)/(9*n+bins/2), (c[1][i]+0.5)/(n+bins/2)
				psi += (q - p) * math.Log(q/p)
				test.Observe(Counts{9 * n, int64(c[0][i])}, Counts{n, int64(c[1][i])})
				logs[i] = test.LogE()
			}
			psiLoud = psiLoud || psi > 0.2
			loud = loud || stats.LogSumExp(logs)-math.Log(bins) >= -math.Log(0.01)
		}
		if psiLoud {
			psiAlarms++
		}
		return loud
	})
	mostly(t, "PSI above 0.2", psiAlarms, runs)
	if k > 1 {
		t.Errorf("counts alarmed in %d of %d runs", k, runs)
	}
}

// TestTrap17SkewedValuesInASmallArm: with lognormal values the small arm's own variance is
// small exactly when its mean is; pooled and capped there is no false "revenue fell".
func TestTrap17SkewedValuesInASmallArm(t *testing.T) {
	skewed := func(r *rand.Rand) float64 { return math.Min(330, math.Exp(2.5*r.NormFloat64())) } // capped near its 99 % quantile
	opt := ScoreOptions{Harm: true, Null: Null{Worse: Lower}}
	found, _ := meanWorld{skewed, 1, 300, 60}.alarms(717, 400, opt, fivePercent)
	if u := upper(found, 400); u > 1.2*fivePercent {
		t.Errorf("pooled: %d of 400 runs, upper bound %.4f", found, u)
	}
	raw := func(r *rand.Rand) float64 { return math.Exp(2.5 * r.NormFloat64()) }
	welch := share(718, 150, func(r *rand.Rand) bool {
		s, v := 0.0, 0.0
		for range 60 {
			a, b := sampled(270, func() float64 { return raw(r) }), sampled(30, func() float64 { return raw(r) })
			w := 27.0
			s += w * (b.Mean - a.Mean)
			v += w * w * (a.M2/269/270 + b.M2/29/30)
			if NormalMixtureOneSided(-s, v, 4e4) >= -math.Log(fivePercent) {
				return true
			}
		}
		return false
	})
	if welch < 15 {
		t.Errorf("Welch: only %d of 150 runs fall into the trap", welch)
	}
}

// TestTrap18ClocksAreNotAveraged: e-values of tests whose labels ripen at other times
// come apart, and an average takes one clock.
func TestTrap18ClocksAreNotAveraged(t *testing.T) {
	lists := multiple.ByClock([]multiple.EValue{
		{Clock: "predictions", Name: "errors", LogE: 2}, {Clock: "labels/24h", Name: "accuracy", LogE: 9}, {Clock: "predictions", Name: "latency", LogE: 2},
	})
	if len(lists) != 2 || lists[0].LogAverage() != 9 || math.Abs(lists[1].LogAverage()-2) > 1e-12 {
		t.Errorf("lists %v", lists)
	}
}

// TestTrap23AnEmptyCanaryIsNoGoodNews: a canary that sends nothing gives no evidence of
// safety, and the sample ratio sees it within three blocks.
func TestTrap23AnEmptyCanaryIsNoGoodNews(t *testing.T) {
	s, r := NewSafe(Null{Margin: 0.01}, Options{PriorRate: 0.01}), NewSampleRatio()
	for range 3 {
		if s.Observe(Counts{900, 9}, Counts{}, 0) {
			t.Error("an empty arm was scored")
		}
		r.Observe(0.1, 900, 0)
	}
	if s.LogE() != 0 || r.LogEMax() < math.Log(1000) {
		t.Errorf("log E of safety %v, of the sample ratio %v", s.LogE(), r.LogEMax())
	}
}

// TestTrap24AStaticBaselineAfterPromotion: under a daily pattern of ±30 % a fixed
// baseline alarms always, a held-back stable arm and a true ceiling do not.
func TestTrap24AStaticBaselineAfterPromotion(t *testing.T) {
	const blocks = 288 // a day of five minutes
	limit := DetectorThreshold(blocks, fivePercent)
	play := func(see func(r *rand.Rand, p float64) float64) func(*rand.Rand) bool {
		return func(r *rand.Rand) bool {
			phase := 2 * math.Pi * r.Float64()
			for i := range blocks {
				if see(r, 0.01*(1+0.3*math.Sin(phase+2*math.Pi*float64(i)/blocks))) >= limit {
					return true
				}
			}
			return false
		}
	}
	watched := map[string]func() func(r *rand.Rand, p float64) float64{
		"held-back arm": func() func(*rand.Rand, float64) float64 {
			h := NewHoldBack(Null{}, Options{PriorRate: 0.01, GridPoints: 8})
			return func(r *rand.Rand, p float64) float64 {
				h.Observe(draw(r, 250, p), draw(r, 4750, p))
				return h.LogEMax()
			}
		},
		"true ceiling": func() func(*rand.Rand, float64) float64 { return ceilingAt(0.013) },
		"static":       func() func(*rand.Rand, float64) float64 { return ceilingAt(0.01) },
	}
	for name, start := range watched {
		see := func(r *rand.Rand) bool { return play(start())(r) }
		if name == "static" {
			mostly(t, name, share(724, 20, see), 20)
		} else {
			t.Run(name, func(t *testing.T) { rare(t, 725, 1000, fivePercent, see) })
		}
	}
}

func ceilingAt(rate float64) func(r *rand.Rand, p float64) float64 {
	c := NewCeiling(Options{GridPoints: 8})
	return func(r *rand.Rand, p float64) float64 {
		c.Observe(rate, draw(r, 5000, p))
		return c.LogEMax()
	}
}
