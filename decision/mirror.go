package decision

import (
	"fmt"

	"verdin/stats"
)

// Mirrored tells whether a stage shows the canary copies of requests only: both arms
// answer every request, and users see stable's answer.
func (s *Spec) Mirrored(stage int) bool {
	return stage >= 0 && stage < len(s.Stages) && s.Stages[stage].Weight == 0
}

// mirrors tells whether a stage of the rollout is mirrored: the first one is.
func (s *Spec) mirrors() bool { return s.Mirrored(0) }

// Pairs tells whether a metric compares both answers of a mirrored request (R51). A copy
// is answered under another load, so that latency is only shown.
func (s *Spec) Pairs(m *Metric) bool {
	kind := m.Kind == Proportion || m.Kind == SLO || m.Kind == Mean
	return s.mirrors() && kind && m.On != "resource" && !m.timed()
}

// Apart tells whether a metric compares arms that answer different requests, in some
// stage of the rollout or as all that there is.
func (s *Spec) Apart(m *Metric) bool { return len(s.Stages) > 1 || !s.Pairs(m) }

// looks are the tests of harm that a metric has: of arms that answer different requests,
// and of pairs. They share its weight.
func (s *Spec) looks(m *Metric) (tests []string) {
	if s.Apart(m) {
		tests = append(tests, "harm")
	}
	if s.Pairs(m) {
		tests = append(tests, paired)
	}
	return tests
}

// ofPairs gives the tests of pairs their weights, and returns what is left for the
// later stages.
func (s *Spec) ofPairs(m *Metric, whole float64, add func(test string, weight float64)) (rest float64) {
	if s.Apart(m) {
		rest, whole = whole/2, whole/2
	}
	switch {
	case m.Limit.Set && rest == 0:
		add(paired, whole/2)
		add("limit", whole/2)
	case m.Capped():
		add(paired, whole/2)
		add(pairedCap, whole/2)
	default:
		add(paired, whole)
	}
	return rest
}

// timed tells whether a metric reads how long an answer took.
func (m *Metric) timed() bool {
	fields := []string{m.Field, m.Per}
	if m.Expr != nil {
		fields = append(fields, m.Expr.Args...)
	}
	return m.On == "prediction" && (contains(fields, "latency_seconds") || contains(fields, "ttft_seconds"))
}

// mirror checks what copies of requests can show.
func (c *checker) mirror() {
	s := c.spec
	if !s.mirrors() {
		return
	}
	c.refuse(s.Assignment == "request", place("assignment"), "write assignment: request: a copy of every request goes to the canary, and requests are compared; ramp up by unit in a rollout of its own",
		"mirrored requests are assigned to nobody")
	c.refuse(s.Source.JoinKey == "prediction_id", place("source", "join", "key"), "write key: prediction_id, which both answers have", "mirrored requests are paired by prediction_id")
	for i := range s.Metrics {
		m := &s.Metrics[i]
		at := func(field string) []any { return place("metrics", i, field) }
		if s.Pairs(m) {
			c.refuse(!m.Margin.Relative && !m.Tolerance.Relative, at("margin"), "write margin: {absolute: …}, in the metric's unit", "metric %s: pairs of answers have no relative margin", m.Name)
			c.refuse(m.Missing != "negative", at("missing"), "write missing: exclude", "metric %s: a label that never came would make both answers of a request equal", m.Name)
			continue
		}
		judges := m.Role != Observe && m.On != "resource"
		switch {
		case s.Strategy == Shadow && m.timed():
			c.refuse(!judges, at("role"), "write role: observe, and judge latency under traffic", "metric %s: the latency of copies says little about that of requests", m.Name)
		case s.Strategy == Shadow:
			c.refuse(!judges && m.On != "outcome", at("kind"), "use kind: proportion, slo or mean", "metric %s: there is no test of pairs for kind %s", m.Name, m.Kind)
		}
	}
}

// mirrored asks what a mirrored stage needs: pairs, and every guardrail that compares
// them shown safe by them.
func (n *needs) mirrored(spec *Spec, st *State, in *Input) {
	stage, data := spec.Stages[st.Stage], in.Stage
	pairs := in.Health.Pairs[0]
	n.want(pairs >= stage.MinSamples, "", n.labels(pairs, stage.MinSamples), "pairs: %d of %d requests that both arms answered", pairs, stage.MinSamples)
	wait := stage.Bake - data.LabelBake
	if data.LabelBake == 0 {
		wait += spec.Source.Horizon
	}
	n.want(data.LabelBake >= stage.Bake, "", wait, "pairs of %v of %v: an answer may come until the horizon", brief(data.LabelBake), brief(stage.Bake))
	for i := range spec.Metrics {
		m := &spec.Metrics[i]
		if m.Role != Guardrail || !spec.Pairs(m) {
			continue
		}
		n.noHarm(in, m.Name, paired)
		for _, test := range []string{pairedSafe, pairedSafeStage} {
			e, ok := find(in.Evidence, m.Name, test)
			n.want(!m.gates() || ok && e.Result == stats.Safe && e.LogE >= e.Threshold, m.Name+"/"+test, line(&e, n.ripened),
				"%s: safety of pairs, evidence e^%.1f of e^%.1f", m.Name, e.LogE, e.Threshold)
		}
	}
}

// Tests of pairs.
const (
	paired          = "paired"
	pairedSafe      = "paired_safe"
	pairedSafeStage = "paired_safe_stage"
	pairedCap       = "paired_cap"
)

// unpaired: do too many of stable's answers lack the canary's? Whether the copies were
// lost or the canary was silent is not known, so nothing may be built on the rest.
func unpaired(spec *Spec, in *Input) (step, bool) {
	n := in.Health.Pairs
	all, most := float64(n[0]+n[1]), spec.Health.Unpaired
	if most == 0 || all == 0 || !beyond(float64(n[1])/all, most, all) {
		return step{}, false
	}
	return step{verdict: hold, code: ReasonUnpaired, message: fmt.Sprintf(
		"%d of %d requests have no answer of the canary by the horizon: %s, and %s is the bound", n[1], n[0]+n[1], percent(float64(n[1])/all), percent(most))}, true
}
