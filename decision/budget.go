package decision

import (
	"math"

	"verdin/stats/multiple"
)

const (
	sampleRatio = "sample_ratio"
	coverage    = "coverage"

	// Parts of risk.falseHold for the split, and for label coverage (kept back until
	// that test exists): 0.001 each of the default 0.05.
	partSampleRatio = 1.0 / 50
	partCoverage    = 1.0 / 50
)

// Budget is the error budget of one generation: the threshold of every test,
// fixed before any data.
type Budget struct {
	thresholds map[[2]string]float64
}

// Threshold returns the log e at which a test has shown its claim; +∞ for a test
// that the spec does not ask for.
func (b Budget) Threshold(metric, test string) float64 {
	if t, ok := b.thresholds[[2]string{metric, test}]; ok {
		return t
	}
	return math.Inf(1)
}

// Budget spends the risks of the spec over its tests: weighted Bonferroni over all
// that can roll back, intersection-union over the guardrails that must be safe, and
// what is left of falseHold over the signals. Generation g gets 6α/(π²g²) of each.
func (s *Spec) Budget(generation uint64) Budget {
	b := Budget{map[[2]string]float64{}}
	spend := func(alpha float64) float64 { return multiple.GenerationAlpha(alpha, int(generation)) }
	f := s.families()
	b.share(f.rolls, spend(s.Risk.FalseRollback))
	b.share(f.holds, spend(s.Risk.FalseHold)*(1-partSampleRatio-partCoverage))
	for _, m := range f.shows { // reported alone: they cause nothing and take nothing
		b.thresholds[[2]string{m.metric, m.test}] = multiple.Threshold(spend(s.Risk.FalseHold), 1)
	}
	b.thresholds[[2]string{sampleRatio, sampleRatio}] = multiple.Threshold(spend(s.Risk.FalseHold), partSampleRatio)
	for _, m := range s.Metrics {
		b.thresholds[[2]string{m.Name, "safe"}] = multiple.Threshold(spend(s.Risk.FalsePromote), 1)
	}
	return b
}

type member struct {
	metric, test string
	weight       float64
}

// families sorts the tests by what their crossing can cause.
type families struct{ rolls, holds, shows []member }

func (f *families) add(spec *Spec, role string, ms ...member) {
	switch {
	case rollsBack(spec, role):
		f.rolls = append(f.rolls, ms...)
	case role == Signal:
		f.holds = append(f.holds, ms...)
	default:
		f.shows = append(f.shows, ms...)
	}
}

func (s *Spec) families() (f families) {
	for _, m := range s.Metrics {
		if m.Limit.Set {
			f.add(s, m.Role, member{m.Name, "harm", m.Weight / 2}, member{m.Name, "limit", m.Weight / 2})
			continue
		}
		f.add(s, m.Role, member{m.Name, "harm", m.Weight})
	}
	for _, d := range s.Drift {
		f.add(s, d.Role, member{d.Name, "drift", d.Weight})
	}
	return f
}

func (b Budget) share(ms []member, alpha float64) {
	sum := 0.0
	for _, m := range ms {
		sum += m.weight
	}
	for _, m := range ms {
		b.thresholds[[2]string{m.metric, m.test}] = multiple.Threshold(alpha, m.weight/sum)
	}
}
