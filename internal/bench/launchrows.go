package bench

import (
	"fmt"
	"math"
)

// service are the guardrails of most rows: 1 % errors and half a point of margin, the
// 95 % quantile of latency and a quarter, 90 % right answers and three points.
func service() []Gauge {
	return []Gauge{
		{Name: "errors", Kind: shareGauge, Base: 0.01, Margin: 0.005},
		{Name: "latency", Kind: tailGauge, Margin: 0.25},
		{Name: "correct", Kind: labelGauge, Base: 0.1, Margin: 0.03},
	}
}

// strict is with tolerance 0.
func strict(gauges []Gauge) []Gauge {
	for i := range gauges {
		gauges[i].Strict = true
	}
	return gauges
}

const (
	launchRuns = 1000
	heavyRuns  = 200
)

// on is a launch of a service at 3,000 requests a minute, ± 30 % over the day.
func on(name, about string, truth Truth, gauges []Gauge) Launch {
	return Launch{Name: name, About: about, Truth: truth, Gauges: gauges, PerWindow: 3000, Swing: 0.3, Windows: 240, Runs: launchRuns}
}

// dosed is a service whose canary is bad for one metric.
func dosed(name, about string, truth Truth, metric string, d Dose) Launch {
	l := on(name, about, truth, service())
	return l.dose(metric, d)
}

// held is how long rows last in which most canaries are held.
const held = 120

func (l Launch) dose(metric string, d Dose) Launch {
	for i := range l.Gauges {
		if l.Gauges[i].Name == metric {
			l.Gauges[i].Dose = d
		}
	}
	return l
}

func (l Launch) with(change func(*Launch)) Launch {
	change(&l)
	return l
}

// Launches lists the rows.
func Launches() []Launch {
	return append(append(harmlessLaunches(), marginalLaunches()...), harmfulLaunches()...)
}

func harmlessLaunches() []Launch {
	incident := strict(service())
	incident[0].Rate, incident[0].Base = Bursts(0.01, 0.03, 5), 0.01
	rising := strict(service())
	rising[0].Rate, rising[0].Base = Trend(0.005, 0.03), 0.01
	return []Launch{
		on("a service", "errors, latency, right answers, all of which swing over the day", Harmless, service()),
		on("a service, tolerance 0", "the same, where any harm may roll back", Harmless, strict(service())),
		on("rising errors, tolerance 0", "errors rise from 0.5 to 3 % in both arms while the canary's share rises", Harmless, rising),
		on("incidents, tolerance 0", "five times as many errors for ten minutes, in both arms, some once in half an hour", Harmless, incident),
		rareErrors("rare errors", Harmless, 0),
		tenGauges().with(func(l *Launch) { l.Name, l.Truth = "ten guardrails", Harmless }),
		on("twenty features", "beside the service, PSI of 20 numeric outputs must stay below 0.1; bins are learnt", Harmless, service()).with(func(l *Launch) {
			l.Features, l.Runs = 20, heavyRuns
		}),
		on("late labels, tolerance 0", "right answers alone; labels come in ten minutes or never, stages last as long", Harmless, strict(service())[2:]),
		on("two segments", "every metric is judged in two countries of a fifth each, too", Harmless, service()).with(func(l *Launch) { l.Segments = true }),
		on("five generations", "five canaries one after the other, all harmless, until one is rolled back", Harmless, service()).with(func(l *Launch) {
			l.Generations, l.Runs = 5, heavyRuns
		}),
		on("six requests a minute", "1 % canary for a day, 10 % errors", Harmless, []Gauge{{Name: "errors", Kind: shareGauge, Base: 0.1, Margin: 0.05}}).with(func(l *Launch) {
			l.PerWindow, l.Windows = 6, day
			l.Stages = []string{"{weight: 1, bake: 10m, minSamples: 100}", "{weight: 100, bake: 10m}"}
		}),
		visited("users who come back", "10,000 users with rates of their own keep their arm; every request is a row", true, Harmless),
		visited("every request a row", "the same users, every request assigned anew; labels are joined", false, Harmless),
	}
}

func marginalLaunches() []Launch {
	rows := []Launch{
		dosed("errors at the margin", "1.5 % instead of 1 %", Marginal, "errors", Steady(1)),
		dosed("latency at the margin", "every request takes a quarter longer", Marginal, "latency", Steady(1)),
		dosed("accuracy at the margin", "87 % instead of 90 % right", Marginal, "correct", Steady(1)),
		rareErrors("rare errors at the margin", Marginal, 1),
		dosed("rising errors at the margin", "half a point more while errors rise from 0.5 to 3 % in both arms", Marginal, "errors", Steady(1)).with(func(l *Launch) {
			l.Gauges[0].Rate = Trend(0.005, 0.03)
		}),
		tenGauges().with(func(l *Launch) {
			l.Name, l.About, l.Truth = "one of ten at the margin", "one of the six shares is 3 %", Marginal
		}).dose("fails0", Steady(1)),
		on("two segments at the margin", "half a point more errors everywhere, judged in two countries of a fifth each, too", Marginal, service()).with(func(l *Launch) { l.Segments = true }).dose("errors", Steady(1)),
		dosed("five generations at the margin", "five canaries one after the other with half a point more errors, until one is rolled back", Marginal, "errors", Steady(1)).with(func(l *Launch) {
			l.Generations, l.Runs = 5, heavyRuns
		}),
		visited("users who come back, at the margin", "sticky users, two points more errors", true, Marginal).dose("errors", Steady(1)),
	}
	for i := range rows {
		rows[i].Windows = held
	}
	return rows
}

