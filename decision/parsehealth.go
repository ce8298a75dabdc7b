package decision

import "slices"

func (r *reader) health(f *fields, h *Health) {
	noDataDoes, rolls, ratio := onOff(h.NoDataRolls, "rollback", "hold"), onOff(h.SilentCanaryRolls, "rollback", "hold"), onOff(h.SampleRatio, "hold", "off")
	coverage, artifact := onOff(h.Coverage, "hold", "off"), onOff(h.Artifact, "hold", "off")
	noData := f.sub("noData")
	noData.duration("after", &h.NoData)
	noData.choice("action", &noDataDoes, "hold", "rollback")
	noData.close()
	silent := f.sub("silentCanary")
	silent.duration("after", &h.SilentCanary)
	silent.choice("action", &rolls, "rollback", "hold")
	silent.close()
	f.choice("sampleRatio", &ratio, "hold", "off")
	f.duration("lag", &h.Lag)
	f.number("late", &h.Late)
	f.choice("coverage", &coverage, "hold", "off")
	f.numberOrOff("concentration", &h.Concentration, doConcentration)
	f.numberOrOff("crossover", &h.Crossover, doCrossover)
	f.numberOrOff("unpaired", &h.Unpaired, doShadow)
	f.duration("unapplied", &h.Unapplied)
	f.choice("artifact", &artifact, "hold", "off")
	f.close()
	h.NoDataRolls, h.SilentCanaryRolls, h.SampleRatio = noDataDoes == "rollback", rolls == "rollback", ratio == "hold"
	h.Coverage, h.Artifact = coverage == "hold", artifact == "hold"
}

// numberOrOff reads a bound that may be off, and that an engine may not know.
func (f *fields) numberOrOff(key string, to *float64, a ability) {
	if f.says(key, "off") {
		*to = 0
		return
	}
	f.number(key, to)
	f.wants(f.get(key), a)
}

func onOff(b bool, on, off string) string {
	if b {
		return on
	}
	return off
}

func (r *reader) policy(f *fields, p *Policy) {
	f.choice("onGuardrail", &p.OnGuardrail, "rollback", "hold")
	f.choice("onSignal", &p.OnSignal, "hold", "rollback")
	f.choice("onMaxDuration", &p.OnMaxDuration, "hold", "rollback")
	approvals := int64(p.Approvals)
	f.whole("approvals", &approvals)
	p.Approvals = int(min(approvals, 100)) // a number beyond the range is refused by the check
	f.number("minStep", &p.MinStep)
	f.close()
}

func (r *reader) publish(f *fields, p *Publish) {
	f.choice("onExpiry", &p.OnExpiry, "stable", "hold")
	f.duration("lease", &p.Lease)
	routers := int64(p.Routers)
	if n := f.get("routers"); n != nil && n.kind == listNode {
		r.wants(n, doRouterList)
		routers, p.Named = int64(len(n.vals)), r.routers(n)
	} else {
		f.whole("routers", &routers)
		if n != nil && n.shape != nil {
			n.shape.lone = "list"
		}
	}
	if routers > 10000 {
		r.fail(f.get("routers"), "use 1 to 10000", "routers %d is out of range", routers)
	}
	p.Routers = int(min(routers, 10000))
	f.close()
}

// routers reads the names of those that must acknowledge, sorted.
func (r *reader) routers(n *node) (names []string) {
	for _, item := range n.vals {
		var name string
		r.asText(item, "a router", &name)
		switch {
		case name == "": // it was refused
		case !isLabel(name):
			r.fail(item, "use the id that the router has in its acknowledgements", "router %q is no DNS-1123 label", name)
		case contains(names, name):
			r.fail(item, "remove one of them", "router %q is listed twice", name)
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (r *reader) traffic(f *fields, t *Traffic) {
	f.number("perMinute", &t.PerMinute)
	if n := f.get("base"); n != nil {
		t.Base = map[string]Base{}
		r.open(n, "base").names(func(name string, n *node) {
			var b Base
			base := r.open(n, name)
			base.need("value", "write what the metric usually reads, such as {value: 0.01}")
			base.number("value", &b.Value)
			base.number("sd", &b.SD)
			base.close()
			t.Base[name] = b
		})
	}
	f.close()
}

func (r *reader) segment(n *node) Segment {
	f := r.open(n, "a segment")
	s := Segment{Role: Signal}
	f.need("by", "name the field, such as tags.country")
	f.text("by", &s.By)
	if v := f.need("values", "list the values to judge apart: [de, fr], or {de: 60%, fr: 25%} with their shares of past traffic"); v != nil {
		s.Values, s.Shares = r.values(v)
	}
	f.number("minShare", &s.MinShare)
	f.choice("role", &s.Role, Guardrail, Signal, Observe)
	f.close()
	return s
}

// values reads segment values, with or without their past shares.
func (r *reader) values(n *node) (values []string, shares []float64) {
	if n.lone("list") {
		if n.kind != listNode {
			r.fail(n, "write [de, fr], or {de: 60%, fr: 25%}", "values must be a list or a mapping, not %s", n.describe())
		}
		for _, item := range n.vals {
			var v string
			r.asText(item, "a value", &v)
			values = append(values, v)
		}
		return values, nil
	}
	r.open(n, "values").names(func(name string, n *node) {
		var share float64
		r.asNumber(n, name, &share)
		values, shares = append(values, name), append(shares, share)
	})
	return values, shares
}
