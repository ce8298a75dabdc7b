package engine

import (
	"math"
	"testing"

	"verdin/decision"
	"verdin/stats"
)

// The margins of a tail are edges of the grid: outward for harm, inward for safety,
// so that counts are exact and the claim is never the weaker one.
func TestTailMarginsSnapToTheSideThatIsHarderToShow(t *testing.T) {
	for _, worse := range []string{"higher", "lower"} {
		c := testCompiled(t, func(s *decision.Spec) { s.Metrics[1].Worse = worse; s.Metrics[1].Quantile = 0.5 })
		q := started(c, newQuantiles)[0].(*quantile)
		for _, r := range []float64{0, 0.001, 0.1, 0.3, 0.5} {
			for edge := 900; edge < 1200; edge += 7 {
				x := stats.GridEdge(edge)
				want := x * (1 + r)
				if worse == "lower" {
					want = x * (1 - r)
				}
				harm := stats.GridEdge(q.shift(x, decision.Margin{Set: true, Relative: true, Value: r}, true))
				safe := stats.GridEdge(q.shift(x, decision.Margin{Set: true, Relative: true, Value: r}, false))
				beyond := harm >= want && safe <= want // further out, further in
				if worse == "lower" {
					beyond = harm <= want && safe >= want
				}
				if !beyond || math.Abs(harm/safe-1) > 0.0201 {
					t.Fatalf("%s, %v %% of %v: harm from %v, safe to %v, margin at %v", worse, r*100, x, harm, safe, want)
				}
			}
		}
	}
}

// Values between the two edges of a margin are no harm and no safety.
func TestTailCountsByHand(t *testing.T) {
	c := testCompiled(t, nil) // p90, harm beyond +10 %, safe within +50 %
	q := started(c, newQuantiles)[0].(*quantile)
	edge := stats.GridCell(1)
	low, high := stats.GridEdge(edge-20), stats.GridEdge(edge)
	stable := append(some(95, low), some(5, high)...)
	q.Observe(block(c).fill(atLatency, stable, stable))
	if e := find(t, q, "latency/harm"); e.Blocks != 0 || e.Skipped.Learning != 1 {
		t.Fatalf("the first block has no past: %+v", e)
	}
	canary := append(some(50, low), some(50, high*1.3)...)
	q.Observe(block(c).fill(atLatency, stable, canary))
	// 95 of 100 past values lie in the cell of low, so the threshold is the edge above it
	if q.edge != edge-19 {
		t.Fatalf("threshold %v, want the edge above %v", stats.GridEdge(q.edge), low)
	}
	e := find(t, q, "latency/harm")
	if e.N != [2]int64{100, 100} || e.Effect.Scale != "ratio" || e.Value != [2]float64{stats.GridEdge(edge - 20), stats.GridEdge(stats.GridCell(high * 1.3))} {
		t.Errorf("n %v, effect %+v, p90 %v", e.N, e.Effect, e.Value)
	}
	if got := q.beyond(&stats.Summary{}, 0); got.N != 0 || got.Y != 0 {
		t.Errorf("nothing beyond nothing: %+v", got)
	}
}

// A limit looks at the canary alone, whatever stable does.
func TestALimitNeedsNoBaseline(t *testing.T) {
	c := testCompiled(t, nil) // p90 ≤ 9
	q := started(c, newQuantiles)[0]
	for range 30 {
		q.Observe(block(c).fill(atLatency, nil, append(some(60, 1), some(40, 20)...)))
	}
	if e := find(t, q, "latency/limit"); e.Result != stats.Harm {
		t.Errorf("40 %% above a p90 of 9: log e %v of %v", e.LogEMax, e.Threshold)
	}
	if e := find(t, q, "latency/harm"); e.Blocks != 0 || e.LogE != 0 {
		t.Errorf("without a baseline nothing is compared: %+v", e)
	}
}
