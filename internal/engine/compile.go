package engine

import (
	"math"
	"slices"
	"strings"

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
			if m := &s.Metrics[i]; m.Expr == nil {
				add(field(m))
			}
			exprFields(&s.Metrics[i], add)
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
		Start:  start.Floor(s.Source.Window),
		Sticky: s.Assignment == "sticky", Units: s.Assignment == "request" && s.Unit != "", ByUnit: s.Source.JoinKey == "unit_id",
		ErrorCol: l.Column(schemas.KindPrediction, "error_type"), VersionCol: -1,
	}
	if s.Health.Artifact {
		p.VersionCol = l.Column(schemas.KindPrediction, "model_version")
	}
	if s.Namespace == "default" {
		p.Short = s.Name
	}
	for i := range s.Metrics {
		p.Metrics = append(p.Metrics, compileMetric(&s.Metrics[i], l)...)
	}
	p.Metrics = append(p.Metrics, compilePairs(s, l)...)
	for _, f := range Features(s) {
		p.Features = append(p.Features, window.Feature{
			Field: f.Field, Categories: f.Categories, Column: l.Column(schemas.KindPrediction, f.Field)})
	}
	known, want := references(s), finest(s, p)
	for i := range p.Features {
		if r, ok := known[p.Features[i].Field]; ok {
			layOut(&p.Features[i], &r, want[i])
		}
	}
	first := 1
	for _, g := range s.Segments {
		p.Segments = append(p.Segments, window.Segment{Field: g.By, Column: l.Column(schemas.KindPrediction, g.By), First: uint8(first), Values: g.Values})
		first += len(g.Values)
	}
	p.Inside = inside(s, p)
	return p
}

// width is how many of the plan's metrics one of the spec's takes.
func width(m *decision.Metric) int {
	if m.Kind == decision.Ratio {
		return 3 // numerator, denominator, and both, whose spread gives their product's
	}
	return 1
}

// compileMetric turns one metric into those of the plan.
func compileMetric(m *decision.Metric, l *schemas.Layout) (out []window.Metric) {
	kind, name := field(m)
	c := window.Metric{
		Name: m.Name, On: kind, Column: l.Column(kind, name), Asks: -1,
		Low: 0, High: math.Ldexp(1, 40),
		Lower:    m.Worse == "lower",
		Success:  m.Population == "success",
		Negative: kind == schemas.KindOutcome && (m.Missing == "negative" || m.Kind == decision.Rate),
	}
	if kind == schemas.KindOutcome {
		c.Outcome = m.Field
	}
	if m.Range != nil {
		c.Low, c.High = m.Range.Low, m.Range.High
	}
	switch m.Kind {
	case decision.Proportion, decision.SLO, decision.Rate:
		c.Shape, c.Low, c.High = stats.Shape{Kind: stats.Proportion}, 0, 1
	case decision.Quantile:
		c.Shape = stats.Shape{Kind: stats.Quantile}
	default:
		c.Shape = stats.Shape{Kind: stats.Mean}
	}
	switch m.Kind {
	case decision.SLO:
		c.Op, c.By = window.OpBeyond, m.Within
	case decision.Rate:
		c.Op = window.OpPresent
	}
	if m.Expr != nil {
		compileExpr(&c, m, l)
	}
	for i := range width(m) {
		if m.Kind == decision.Ratio {
			c.Op, c.Second = window.OpFirst+window.Op(i), l.Column(kind, m.Per)
		}
		out = append(out, c)
	}
	return out
}

// exprOps are the operations of expressions over two fields.
var exprOps = map[string]window.Op{"equals": window.OpEquals, "within": window.OpWithin, "ratio": window.OpRatio, "difference": window.OpDifference,
	"precision": window.OpPrecision, "recall": window.OpRecall, "squaredError": window.OpSquared, "absoluteError": window.OpAbsolute}

// compileExpr puts an expression in the place of a field.
func compileExpr(c *window.Metric, m *decision.Metric, l *schemas.Layout) {
	e := m.Expr
	c.Op, c.Text, c.By = exprOps[e.Op], e.Text, e.By
	if e.Op == "equals" && e.Text != "" {
		c.Op = window.OpText
	}
	if m.On != "outcome" {
		c.Column = l.Column(schemas.KindPrediction, e.Args[0])
		if len(e.Args) > 1 {
			c.Second = l.Column(schemas.KindPrediction, e.Args[1])
		}
		return
	}
	c.Joins, c.Column, c.Second = true, l.Column(schemas.KindOutcome, "value"), l.Column(schemas.KindOutcome, "label")
	for i, arg := range e.Args {
		if name, ok := strings.CutPrefix(arg, "outcome."); ok {
			c.Outcome, c.Turned = name, i == 0
		} else {
			c.Asks = l.Column(schemas.KindPrediction, arg)
		}
	}
}

// exprFields are the columns that an expression reads.
func exprFields(m *decision.Metric, add func(schemas.Kind, string)) {
	if m.Per != "" && m.Kind == decision.Ratio {
		add(field(&decision.Metric{On: m.On, Field: m.Per}))
	}
	if m.Expr == nil {
		return
	}
	for _, arg := range m.Expr.Args {
		if !strings.HasPrefix(arg, "outcome.") {
			add(schemas.KindPrediction, arg)
		}
	}
	if m.On == "outcome" {
		add(schemas.KindOutcome, "value")
		add(schemas.KindOutcome, "label")
	}
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
