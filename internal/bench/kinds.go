package bench

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/stat/distuv"

	"verdin/internal/peers"
	"verdin/stats"
	"verdin/stats/sequential"
)

// otherKinds are harmless worlds of metrics that are no plain shares.
func otherKinds() []Case {
	return []Case{
		splits(), rates(), latency(),
		revenue("revenue", 30, falseRollback, fullRuns),
		revenue("revenue, α = 0.1 %", 30, 0.001, 10*fullRuns),
		clicks(),
		comingBack("sticky users", falseRollback, fullRuns),
		comingBack("sticky users, α = 0.1 %", 0.001, 10*fullRuns),
		firstSeen(), inPairs(), meansInPairs(), afterPromotion(),
	}
}

// splits: does the split that arrives match the one declared? All rules are told it.
func splits() Case {
	w := Ramp{PerWindow: 1000, Windows: twoHours, Shares: ramp, Rate: Flat(0.5)}
	ours := Alarm("Verdin", func() func(Counts) bool {
		s := sequential.NewSampleRatio()
		return func(l Counts) bool {
			s.Observe(l.Share, l.Stable.N, l.Canary.N)
			return s.LogEMax() >= threshold(falseRollback)
		}
	})
	// The usual check: a chi-square test of one degree on the totals, at every look.
	limit := distuv.ChiSquared{K: 1}.Quantile(1 - falseRollback)
	chi := Alarm("z-test, each look", func() func(Counts) bool {
		var n, canary, expected float64
		return func(l Counts) bool {
			n += float64(l.Stable.N + l.Canary.N)
			canary += float64(l.Canary.N)
			expected += l.Share * float64(l.Stable.N+l.Canary.N)
			d := canary - expected
			return d*d/expected+d*d/(n-expected) > limit
		}
	})
	return NewCase(Case{Name: "sample ratio", About: "the split that arrives, through the ramp; beside it a chi-square test at each look",
		Alpha: falseRollback, Exact: true, Runs: fullRuns}, w.Play, ours, chi)
}

// rates: events in time, as crashes an hour, that swing with the day.
func rates() Case {
	type look struct {
		stage          int
		stable, canary sequential.Events
	}
	world := func(r *rand.Rand, see func(look) bool) {
		rate := Daily(20, 0.5)(r, twoHours)
		for i := range twoHours {
			l := look{stage: i * len(ramp) / twoHours}
			share := ramp[l.stage]
			draw := func(exposure float64) sequential.Events {
				return sequential.Events{Count: int64(distuv.Poisson{Lambda: rate(i) * exposure, Src: r}.Rand()), Exposure: exposure}
			}
			if l.stable, l.canary = draw(1-share), draw(share); !see(l) {
				return
			}
		}
	}
	ours := Alarm("Verdin", func() func(look) bool {
		t := sequential.NewRate(sequential.Null{}, true, true, sequential.Options{Stages: len(ramp)})
		return func(l look) bool {
			t.Observe(l.stable, l.canary, l.stage)
			return t.LogEMax() >= threshold(falseRollback)
		}
	})
	return NewCase(Case{Name: "event rates", About: "20 events a window ± 50 %, Poisson",
		Alpha: falseRollback, Exact: true, Runs: fullRuns}, world, ours)
}

