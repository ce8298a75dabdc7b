package decision

import (
	"math"

	"verdin/stats/multiple"
)

const (
	sampleRatio = "sample_ratio"
	coverage    = "coverage"
	holdBack    = "holdback"

	// HistoryTest is the test of an arm beside its own past: a threshold for each arm.
	HistoryTest = "history"

	// Parts of risk.falseHold for the split, and for label coverage: 0.001 each of the
	// default 0.05.
	partSampleRatio = 1.0 / 50
	partCoverage    = 1.0 / 50

	// Part of a metric's weight for harm that begins after promotion: the ordinary test
	// pays 0.1 nats for it.
	partHoldBack = 0.1
)

// Budget is the error budget of one generation: the threshold of every test,
// fixed before any data.
type Budget struct {
	thresholds map[question]float64
}

// question is one test of a budget; segment is "" for all traffic.
type question struct{ metric, test, segment string }

// Threshold returns the log e at which a test has shown its claim; +∞ for a test
// that the spec does not ask for.
func (b Budget) Threshold(metric, test string) float64 { return b.SegmentThreshold(metric, test, "") }

// SegmentThreshold is Threshold for a test within one segment, named by Segment.Name.
func (b Budget) SegmentThreshold(metric, test, segment string) float64 {
	if t, ok := b.thresholds[question{metric, test, segment}]; ok {
		return t
	}
	return math.Inf(1)
}

// Budget spends the risks of the spec over its tests: weighted Bonferroni over all
// that can roll back, intersection-union over the guardrails that must be safe, and
// what is left of falseHold over the signals. Generation g gets 6α/(π²g²) of each.
func (s *Spec) Budget(generation uint64) Budget {
	b := Budget{map[question]float64{}}
	spend := func(alpha float64) float64 { return multiple.GenerationAlpha(alpha, int(generation)) }
	f := s.families()
	b.share(f.rolls, spend(s.Risk.FalseRollback))
	windows := math.Log(s.heldBackWindows())
	for _, m := range f.rolls { // an alarm within so many windows is as likely as that of a process without end
		if m.test == holdBack && s.detected(m.metric) {
			b.thresholds[m.question] += windows
		}
	}
	b.share(f.holds, spend(s.Risk.FalseHold)*(1-partSampleRatio-partCoverage))
	b.share(f.covers, spend(s.Risk.FalseHold)*partCoverage)
	for _, m := range f.shows { // reported alone: they cause nothing and take nothing
		b.thresholds[m.question] = multiple.Threshold(spend(s.Risk.FalseHold), 1)
	}
	b.thresholds[question{sampleRatio, sampleRatio, ""}] = multiple.Threshold(spend(s.Risk.FalseHold), partSampleRatio)
	safe := multiple.Threshold(spend(s.Risk.FalsePromote), 1) // of every claim that a step forward needs
	for _, m := range s.Metrics {
		b.thresholds[question{m.Name, "safe", ""}], b.thresholds[question{m.Name, "cap_safe", ""}] = safe, safe
	}
	for _, d := range s.Drift {
		b.thresholds[question{d.Name, "same", ""}] = safe
		if d.Comparison() == History { // reported alone, and half of it for each arm
			b.thresholds[question{d.Name, HistoryTest, ""}] = multiple.Threshold(spend(s.Risk.FalseHold), 0.5)
		}
	}
	return b
}

type member struct {
	question
	weight float64
}

// families sorts the tests by what their crossing can cause: a rollback, a hold for a
// signal, a hold for missing labels, or nothing.
type families struct{ rolls, holds, covers, shows []member }

// of is the family of a role.
func (f *families) of(spec *Spec, role string) *[]member {
	switch {
	case rollsBack(spec, role):
		return &f.rolls
	case role == Signal:
		return &f.holds
	}
	return &f.shows
}

// ofDrift is the family of a drift check in a role, its own or that of a segment: what
// cannot roll back takes nothing of that risk.
func (f *families) ofDrift(spec *Spec, d *Drift, role string) *[]member {
	switch {
	case d.Comparison() == Tolerance:
		return f.of(spec, role)
	case role == Observe:
		return &f.shows
	}
	return &f.holds
}

