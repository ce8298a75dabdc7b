package bench

import (
	"fmt"
	"math/rand/v2"

	"verdin/stats/sequential"
)

// clicks: a ratio of two sums, clicks per view, where a session has several views.
func clicks() Case {
	type look struct {
		stage          int
		stable, canary sequential.Pairs
	}
	const windows = 60
	world := func(r *rand.Rand, see func(look) bool) {
		rate := Daily(0.2, 0.4)(r, windows)
		for i := range windows {
			l := look{stage: i * len(ramp) / windows}
			draw := func(n int64) (p sequential.Pairs) {
				for range n {
					views := 1 + int64(r.IntN(9))
					p = p.Merge(sequential.Pairs{N: 1, MeanY: float64(Binomial(r, views, rate(12*i))), MeanM: float64(views)})
				}
				return p
			}
			n := Binomial(r, 150, ramp[l.stage])
			if l.stable, l.canary = draw(150-n), draw(n); !see(l) {
				return
			}
		}
	}
	ours := Alarm("Verdin", func() func(look) bool {
		s := sequential.NewScore(sequential.ScoreOptions{Null: sequential.Null{Worse: sequential.Lower}, Harm: true, Stages: len(ramp)})
		return func(l look) bool {
			s.ObserveRatio(l.stable, l.canary, l.stage)
			return s.Ready() && s.LogEMax() >= threshold(falseRollback)
		}
	})
	return NewCase(Case{Name: "clicks per view", About: "a ratio: sessions of 1 to 9 views, 20 % ± 40 % clicked, 150 sessions a window, 60 windows",
		Alpha: falseRollback, Runs: fullRuns}, world, ours)
}

// afterPromotion watches for harm that begins at an unknown window, against 5 % of
// traffic that is held back; the promise is for the windows of the bake.
func afterPromotion() Case {
	const windows = 400
	w := Ramp{PerWindow: 1000, Windows: windows, Shares: []float64{0.95}, Rate: Daily(0.02, 0.3)}
	ours := Alarm("Verdin", func() func(Counts) bool {
		h := sequential.NewHoldBack(sequential.Null{}, sequential.Options{GridPoints: 12})
		limit := sequential.DetectorThreshold(windows, falseRollback)
		return func(l Counts) bool {
			h.Observe(l.Stable, l.Canary)
			return h.LogEMax() >= limit
		}
	})
	return NewCase(Case{Name: "after promotion", About: fmt.Sprintf("2 %% ± 30 %%, 1,000 a window, 5 %% held back, %d windows; a detector of changes, promised for all of them", windows),
		Alpha: falseRollback, Exact: true, Runs: fullRuns}, w.Play, ours)
}
