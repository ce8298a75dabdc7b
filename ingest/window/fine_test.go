package window_test

import (
	"slices"
	"testing"

	"verdin/ingest/window"
	"verdin/schemas"
)

// A feature whose intervals are counted one by one counts each value in its interval and
// in the bin that the interval belongs to; what is no number is in no interval.
func TestFineBinsAddUpToTheirGroups(t *testing.T) {
	p := plan()
	f := &p.Features[0]
	f.Fine, f.Edges, f.Groups = true, []float64{10, 20, 30, 40, 50}, []uint16{5, 7, 7, 8, 8, 6}
	all := rows(2000)
	c := chunk(all)
	age := c.Values[schemas.KindPrediction][3]
	for i := range all {
		if i%50 == 0 {
			age[i] = schemas.Cell{Kind: schemas.Null}
		}
	}
	sealed := cells(window.NewPool(p, window.Fast), c, 0, len(all))
	want, got := make([]uint64, 6), make([]uint64, 6)
	for i, r := range all {
		if i%50 != 0 {
			want[int(r.age/10)]++
		}
	}
	for _, cell := range sealed.Cells {
		for a := range cell.Arms {
			s := &cell.Arms[a].Features[0]
			grouped := make([]uint64, f.Bins())
			for i, n := range s.Fine {
				got[i] += n
				grouped[f.Groups[i]] += n
			}
			for sub := range s.Shape.Sub {
				for bin := window.OddRows; bin < f.Bins(); bin++ {
					grouped[bin] -= s.Bins[sub*f.Bins()+bin]
				}
			}
			if slices.ContainsFunc(grouped, func(n uint64) bool { return n != 0 }) {
				t.Errorf("the intervals %v do not add up to the bins: %v over", s.Fine, grouped)
			}
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("the intervals hold %v rows, want %v", got, want)
	}
	if f.Groups = nil; f.FineBins() != 0 {
		t.Error("intervals with a bin each are counted twice")
	}
}