func harmfulLaunches() []Launch {
	found := func(l *Launch) { l.Found = 0.95 }
	from := func(share, d float64) Dose {
		return func(m Moment) float64 {
			if m.Share >= share {
				return d
			}
			return 0
		}
	}
	return []Launch{
		dosed("twice the margin, errors", "2 % instead of 1 %", Harmful, "errors", Steady(2)).with(found),
		dosed("twice the margin, errors, tolerance 0", "the same, where any harm may roll back", Harmful, "errors", Steady(2)).with(found).with(func(l *Launch) { l.Gauges = strict(l.Gauges) }),
		dosed("twice the margin, latency", "every request takes half as long again", Harmful, "latency", Steady(2)).with(found),
		dosed("twice the margin, accuracy", "84 % instead of 90 % right", Harmful, "correct", Steady(2)).with(found),
		rareErrors("twice the margin, rare errors", Harmful, 2).with(found),
		tenGauges().with(func(l *Launch) {
			l.Name, l.About, l.Truth = "twice the margin, one of ten", "one of the six shares is 4 %", Harmful
		}).dose("fails0", Steady(2)).with(found),
		visited("twice the margin, users who come back", "sticky users, four points more errors", true, Harmful).dose("errors", Steady(2)).with(func(l *Launch) {
			l.Found, l.Runs = 0.95, launchRuns
		}),
		dosed("ten times the errors", "10 % instead of 1 %", Harmful, "errors", Steady(18)).with(found),
		dosed("broken", "every second request fails", Harmful, "errors", Steady(98)).with(found),
		dosed("at the margin, then worse", "half a point more errors, twice that from the 30th minute on", Harmful, "errors", func(m Moment) float64 {
			if m.Window >= 30 {
				return 2
			}
			return 1
		}).with(found),
		dosed("gradual harm", "errors grow by a point an hour, from nothing", Harmful, "errors", func(m Moment) float64 { return float64(m.Window) / 30 }),
		dosed("harm under load", "a point more errors from 75 % on", Harmful, "errors", from(0.75, 2)).with(found),
		dosed("harm at half", "a point more errors from 50 % on", Harmful, "errors", from(0.5, 2)).with(found),
		dosed("harm after promotion", "a point more errors at 100 %", Harmful, "errors", from(0.9, 2)).with(func(l *Launch) { l.Promise = notCompleted }),
		on("harm in one segment", "six points more errors in one country of a fifth: 1.2 points of all", Harmful, service()).with(func(l *Launch) {
			l.Segments, l.Found = true, 0.95
		}).dose("errors", func(m Moment) float64 {
			if m.Segment == 1 {
				return 12
			}
			return 0
		}),
		on("harm hidden in one segment", "a point and a half more errors in one country of a fifth: 0.3 points of all, within the margin of all traffic", Harmful, service()).with(func(l *Launch) {
			l.Segments, l.Promise = true, nothing
		}).dose("errors", func(m Moment) float64 {
			if m.Segment == 1 {
				return 3
			}
			return 0
		}),
		on("one output of twenty drifts", "by 0.45 standard deviations, a PSI of 0.2", Harmful, service()).with(func(l *Launch) {
			l.Features, l.Runs, l.Found = 20, heavyRuns, 0.95
			l.Shift = func(Moment) float64 { return math.Sqrt(0.2) }
		}),
		on("one input of twenty differs", "the same of an input: the comparison is in doubt, and the rollout is held, not rolled back", Harmful, service()).with(func(l *Launch) {
			l.Features, l.Inputs, l.Runs, l.Windows = 20, true, heavyRuns, held
			l.Shift = func(Moment) float64 { return math.Sqrt(0.2) }
		}),
	}
}

// rareErrors are 2 in 1,000, with a margin as large.
func rareErrors(name string, truth Truth, dose float64) Launch {
	gauges := []Gauge{{Name: "errors", Kind: shareGauge, Base: 0.002, Rate: Flat(0.002), Margin: 0.002, Dose: Steady(dose)}}
	return on(name, fmt.Sprintf("%.1f %% errors where 0.2 %% are usual, of 2,000 requests a minute", 0.2*(1+dose)), truth, gauges).with(func(l *Launch) { l.PerWindow = 2000 })
}

// tenGauges are ten guardrails of four kinds.
func tenGauges() Launch {
	gauges := append(service(), Gauge{Name: "cost", Kind: meanGauge, Margin: 0.1})
	for i := range 6 {
		gauges = append(gauges, Gauge{Name: fmt.Sprintf("fails%d", i), Kind: shareGauge, Base: 0.02, Margin: 0.01})
	}
	return on("", "beside the service a mean cost and six shares of 2 %", Harmless, gauges).with(func(l *Launch) { l.Runs, l.Asymptotic = heavyRuns, true })
}

// visited are 10,000 users who come once in ten minutes.
func visited(name, about string, sticky bool, truth Truth) Launch {
	gauges := service()
	gauges[0].Base, gauges[0].Margin = 0.05, 0.02
	gauges[2].Margin = 0.05
	return on(name, about, truth, gauges).with(func(l *Launch) {
		l.Visits, l.Asymptotic = &Visits{Users: 10000, Chance: 0.1, Sticky: sticky}, sticky
		l.PerWindow, l.Swing, l.Runs = 1000, 0, heavyRuns
	})
}
