package engine

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"reflect"
	"testing"

	"verdin/decision"
	"verdin/drift"
	"verdin/ingest/window"
	"verdin/stats"
)

// drawn is a block of either lane with rows of every metric and feature, now and then
// with an empty arm, unclean, or with a gap.
func drawn(c compiled, rng *rand.Rand, stage int) Block {
	b := block(c)
	b.Mirrored = c.spec.Mirrored(stage)
	b.Stage, b.Gap = stage, rng.IntN(9) == 0
	b.Clean = !b.Gap && rng.IntN(5) > 0
	b.Share = []float64{0, 0.1, 0.1, 0.1}[rng.IntN(4)]
	b.Start = second(float64(rng.IntN(1000)))
	if rng.IntN(3) == 0 {
		b.Lane = window.Label
		for _, arm := range []*window.Arm{b.Stable, b.Canary} {
			*arm = window.Arm{}
			for i := range c.plan.Metrics {
				if m := &c.plan.Metrics[i]; m.Lane() == window.Label {
					arm.Metrics = append(arm.Metrics, stats.NewSummary(m.Shape))
				}
			}
			if c.plan.Sticky {
				arm.Groups = make([]window.Groups, len(arm.Metrics))
			}
		}
	}
	if n := len(c.plan.Inside); n > 0 && b.Lane == window.Fast {
		if b.Segment = rng.IntN(3); b.Segment > 0 { // has the features of Inside alone
			b.Stable.Features, b.Canary.Features = b.Stable.Features[:n], b.Canary.Features[:n]
		}
	}
	for a, arm := range []*window.Arm{b.Stable, b.Canary} {
		if rng.IntN(12) == 0 {
			continue
		}
		for range 60 - 20*a {
			arm.N++
			for m := range arm.Metrics {
				x := rng.ExpFloat64() * 10
				if arm.Metrics[m].Shape.Kind == stats.Proportion {
					x = float64(rng.IntN(8) / 7)
				}
				arm.Metrics[m].Add(x)
				if c.plan.Sticky {
					v, _ := stats.Fix(x)
					g := window.Group{Bucket: uint8(rng.IntN(window.Buckets)), Cell: uint16(stats.GridCell(x)), N: 1, Sum: v}
					if arm.Metrics[m].Shape.Kind == stats.Proportion {
						g.Cell = uint16(x)
					}
					arm.Groups[m] = append(arm.Groups[m], g)
				}
			}
			for f := range arm.Features {
				arm.Features[f].AddBin(rng.IntN(arm.Features[f].Shape.Sub), rng.IntN(arm.Features[f].Shape.Bins))
			}
		}
	}
	return b
}

// learntPlan is the spec of these tests with the edges of its features known.
func learntPlan(t testing.TB, change ...func(*decision.Spec)) compiled {
	c := testCompiled(t, append(change, nil)[0])
	l := newLearner(c.spec, c.plan)
	l.learnt = []drift.Reference{{}, tens(t)}
	c.plan = l.revise(c.plan)
	return c
}

// tens is a reference of values from 0 to 60, in bins of ten.
func tens(t testing.TB) drift.Reference {
	e, err := drift.NewEdges([]float64{0, 10, 20, 30, 40, 50, 60})
	if err != nil {
		t.Fatal(err)
	}
	return drift.Reference{Field: "features.age", Edges: e, Counts: []int64{0, 9, 9, 9, 9, 9, 9, 0}}
}

// R39 for every row of the catalogue: a test that is restored at every block has the same
// state, and says at every later block what the undisturbed one says.
func TestEveryTestKeepsItsState(t *testing.T) {
	asked := keepsState(t, learntPlan(t))
	sticky := keepsState(t, learntPlan(t, func(s *decision.Spec) {
		s.Assignment, s.Drift = "sticky", s.Drift[:1]
		s.Metrics = append(s.Metrics, decision.Metric{Name: "memory", Kind: decision.Mean, On: "resource", Field: "memory_bytes",
			Worse: "higher", Role: decision.Guardrail, Weight: 1, Margin: decision.Margin{Set: true, Value: 9}, Breached: [2]int{3, 5}})
		s.Metrics = append(s.Metrics, decision.Metric{Name: "spend", Kind: decision.Sum, On: "prediction", Field: "metrics.tokens",
			Per: "unit_id", Worse: "higher", Role: decision.Guardrail, Weight: 1, Margin: decision.Margin{Set: true, Value: 9}})
	}))
	shadow := keepsState(t, learntPlan(t, mirrored))
	keepsState(t, learntPlan(t, inSegments))
	for i, row := range catalogue {
		if !asked[i] && !sticky[i] && !shadow[i] {
			t.Errorf("%s: no spec asks for it", row.name)
		}
	}
}

