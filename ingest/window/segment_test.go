package window_test

import (
	"bytes"
	"reflect"
	"testing"

	"verdin/ingest/window"
)

// inSegments is the plan with two countries judged apart, in which the age is counted too.
func inSegments() *window.Plan {
	p := plan()
	p.Segments = []window.Segment{{Field: "features.country", Column: 4, First: 1, Values: []string{"de", "fr"}}}
	p.Inside = []int{0}
	return p
}

// A segment counts the features that are asked for, over its rows alone: as many as a plan
// without segments counts of these rows. All traffic is counted as if there were none.
func TestASegmentCountsTheFeaturesOfItsRows(t *testing.T) {
	all := rows(2000)
	c := chunk(all)
	sealed := cells(window.NewPool(inSegments(), window.Fast), c, 0, len(all))
	seen := 0
	for _, cell := range sealed.Cells {
		want := window.NewPool(plan(), window.Fast).Tally()
		for i, r := range all {
			mine := cell.Segment == 0 || r.country == []string{"", "de", "fr"}[cell.Segment]
			if c.Stage[i] == cell.Stage && mine {
				want.Observe(c, i, int8(i%3&1), uint64(i)*0x9E3779B97F4A7C15|1)
			}
		}
		like := want.Close()[0]
		for a := range cell.Arms {
			features := like.Arms[a].Features
			if cell.Segment > 0 {
				features = features[:1]
				seen++
			}
			if !reflect.DeepEqual(cell.Arms[a].Features, features) || cell.Arms[a].N != like.Arms[a].N {
				t.Errorf("stage %d, segment %d, arm %d: %d rows, features %v, want %d and %v", cell.Stage, cell.Segment, a, cell.Arms[a].N, cell.Arms[a].Features, like.Arms[a].N, features)
			}
		}
	}
	if seen != 8 {
		t.Errorf("%d arms of segments, want two of two segments in two stages", seen)
	}
}

// What segments count survives the wire and a restart, and belongs to the plan that asks
// for it alone. While the edges of a feature are learnt, segments keep no sample of it.
func TestSegmentsKeepTheirFeatures(t *testing.T) {
	p, c := inSegments(), chunk(rows(500))
	pool := window.NewPool(p, window.Fast)
	sealed := cells(pool, c, 0, 500)
	sent, rest, err := window.DecodePartial(sealed.AppendBinary(nil))
	if err != nil || len(rest) > 0 || !bytes.Equal(sent.AppendBinary(nil), sealed.AppendBinary(nil)) {
		t.Errorf("another partial: %v", err)
	}
	if !p.Fits(&sent) || plan().Fits(&sent) {
		t.Errorf("fits its plan %v, one without segments %v", p.Fits(&sent), plan().Fits(&sent))
	}
	bare := inSegments()
	bare.Inside = nil
	if bare.Fits(&sent) || bare.Hash() == p.Hash() {
		t.Error("a plan whose segments count no features takes those that do for its own")
	}
	state := observed(pool, 300).AppendState(nil)
	tally, _, err := pool.RestoreTally(state)
	if err != nil || !bytes.Equal(tally.AppendState(nil), state) {
		t.Errorf("restored: %v", err)
	}
	if _, _, err := window.NewPool(bare, window.Fast).RestoreTally(state); err == nil {
		t.Error("a state with features in its segments is restored without them")
	}
	p.Features[0].Edges = nil
	for _, cell := range cells(window.NewPool(p, window.Fast), c, 0, 500).Cells {
		f := &cell.Arms[0].Features[0]
		if learns := cell.Segment == 0; learns != (len(f.Sample.Values()) > 0) || learns != (f.N > 0) {
			t.Errorf("segment %d has a sample of %d values", cell.Segment, len(f.Sample.Values()))
		}
	}
}
