package bench

import (
	"fmt"
	"math/rand/v2"

	"verdin/stats/multiple"
	"verdin/stats/sequential"
)

// ramp is the default ramp of a spec; at 100 % a share is held back.
var ramp = []float64{0.1, 0.25, 0.5, 0.75, 0.95}

const (
	falseRollback = 0.05
	twoHours      = 120 // windows of a minute
	fullRuns      = 10000
)

// harmless lists worlds in which no canary should be rolled back. Whatever is said
// about a world happens in both arms alike.
func harmless() []Case {
	no, staged := sequential.Null{}, sequential.Options{Stages: len(ramp)}
	cases := []Case{
		onShares("flat", "1 % errors, 1,000 a window", no, staged,
			Ramp{PerWindow: 1000, Windows: twoHours, Shares: ramp, Rate: Flat(0.01)}),
		onShares("daily swing", "10 % ± half of it over the day, from a random hour on; 3,000 a window", no, staged,
			Ramp{PerWindow: 3000, Windows: twoHours, Shares: ramp, Rate: Daily(0.1, 0.5)}),
		onShares("rising rate", "errors rise from 5 to 10 % during the ramp", no, staged,
			Ramp{PerWindow: 1000, Windows: twoHours, Shares: ramp, Rate: Trend(0.05, 0.1)}),
		onShares("falling rate", "errors fall from 10 to 5 %", no, staged,
			Ramp{PerWindow: 1000, Windows: twoHours, Shares: ramp, Rate: Trend(0.1, 0.05)}),
		onShares("rare events", "0.2 % errors, 300 a window, 1 % canary", no, sequential.Options{},
			Ramp{PerWindow: 300, Windows: twoHours, Shares: []float64{0.01}, Rate: Flat(0.002)}),
		onShares("a dozen a window", "20 % errors, 12 a window, 30 % canary", no, sequential.Options{},
			Ramp{PerWindow: 12, Windows: twoHours, Shares: []float64{0.3}, Rate: Daily(0.2, 0.3)}),
		onShares("incidents", "1 % errors, eight times as many for ten windows, some four times in the ramp", no, staged,
			Ramp{PerWindow: 1000, Windows: twoHours, Shares: ramp, Rate: Bursts(0.01, 0.05, 8)}),
		onShares("split changes", "another split in every window, 5 to 90 % canary, daily swing", no, staged,
			Ramp{PerWindow: 1000, Windows: twoHours, Shares: ramp, Rate: Daily(0.05, 0.5), Jump: true}),
		onShares("lost windows", "the canary sends nothing in one window of three", no, staged,
			Ramp{PerWindow: 1000, Windows: twoHours, Shares: ramp, Rate: Daily(0.05, 0.3), Lost: 0.33}),
		onShares("wrong history", "told 20 % as historical rate, 1 % is true", no, sequential.Options{Stages: len(ramp), PriorRate: 0.2},
			Ramp{PerWindow: 1000, Windows: twoHours, Shares: ramp, Rate: Flat(0.01)}),
		onShares("accuracy", "90 % right answers; wrong ones swing by 40 % over the day", sequential.Null{Worse: sequential.Lower}, staged,
			Ramp{PerWindow: 1000, Windows: twoHours, Shares: ramp, Rate: Daily(0.1, 0.4)}),
		atTolerance("at an absolute tolerance", "2 % errors ± 30 %; the canary has half a point more, and that is tolerated", sequential.Null{Margin: 0.005}, 0.02, Plus(0.005)),
		atTolerance("at a relative tolerance", "5 % errors ± 30 %; a fifth more is tolerated", sequential.Null{Margin: 0.2, Relative: true}, 0.05, Times(1.2)),
		tenGuardrails(), tenThousandLooks(), lateLabels(),
	}
	return append(cases, otherKinds()...)
}

// onShares holds ours beside the rules of others, in a world of shares. Fixed limits are
// twice the mean rate: nobody knows it better than whoever set them.
func onShares(name, about string, null sequential.Null, opt sequential.Options, w Ramp) Case {
	limit := 2 * meanRate(w)
	return NewCase(Case{Name: name, About: about, Alpha: falseRollback, Exact: true, Runs: fullRuns}, w.Play,
		HarmShown(null, opt, falseRollback), ZEachLook(falseRollback), GrowthBook(falseRollback),
		HowardRamdas(falseRollback), ArgoRollouts(limit), Flagger(limit))
}

// meanRate is the mean stable rate of a world over some histories.
func meanRate(w Ramp) float64 {
	const histories = 200
	sum := 0.0
	for i := range histories {
		rate := w.Rate(rand.New(rand.NewPCG(0, uint64(i))), w.Windows)
		for j := range w.Windows {
			sum += rate(j)
		}
	}
	return sum / float64(histories*w.Windows)
}

// atTolerance are worlds in which the others have no counterpart to our null.
func atTolerance(name, about string, null sequential.Null, rate float64, canary Effect) Case {
	w := Ramp{PerWindow: 1000, Windows: twoHours, Shares: ramp, Rate: Daily(rate, 0.3), Canary: canary}
	return NewCase(Case{Name: name, About: about, Alpha: falseRollback, Exact: true, Runs: fullRuns}, w.Play,
		HarmShown(null, sequential.Options{Stages: len(ramp)}, falseRollback))
}

// tenGuardrails are ten metrics, each of which can roll back. Ours shares α among them;
// for the others there is no such rule.
func tenGuardrails() Case {
	const n = 10
	one := Ramp{PerWindow: 500, Windows: 60, Shares: ramp, Rate: Daily(0.05, 0.3)}
	world := func(r *rand.Rand, see func([]Counts) bool) {
		var looks [n][]Counts
		for i := range looks {
			one.Play(r, func(l Counts) bool { looks[i] = append(looks[i], l); return true })
		}
		row := make([]Counts, n)
		for j := range one.Windows {
			for i := range row {
				row[i] = looks[i][j]
			}
			if !see(row) {
				return
			}
		}
	}
	members := multiple.Normalise(make([]multiple.Member, n))
	limit := 2 * meanRate(one)
	return NewCase(Case{Name: "ten guardrails", About: fmt.Sprintf("%d metrics of 5 %% ± 30 %%, 500 a window, %d windows; α for all of them together", n, one.Windows),
		Alpha: falseRollback, Exact: true, Runs: fullRuns}, world,
		Any(HarmShown(sequential.Null{}, sequential.Options{Stages: len(ramp)}, falseRollback*members[0].Weight), n),
		Any(ZEachLook(falseRollback), n), Any(GrowthBook(falseRollback), n), Any(HowardRamdas(falseRollback), n),
		Any(ArgoRollouts(limit), n), Any(Flagger(limit), n))
}

// tenThousandLooks is a canary that stays at one share for a week of one-minute windows.
func tenThousandLooks() Case {
	c := onShares("10,000 looks", "2 % errors ± 30 %, 300 a window, 20 % canary, 10,000 windows", sequential.Null{}, sequential.Options{},
		Ramp{PerWindow: 300, Windows: 10000, Shares: []float64{0.2}, Rate: Daily(0.02, 0.3)})
	c.Runs = 2000
	return c
}
