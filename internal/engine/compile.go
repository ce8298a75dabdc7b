package engine

import (
	"math"
	"slices"

	"verdin/decision"
	"verdin/ingest/window"
	"verdin/schemas"
	"verdin/stats"
)

// Layout is the union of the fields that the rollouts of one source need, so
// that an event is decoded once however many rollouts watch its topic.
func Layout(specs ...*decision.Spec) *schemas.Layout {
	var l schemas.Layout
	add := func(k schemas.Kind, field string) { l.Fields[k] = append(l.Fields[k], field) }
	for _, s := range specs {
		add(schemas.KindPrediction, "error_type")
		if s.Health.Artifact {
			add(schemas.KindPrediction, "model_version")
		}
		for i := range s.Metrics {
			add(field(&s.Metrics[i]))
		}
		for _, g := range s.Segments {
			add(schemas.KindPrediction, g.By)
		}
		for _, d := range s.Drift {
			for _, f := range d.Of {
				add(schemas.KindPrediction, f.Field)
			}
		}
	}
	for k := range l.Fields {
		slices.Sort(l.Fields[k])
		l.Fields[k] = slices.Compact(l.Fields[k])
	}
	return &l
}

// field returns the column that a metric reads.
func field(m *decision.Metric) (schemas.Kind, string) {
	switch m.On {
	case "outcome":
		if m.Value == "label" {
			return schemas.KindOutcome, "label"
		}
		return schemas.KindOutcome, "value"
	case "resource":
		return schemas.KindResource, m.Field
	}
	return schemas.KindPrediction, m.Field
}

// Compile turns a spec into the plan that shards follow, over a layout that holds
// its fields. Windows begin at start.
func Compile(s *decision.Spec, l *schemas.Layout, generation uint32, start schemas.Time) *window.Plan {
	p := &window.Plan{
		Rollout: s.FullName(),
		Stable:  s.Arms.Stable, Canary: s.Arms.Canary,
		Generation: generation,
		Length:     s.Source.Window, Lateness: s.Source.Lateness, Horizon: s.Source.Horizon,
		Start:    start.Floor(s.Source.Window),
		Sticky:   s.Assignment == "sticky",
		ErrorCol: l.Column(schemas.KindPrediction, "error_type"), VersionCol: -1,
	}
	if s.Health.Artifact {
		p.VersionCol = l.Column(schemas.KindPrediction, "model_version")
	}
	if s.Namespace == "default" {
		p.Short = s.Name
	}
	for i := range s.Metrics {
		p.Metrics = append(p.Metrics, compileMetric(&s.Metrics[i], l))
	}
	for _, f := range Features(s) {
		p.Features = append(p.Features, window.Feature{
			Field: f.Field, Categories: f.Categories, Column: l.Column(schemas.KindPrediction, f.Field)})
	}
	first := 1
	for _, g := range s.Segments {
		p.Segments = append(p.Segments, window.Segment{Field: g.By, Column: l.Column(schemas.KindPrediction, g.By), First: uint8(first), Values: g.Values})
		first += len(g.Values)
	}
	return p
}

func compileMetric(m *decision.Metric, l *schemas.Layout) window.Metric {
	kind, name := field(m)
	c := window.Metric{
		Name: m.Name, On: kind, Column: l.Column(kind, name),
		Low: 0, High: math.Ldexp(1, 40),
		Lower:    m.Worse == "lower",
		Success:  m.Population == "success",
		Negative: kind == schemas.KindOutcome && m.Missing == "negative",
	}
	if kind == schemas.KindOutcome {
		c.Outcome = m.Field
	}
	if m.Range != nil {
		c.Low, c.High = m.Range.Low, m.Range.High
	}
	switch m.Kind {
	case "proportion":
		c.Shape, c.Low, c.High = stats.Shape{Kind: stats.Proportion}, 0, 1
	case "quantile":
		c.Shape = stats.Shape{Kind: stats.Quantile}
	default:
		c.Shape = stats.Shape{Kind: stats.Mean}
	}
	return c
}

// Features returns the fields under drift watch, each once, in spec order.
func Features(s *decision.Spec) []decision.Feature {
	var out []decision.Feature
	for _, d := range s.Drift {
		for _, f := range d.Of {
			if !slices.ContainsFunc(out, func(o decision.Feature) bool { return o.Field == f.Field }) {
				out = append(out, f)
			}
		}
	}
	return out
}
