package calibrate

import (
	"fmt"
	"math"
	"strings"

	"verdin/decision"
)

// rungs are the limits that are tried, as multiples of what stable reads.
var rungs = []float64{1.02, 1.05, 1.1, 1.2, 1.35, 1.5, 1.75, 2, 2.5, 3, 4}

const rungMark = "~limit"

// withLimits adds to a spec one observed copy of every guardrail per limit that is
// tried. Copies have no share of the budget; their thresholds are set aside.
func withLimits(spec *decision.Spec, first *trial) *decision.Spec {
	s := *spec
	s.Metrics = append([]decision.Metric(nil), spec.Metrics...)
	for i := range spec.Metrics {
		m := &spec.Metrics[i]
		l := first.looks[m.Name+"/harm"]
		if m.Role != decision.Guardrail || m.Kind != decision.Proportion && m.Kind != decision.Quantile || m.Worse != "higher" || l == nil || !(l.Value[0] > 0) {
			continue
		}
		for k, r := range rungs {
			c := *m
			c.Name, c.Role, c.Limit = fmt.Sprintf("%s%s%d", m.Name, rungMark, k), decision.Observe, decision.Limit{Set: true, Value: upTo(l.Value[0] * r)}
			if c.Kind != decision.Proportion || c.Limit.Value < 1 {
				s.Metrics = append(s.Metrics, c)
			}
		}
	}
	return &s
}

// limits suggests for every guardrail the least limit that no more than the target of
// the splits broke. The limit would have half of the metric's share of the budget.
//
// A limit that the spec sets is raised where more than the target broke it.
func limits(spec, next, rungs *decision.Spec, trials []*trial, target float64) (all []Suggestion) {
	for i := range spec.Metrics {
		m := &spec.Metrics[i]
		own := math.Ln2 // what half of the share costs; a limit that is set has paid it
		if m.Limit.Set {
			own = 0
		}
		for k := range rungs.Metrics {
			c := &rungs.Metrics[k]
			if !strings.HasPrefix(c.Name, m.Name+rungMark) {
				continue
			}
			broken := 0
			for _, t := range trials {
				l, harm := t.looks[c.Name+"/limit"], t.looks[m.Name+"/harm"]
				if l != nil && harm != nil && l.LogEMax >= harm.Threshold+own {
					broken++
				}
			}
			if share(broken, len(trials)) > target {
				continue
			}
			if _, often := gather(trials, m.Name+"/limit", func(*look) float64 { return 0 }); m.Limit.Set && share(often, len(trials)) > target {
				next.Metrics[i].Limit.Value = math.Max(m.Limit.Value, c.Limit.Value)
			}
			all = append(all, Suggestion{m.Name, "limit", m.Limit.Value, c.Limit.Value,
				fmt.Sprintf("the least of the limits tried that at most %g %% of harmless canaries broke (%d of %d)", 100*target, broken, len(trials))})
			break
		}
	}
	return all
}