// latency: the 95 % quantile, by exceedance of a threshold that past windows give.
func latency() Case {
	type look struct {
		stage          int
		stable, canary *stats.Histogram
	}
	const windows = 60
	world := func(r *rand.Rand, see func(look) bool) {
		level := Daily(100, 0.3)(r, windows)
		for i := range windows {
			l := look{stage: i * len(ramp) / windows}
			draw := func(n int) *stats.Histogram {
				h := stats.NewHistogram(false)
				for range n {
					h.Add(level(12*i) * math.Exp(0.5*r.NormFloat64()))
				}
				return &h
			}
			n := int(Binomial(r, 200, ramp[l.stage]))
			if l.stable, l.canary = draw(200-n), draw(n); !see(l) {
				return
			}
		}
	}
	ours := Alarm("Verdin", func() func(look) bool {
		t := sequential.NewExceedance(sequential.QuantileOptions{Q: 0.95, Options: sequential.Options{Stages: len(ramp)}})
		return func(l look) bool {
			t.Observe(l.stable, l.canary, l.stage, true)
			return t.Harm.LogEMax() >= threshold(falseRollback)
		}
	})
	return NewCase(Case{Name: "latency, p95", About: "log-normal, ± 30 % in half a day, 200 a window, 60 windows",
		Alpha: falseRollback, Exact: true, Runs: fullRuns}, world, ours)
}

// values is a look at a mean; sums run over all looks so far.
type values struct {
	stage          int
	stable, canary sequential.Moments
	sum            [2]sequential.Moments
}

// revenue: nine of ten pay nothing, the others log-normal amounts with a long tail,
// capped as declared, in both arms.
func revenue(name string, windows int, alpha float64, runs int) Case {
	const ceiling = 300.0
	world := func(r *rand.Rand, see func(values) bool) {
		var l values
		for i := range windows {
			l.stage = i * len(ramp) / windows
			swing := 1 + 0.3*math.Sin(float64(i)/5)
			draw := func(n int64) (m sequential.Moments) {
				pay := Binomial(r, n, 0.1)
				m.N = n - pay
				for range pay {
					m = m.Merge(sequential.Moments{N: 1, Mean: math.Min(ceiling, swing*math.Exp(3+1.2*r.NormFloat64()))})
				}
				return m
			}
			nb := Binomial(r, 400, ramp[l.stage])
			l.stable, l.canary = draw(400-nb), draw(nb)
			l.sum[0], l.sum[1] = l.sum[0].Merge(l.stable), l.sum[1].Merge(l.canary)
			if !see(l) {
				return
			}
		}
	}
	c := Case{Name: name, About: "a mean: 10 % pay, log-normal capped at 300, ± 30 %; 400 a window, 30 windows", Alpha: alpha, Runs: runs}
	return NewCase(c, world, meanHarm(alpha), meanZ(alpha), meanGrowthBook(alpha))
}

func meanHarm(alpha float64) Rule[values] {
	return Alarm("Verdin", func() func(values) bool {
		s := sequential.NewScore(sequential.ScoreOptions{Null: sequential.Null{Worse: sequential.Lower}, Harm: true, Stages: len(ramp)})
		return func(l values) bool {
			s.Observe(l.stable, l.canary, l.stage)
			return s.Ready() && s.LogEMax() >= threshold(alpha)
		}
	})
}

// meanZ is Welch's z-test on all data so far, at every look, from 200 units per arm on.
func meanZ(alpha float64) Rule[values] {
	z := distuv.UnitNormal.Quantile(1 - alpha)
	return Alarm("z-test, each look", func() func(values) bool {
		return func(l values) bool {
			a, b := sample(l.sum[0]), sample(l.sum[1])
			return min(a.N, b.N) >= 200 && a.Mean-b.Mean >= z*math.Sqrt(a.Variance/a.N+b.Variance/b.N)
		}
	})
}

func meanGrowthBook(alpha float64) Rule[values] {
	g := peers.GrowthBook{Alpha: alpha, Tuning: 5000, Relative: true, Sides: peers.Lesser}
	return Alarm("GrowthBook", func() func(values) bool {
		return func(l values) bool {
			r := g.Interval(sample(l.sum[0]), sample(l.sum[1]))
			return !r.GaveUp && r.High < 0
		}
	})
}

func sample(m sequential.Moments) peers.Sample {
	return peers.Sample{N: float64(m.N), Mean: m.Mean, Variance: m.M2 / math.Max(1, float64(m.N-1))}
}
