package decision

import "strings"

// stages reads the ramp, that of the strategy where none is given.
func (r *reader) stages(f *fields, strategy string) []Stage {
	var out []Stage
	items := f.list("stages")
	for _, n := range items {
		s, weight := defaultStage(), int64(0)
		f := r.open(n, "a stage")
		f.need("weight", "give the canary's share in percent, 1 to 100; 0 = copies of requests only")
		f.whole("weight", &weight)
		f.need("bake", "say how long the stage must be watched, such as 30m")
		f.duration("bake", &s.Bake)
		f.whole("minSamples", &s.MinSamples)
		if m := f.get("maxDuration"); m != nil && !f.says("maxDuration", never) {
			f.duration("maxDuration", &s.MaxDuration)
			if s.MaxDuration == 0 {
				r.fail(m, "write maxDuration: "+never, "maxDuration 0 would end the stage at once")
			}
		}
		gate := "auto"
		f.choice("gate", &gate, "auto", "manual")
		if gate == "manual" {
			s.Gate = gate
		}
		if m := f.get("margins"); m != nil {
			s.Margins = map[string]Margin{}
			r.open(m, "margins").names(func(name string, n *node) { s.Margins[name] = r.margin(n, "margin") })
		}
		f.close()
		s.Weight = int(min(weight, 101)) // 101 is refused by the check
		out = append(out, s)
	}
	if f.get("stages") == nil {
		return defaultStages(strategy)
	}
	return out
}

// never is the maxDuration of a stage without one.
const never = "never"

func (r *reader) metric(n *node) Metric {
	f := r.open(n, "a metric")
	on := "prediction"
	f.choice("on", &on, "prediction", "outcome", "resource")
	m := defaultMetric(on)
	f.need("name", "name the metric, such as error_rate")
	f.text("name", &m.Name)
	f.need("kind", "allowed: "+strings.Join(kinds, ", "))
	f.choice("kind", &m.Kind, kinds...)
	f.number("quantile", &m.Quantile)
	r.read(f, &m)
	f.choice("value", &m.Value, "value", "label")
	f.need("worse", "allowed: higher, lower")
	f.choice("worse", &m.Worse, "higher", "lower")
	if m.Role == "" && n.shape == nil {
		f.need("role", "allowed: guardrail, signal, observe")
	}
	f.choice("role", &m.Role, Guardrail, Signal, Observe)
	if v := f.get("margin"); v != nil {
		m.Margin = r.margin(v, "margin")
	}
	m.Tolerance = m.Margin
	if v := f.get("tolerance"); v != nil {
		m.Tolerance = r.margin(v, "tolerance")
	}
	if f.get("limit") != nil {
		f.number("limit", &m.Limit.Value)
		m.Limit.Set = true
	}
	f.number("cap", &m.Cap)
	if v := f.list("range"); v != nil {
		m.Range = r.bounds(f.get("range"), v)
	}
	f.number("mde", &m.MDE)
	f.number("weight", &m.Weight)
	f.choice("mode", &m.Mode, "gate", "watch", "proxy")
	f.text("proxy", &m.Proxy)
	f.choice("missing", &m.Missing, "negative", "exclude")
	population := "all"
	f.choice("population", &population, "all", "success")
	if population != "all" {
		m.Population = population
	}
	if v := f.get("breached"); v != nil {
		m.Breached = r.breached(v)
	}
	f.close()
	if m.On == "resource" && m.Role == Guardrail {
		r.wants(f.get("role"), doInstances)
		if m.Breached == [2]int{} {
			m.Breached = [2]int{3, 5} // windows beyond the margin, of the last windows
		}
	}
	return m
}

// kinds are the words of kind.
var kinds = []string{Proportion, Quantile, Mean, Ratio, Rate, Sum, SLO}

// kindNeeds is what the engine must be able to do for a kind.
var kindNeeds = map[string]ability{Ratio: doRatio, Rate: doRate, Sum: doSum, SLO: doSLO}

// read reads what a metric is made of: a field or an expression, and what its kind adds.
func (r *reader) read(f *fields, m *Metric) {
	if a, ok := kindNeeds[m.Kind]; ok {
		r.wants(f.get("kind"), a)
	}
	if n := f.get("expr"); n != nil {
		m.Expr = r.expr(n)
		r.wants(n, doExpr)
	}
	if m.Expr == nil && m.Kind != Rate && f.node.shape == nil {
		f.need("field", "name the field that it reads, such as error_type")
	}
	f.text("field", &m.Field)
	f.text("per", &m.Per)
	f.number("within", &m.Within)
}

// expr reads a small expression: {equals: [prediction_label, outcome.label]}.
func (r *reader) expr(n *node) *Expr {
	e := &Expr{}
	f := r.open(n, "expr")
	for _, op := range []string{"field", "equals", "within", "ratio", "difference", "precision", "recall", "squaredError", "absoluteError"} {
		args := f.list(op)
		if len(args) == 0 {
			continue
		}
		e.Op, e.Args = op, nil
		for _, a := range args {
			var field string
			r.asText(a, "a field of "+op, &field)
			e.Args = append(e.Args, field)
		}
	}
	f.text("text", &e.Text)
	f.number("by", &e.By)
	f.close()
	return e
}

// breached reads the rule of a resource guardrail: {windows: 3, of: 5}.
func (r *reader) breached(n *node) [2]int {
	var k, m int64
	f := r.open(n, "breached")
	f.need("windows", "say how many windows beyond the margin are too many")
	f.whole("windows", &k)
	f.need("of", "say of how many windows")
	f.whole("of", &m)
	f.close()
	return [2]int{int(min(k, maxWindows+1)), int(min(m, maxWindows+1))}
}

const maxWindows = 1000

func (r *reader) margin(n *node, what string) Margin {
	if n.kind != mapNode {
		r.fail(n, "write {absolute: 0.002} or {relative: 10%}", "%s %s does not say of what", what, n.describe())
		return Margin{}
	}
	m := Margin{Set: true}
	f := r.open(n, what)
	f.number("absolute", &m.Value)
	if f.get("relative") != nil {
		m.Relative = true
		f.number("relative", &m.Value)
	}
	f.close()
	if len(n.keys) != 1 && n.shape == nil {
		r.fail(n, "write {absolute: 0.002} or {relative: 10%}", "%s needs one of absolute and relative", what)
	}
	return m
}

func (r *reader) bounds(n *node, items []*node) *Range {
	var b Range
	if n.shape != nil {
		r.asNumber(items[0], "range", &b.Low)
		return nil
	}
	if len(n.vals) != 2 {
		r.fail(n, "write [low, high]", "range needs two numbers")
		return nil
	}
	r.asNumber(n.vals[0], "range", &b.Low)
	r.asNumber(n.vals[1], "range", &b.High)
	return &b
}
