package decision

import (
	"math"
	"os"
	"testing"
)

// Half of a metric's error weight is for all traffic, half is shared by its segments in
// proportion to their past traffic; each family spends its risk and no more (R33).
func TestSegmentsShareTheErrorWeight(t *testing.T) {
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
	if got := s.Segments[1].RoleIn(s.Metrics[0].Role, 0); got != Observe {
		t.Errorf("an observed segment has role %s", got)
	}
	s.Segments[0].MinShare = 0.3
	if got := s.Segments[0].RoleIn(s.Metrics[3].Role, 1); got != Observe {
		t.Errorf("a segment below minShare has role %s", got)
	}
	if !math.IsInf(b.SegmentThreshold("slow", "harm", "tags.country=it"), 1) {
		t.Error("a segment that the spec does not list has a threshold")
	}
}

// A drift check that asks within segments shares its weight as a metric does; its segments
// are in the family of what they can cause.
func TestDriftInSegmentsSharesTheErrorWeight(t *testing.T) {
	data, err := os.ReadFile("../testdata/specs/good/drift-in-segments.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s, err := Parse(data, "drift-in-segments.yaml")
	if err != nil {
		t.Fatal(err)
	}
	b := s.Budget(1)
	alpha := func(check, segment string) float64 { return math.Exp(-b.SegmentThreshold(check, "drift", segment)) }
	const first = 6 / (math.Pi * math.Pi)
	// scores guards: its guarded segments share half its weight, all of that risk there is.
	all, de, fr := alpha("scores", ""), alpha("scores", "tags.country=de"), alpha("scores", "tags.country=fr")
	if math.Abs(all+de+fr-first*s.Risk.FalseRollback) > 1e-12 || math.Abs(all-de-fr) > 1e-12 || math.Abs(de/fr-3) > 1e-9 {
		t.Errorf("scores: all traffic %v, de %v, fr %v", all, de, fr)
	}
	// inputs can hold only, and so can the segments of scores that are signals.
	sum := 0.0
	for _, m := range s.families().holds {
		sum += alpha(m.metric, m.segment)
	}
	if want := first * s.Risk.FalseHold * (1 - partSampleRatio - partCoverage); math.Abs(sum-want) > 1e-12 || len(s.families().holds) != 7 {
		t.Errorf("%d tests may hold and spend %v, want %v", len(s.families().holds), sum, want)
	}
	inside := alpha("inputs", "tags.country=de") + alpha("inputs", "tags.country=fr") + alpha("inputs", "features.tier=free") + alpha("inputs", "features.tier=paid")
	if math.Abs(alpha("inputs", "")-inside) > 1e-12 {
		t.Errorf("inputs: all traffic %v, segments %v", alpha("inputs", ""), inside)
	}
}

// A comparison of each arm with its own past has an error of its own, half for each, and
// takes nothing of what others may spend.
func TestHistorySpendsNothingOfOthers(t *testing.T) {
	data, err := os.ReadFile("../testdata/specs/good/history.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s, err := Parse(data, "history.yaml")
	if err != nil {
		t.Fatal(err)
	}
	with := s.Budget(1)
	if got := math.Exp(-with.Threshold("habits", HistoryTest)); math.Abs(got-s.Risk.FalseHold*6/(math.Pi*math.Pi)/2) > 1e-12 || !math.IsInf(with.Threshold("habits", "drift"), 1) {
		t.Errorf("an arm has an error of %v", got)
	}
	s.Drift = nil
	for q, threshold := range s.Budget(1).thresholds {
		if with.thresholds[q] != threshold {
			t.Errorf("%v needs %v with history, %v without", q, with.thresholds[q], threshold)
		}
	}
}
