package decision

import (
	"math"
	"os"
	"testing"
)

// Half of a metric's error weight is for all traffic, half is shared by its segments in
// proportion to their past traffic; each family spends its risk and no more (R33).
func TestSegmentsShareTheErrorWeight(t *testing.T) {
	learnt(t)
	data, err := os.ReadFile("../testdata/specs/whole/everything.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s, err := Parse(data, "everything.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s.Segments[0].Role = Guardrail
	b := s.Budget(1)
	alpha := func(test, segment string) float64 { return math.Exp(-b.SegmentThreshold("slow", test, segment)) }
	all, de, fr := alpha("harm", "")+alpha("limit", "")+alpha("holdback", ""), alpha("harm", "tags.country=de"), alpha("harm", "tags.country=fr")
	if math.Abs(all-de-fr) > 1e-12 || math.Abs(de/fr-60.0/25) > 1e-9 {
		t.Errorf("all traffic %v, de %v, fr %v", all, de, fr)
	}
	f := s.families()
	for name, c := range map[string]struct {
		members []member
		risk    float64
	}{"rollback": {f.rolls, s.Risk.FalseRollback}, "hold": {append(f.holds, f.covers...), s.Risk.FalseHold}} {
		sum := 0.0
		for _, m := range c.members {
			sum += math.Exp(-b.SegmentThreshold(m.metric, m.test, m.segment))
		}
		if sum > 6/(math.Pi*math.Pi)*c.risk+1e-12 || len(c.members) < 3 {
			t.Errorf("%s: %d tests spend %v of %v", name, len(c.members), sum, c.risk)
		}
	}
	if got := s.SegmentRole(&s.Metrics[0], &s.Segments[1], 0); got != Observe {
		t.Errorf("an observed segment has role %s", got)
	}
	s.Segments[0].MinShare = 0.3
	if got := s.SegmentRole(&s.Metrics[3], &s.Segments[0], 1); got != Observe {
		t.Errorf("a segment below minShare has role %s", got)
	}
	if !math.IsInf(b.SegmentThreshold("slow", "harm", "tags.country=it"), 1) {
		t.Error("a segment that the spec does not list has a threshold")
	}
}
