package decision

func (r *reader) drift(n *node) Drift {
	f := r.open(n, "a drift check")
	d := defaultDrift()
	f.need("name", "name the check, such as inputs")
	f.text("name", &d.Name)
	if of := f.need("of", "name the fields to watch, such as prediction_score"); of != nil {
		items := []*node{of}
		if of.kind == listNode || of.shape != nil {
			items = f.list("of")
		}
		if of.shape != nil {
			of.shape.lone = "item"
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
	f.choice("between", &d.Between, "arms", "reference", "history")
	switch d.Between {
	case "reference":
		r.wants(f.get("between"), doReference)
	case "history":
		r.wants(f.get("between"), doHistory)
		d.Role = Observe
	}
	f.duration("pane", &d.Pane)
	f.text("reference", &d.Reference)
	f.text("baseline", &d.Baseline)
	f.need("method", "allowed: psi, ks")
	f.choice("method", &d.Method, "psi", "ks")
	f.number("above", &d.Above)
	f.number("faults", &d.Faults)
	f.flag("segments", &d.Segments)
	r.wants(f.get("segments"), doSegments)
	f.choice("role", &d.Role, Guardrail, Signal, Observe)
	f.number("weight", &d.Weight)
	f.close()
	return d
}

func (r *reader) feature(n *node) Feature {
	var out Feature
	if n.lone("text") {
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
