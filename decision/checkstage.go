package decision

func (c *checker) stages() {
	s := c.spec
	c.refuse(len(s.Stages) >= 1 && len(s.Stages) <= maxStages, place("stages"), stagesRemedy(s.Strategy), "strategy %s with %d stages", s.Strategy, len(s.Stages))
	before := -1
	for i, st := range s.Stages {
		at := func(field string) []any { return place("stages", i, field) }
		c.refuse(st.Weight >= 0 && st.Weight <= 100, at("weight"), "use a share in percent, 1 to 100", "stage %d: the weight is out of range", i+1)
		c.refuse(st.Weight > before, at("weight"), "let every stage give the canary more", "stage %d: weight %d is not above the previous %d", i+1, st.Weight, before)
		c.refuse(st.Bake >= s.Source.Window, at("bake"), "watch every stage for a while, such as 30m", "stage %d: bake %s is shorter than one window of %s", i+1, brief(st.Bake), brief(s.Source.Window))
		c.refuse(st.MaxDuration == 0 || st.MaxDuration >= st.Bake, at("maxDuration"), "make it longer than bake, or leave it out", "stage %d: maxDuration %s is shorter than bake %s", i+1, brief(st.MaxDuration), brief(st.Bake))
		c.refuse(st.MinSamples >= 1 && st.MinSamples <= maxSamples, at("minSamples"), "use 1 to 1000000000", "stage %d: minSamples is out of range", i+1)
		before = st.Weight
	}
	if len(s.Stages) > 0 {
		c.ramp()
		c.holdBack()
	}
}

// stagesRemedy says what stages a strategy has.
func stagesRemedy(strategy string) string {
	switch strategy {
	case Shadow:
		return "use one stage {weight: 0, bake: …}: users never see a shadow"
	case Guard:
		return "use one stage with the share that the canary has, such as {weight: 50, bake: 24h}"
	case BlueGreen:
		return "use stages for the analysis, then {weight: 100, bake: …}: stable stays warm for it"
	}
	return "use 1 to 32 stages, the last of weight 100"
}

// ramp checks the weights against the strategy.
func (c *checker) ramp() {
	s := c.spec
	last := len(s.Stages) - 1
	at, remedy := place("stages", last, "weight"), stagesRemedy(s.Strategy)
	first, final := s.Stages[0].Weight, s.Stages[last].Weight
	if first == 0 {
		c.refuse(s.Strategy != Guard, place("stages", 0, "weight"), "use a share in percent, 1 to 100", "stage 1: the weight is out of range")
		c.wants(c.at("spec", "stages", 0, "weight"), doShadow)
	}
	switch s.Strategy {
	case Shadow:
		c.wants(c.at("spec", "strategy"), doShadow)
		c.refuse(last == 0 && first == 0, at, remedy, "a shadow has one stage of weight 0")
	case Guard:
		c.refuse(s.Stages[0].Gate == "", place("stages", 0, "gate"), "remove it", "a guard takes no step that a gate could hold")
		c.refuse(last == 0 && first >= 1 && first <= 99, at, remedy, "a guard watches one split, with both arms in it")
	case BlueGreen:
		c.refuse(last >= 1, at, remedy, "blueGreen has an analysis before its switch")
		fallthrough
	default:
		c.refuse(final == 100, at, "add a stage {weight: 100, bake: …}", "the last stage has weight %d, so the canary could never be promoted", final)
	}
}

func (c *checker) holdBack() {
	s := c.spec
	last := len(s.Stages) - 1
	c.refuse(s.HoldBack >= 0 && s.HoldBack <= 0.5 && wholeBps(s.HoldBack), place("holdBack"), "use 0% to 50% in steps of 0.01%", "holdBack %v is out of range", s.HoldBack)
	c.refuse(s.HoldBack == 0 || s.Stages[last].Weight == 100, place("holdBack"), "remove it", "holdBack belongs to a stage of weight 100, and strategy %s has none", s.Strategy)
	if last > 0 {
		previous := s.Stages[last-1].Weight
		c.refuse(10000-bps(s.HoldBack) > previous*100, place("holdBack"), "make holdBack smaller, or the stage before 100 lower", "holdBack %s would give the canary no more at weight 100 than stage %d with its %d %%", percent(s.HoldBack), last, previous)
	}
	c.refuse(s.Share >= 0 && s.Share < 1, place("share"), "write the canary's share of the recording, such as 50%", "share %v is out of range", s.Share)
}

// segments checks the comparisons within values of a field.
func (c *checker) segments() {
	total := 0
	for i, g := range c.spec.Segments {
		at := func(field string) []any { return place("segments", i, field) }
		c.refuse(named(g.By, []string{"tags."}) || named(g.By, []string{"features."}), at("by"), "use tags.NAME or features.NAME", "segment by %q: no such field", g.By)
		c.refuse(g.MinShare >= 0 && g.MinShare < 1, at("minShare"), "use a share such as 5%", "segment by %s: minShare %v is out of range", g.By, g.MinShare)
		c.refuse(len(g.Values) > 0, at("values"), "list the values to judge apart", "segment by %s lists no value", g.By)
		sum := 0.0
		for k, v := range g.Values {
			c.refuse(!contains(g.Values[:k], v), at("values"), "remove one of them", "segment by %s lists %q twice", g.By, v)
			if g.Shares != nil {
				c.refuse(g.Shares[k] > 0 && g.Shares[k] <= 1, at("values"), "use a share of past traffic such as 25%", "segment %s=%s: share %v is out of range", g.By, v, g.Shares[k])
				sum += g.Shares[k]
			}
		}
		c.refuse(sum <= 1+1e-9, at("values"), "let the shares sum to at most 100%", "segment by %s: the shares sum to %s", g.By, percent(sum))
		total += len(g.Values)
	}
	c.refuse(len(c.spec.Segments) <= maxBy, place("segments"), "keep those that matter", "%d fields to go by are more than %d", len(c.spec.Segments), maxBy)
	c.refuse(total <= maxSegments, place("segments"), "list those that matter", "%d segments are more than %d", total, maxSegments)
}

// within checks what a drift check asks of segments.
func (c *checker) within(d *Drift, at func(string) []any) {
	if !d.Segments {
		return
	}
	total := 0
	for _, g := range c.spec.Segments {
		total += len(g.Values)
	}
	c.refuse(total > 0, at("segments"), "list them: segments: [{by: tags.country, values: [de, fr]}]", "drift %s asks within segments, and the rollout lists none", d.Name)
	c.refuse(d.Between == "arms", at("segments"), "use between: arms, or remove the line", "drift %s: only the arms are compared within segments: what an arm looked like before is known of all traffic", d.Name)
	fields := map[string]bool{}
	for i := range c.spec.Drift { // of this check and those before it
		of := &c.spec.Drift[i]
		for _, f := range of.Of {
			if of.Segments {
				fields[f.Field] = true
			}
		}
		if of == d {
			break
		}
	}
	n := total * len(fields)
	c.refuse(n <= maxInside, at("segments"), "list the fields and the values that matter", "drift %s: %d histograms of each arm within %d segments are more than %d", d.Name, n, total, maxInside)
}

const (
	maxSegments = 64
	maxBy       = 4   // fields that segments go by
	maxInside   = 256 // histograms that drift checks count within segments: a window holds them all
)
