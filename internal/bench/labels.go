package bench

import (
	"math"
	"math/rand/v2"

	"verdin/stats/sequential"
)

// labelled is a look at conversions that come after a while: the cohort whose horizon
// ends now, counted whole, and what arrived in this window, whenever it was shown.
type labelled struct{ Cohort, Arrived Counts }

// lateLabels: conversions come after 20 minutes on average, so that those that arrive
// after a step of the ramp belong to the split before it. Ours compares cohorts by
// exposure; the others divide what arrived by what was shown in the same window.
func lateLabels() Case {
	const delay = 20.0                                                           // windows
	w := Ramp{PerWindow: 1000, Windows: twoHours, Shares: ramp, Rate: Flat(0.9)} // 10 % convert: the rest is bad
	arrives := 1 - math.Exp(-1/delay)
	world := func(r *rand.Rand, see func(labelled) bool) {
		var pending [2]int64
		arrive := func(arm int, c sequential.Counts) sequential.Counts {
			pending[arm] += c.N - c.Y
			y := Binomial(r, pending[arm], arrives)
			pending[arm] -= y
			return sequential.Counts{N: c.N, Y: max(0, c.N-y)}
		}
		w.Play(r, func(l Counts) bool {
			arrived := l
			arrived.Stable, arrived.Canary = arrive(0, l.Stable), arrive(1, l.Canary)
			return see(labelled{l, arrived})
		})
	}
	cohort := func(l labelled) Counts { return l.Cohort }
	arrived := func(l labelled) Counts { return l.Arrived }
	null := sequential.Null{Worse: sequential.Lower}
	return NewCase(Case{Name: "late labels", About: "10 % convert, 20 windows later on average; ours by cohort, the others by arrival",
		Alpha: falseRollback, Exact: true, Runs: fullRuns}, world,
		Through(HarmShown(null, sequential.Options{Stages: len(ramp)}, falseRollback), cohort),
		Through(ZEachLook(falseRollback), arrived), Through(GrowthBook(falseRollback), arrived), Through(HowardRamdas(falseRollback), arrived))
}
