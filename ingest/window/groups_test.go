package window_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"

	"verdin/ingest/window"
	"verdin/stats"
)

func stickyPlan() *window.Plan {
	p := plan()
	p.Sticky = true
	return p
}

// stickyCells observes rows of 50 units.
func stickyCells(p *window.Pool, n, from, to int) window.Partial {
	c, tally := chunk(rows(n)), p.Tally()
	for i := from; i < to; i++ {
		unit := uint64(i%50)*0x9E3779B97F4A7C15 + 1
		tally.Observe(c, i, int8(i%3&1), unit)
	}
	return window.Partial{Rollout: "default/r", Cells: tally.Close()}
}

// W3 where values are grouped by bucket of units.
func TestGroupsOfAnySplitMergeToTheSameBytes(t *testing.T) {
	pool := window.NewPool(stickyPlan(), window.Fast)
	whole := stickyCells(pool, 900, 0, 900)
	want := whole.AppendBinary(nil)
	rng := rand.New(rand.NewPCG(5, 6))
	for range 20 {
		cut1, cut2 := rng.IntN(900), rng.IntN(900)
		cut1, cut2 = min(cut1, cut2), max(cut1, cut2)
		parts := []window.Partial{stickyCells(pool, 900, 0, cut1), stickyCells(pool, 900, cut1, cut2), stickyCells(pool, 900, cut2, 900)}
		rng.Shuffle(3, func(i, k int) { parts[i], parts[k] = parts[k], parts[i] })
		parts[0].Merge(&parts[1])
		parts[0].Merge(&parts[2])
		if got := parts[0].AppendBinary(nil); !bytes.Equal(got, want) {
			t.Fatalf("cuts %d, %d: merged bytes differ", cut1, cut2)
		}
	}
	back, rest, err := window.DecodePartial(want)
	if err != nil || len(rest) != 0 || !bytes.Equal(back.AppendBinary(nil), want) || !stickyPlan().Fits(&back) || plan().Fits(&back) {
		t.Errorf("decoded: %v, %d bytes left", err, len(rest))
	}
}

// Groups say what the summaries say, bucket by bucket; each unit is named once.
func TestGroupsAddUpToTheSummaries(t *testing.T) {
	pool := window.NewPool(stickyPlan(), window.Fast)
	p := stickyCells(pool, 900, 0, 900)
	units := map[uint64]bool{}
	for _, c := range p.Cells {
		for _, arm := range c.Arms {
			for m, groups := range arm.Groups {
				var n, ones uint64
				var sum stats.Sum128
				for _, g := range groups {
					if g.Cell == window.Unlabelled {
						continue
					}
					n += g.N
					sum.Add(g.Sum)
					if g.Cell == 1 {
						ones += g.N
					}
				}
				s := &arm.Metrics[m]
				if n != s.N || s.Shape.Kind == stats.Proportion && ones != s.Ones || s.Shape.Kind == stats.Mean && sum != s.Sum {
					t.Errorf("metric %d: %d values, sum %v; the summary has %d and %v", m, n, sum, s.N, s.Sum)
				}
			}
			for _, u := range arm.Units {
				units[u.Hash] = true
			}
		}
	}
	if len(units) != 50 {
		t.Errorf("%d units, want 50", len(units))
	}
}

// Groups and units that are out of order, or of no bucket, are refused.
func TestDamagedGroupsAreRefused(t *testing.T) {
	bucket := window.Partial{Cells: []window.Cell{{Arms: [2]window.Arm{{Groups: []window.Groups{{{Bucket: window.Buckets, N: 1}}}}, {}}}}}
	none := window.Partial{Cells: []window.Cell{{Arms: [2]window.Arm{{Groups: []window.Groups{{{N: 0}}}}, {}}}}}
	order := window.Partial{Cells: []window.Cell{{Arms: [2]window.Arm{{Groups: []window.Groups{{{Bucket: 2, N: 1}, {Bucket: 1, N: 1}}}}, {}}}}}
	units := window.Partial{Cells: []window.Cell{{Arms: [2]window.Arm{{Units: window.Units{{5, 1}, {5, 1}}}, {}}}}}
	for i, p := range []window.Partial{bucket, none, order, units} {
		if _, _, err := window.DecodePartial(p.AppendBinary(nil)); !errors.Is(err, window.ErrPartial) {
			t.Errorf("%d: %v", i, err)
		}
	}
}

// An open window is restored with its groups.
func TestAStickyTallyIsRestored(t *testing.T) {
	pool := window.NewPool(stickyPlan(), window.Fast)
	c, tally := chunk(rows(200)), pool.Tally()
	for i := range 100 {
		tally.Observe(c, i, int8(i&1), uint64(i%7)+1)
	}
	again, rest, err := pool.RestoreTally(tally.AppendState(nil))
	if err != nil || len(rest) != 0 {
		t.Fatal(err)
	}
	for i := 100; i < 200; i++ {
		tally.Observe(c, i, int8(i&1), uint64(i%7)+1)
		again.Observe(c, i, int8(i&1), uint64(i%7)+1)
	}
	want, got := window.Partial{Cells: tally.Close()}, window.Partial{Cells: again.Close()}
	if !bytes.Equal(got.AppendBinary(nil), want.AppendBinary(nil)) {
		t.Error("another partial after a restore")
	}
	if _, _, err := window.NewPool(plan(), window.Fast).RestoreTally(tally.AppendState(nil)); err != nil {
		t.Errorf("an empty tally fits any plan: %v", err)
	}
}