func (s *Spec) families() (f families) {
	for i := range s.Metrics {
		m := &s.Metrics[i]
		if m.On == "resource" && m.Role == Guardrail {
			continue // a rule without error control (R38)
		}
		whole := s.segmented(shared{m.Name, m.Role, m.Weight, s.looks(m), func(role string) *[]member { return f.of(s, role) }})
		own := f.of(s, m.Role)
		add := func(test string, weight float64) { *own = append(*own, member{question{m.Name, test, ""}, weight}) }
		if s.Pairs(m) {
			if whole = s.ofPairs(m, whole, add); whole == 0 {
				continue
			}
		}
		if s.HeldBack(m) {
			add(holdBack, whole*partHoldBack)
			whole *= 1 - partHoldBack
		}
		switch {
		case m.Limit.Set:
			add("harm", whole/2)
			add("limit", whole/2)
		case m.Capped():
			add("harm", whole/2)
			add("cap", whole/2)
		default:
			add("harm", whole)
		}
		if s.Health.Coverage && m.On == "outcome" && m.Missing == "exclude" {
			f.covers = append(f.covers, member{question{m.Name, coverage, ""}, 1})
		}
	}
	for _, d := range s.Drift {
		if d.Comparison() == History {
			continue
		}
		own, whole := f.ofDrift(s, &d, d.Role), d.Weight
		if d.Segments {
			whole = s.segmented(shared{d.Name, d.Role, d.Weight, []string{"drift"}, func(role string) *[]member { return f.ofDrift(s, &d, role) }})
		}
		*own = append(*own, member{question{d.Name, "drift", ""}, whole})
	}
	return f
}

// shared is a metric or a drift check whose weight is shared with its segments.
type shared struct {
	name, role string
	weight     float64
	tests      []string                    // of each segment; they share its weight
	family     func(role string) *[]member // that a role belongs to
}

// segmented adds the segments of a metric or a check to their families, and returns the
// weight that is left for all traffic: half, where a segment is of its own family (R33).
func (s *Spec) segmented(of shared) (whole float64) {
	whole = of.weight
	type part struct {
		name, role string
		share      float64
	}
	var parts []part
	for i := range s.Segments {
		g := &s.Segments[i]
		for k, v := range g.Values {
			p := part{g.Name(v), g.RoleIn(of.role, k), 1}
			if g.Shares != nil {
				p.share = g.Shares[k]
			}
			parts = append(parts, p)
		}
	}
	for _, role := range []string{Guardrail, Signal, Observe} {
		var these []part
		var traffic []float64
		for _, p := range parts {
			if p.role == role {
				these, traffic = append(these, p), append(traffic, p.share)
			}
		}
		if len(these) == 0 {
			continue
		}
		total, weights := multiple.Segments(of.weight, traffic)
		family := of.family(role)
		if family == of.family(of.role) && of.role != Observe {
			whole = total
		}
		for i, p := range these {
			for _, test := range of.tests {
				*family = append(*family, member{question{of.name, test, p.name}, weights[i] / float64(len(of.tests))})
			}
		}
	}
	return whole
}

// Name is the name of one segment, such as tags.country=de.
func (g *Segment) Name(value string) string { return g.By + "=" + value }

// RoleIn is what the k-th segment of a group does for a metric or drift check of a role:
// never more than that, and nothing where past traffic is below minShare.
func (g *Segment) RoleIn(role string, k int) string {
	switch {
	case role == Observe || g.Role == Observe || g.Shares != nil && g.Shares[k] < g.MinShare:
		return Observe
	case g.Role == Guardrail:
		return role
	}
	return Signal
}

// HeldBack tells whether a metric is watched after promotion against the share of
// stable that is held back (R34): all that guard the rollout, but for resources.
func (s *Spec) HeldBack(m *Metric) bool {
	return m.Role == Guardrail && m.On != "resource" && s.HoldBack > 0 && s.Stages[len(s.Stages)-1].Weight == 100
}

// HeldStarts is how often a watch after promotion that has no detector starts anew.
const HeldStarts = 24

// detected tells whether the watch after promotion is a detector, whose chance of a false
// alarm grows with its windows; else it is a process with a chance of its own.
func (s *Spec) detected(name string) bool {
	for i := range s.Metrics {
		if m := &s.Metrics[i]; m.Name == name {
			return s.Assignment != "sticky" && m.Kind != Mean && m.Kind != Ratio && m.Kind != Sum
		}
	}
	return false
}

// heldBackWindows is how long such a watch lasts.
func (s *Spec) heldBackWindows() float64 {
	return max(1, float64(s.Stages[len(s.Stages)-1].Bake)/float64(s.Source.Window))
}

func (b Budget) share(ms []member, alpha float64) {
	sum := 0.0
	for _, m := range ms {
		sum += m.weight
	}
	for _, m := range ms {
		b.thresholds[m.question] = multiple.Threshold(alpha, m.weight/sum)
	}
}
