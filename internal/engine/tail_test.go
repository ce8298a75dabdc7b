package engine

import (
	"math"
	"testing"

	"verdin/stats"
)

func hist(xs ...float64) *stats.Histogram {
	var h stats.Histogram
	for _, x := range xs {
		h.Add(x)
	}
	return &h
}

// The edge of a quantile is the first that at most 1 − q of the past values reach.
func TestThePastQuantileIsAnEdge(t *testing.T) {
	var past tail
	if past.reaches(0.1) || past.share(5, false) != 0 {
		t.Error("an empty past knows something")
	}
	past.add(hist(append(some(90, 1), some(10, 2)...)...))
	for q, want := range map[float64]float64{0.5: 1, 0.9: 1, 0.91: 2, 1: 2} {
		edge := past.edge(q)
		if edge != stats.GridCell(want)+1 {
			t.Errorf("q %v: edge %v, want the one above %v", q, stats.GridEdge(edge), want)
		}
		if share := past.share(edge, false); share > 1-q+1e-12 {
			t.Errorf("q %v: %v of the past lie beyond", q, share)
		}
		if above, below := past.share(edge, false), past.share(edge, true); math.Abs(above+below-1) > 1e-12 {
			t.Errorf("q %v: %v above and %v below", q, above, below)
		}
	}
}

// The past fades: after 20 blocks a block counts for about a third.
func TestThePastFades(t *testing.T) {
	var past tail
	past.add(hist(some(100, 1)...))
	for range 20 {
		past.add(hist(some(100, 2)...))
	}
	want := 100 * math.Pow(tailDecay, 20)
	if got := past.cells[stats.GridCell(1)]; math.Abs(got-want) > 1e-9 {
		t.Errorf("the first block counts for %v, want %v", got, want)
	}
	n := past.n
	past.add(hist())
	if past.n != n {
		t.Error("a block without values makes the past fade")
	}
}

// A threshold needs five past values expected beyond it.
func TestAThresholdNeedsAPast(t *testing.T) {
	var past tail
	past.add(hist(some(499, 1)...))
	if past.reaches(0.01) {
		t.Error("499 values are enough for a p99")
	}
	past = tail{}
	past.add(hist(some(500, 1)...))
	if !past.reaches(0.01) {
		t.Error("500 values are not enough for a p99")
	}
}
