package drift

import (
	"slices"
	"testing"
)

func TestGroupsAimAtDoublingSizes(t *testing.T) {
	for _, c := range []struct {
		expected float64
		want     []int
	}{
		{0, []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}}, // nothing known
		{1e-9, []int{16}},
		{20, []int{16}},
		{30, []int{16}},
		{40, []int{8, 16}},
		{60, []int{6, 16}},
		{160, []int{2, 6, 16}},
		{1000, []int{1, 3, 7, 16}},
		{1e9, []int{1, 3, 7, 16}},
	} {
		got := groups(nil, c.expected, 16)
		if !slices.Equal(got, c.want) {
			t.Errorf("expecting %v canary events: groups end at %v, want %v", c.expected, got, c.want)
		}
		if !slices.IsSorted(got) || got[len(got)-1] != 16 {
			t.Errorf("expecting %v canary events: %v does not cover the window", c.expected, got)
		}
	}
}

// scored lists the canary events and stages of the blocks that windows lead to.
func scored(windows ...Block) (canary []int64, stages []int) {
	p := newPending(2)
	for i := range windows {
		p.observe(&windows[i], func(c Counts, stage int) {
			canary, stages = append(canary, c.Totals()[1]), append(stages, stage)
		})
	}
	return canary, stages
}

// part makes a window of one part with events in the first bin.
func part(stage int, stable, canary int64) Block {
	b := whole([]int64{stable, 0}, []int64{canary, 0})
	b.Stage = stage
	return b
}

func TestSmallWindowsMergeUntilTwentyCanaryEvents(t *testing.T) {
	for _, c := range []struct {
		what    string
		windows []Block
		canary  []int64
		stages  []int
	}{
		{"merge", []Block{part(0, 9, 8), part(0, 9, 8), part(0, 9, 8), part(0, 9, 8)}, []int64{24}, []int{0}},
		{"a full window", []Block{part(0, 9, 20), part(0, 9, 500)}, []int64{20, 500}, []int{0, 0}},
		{"no canary events", []Block{part(0, 9, 19), part(0, 9, 0), part(0, 9, 1)}, []int64{20}, []int{0}},
		{"no stable events", []Block{part(0, 9, 19), part(0, 0, 100), part(0, 9, 1)}, []int64{20}, []int{0}},
		{"the stage ends", []Block{part(0, 9, 3), part(1, 9, 20)}, []int64{3, 20}, []int{0, 1}},
		{"a stage without canary ends", []Block{part(0, 9, 0), part(1, 9, 20)}, []int64{20}, []int{1}},
	} {
		canary, stages := scored(c.windows...)
		if !slices.Equal(canary, c.canary) || !slices.Equal(stages, c.stages) {
			t.Errorf("%s: blocks of %v canary events in stages %v, want %v in %v", c.what, canary, stages, c.canary, c.stages)
		}
	}
}

// How a window is cut depends on counts of past windows only: the same events in
// other bins give the same cuts, also while some of them wait.
func TestCutsDoNotDependOnValues(t *testing.T) {
	next := Block{Sub: 16, Bins: 2, Stable: make([]uint64, 32), Canary: make([]uint64, 32)}
	for i := range 16 {
		next.Stable[2*i], next.Canary[2*i] = 60, 10
	}
	for bin := range 2 {
		past := []Block{part(0, 900, 160), part(0, 90, 19)}
		for i := range past {
			if bin == 1 {
				slices.Reverse(past[i].Stable)
				slices.Reverse(past[i].Canary)
			}
		}
		got, _ := scored(append(past, next)...)
		if want := []int64{160, 59, 120}; !slices.Equal(got, want) {
			t.Errorf("past events in bin %d: blocks of %v canary events, want %v", bin, got, want)
		}
	}
}
