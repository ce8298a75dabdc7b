package decision

// Parse reads a rollout spec and checks it. Name is the file's name in messages.
// Reading is strict: an unknown field, a value of another type or a contradiction
// is a *SpecError that points at its place and names the remedy. The Spec has the
// effective value of every field; YAML prints them.
func Parse(data []byte, name string) (*Spec, error) { return ParseAt(data, name, Traffic{}) }

// ParseAt is Parse where the traffic is known otherwise: what it states takes the place of
// what the spec says, so that a stage which cannot decide at that traffic is refused at its
// place in the spec.
func ParseAt(data []byte, name string, known Traffic) (*Spec, error) {
	data, attached, err := detach(data, name)
	if err != nil {
		return nil, err
	}
	doc, err := readYAML(data, name)
	if err != nil {
		return nil, err
	}
	r := &reader{doc: doc}
	s, own := r.rollout(doc.root)
	s.Baselines = attached
	s.Traffic = s.Traffic.over(known)
	if r.complaint() == nil {
		(&checker{reader: r, spec: s, own: own}).check()
	}
	if err := r.complaint(); err != nil {
		return nil, err
	}
	s.Digest = s.digest()
	return s, nil
}

// rollout reads a whole spec, and how many of its metrics it names itself: those of
// a preset follow.
func (r *reader) rollout(n *node) (s *Spec, own int) {
	s = new(defaults())
	top := r.open(n, "the spec")
	top.need("apiVersion", "write apiVersion: "+apiVersion)
	top.choice("apiVersion", new(string), apiVersion)
	top.need("kind", "write kind: Rollout")
	top.choice("kind", new(string), "Rollout")
	top.need("metadata", "write metadata: {name: my-model}")
	r.metadata(top.sub("metadata"), s)
	top.need("spec", "write spec: and the rollout's fields under it")
	own = r.spec(top.sub("spec"), s)
	top.close()
	return s, own
}

func (r *reader) metadata(f *fields, s *Spec) {
	f.need("name", "give the rollout a name, such as recsys")
	f.text("name", &s.Name)
	f.text("namespace", &s.Namespace)
	if n := f.get("labels"); n != nil {
		s.Labels = map[string]string{}
		r.open(n, "labels").names(func(name string, n *node) {
			var v string
			r.asText(n, name, &v)
			s.Labels[name] = v
		})
	}
	f.close()
}

func (r *reader) spec(f *fields, s *Spec) (own int) {
	f.choice("strategy", &s.Strategy, Canary, BlueGreen, Shadow, Guard)
	r.arms(f, s)
	f.text("unit", &s.Unit)
	f.need("assignment", "write assignment: request if every request is assigned on its own; it decides which tests are lawful")
	f.choice("assignment", &s.Assignment, "request", "sticky")
	if s.Assignment == "sticky" {
		r.wants(f.get("assignment"), doSticky)
		if s.Unit == "" {
			s.Unit = "unit_id"
		}
	}
	r.source(f.sub("source"), &s.Source)
	s.Stages = r.stages(f, s.Strategy)
	risk := f.sub("risk")
	risk.number("falseRollback", &s.Risk.FalseRollback)
	risk.number("falsePromote", &s.Risk.FalsePromote)
	risk.number("falseHold", &s.Risk.FalseHold)
	risk.close()
	for _, n := range f.list("metrics") {
		s.Metrics = append(s.Metrics, r.metric(n))
	}
	for _, n := range f.list("drift") {
		d := r.drift(n)
		if d.Between == "history" && d.Pane == 0 {
			d.Pane = usualPane(s.Source.Window)
		}
		s.Drift = append(s.Drift, d)
	}
	own = len(s.Metrics)
	r.presets(f, s)
	for _, n := range f.list("segments") {
		s.Segments = append(s.Segments, r.segment(n))
	}
	r.wants(f.get("segments"), doSegments)
	r.health(f.sub("health"), &s.Health)
	r.policy(f.sub("policy"), &s.Policy)
	r.publish(f.sub("publish"), &s.Publish)
	r.traffic(f.sub("traffic"), &s.Traffic)
	if s.Strategy != Canary {
		s.HoldBack = 0 // one switch leaves nobody behind
	}
	f.number("holdBack", &s.HoldBack)
	f.number("share", &s.Share)
	f.flag("dryRun", &s.DryRun)
	f.close()
	return own
}

func (r *reader) arms(f *fields, s *Spec) {
	f.need("arms", "write arms: {stable: my-model-v1, canary: my-model-v2}")
	arms := f.sub("arms")
	arms.need("stable", "name the version in service")
	arms.need("canary", "name the version under test")
	arms.text("stable", &s.Arms.Stable)
	arms.text("canary", &s.Arms.Canary)
	arms.close()
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
		r.wants(join.get("key"), doUnitJoin)
	}
	join.duration("horizon", &s.Horizon)
	join.close()
	time := f.sub("time")
	time.duration("window", &s.Window)
	time.duration("lateness", &s.Lateness)
	time.close()
	f.close()
}
