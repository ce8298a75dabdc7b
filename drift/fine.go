package drift

import (
	"fmt"

	"verdin/stats"
)

// Fine is how far apart the values of the arms are in the current stage, at the edges of
// bins that are finer than those a test works on: the Kolmogorov–Smirnov distance of the
// two samples lies between what it tells. It is for readers; verdicts rest on the tests.
type Fine struct {
	shown          display
	stable, canary []int64 // scratch
}

// NewFine returns the distance over so many bins, which are ordered.
func NewFine(bins int) *Fine {
	bins = max(bins, 1)
	return &Fine{shown: newDisplay(bins), stable: make([]int64, bins), canary: make([]int64, bins)}
}

// Observe takes the counts of a window of a stage. A window of another shape, of no stage,
// or with an empty arm is left out.
func (f *Fine) Observe(stable, canary []uint64, stage int) {
	if len(stable) != len(f.stable) || len(canary) != len(f.canary) || stage < 0 {
		return
	}
	for i := range stable {
		f.stable[i], f.canary[i] = int64(min(stable[i], mostPast)), int64(min(canary[i], mostPast))
	}
	c := Counts{Stable: f.stable, Canary: f.canary}
	if n := c.Totals(); n[0] > 0 && n[1] > 0 {
		f.shown.add(c, stage)
	}
}

// Effect is the distance at the edges; the note says how large the distance between the
// values themselves may be. Without windows in the stage both are 0.
func (f *Fine) Effect() stats.Interval {
	low, high := ks(f.shown.arms())
	return stats.Interval{Estimate: low, Scale: "ks", Note: fmt.Sprintf("between %.4g and %.4g, current stage", low, high)}
}

// AppendState appends the state to b.
func (f *Fine) AppendState(b []byte) []byte {
	s := state{buf: b}
	f.walk(&s)
	return s.buf
}

// Restore replaces the state by one that AppendState wrote for as many bins; else it
// returns an error that wraps ErrState.
func (f *Fine) Restore(b []byte) error {
	next, s := NewFine(len(f.stable)), state{buf: b, reading: true}
	next.walk(&s)
	if err := s.end(); err != nil {
		return err
	}
	*f = *next
	return nil
}

func (f *Fine) walk(s *state) {
	s.head('F', len(f.stable), 0, 0)
	f.shown.walk(s)
}
