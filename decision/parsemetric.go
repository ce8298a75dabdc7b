package decision

// stages reads the ramp, the default one where none is given.
func (r *reader) stages(f *fields) []Stage {
	var out []Stage
	items := f.list("stages")
	for _, n := range items {
		s, weight := defaultStage(), int64(0)
		f := r.open(n, "a stage")
		f.need("weight", "give the canary's share in percent, 1 to 100")
		f.whole("weight", &weight)
		f.need("bake", "say how long the stage must be watched, such as 30m")
		f.duration("bake", &s.Bake)
		f.whole("minSamples", &s.MinSamples)
		if m := f.get("maxDuration"); m != nil && m.text != never {
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
			margins := r.open(m, "margins")
			s.Margins = map[string]Margin{}
			for i, k := range m.keys {
				margins.get(k.text)
				s.Margins[k.text] = r.margin(m.vals[i], "margin")
			}
		}
		f.close()
		s.Weight = int(min(weight, 101)) // 101 is refused by the check
		out = append(out, s)
	}
	if f.get("stages") == nil {
		return defaultStages()
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
	f.need("kind", "allowed: proportion, quantile, mean")
	f.choice("kind", &m.Kind, "proportion", "quantile", "mean")
	f.number("quantile", &m.Quantile)
	f.need("field", "name the field that it reads, such as error_type")
	f.text("field", &m.Field)
	f.choice("value", &m.Value, "value", "label")
	f.need("worse", "allowed: higher, lower")
	f.choice("worse", &m.Worse, "higher", "lower")
	if m.Role == "" {
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
		m.Range = r.bounds(f.get("range"))
	}
	f.number("mde", &m.MDE)
	f.number("weight", &m.Weight)
	f.choice("mode", &m.Mode, "gate", "watch")
	f.choice("missing", &m.Missing, "negative", "exclude")
	population := "all"
	f.choice("population", &population, "all", "success")
	if population != "all" {
		m.Population = population
	}
	f.notYet("expr", "send the value as a field of metrics")
	f.close()
	return m
}

func (r *reader) margin(n *node, what string) Margin {
	if n.kind != mapNode {
		r.fail(n, "write {absolute: 0.002} or {relative: 10%}", "%s %s does not say of what", what, n.describe())
		return Margin{}
	}
	f := r.open(n, what)
	m := Margin{Set: true}
	f.number("absolute", &m.Value)
	if f.get("relative") != nil {
		m.Relative = true
		f.number("relative", &m.Value)
	}
	f.close()
	if len(n.keys) != 1 {
		r.fail(n, "write {absolute: 0.002} or {relative: 10%}", "%s needs one of absolute and relative", what)
	}
	return m
}

func (r *reader) bounds(n *node) *Range {
	if len(n.vals) != 2 {
		r.fail(n, "write [low, high]", "range needs two numbers")
		return nil
	}
	var b Range
	r.asNumber(n.vals[0], "range", &b.Low)
	r.asNumber(n.vals[1], "range", &b.High)
	return &b
}

func (r *reader) drift(n *node) Drift {
	f := r.open(n, "a drift check")
	d := defaultDrift()
	f.need("name", "name the check, such as inputs")
	f.text("name", &d.Name)
	if of := f.need("of", "name the fields to watch, such as prediction_score"); of != nil {
		items := []*node{of}
		if of.kind == listNode {
			items = of.vals
		}
		for _, item := range items {
			d.Of = append(d.Of, r.feature(item))
		}
	}
	on := "prediction"
	f.choice("on", &on, "prediction", "outcome", "resource")
	if on != "prediction" {
		r.fail(f.get("on"), "watch outcomes as a metric, kind proportion or mean", "drift looks at predictions, not at %ss", on)
	}
	f.choice("between", &d.Between, "arms", "reference")
	if d.Between != "arms" {
		r.fail(f.get("between"), "use between: arms", "a reference is not supported yet")
	}
	f.notYet("reference", "use between: arms")
	f.need("method", "allowed: psi, ks")
	f.choice("method", &d.Method, "psi", "ks")
	f.number("above", &d.Above)
	f.choice("role", &d.Role, Guardrail, Signal, Observe)
	f.number("weight", &d.Weight)
	f.close()
	return d
}

func (r *reader) feature(n *node) Feature {
	var out Feature
	if n.kind != mapNode {
		r.asText(n, "a watched field", &out.Field)
		return out
	}
	f := r.open(n, "a watched field")
	f.need("field", "name the field")
	f.text("field", &out.Field)
	for _, c := range f.list("categories") {
		var name string
		r.asText(c, "a category", &name)
		out.Categories = append(out.Categories, name)
	}
	f.close()
	return out
}
