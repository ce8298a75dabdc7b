package decision

import (
	"maps"
	"math"
	"time"

	"verdin/stats/sequential"
)

// over is a traffic in which what is known takes the place of what is said.
func (t Traffic) over(known Traffic) Traffic {
	if known.PerMinute > 0 {
		t.PerMinute = known.PerMinute
	}
	if len(known.Base) > 0 {
		t.Base = maps.Clone(t.Base)
		if t.Base == nil {
			t.Base = map[string]Base{}
		}
		maps.Copy(t.Base, known.Base)
	}
	return t
}

// PlanStage is about how long a stage needs until a guardrail can be shown safe, at
// the traffic and the base values that the spec states, if the arms are equal: windows
// by the planning formula, the bake, and the labels' horizon. ok is false where the
// spec does not state enough, and for kinds without a formula (quantiles).
func (s *Spec) PlanStage(m *Metric, stage int) (need time.Duration, ok bool) {
	base, known := s.Traffic.Base[m.Name]
	if !known || s.Traffic.PerMinute == 0 || m.Role != Guardrail || !m.gates() {
		return 0, false
	}
	share := float64(weightBps(s, stage)) / 10000
	window := float64(s.Traffic.PerMinute * s.Source.Window.Minutes())
	per := sequential.Traffic{Stable: window * (1 - share), Canary: window * share}
	if s.Mirrored(stage) {
		per = sequential.Traffic{Stable: window, Canary: window} // as if the pairs were none: a bound
	}
	blocks, ok := planned(m, s.margin(m, stage), base, per, s.Budget(1).Threshold(m.Name, "safe"))
	if !ok || blocks > float64(longest/s.Source.Window) {
		return longest, ok
	}
	need = max(s.Stages[stage].Bake, time.Duration(blocks)*s.Source.Window) + s.Source.Lateness
	if m.On == "outcome" {
		need += s.Source.Horizon
	}
	return need, true
}

// planned is the number of windows until a metric can be shown safe.
func planned(m *Metric, margin Margin, base Base, per sequential.Traffic, threshold float64) (blocks float64, ok bool) {
	n := sequential.Null{Worse: sequential.Higher, Relative: margin.Relative, Margin: margin.Value}
	if m.Worse == "lower" {
		n.Worse = sequential.Lower
	}
	switch {
	case m.Kind == Proportion && base.Value > 0 && base.Value < 1:
		return sequential.PlanBinary(n, base.Value, base.Value, per, threshold)
	case m.Kind == Mean && base.SD > 0:
		return sequential.PlanMean(n, base.Value, base.Value, base.SD, per, threshold)
	}
	return 0, false
}

// margin is the margin of a metric in a stage.
func (s *Spec) margin(m *Metric, stage int) Margin {
	if own, ok := s.Stages[stage].Margins[m.Name]; ok {
		return own
	}
	return m.Margin
}

// gates tells whether a guardrail must be shown safe before a step.
func (m *Metric) gates() bool { return m.Mode != "watch" && m.Mode != "proxy" }

// traffic refuses a stage that cannot decide in its time.
func (c *checker) traffic() {
	s := c.spec
	t := &s.Traffic
	c.refuse(t.PerMinute >= 0 && t.PerMinute <= 1e9, place("traffic", "perMinute"), "use the predictions of both arms in a minute", "perMinute %v is out of range", t.PerMinute)
	for _, name := range sortedKeys(t.Base) {
		b, known := t.Base[name], false
		for i := range s.Metrics {
			known = known || s.Metrics[i].Name == name
		}
		c.refuse(known, place("traffic", "base", name), "name a metric of this spec", "traffic: no metric is called %q", name)
		c.refuse(math.Abs(b.Value) <= maxValue && b.SD >= 0 && b.SD <= maxValue, place("traffic", "base", name), "use numbers in the metric's unit", "traffic: the base of %s is out of range", name)
	}
	if c.complaint() != nil || t.PerMinute == 0 {
		return
	}
	for i, st := range s.Stages {
		if st.MaxDuration == 0 {
			continue
		}
		path := place("stages", i, "maxDuration")
		least := min(weightBps(s, i), 10000-weightBps(s, i))
		if least == 0 {
			least = 10000
		}
		rows := float64(t.PerMinute*st.MaxDuration.Minutes()) * float64(least) / 10000
		c.refuse(rows >= float64(st.MinSamples), path, "allow more time, ask for fewer samples, or give the smaller arm more traffic", "stage %d: about %.0f predictions of the smaller arm come within %s, and minSamples asks for %d", i+1, rows, brief(st.MaxDuration), st.MinSamples)
		for k := range s.Metrics {
			m := &s.Metrics[k]
			need, ok := s.PlanStage(m, i)
			c.refuse(!ok || need <= st.MaxDuration, path, "allow more time, widen the margin of "+m.Name+", or give the smaller arm more traffic", "stage %d cannot decide within %s: showing %s safe takes about %s at %v predictions per minute", i+1, brief(st.MaxDuration), m.Name, brief(need.Round(time.Second)), t.PerMinute)
		}
	}
}
