package stats

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestAboveCountsAtEdges(t *testing.T) {
	var h Histogram
	edge := GridSnap(0.8, true)
	h.Add(GridEdge(edge))
	h.Add(GridEdge(edge) * 0.9999)
	h.Add(5)
	h.Add(0)
	for e, want := range map[int]uint64{0: 4, edge: 2, edge + 1: 1, GridCells: 0} {
		if got := h.Above(e); got != want {
			t.Errorf("above edge %d: %d, want %d", e, got, want)
		}
	}
	if got := new(Histogram).Above(0); got != 0 {
		t.Errorf("an empty histogram has %d values", got)
	}
}

// TestQuantileIsTheCellOfTheOrderStatistic holds the rank rule against a sorted sample.
func TestQuantileIsTheCellOfTheOrderStatistic(t *testing.T) {
	r := rand.New(rand.NewPCG(10, 10))
	for _, n := range []int{1, 2, 10, 100, 1000} {
		var h Histogram
		var xs []float64
		for range n {
			x := r.ExpFloat64()
			xs = append(xs, x)
			h.Add(x)
		}
		slices.Sort(xs)
		for _, permille := range []int{0, 1, 70, 250, 500, 950, 990, 999, 1000} {
			rank := max(1, (permille*n+999)/1000)
			if got, want := h.Quantile(float64(permille)/1000), GridCell(xs[rank-1]); got != want {
				t.Errorf("n %d, q %d/1000: cell %d, want %d", n, permille, got, want)
			}
		}
	}
	if got := new(Histogram).Quantile(0.5); got != 0 {
		t.Errorf("quantile of nothing: cell %d", got)
	}
}

// TestMomentsAreKeptOnlyByAll: half a histogram's moments would be wrong ones.
func TestMomentsAreKeptOnlyByAll(t *testing.T) {
	counts, full := NewHistogram(false), NewHistogram(true)
	counts.Add(1)
	full.Add(2)
	full.Merge(&counts)
	if s, q := full.capped(GridCells); s != (Sum128{}) || q != (Sum192{}) {
		t.Errorf("moments survived: %v, %v", s, q)
	}
	if full.N() != 2 {
		t.Errorf("n = %d, want 2", full.N())
	}
}

func TestBottomKIsTheLeastHashes(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 11))
	var all []Keyed
	var s BottomK
	for range 3 * SampleSize {
		k := Keyed{r.Uint64N(5000), r.NormFloat64()} // ties are frequent
		all = append(all, k)
		s.Offer(k.Hash, k.Value)
	}
	slices.SortFunc(all, compareKeyed)
	if !slices.Equal(s.Sorted(), all[:SampleSize]) {
		t.Error("the sample is not the rows of least hash")
	}
	if s.Len() != SampleSize || len(s.Values()) != SampleSize || !slices.IsSorted(s.Values()) {
		t.Errorf("%d rows, values sorted: %v", s.Len(), slices.IsSorted(s.Values()))
	}
}

func TestLogSums(t *testing.T) {
	for _, c := range []struct {
		x    []float64
		want float64
	}{
		{[]float64{0, 0}, 0.6931471805599453},
		{[]float64{1000, 1000}, 1000.6931471805599},
		{[]float64{-1000, 0}, 0},
	} {
		if got := LogSumExp(c.x); got != c.want {
			t.Errorf("LogSumExp(%v) = %v, want %v", c.x, got, c.want)
		}
		if got := LogAddExp(c.x[0], c.x[1]); got != c.want {
			t.Errorf("LogAddExp(%v) = %v, want %v", c.x, got, c.want)
		}
	}
	if none := LogSumExp(nil); LogAddExp(none, 2) != 2 || LogAddExp(none, none) != none {
		t.Error("the log of an empty sum is not neutral")
	}
}

func BenchmarkHistogramAdd(b *testing.B) {
	r := rand.New(rand.NewPCG(12, 12))
	xs := make([]float64, 4096)
	for i := range xs {
		xs[i] = 0.05 * (1 + r.ExpFloat64())
	}
	for _, c := range []struct {
		name    string
		moments bool
	}{{"counts", false}, {"moments", true}} {
		b.Run(c.name, func(b *testing.B) {
			h := NewHistogram(c.moments)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				h.Add(xs[i&4095])
			}
		})
	}
}
