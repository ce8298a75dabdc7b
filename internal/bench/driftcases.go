package bench

import (
	"fmt"
	"math/rand/v2"
)

const driftAlpha = 0.05

// driftCase is a harmless world with both of our rules first.
func driftCase(name, about string, exact bool, w World[Bins], ours [2]Rule[Bins]) Case {
	return NewCase(Case{Name: name, About: about, Alpha: driftAlpha, Exact: exact, Runs: fullRuns}, w,
		append(ours[:], driftRivals(driftAlpha)...)...)
}

// both are our rules for independent rows.
func both(psi, ks float64, stages int) [2]Rule[Bins] {
	return [2]Rule[Bins]{DriftShown("psi", psi, driftAlpha, stages), DriftShown("ks", ks, driftAlpha, stages)}
}

// harmlessDrift lists worlds in which no canary should be rolled back for drift.
func harmlessDrift() (cases []Case) {
	for _, share := range []float64{0.01, 0.05, 0.1, 0.25, 0.5} {
		w := Drifting{PerWindow: 400, Windows: driftLooks, Shares: []float64{share}}
		cases = append(cases, driftCase(fmt.Sprintf("A/A, %g %% canary", 100*share), "equal arms, 400 rows a window", true, w.Play, both(0, 0, 1)))
	}
	moving := Drifting{PerWindow: 400, Windows: driftLooks, Shares: ramp, Moving: true}
	cases = append(cases, driftCase("A/A, ramp, moving world", "equal arms whose law swings far during the ramp, 400 rows a window", true, moving.Play, both(0, 0, len(ramp))))
	for _, share := range []float64{0.1, 0.5} {
		psi := Drifting{PerWindow: 400, Windows: driftLooks, Shares: []float64{share}, Index: 0.09}
		cases = append(cases, driftCase(fmt.Sprintf("tolerated PSI, %g %% canary", 100*share), "true PSI 0.09, tolerated 0.1; true KS 0.129, tolerated 0.143", true, psi.Play, both(0.1, 0.143, 1)))
	}
	ks := Drifting{PerWindow: 400, Windows: driftLooks, Shares: []float64{0.1}, KS: 0.135}
	cases = append(cases, driftCase("tolerated KS, 10 % canary", "true KS 0.135, tolerated 0.15; true PSI 0.099, tolerated 0.11", true, ks.Play, both(0.11, 0.15, 1)))
	for _, share := range []float64{0.1, 0.5} {
		users := Regulars{Users: 2000, Visits: 0.2, Windows: driftLooks, Share: share}
		cases = append(cases, driftCase(fmt.Sprintf("sticky users, %g %% canary", 100*share), "2,000 users with habits of their own, who come in one window of five and keep their arm; variance by bucket", false, users.Play,
			[2]Rule[Bins]{StickyDriftShown("psi", 0, driftAlpha, 1), StickyDriftShown("ks", 0, driftAlpha, 1)}))
	}
	return cases
}

const (
	findAlpha = 0.01
	findShare = 0.1
	findEach  = 20 // canary rows in a window
)

// Found is a world with drift, in which the rows count until it is found: ten equal
// bins, an exponential tilt, ten times as many rows in all as in the canary.
type Found struct {
	Index   float64
	After   int     // windows without drift before it
	Windows int     // in all
	Bar     float64 // greatest ratio of our median to that of the G test
}

var finds = []Found{{0.02, 0, 400, 1}, {0.05, 0, 200, 1}, {0.1, 0, 120, 1}, {0.25, 0, 60, 1.3}}

// lateFinds begin in the middle of a stage, when much has spoken against drift.
var lateFinds = []Found{{0.05, 100, 500, 1}, {0.1, 50, 300, 1}, {0.1, 100, 300, 1}, {0.1, 200, 500, 1}, {0.25, 100, 200, 1}}

// Case plays our rules and those of others.
func (f Found) Case() Case {
	w := Drifting{PerWindow: findEach / findShare, Windows: f.Windows, Shares: []float64{findShare}, Index: f.Index}
	// exactly 20 canary rows in each window, as in the reference simulation
	world := func(r *rand.Rand, see func(Bins) bool) { w.exactly(r, findEach, f.After, see) }
	rules := append([]Rule[Bins]{DriftShown("psi", 0, findAlpha, 1), DriftShown("ks", 0, findAlpha, 1)}, driftRivals(findAlpha)...)
	return NewCase(Case{Name: fmt.Sprintf("PSI %g after %d windows", f.Index, f.After), Alpha: findAlpha, Runs: fullRuns}, world, rules...)
}

// exactly is Play with a fixed number of canary rows in a window, and arms that are equal
// at first.
func (w Drifting) exactly(r *rand.Rand, m int64, after int, see func(Bins) bool) {
	stable, canary := tilt(driftBins, 0), tilt(driftBins, w.theta())
	l := Bins{Share: w.Shares[0]}
	l.Sub, l.Bins = driftParts, driftBins
	l.Stable, l.Canary = make([]uint64, driftParts*driftBins), make([]uint64, driftParts*driftBins)
	for i := range w.Windows {
		law := canary
		if i < after {
			law = stable
		}
		deal(r, l.Stable, stable, w.PerWindow-m)
		deal(r, l.Canary, law, m)
		if !see(l) {
			return
		}
	}
}
