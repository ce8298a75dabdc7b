package engine

import (
	"math"
	"strings"
	"testing"

	"verdin/decision"
	"verdin/ingest/window"
)

// countries puts rows into the bins of the declared categories: missing, de, fr, new.
func countries(b Block, stable, canary [4]int) Block {
	for a, n := range [2][4]int{stable, canary} {
		arm := [2]*window.Arm{b.Stable, b.Canary}[a]
		for i, k := range n {
			bin := [4]int{window.RowMissing, window.OddRows, window.OddRows + 1, window.OddRows + 3}[i]
			for i := range k {
				arm.Features[0].AddBin(i%window.Subs, bin)
			}
		}
	}
	return b
}

// Categories are watched from the first block; a numeric feature from the revision
// that gave it edges, and blocks binned under an older plan are not read.
func TestDriftWaitsForTheEdgesOfItsFeatures(t *testing.T) {
	c := testCompiled(t, nil)
	d := started(c, newDrifts)[0].(*driftCheck)
	watch := func(revision uint32) {
		b := countries(block(c), [4]int{0, 160, 160, 0}, [4]int{0, 40, 280, 0})
		b.Revision = revision
		d.Observe(b)
	}
	watch(0)
	watch(0)
	e := find(t, d, "inputs/drift")
	one := d.features[0].logE()
	if e.Blocks != 2 || one <= 0 || math.Abs(e.LogE-math.Log((1+math.Exp(one))/2)) > 1e-12 {
		t.Fatalf("blocks %d, log e %v of the one that counts, %v of the mean with one that learns", e.Blocks, one, e.LogE)
	}
	if !strings.HasPrefix(e.Effect.Note, "the feature with most evidence: features.country; raw index") || e.N[1] == 0 {
		t.Errorf("%+v does not say which feature", e)
	}
	plan := *c.plan
	plan.Revision, plan.Features = 1, append([]window.Feature(nil), c.plan.Features...)
	plan.Features[1].Edges = []float64{20, 40}
	d.Relearn(&plan)
	watch(0) // sealed before the revision was in force
	if got := find(t, d, "inputs/drift"); got.Blocks != 2 || got.Skipped.Learning != 1 || got.LogE != e.LogE {
		t.Errorf("a block of the old revision was read: %+v", got)
	}
	c.plan = &plan
	watch(1)
	if got := find(t, d, "inputs/drift"); got.Blocks != 3 || d.features[1].test == nil {
		t.Errorf("a block of the new revision was not read: %+v", got)
	}
}

// A check shows how far apart the values are, and a fault only where the evidence is for
// one: long without any, every share of faults has more of it than the distance has.
func TestDriftShowsItsDistanceUnlessAFaultIsFound(t *testing.T) {
	for _, c := range []struct {
		name           string
		stable, canary [4]int // missing, de, fr, new
		scale          string
	}{
		{"alike", [4]int{0, 160, 160, 0}, [4]int{0, 160, 160, 0}, "ks"},
		{"other shares", [4]int{0, 160, 160, 0}, [4]int{0, 40, 280, 0}, "ks"},
		{"values missing", [4]int{4, 160, 160, 0}, [4]int{120, 100, 100, 0}, "share"},
	} {
		compiled := testCompiled(t, func(s *decision.Spec) {
			s.Drift[0].Method, s.Drift[0].Above = "ks", 0.15
		})
		d := started(compiled, newDrifts)[0].(*driftCheck)
		for range 40 {
			d.Observe(countries(block(compiled), c.stable, c.canary))
		}
		if e := find(t, d, "inputs/drift"); e.Effect.Scale != c.scale {
			t.Errorf("%s: log e %v, shown is %+v, want the %s", c.name, e.LogE, e.Effect, c.scale)
		}
	}
}
