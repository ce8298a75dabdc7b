package bench

import (
	"math"
	"math/rand/v2"

	"verdin/stats/sequential"
)

// mirrored is a look at a shadow stage: both arms have answered the same requests.
type mirrored struct {
	Pairs sequential.Triple
	Rows  Counts                // the same answers, taken for two samples
	Times sequential.Moments    // canary − stable, per pair
	apart [2]sequential.Moments // of each arm, taken for a sample
	sum   [2]sequential.Moments // over all looks so far
}

const (
	pairWindows = 120
	pairRows    = 300 // requests a window
	shadowed    = "a shadow: 300 mirrored requests a window; one in twenty is hard, and fails four times in ten"
)

// shadows plays requests that both arms answer. Which are hard belongs to the request, so
// the arms fail together more often than two samples would; the canary fails in so many
// more of all requests. Answers take as long as the request is large.
func shadows(more float64) World[mirrored] {
	return func(r *rand.Rand, see func(mirrored) bool) {
		var l mirrored
		for range pairWindows {
			l.Pairs, l.Rows, l.Times, l.apart = sequential.Triple{}, Counts{Share: 0.5}, sequential.Moments{}, [2]sequential.Moments{}
			for range pairRows {
				l.request(r, more)
			}
			for a := range l.sum {
				l.sum[a] = l.sum[a].Merge(l.apart[a])
			}
			if !see(l) {
				return
			}
		}
	}
}

func (l *mirrored) request(r *rand.Rand, more float64) {
	rate, size := 0.001, math.Exp(r.NormFloat64())
	if r.Float64() < 0.05 {
		rate = 0.4
	}
	stable, canary := r.Float64() < rate, r.Float64() < rate || r.Float64() < more/(1-0.05*0.4-0.95*0.001)
	switch {
	case canary == stable:
		l.Pairs.Ties++
	case canary:
		l.Pairs.Canary++
	default:
		l.Pairs.Stable++
	}
	var times [2]float64
	for arm, bad := range [2]bool{stable, canary} {
		l.Rows.add(arm, count(bad))
		times[arm] = size * math.Exp(0.2*r.NormFloat64())
		l.apart[arm] = l.apart[arm].Merge(sequential.Moments{N: 1, Mean: times[arm]})
	}
	l.Times = l.Times.Merge(sequential.Moments{N: 1, Mean: times[1] - times[0]})
}

func count(bad bool) int64 {
	if bad {
		return 1
	}
	return 0
}

// inPairs is a harmless canary of a shadow, judged pair by pair.
func inPairs() Case {
	ours := Alarm("Verdin", func() func(mirrored) bool {
		p := sequential.NewPaired(sequential.Null{}, true, sequential.Options{Stages: 1})
		return func(l mirrored) bool {
			p.Observe(l.Pairs, 0)
			return p.LogEMax() >= threshold(falseRollback)
		}
	})
	rows := func(l mirrored) Counts { return l.Rows }
	return NewCase(Case{Name: "shadow, errors in pairs", About: shadowed, Alpha: falseRollback, Exact: true, Runs: fullRuns}, shadows(0),
		ours, Through(ZEachLook(falseRollback), rows), Through(GrowthBook(falseRollback), rows))
}

// meansInPairs is the same of how much the answers take.
func meansInPairs() Case {
	ours := Alarm("Verdin", func() func(mirrored) bool {
		s := sequential.NewScore(sequential.ScoreOptions{Harm: true, Stages: 1})
		return func(l mirrored) bool {
			s.ObservePaired(l.Times, 0)
			return s.Ready() && s.LogEMax() >= threshold(falseRollback)
		}
	})
	part := func(l mirrored) values { // the others look for a decrease
		return values{stable: l.apart[1], canary: l.apart[0], sum: [2]sequential.Moments{l.sum[1], l.sum[0]}}
	}
	return NewCase(Case{Name: "shadow, a mean in pairs", About: "a shadow: 300 mirrored requests a window; log-normal sizes that both arms share", Alpha: falseRollback, Runs: fullRuns}, shadows(0),
		ours, Through(meanZ(falseRollback), part), Through(meanGrowthBook(falseRollback), part))
}

// pairsAtTheMargin is a canary that fails in a point more of all requests.
func pairsAtTheMargin() Case {
	const margin = 0.01
	ours := Pass("Verdin", func() func(mirrored) bool {
		p := sequential.NewPaired(sequential.Null{Margin: margin}, false, sequential.Options{})
		return func(l mirrored) bool {
			p.Observe(l.Pairs, 0)
			return min(p.LogE(), p.StageLogE()) >= threshold(falsePromote)
		}
	})
	rows := func(l mirrored) Counts { return l.Rows }
	return NewCase(Case{Name: "shadow, a point more errors", About: shadowed, Alpha: falsePromote, Exact: true, Runs: fullRuns}, shadows(margin),
		ours, Through(ZEachLook(falseRollback), rows), Through(GrowthBook(falseRollback), rows))
}
