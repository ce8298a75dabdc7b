package engine

import (
	"testing"

	"verdin/ingest/window"
)

// A unit counts once, in the block of its first exposure; one that is seen in both arms
// is crossed, once a stage, and counts for neither when it comes so.
func TestAUnitIsFirstExposedOnce(t *testing.T) {
	b := newBench(t)
	b.plan.Sticky = true
	expose := func(stable, canary []uint64) [2]int64 {
		return b.expose(&window.Cell{Arms: [2]window.Arm{{Units: each(stable)}, {Units: each(canary)}}}, true)
	}
	for i, c := range []struct {
		stable, canary []uint64
		first          [2]int64
		crossed        int64
	}{
		{[]uint64{1, 2, 3}, []uint64{9}, [2]int64{3, 1}, 0},
		{[]uint64{1, 2, 4}, []uint64{9}, [2]int64{1, 0}, 0},
		{[]uint64{5}, []uint64{1, 5, 6}, [2]int64{0, 1}, 2},
		{[]uint64{5}, []uint64{1, 5}, [2]int64{0, 0}, 2},
	} {
		if got := expose(c.stable, c.canary); got != c.first || b.health.Crossed != c.crossed {
			t.Errorf("block %d: first %v, %d crossed; want %v, %d", i, got, b.health.Crossed, c.first, c.crossed)
		}
	}
	b.enter(1)
	if got := expose([]uint64{9, 7}, nil); got != [2]int64{1, 0} || b.health.Crossed != 0 || b.health.Units != [2]int64{2, 0} {
		t.Errorf("in the next stage: first %v, health %+v", got, b.health)
	}
}

// Beyond the bound a fair part of the units is counted, and memory stays bounded.
func TestTheUnitsRememberedAreBounded(t *testing.T) {
	b := newBench(t)
	h, units := newHasher("x"), make([]uint64, 1<<16)
	var late [2]int64
	for block := range uint64(40) {
		for i := range units {
			units[i] = h.sum(block, appendTime(nil, second(float64(i))))
		}
		first := b.expose(&window.Cell{Arms: [2]window.Arm{{Units: each(units[:1<<15])}, {Units: each(units[1<<15:])}}}, true)
		if block >= 35 {
			add(&late, first)
		}
		if again := b.expose(&window.Cell{Arms: [2]window.Arm{{Units: each(units)}, {}}}, true); again != [2]int64{} {
			t.Fatalf("block %d: %v units for the second time", block, again)
		}
	}
	n, share := late[0]+late[1], float64(late[1])/float64(late[0]+late[1])
	if b.exposed.seen.n > mostUnits || b.exposed.level == 0 || n < 5<<13 || share < 0.49 || share > 0.51 {
		t.Errorf("%d units remembered, level %d; %d of the last counted, share %.3f", b.exposed.seen.n, b.exposed.level, n, share)
	}
}

func each(hashes []uint64) (out window.Units) {
	for _, h := range hashes {
		out = append(out, window.Unit{Hash: h, N: 1})
	}
	return out
}
