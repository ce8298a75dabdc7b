package calibrate

import (
	"fmt"
	"math"
	"slices"

	"verdin/decision"
)

// Suggestion is one number that the history speaks for.
type Suggestion struct {
	Check string  `json:"check"`
	Field string  `json:"field"` // "margin", "tolerance", "limit", "above"
	Now   float64 `json:"now"`   // in the spec; 0 = not set
	Next  float64 `json:"next"`  // to write; 0 = this history is too short to say
	Why   string  `json:"why"`
}

// shown is the share of harmless canaries that a suggested margin lets be shown safe.
const shown = 0.8

// suggest looks at trials of the spec as it is and returns it with the numbers that the
// history supports. Nothing is made stricter than it is: how much harm is acceptable is
// not for the data to say.
func suggest(spec *decision.Spec, trials []*trial, target float64) (*decision.Spec, []Suggestion) {
	next := *spec
	next.Metrics, next.Drift = slices.Clone(spec.Metrics), slices.Clone(spec.Drift)
	var all []Suggestion
	for i := range next.Metrics {
		m := &next.Metrics[i]
		if m.Margin.Set && m.On != "resource" {
			all = append(all, margin(m, trials, target)...)
		}
	}
	for i := range next.Drift {
		d := &next.Drift[i]
		effects, alarms := widest(trials, d.Name, "drift", func(l *look) float64 { return l.Effect.Estimate })
		if share(alarms, len(trials)) <= target {
			continue
		}
		above := math.Max(d.Above, upTo(quantile(effects, 1-target)))
		all = append(all, Suggestion{d.Name, "above", d.Above, above,
			fmt.Sprintf("the check found drift in %d of %d harmless splits; in %g %% of them the %s was below this", alarms, len(trials), 100*(1-target), d.Method)})
		d.Above = above
	}
	return &next, all
}

// margin suggests a margin, and a tolerance where equal halves are told apart too often.
func margin(m *decision.Metric, trials []*trial, target float64) (all []Suggestion) {
	least, alarms := widest(trials, m.Name, "harm", func(l *look) float64 { return l.leastHarm })
	most, _ := gather(trials, m.Name+"/harm", func(l *look) float64 { return l.mostHarm })
	now := *m
	if share(alarms, len(trials)) > target {
		m.Tolerance.Value = math.Max(m.Tolerance.Value, upTo(quantile(least, 1-target)))
		all = append(all, Suggestion{m.Name, "tolerance", now.Tolerance.Value, m.Tolerance.Value,
			fmt.Sprintf("the check found harm in %d of %d harmless splits: their rows are not independent, or differ more than chance", alarms, len(trials))})
	}
	reach := quantile(most, shown)
	s := Suggestion{Check: m.Name, Field: "margin", Now: now.Margin.Value}
	switch {
	case math.IsInf(reach, 0) || reach <= 0:
		s.Why = "this history is too short to show any margin"
		m.Margin.Value = math.Max(now.Margin.Value, m.Tolerance.Value)
	case m.Role != decision.Guardrail:
		s.Why, s.Next = "as it is: nothing waits for a signal to be shown safe", math.Max(now.Margin.Value, m.Tolerance.Value)
		m.Margin.Value = s.Next
	default:
		s.Next = math.Max(math.Max(now.Margin.Value, m.Tolerance.Value), upTo(reach))
		s.Why = fmt.Sprintf("%g %% of harmless canaries of this length are shown to be within %.3g", 100*shown, upTo(reach))
		m.Margin.Value = s.Next
	}
	return append(all, s)
}

// widest are the greatest values, by trial, that a test has over all traffic or in any
// segment: both have one tolerance. Alarms are the trials in which any of them alarmed.
func widest(trials []*trial, metric, test string, of func(*look) float64) (values []float64, alarms int) {
	for _, t := range trials {
		most, any, found := 0.0, false, false
		for _, name := range t.order {
			l := t.looks[name]
			if l.Metric != metric || l.Test != test {
				continue
			}
			if loud := alarmed(l); loud || l.Segment == "" {
				most, any = math.Max(most, of(l)), any || loud
			}
			found = true
		}
		if found {
			values = append(values, most)
		}
		if any {
			alarms++
		}
	}
	return values, alarms
}

func gather(trials []*trial, name string, of func(*look) float64) (values []float64, alarms int) {
	for _, t := range trials {
		l, ok := t.looks[name]
		if !ok {
			continue
		}
		values = append(values, of(l))
		if alarmed(l) {
			alarms++
		}
	}
	return values, alarms
}

func share(k, n int) float64 { return float64(k) / math.Max(1, float64(n)) }

// quantile is the least value that a share q of the values does not exceed.
func quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return math.Inf(1)
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[min(max(int(math.Ceil(q*float64(len(sorted))))-1, 0), len(sorted)-1)]
}

// upTo rounds up to two digits: nobody writes more into a spec.
func upTo(x float64) float64 {
	if !(x > 0) || math.IsInf(x, 0) {
		return x
	}
	unit := math.Pow(10, math.Floor(math.Log10(x))-1)
	digits := int(math.Max(0, 1-math.Floor(math.Log10(x))))
	up := math.Ceil(x/unit-1e-9) * unit
	scale := math.Pow(10, float64(digits))
	return math.Round(up*scale) / scale
}
