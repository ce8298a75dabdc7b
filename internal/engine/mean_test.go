package engine

import (
	"math"
	"testing"

	"verdin/decision"
	"verdin/stats"
	"verdin/stats/sequential"
)

// A mean is that of values capped at an edge, the same in both arms; under a relative
// margin the canary's cap is moved with the margin, to the side that is harder to show.
func TestMeansAreCapped(t *testing.T) {
	c := testCompiled(t, nil) // cap 100
	m := started(c, newMeans)[0].(*mean)
	cap := stats.GridEdge(stats.GridSnap(100, true))
	if cap < 100 || cap > 102 {
		t.Fatalf("the cap is %v", cap)
	}
	for range 12 {
		m.Observe(block(c).fill(atTokens, some(30, 10, 30, 1e6), some(30, 10, 30, 1e9)))
	}
	e := find(t, m, "tokens/harm")
	if want := (10 + 30 + cap) / 3; math.Abs(e.Value[0]-want) > 1e-6 || math.Abs(e.Value[1]-want) > 1e-6 {
		t.Errorf("means %v, want %v in both arms", e.Value, want)
	}
	edge := stats.GridSnap(100, true)
	for _, r := range []float64{0.05, 0.2, 1} {
		margin := decision.Margin{Set: true, Relative: true, Value: r}
		harm, safe := stats.GridEdge(m.canaryCap(edge, margin, true)), stats.GridEdge(m.canaryCap(edge, margin, false))
		if want := cap * (1 + r); harm > want || safe < want || safe/harm > 1.0201 {
			t.Errorf("cap %v at +%v %%: harm %v, safe %v", cap, r*100, harm, safe)
		}
	}
	if got := m.canaryCap(edge, decision.Margin{Set: true, Value: 5}, true); got != edge {
		t.Errorf("under an absolute margin the caps differ: %v", got)
	}
}

// Without a cap in the spec it is stable's own past 99.9 % quantile: nothing is scored
// before there is a past.
func TestTheCapIsLearntFromThePast(t *testing.T) {
	c := testCompiled(t, func(s *decision.Spec) { s.Metrics[2].Cap = 0 })
	m := started(c, newMeans)[0].(*mean)
	m.Observe(block(c).fill(atTokens, some(100, 10, 20), some(100, 10, 1e9)))
	if e := find(t, m, "tokens/harm"); e.Blocks != 0 || e.Skipped.Learning != 1 {
		t.Fatalf("scored without a past: %+v", e)
	}
	m.Observe(block(c).fill(atTokens, some(100, 10, 20), some(100, 10, 1e9)))
	e := find(t, m, "tokens/harm")
	if cap := stats.GridEdge(stats.GridCell(20) + 1); e.Blocks != 1 || math.Abs(e.Value[1]-(10+cap)/2) > 1e-6 {
		t.Errorf("canary's mean %v, want that of 10 and the cap", e.Value[1])
	}
}

// A range below 0 is shifted to the grid and back: relative margins are those of the
// metric's own scale.
func TestARelativeMarginIsOnTheMetricsOwnScale(t *testing.T) {
	c := testCompiled(t, nil) // gain: range −50 to 50, worse lower, margin 20 %
	gain := started(c, newMeans)[1]
	score := sequential.NewScore(sequential.ScoreOptions{Harm: true, Stages: 3,
		Null: sequential.Null{Worse: sequential.Lower, Relative: true, Margin: 0.2}})
	for i := range 30 { // stable 10 ± 2, canary 7 ± 2: 30 % less
		gain.Observe(block(c).fill(atGain, some(50, 58, 62), some(50, 55, 59))) // as the shard gives them: + 50
		if i == 0 {
			continue // the cap is learnt from it
		}
		score.Observe(sequential.Moments{N: 100, Mean: 10, M2: 400}, sequential.Moments{N: 100, Mean: 7, M2: 400}, 0)
	}
	e := find(t, gain, "gain/harm")
	if math.Abs(e.LogE-score.LogE()) > 1e-6*score.LogE() || e.Result != stats.Harm {
		t.Errorf("log e %v, want %v", e.LogE, score.LogE())
	}
	if math.Abs(e.Value[0]-10) > 1e-9 || math.Abs(e.Value[1]-7) > 1e-9 || math.Abs(e.Effect.Estimate+3) > 1e-9 {
		t.Errorf("means %v, difference %v; want 10, 7, −3", e.Value, e.Effect.Estimate)
	}
}

// An asymptotic test claims nothing outside its domain.
func TestAMeanOfTooFewClaimsNothing(t *testing.T) {
	c := testCompiled(t, nil)
	m := started(c, newMeans)[0]
	for range 30 { // 180 canary values
		m.Observe(block(c).fill(atTokens, some(100, 1, 2), some(3, 50, 60)))
	}
	if e := find(t, m, "tokens/harm"); e.Result != stats.Unknown || e.LogEMax != 0 || e.P != 1 || len(e.Warnings) == 0 {
		t.Errorf("%+v, want unknown with a warning", e)
	}
}
