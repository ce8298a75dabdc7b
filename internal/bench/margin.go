package bench

import (
	"math"
	"math/rand/v2"

	"verdin/stats/sequential"
)

const falsePromote = 0.05

// atTheMargin lists worlds whose canary is exactly as bad as may not be accepted: none
// should be called safe. The rules of others know no such claim: a canary without an
// alarm at the end of the ramp is promoted.
func atTheMargin() []Case {
	return append([]Case{
		calledSafe("half a point more errors", "1 % ± 30 %, 1,000 a window", sequential.Null{Margin: 0.005},
			Ramp{PerWindow: 1000, Windows: twoHours, Shares: ramp, Rate: Daily(0.01, 0.3), Canary: Plus(0.005)}),
		calledSafe("half as many errors again", "2 % ± 30 %, 1,000 a window, relative margin", sequential.Null{Margin: 0.5, Relative: true},
			Ramp{PerWindow: 1000, Windows: twoHours, Shares: ramp, Rate: Daily(0.02, 0.3), Canary: Times(1.5)}),
		calledSafe("three points less accuracy", "90 % right, 400 a window", sequential.Null{Margin: 0.03, Worse: sequential.Lower},
			Ramp{PerWindow: 400, Windows: twoHours, Shares: ramp, Rate: Daily(0.1, 0.3), Canary: Plus(0.03)}),
		calledSafe("rare errors, doubled", "0.2 % and 0.4 %, 300 a window", sequential.Null{Margin: 0.002},
			Ramp{PerWindow: 300, Windows: twoHours, Shares: ramp, Rate: Flat(0.002), Canary: Plus(0.002)}),
		calledSafe("a point more, falling rate", "errors fall from 10 to 5 % during the ramp", sequential.Null{Margin: 0.01},
			Ramp{PerWindow: 1000, Windows: twoHours, Shares: ramp, Rate: Trend(0.1, 0.05), Canary: Plus(0.01)}),
		calledSafe("a dozen a window, ten points more", "20 % errors, 12 a window, 30 % canary", sequential.Null{Margin: 0.1},
			Ramp{PerWindow: 12, Windows: twoHours, Shares: []float64{0.3}, Rate: Daily(0.2, 0.3), Canary: Plus(0.1)}),
	}, poorer(), pairsAtTheMargin())
}

func calledSafe(name, about string, null sequential.Null, w Ramp) Case {
	limit := 2 * meanRate(w)
	return NewCase(Case{Name: name, About: about, Alpha: falsePromote, Exact: true, Runs: fullRuns}, w.Play,
		SafetyShown(null, sequential.Options{}, falsePromote), ZEachLook(falseRollback), GrowthBook(falseRollback),
		HowardRamdas(falseRollback), ArgoRollouts(limit), Flagger(limit))
}

// poorer: every payment of the canary is a tenth smaller, and a tenth is the margin.
func poorer() Case {
	const windows, factor, ceiling = 60, 0.9, 300.0
	world := func(r *rand.Rand, see func(values) bool) {
		var l values
		for i := range windows {
			l.stage = i * len(ramp) / windows
			draw := func(n int64, factor float64) (m sequential.Moments) {
				for range n {
					m = m.Merge(sequential.Moments{N: 1, Mean: factor * math.Min(ceiling, math.Exp(3+0.8*r.NormFloat64()))})
				}
				return m
			}
			nb := Binomial(r, 400, ramp[l.stage])
			l.stable, l.canary = draw(400-nb, 1), draw(nb, factor)
			l.sum[0], l.sum[1] = l.sum[0].Merge(l.stable), l.sum[1].Merge(l.canary)
			if !see(l) {
				return
			}
		}
	}
	ours := Pass("Verdin", func() func(values) bool {
		s, stage := sequential.NewScore(sequential.ScoreOptions{Null: sequential.Null{Worse: sequential.Lower, Margin: 1 - factor, Relative: true}}), 0
		return func(l values) bool {
			if l.stage != stage {
				stage = l.stage
				s.StartStage(stage)
			}
			s.Observe(l.stable, l.canary, l.stage)
			return s.Ready() && min(s.LogE(), s.StageLogE()) >= threshold(falsePromote)
		}
	})
	return NewCase(Case{Name: "a tenth less revenue", About: "a mean: log-normal payments, 400 a window", Alpha: falsePromote, Runs: fullRuns}, world,
		ours, meanZ(falseRollback), meanGrowthBook(falseRollback))
}
