package sequential

import (
	"bytes"
	"errors"
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

// some is n times a value.
func some(n int, x float64) (out []float64) {
	for range n {
		out = append(out, x)
	}
	return out
}

// The edge of a quantile is the first that at most 1 − q of the past values reach.
func TestThePastQuantileIsAnEdge(t *testing.T) {
	var past Tail
	if past.Reaches(0.1) || past.Beyond(5, Higher) != 0 {
		t.Error("an empty past knows something")
	}
	past.Add(hist(append(some(90, 1), some(10, 2)...)...))
	for q, want := range map[float64]float64{0.5: 1, 0.9: 1, 0.91: 2, 1: 2} {
		edge := past.Edge(q)
		if edge != stats.GridCell(want)+1 {
			t.Errorf("q %v: edge %v, want the one above %v", q, stats.GridEdge(edge), want)
		}
		if share := past.Beyond(edge, Higher); share > 1-q+1e-12 {
			t.Errorf("q %v: %v of the past lie beyond", q, share)
		}
		if above, below := past.Beyond(edge, Higher), past.Beyond(edge, Lower); math.Abs(above+below-1) > 1e-12 {
			t.Errorf("q %v: %v above and %v below", q, above, below)
		}
	}
}

// The past fades: after 20 blocks a block counts for about a third.
func TestThePastFades(t *testing.T) {
	var past Tail
	past.Add(hist(some(100, 1)...))
	for range 20 {
		past.Add(hist(some(100, 2)...))
	}
	want := 100 * math.Pow(tailDecay, 20)
	if got := past.cells[stats.GridCell(1)]; math.Abs(got-want) > 1e-9 {
		t.Errorf("the first block counts for %v, want %v", got, want)
	}
	n := past.n
	past.Add(hist())
	if past.n != n {
		t.Error("a block without values makes the past fade")
	}
}

// A threshold needs five past values expected beyond it.
func TestAThresholdNeedsAPast(t *testing.T) {
	var past Tail
	past.Add(hist(some(499, 1)...))
	if past.Reaches(0.01) {
		t.Error("499 values are enough for a p99")
	}
	past = Tail{}
	past.Add(hist(some(500, 1)...))
	if !past.Reaches(0.01) {
		t.Error("500 values are not enough for a p99")
	}
}

// What is taken from a cell on leaves the rest out, as if it had not been there.
func TestAPastMayBeginAtACell(t *testing.T) {
	var past, want Tail
	past.AddFrom(1, hist(append(some(90, 0), some(10, 2)...)...), hist(some(5, 3)...))
	want.Add(hist(append(some(10, 2), some(5, 3)...)...))
	if past.N() != 15 || past.Edge(0.5) != want.Edge(0.5) {
		t.Errorf("%v values, median at %d, want 15 and %d", past.N(), past.Edge(0.5), want.Edge(0.5))
	}
	if past.AddFrom(1, hist(some(90, 0)...)); past.N() != 15 {
		t.Error("a block without such values makes the past fade")
	}
}

// A past that is restored says the same, and a damaged one is refused.
func TestAPastKeepsItsState(t *testing.T) {
	var past, again Tail
	past.Add(hist(append(some(90, 1), some(10, 2)...)...))
	past.Add(hist(some(7, 5)...))
	state := past.AppendState(nil)
	if err := again.Restore(state); err != nil || !bytes.Equal(again.AppendState(nil), state) || again.N() != past.N() || again.Edge(0.9) != past.Edge(0.9) {
		t.Errorf("%v: %v values of %v", err, again.N(), past.N())
	}
	for _, b := range [][]byte{nil, state[:len(state)-1], append(bytes.Clone(state), 0)} {
		if err := again.Restore(b); !errors.Is(err, ErrState) {
			t.Errorf("%d of %d bytes: %v", len(b), len(state), err)
		}
	}
}