// inSegments has the checks on the first feature ask within two segments as well.
func inSegments(s *decision.Spec) {
	s.Segments = []decision.Segment{{By: "tags.country", Values: []string{"de", "fr"}, Role: decision.Guardrail}}
	for i := range s.Drift {
		s.Drift[i].Segments = s.Drift[i].Of[0].Field == s.Drift[0].Of[0].Field
	}
}

// mirrored makes the first stage of a spec one of copies of requests.
func mirrored(s *decision.Spec) {
	s.Stages[0].Weight = 0
	for i := range s.Metrics {
		if m := &s.Metrics[i]; s.Pairs(m) {
			m.Margin, m.Tolerance = decision.Margin{Set: true, Value: 0.1}, decision.Margin{Set: true, Value: 0.01}
		}
	}
}

func keepsState(t *testing.T, c compiled) (asked []bool) {
	for _, row := range catalogue {
		ref, live := row.new(c), row.new(c)
		if asked = append(asked, len(ref) > 0); len(ref) == 0 {
			continue
		}
		rng, first := rand.New(rand.NewPCG(1, 1)), ref[0].AppendState(nil)
		for n := range 90 {
			b := drawn(c, rng, n/30)
			b.Revision, b.First = 1, [2]int64{rng.Int64N(50), rng.Int64N(9)}
			b.Start = second(float64(20 * n))
			again := row.new(c)
			for i := range ref {
				if n%30 == 0 {
					ref[i].StartStage(b.Stage)
					live[i].StartStage(b.Stage)
				}
				ref[i].Observe(b)
				live[i].Observe(b)
				if n%Stride > 0 {
					again[i] = live[i]
					continue
				}
				state := live[i].AppendState([]byte("x"))[1:]
				if err := again[i].Restore(state); err != nil {
					t.Fatalf("%s: %v", row.name, err)
				}
				if !bytes.Equal(again[i].AppendState(nil), state) || !bytes.Equal(ref[i].AppendState(nil), state) {
					t.Fatalf("%s, block %d: another state", row.name, n)
				}
				if want, got := ref[i].Evidence(nil), again[i].Evidence(nil); !reflect.DeepEqual(got, want) {
					t.Fatalf("%s, block %d: restored %+v\nundisturbed %+v", row.name, n, got, want)
				}
			}
			live = again
		}
		if bytes.Equal(ref[0].AppendState(nil), first) {
			t.Errorf("%s: nothing was learnt: the law is about nothing", row.name)
		}
	}
	return asked
}

func TestATestRefusesADamagedState(t *testing.T) {
	c := learntPlan(t)
	for _, row := range catalogue {
		if len(row.new(c)) == 0 {
			continue
		}
		state := row.new(c)[0].AppendState(nil)
		for _, b := range [][]byte{nil, state[:len(state)-1], append(bytes.Clone(state), 0), state[:len(state)/2]} {
			if err := row.new(c)[0].Restore(b); !errors.Is(err, errTest) {
				t.Errorf("%s: %d of %d bytes: %v", row.name, len(b), len(state), err)
			}
		}
	}
}

func FuzzRestoreTests(f *testing.F) {
	c := learntPlan(f)
	for i, row := range catalogue {
		if len(row.new(c)) == 0 {
			continue
		}
		test, rng := row.new(c)[0], rand.New(rand.NewPCG(1, 1))
		f.Add(uint8(i), test.AppendState(nil))
		for range 20 {
			test.Observe(drawn(c, rng, 0))
		}
		f.Add(uint8(i), test.AppendState(nil))
	}
	f.Fuzz(func(t *testing.T, row uint8, b []byte) {
		tests := catalogue[int(row)%len(catalogue)].new(c)
		if len(tests) == 0 {
			return
		}
		test := tests[0]
		if test.Restore(b) != nil {
			return
		}
		again := catalogue[int(row)%len(catalogue)].new(c)[0]
		if err := again.Restore(test.AppendState(nil)); err != nil {
			t.Fatalf("what was accepted is refused when it is written again: %v", err)
		}
		test.Evidence(nil)
	})
}
