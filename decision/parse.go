package decision

// Parse reads a rollout spec and checks it. Name is the file's name in messages.
// Reading is strict: an unknown field, a value of another type or a contradiction
// is a *SpecError that points at its place and names the remedy. The Spec has the
// effective value of every field; YAML prints them.
func Parse(data []byte, name string) (*Spec, error) {
	doc, err := readYAML(data, name)
	if err != nil {
		return nil, err
	}
	r := &reader{doc: doc}
	s := r.rollout(doc.root)
	if r.complaint() == nil {
		(&checker{reader: r, spec: s}).check()
	}
	if err := r.complaint(); err != nil {
		return nil, err
	}
	s.Digest = s.digest()
	return s, nil
}

func (r *reader) rollout(n *node) *Spec {
	s := defaults()
	top := r.open(n, "the spec")
	if v := top.need("apiVersion", "write apiVersion: "+apiVersion); v != nil && v.text != apiVersion {
		r.fail(v, "write apiVersion: "+apiVersion, "apiVersion %q is unknown", v.text)
	}
	if v := top.need("kind", "write kind: Rollout"); v != nil && v.text != "Rollout" {
		r.fail(v, "write kind: Rollout", "kind %q is unknown", v.text)
	}
	top.need("metadata", "write metadata: {name: my-model}")
	r.metadata(top.sub("metadata"), &s)
	top.need("spec", "write spec: and the rollout's fields under it")
	r.spec(top.sub("spec"), &s)
	top.close()
	return &s
}

func (r *reader) metadata(f *fields, s *Spec) {
	f.need("name", "give the rollout a name, such as recsys")
	f.text("name", &s.Name)
	f.text("namespace", &s.Namespace)
	if n := f.get("labels"); n != nil {
		labels := r.open(n, "labels")
		s.Labels = map[string]string{}
		for _, k := range labels.node.keys {
			var v string
			labels.text(k.text, &v)
			s.Labels[k.text] = v
		}
	}
	f.close()
}

func (r *reader) spec(f *fields, s *Spec) {
	f.choice("strategy", &s.Strategy, "canary", "blueGreen", "shadow")
	if s.Strategy != "canary" {
		r.fail(f.get("strategy"), "use strategy: canary", "strategy %s is not supported yet", s.Strategy)
	}
	f.need("arms", "write arms: {stable: my-model-v1, canary: my-model-v2}")
	arms := f.sub("arms")
	arms.need("stable", "name the version in service")
	arms.need("canary", "name the version under test")
	arms.text("stable", &s.Arms.Stable)
	arms.text("canary", &s.Arms.Canary)
	arms.close()
	f.text("unit", &s.Unit)
	f.need("assignment", "write assignment: request if every request is assigned on its own; it decides which tests are lawful")
	f.choice("assignment", &s.Assignment, "request", "sticky")
	if s.Assignment == "sticky" {
		r.fail(f.get("assignment"), "assign each request on its own and write assignment: request", "assignment sticky is not supported yet")
	}
	r.source(f.sub("source"), &s.Source)
	s.Stages = r.stages(f)
	risk := f.sub("risk")
	risk.number("falseRollback", &s.Risk.FalseRollback)
	risk.number("falsePromote", &s.Risk.FalsePromote)
	risk.number("falseHold", &s.Risk.FalseHold)
	risk.close()
	for _, n := range f.list("metrics") {
		s.Metrics = append(s.Metrics, r.metric(n))
	}
	for _, n := range f.list("drift") {
		s.Drift = append(s.Drift, r.drift(n))
	}
	f.notYet("segments", "remove it: checks see all traffic")
	r.health(f.sub("health"), &s.Health)
	policy := f.sub("policy")
	policy.choice("onGuardrail", &s.Policy.OnGuardrail, "rollback", "hold")
	policy.choice("onSignal", &s.Policy.OnSignal, "hold", "rollback")
	policy.choice("onMaxDuration", &s.Policy.OnMaxDuration, "hold", "rollback")
	policy.close()
	r.publish(f.sub("publish"), &s.Publish)
	f.number("holdBack", &s.HoldBack)
	f.number("share", &s.Share)
	f.flag("dryRun", &s.DryRun)
	f.close()
}

func (r *reader) source(f *fields, s *Source) {
	kafka := f.sub("kafka")
	kafka.text("predictions", &s.Predictions)
	kafka.text("outcomes", &s.Outcomes)
	kafka.text("resources", &s.Resources)
	kafka.close()
	join := f.sub("join")
	join.choice("key", &s.JoinKey, "prediction_id", "unit_id")
	if s.JoinKey != "prediction_id" {
		r.fail(join.get("key"), "send prediction_id with every outcome, or rollout and arm", "join by %s is not supported yet", s.JoinKey)
	}
	join.duration("horizon", &s.Horizon)
	join.close()
	time := f.sub("time")
	time.duration("window", &s.Window)
	time.duration("lateness", &s.Lateness)
	time.close()
	f.close()
}

func (r *reader) health(f *fields, h *Health) {
	hold, rolls, ratio := "hold", onOff(h.SilentCanaryRolls, "rollback", "hold"), onOff(h.SampleRatio, "hold", "off")
	noData := f.sub("noData")
	noData.duration("after", &h.NoData)
	noData.choice("action", &hold, "hold")
	noData.close()
	silent := f.sub("silentCanary")
	silent.duration("after", &h.SilentCanary)
	silent.choice("action", &rolls, "rollback", "hold")
	silent.close()
	f.choice("sampleRatio", &ratio, "hold", "off")
	f.duration("lag", &h.Lag)
	f.notYet("concentration", "remove it")
	f.close()
	h.SilentCanaryRolls, h.SampleRatio = rolls == "rollback", ratio == "hold"
}

func onOff(b bool, on, off string) string {
	if b {
		return on
	}
	return off
}

func (r *reader) publish(f *fields, p *Publish) {
	f.choice("onExpiry", &p.OnExpiry, "stable", "hold")
	f.duration("lease", &p.Lease)
	routers := int64(p.Routers)
	if n := f.get("routers"); n != nil && n.kind == listNode {
		r.fail(n, "write how many there are", "a list of routers is not supported yet")
	} else {
		f.whole("routers", &routers)
	}
	if routers > 10000 {
		r.fail(f.get("routers"), "use 1 to 10000", "routers %d is out of range", routers)
	}
	p.Routers = int(min(routers, 10000))
	f.close()
}
