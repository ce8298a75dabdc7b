package engine

import (
	"testing"

	"verdin/decision"
	"verdin/schemas"
)

// R44: where outcomes name units, a cohort whose horizon holds a change of split is left
// out: units that moved took their outcomes along. Where they name predictions it stays.
func TestCohortsThatAChangeOfSplitCutsAreLeftOut(t *testing.T) {
	for _, byUnit := range []bool{false, true} {
		b := newBench(t)
		b.plan.ByUnit = byUnit
		b.state.History = append(b.state.History, decision.Transition{Stage: 1, DecidedAt: second(45), AppliedAt: second(47)})
		for i := range 8 {
			b.cut(100, schemas.Never, labelled(float64(10*i), float64(10*i+10), 50))
		}
		m := testCompiled(t, nil).metricTest(4) // accuracy
		for i, block := range b.blocks {
			end := int(block.End / 1e9)
			moved := byUnit && end > 20 && end < 60 // the horizon is 20 s, the change from 45 s to 47 s
			if block.Moved != moved {
				t.Errorf("by unit %v: window to %d s: moved %v", byUnit, end, block.Moved)
			}
			if block.Moved && block.Clean {
				t.Errorf("window to %d s is called clean", end)
			}
			if i > 0 {
				continue
			}
			block.Moved = true
			if _, _, ok := m.summaries(&block); ok || m.skipped.SplitChanging != 1 || m.unsafe.SplitChanging != 1 {
				t.Errorf("a test is shown what is left of the cohort: skipped %+v", m.skipped)
			}
		}
	}
}
