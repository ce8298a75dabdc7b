package engine

import (
	"math"
	"testing"

	"verdin/decision"
	"verdin/ingest/window"
	"verdin/stats"
	"verdin/stats/sequential"
)

// The sample ratio is tested on clean blocks with a declared share alone: a split
// that nobody declared never alarms, however odd.
func TestTheSampleRatioNeedsADeclaredShareAndACleanBlock(t *testing.T) {
	c := testCompiled(t, nil)
	t.Run("by hand", func(t *testing.T) {
		test, tilt := newSampleRatio(c)[0], sequential.NewSampleRatio()
		for _, n := range [][2]int{{900, 100}, {800, 130}} {
			test.Observe(shares(c, [2]int{}, n))
			tilt.Observe(0.1, int64(n[0]), int64(n[1]))
		}
		e := find(t, test, "sample_ratio")
		if e.LogE != tilt.LogE() || e.N != [2]int64{1700, 230} || e.Blocks != 2 || e.Value[1] != 230.0/1930 || math.Abs(e.Value[0]-0.1) > 1e-12 {
			t.Errorf("%+v, want log e %v", e, tilt.LogE())
		}
	})
	odd := func(change func(*Block)) stats.Evidence {
		test := newSampleRatio(c)[0]
		for range 50 {
			b := shares(c, [2]int{}, [2]int{100, 900})
			change(&b)
			test.Observe(b)
		}
		return find(t, test, "sample_ratio")
	}
	if e := odd(func(*Block) {}); e.Result != stats.Harm {
		t.Errorf("90 %% instead of 10 %%: log e %v of %v", e.LogEMax, e.Threshold)
	}
	for _, share := range []float64{0, 1} {
		if e := odd(func(b *Block) { b.Share = share }); e.LogEMax != 0 || e.Result != stats.Unknown || e.Skipped.UnknownShare != 50 {
			t.Errorf("share %v: %+v, want no alarm", share, e)
		}
	}
	if e := odd(func(b *Block) { b.Clean = false }); e.LogEMax != 0 || e.Skipped.SplitChanging != 50 {
		t.Errorf("unclean: %+v, want no alarm", e)
	}
	if e := odd(func(b *Block) { b.Lane = window.Label }); e.Blocks != 0 {
		t.Errorf("label lane: %+v, want nothing scored", e)
	}
	c = testCompiled(t, func(s *decision.Spec) { s.Health.SampleRatio = false })
	if got := newSampleRatio(c); got != nil {
		t.Error("tested though the spec turns it off")
	}
}
