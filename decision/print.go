package decision

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// YAML prints the effective spec: every default written out, in a fixed order.
// Parse reads it back to an equal Spec.
func (s *Spec) YAML() []byte { return s.print(false) }

func (s *Spec) print(canonical bool) []byte {
	p := &printer{canonical: canonical}
	p.line(0, "apiVersion: %s", apiVersion)
	p.line(0, "kind: Rollout")
	p.line(0, "metadata:")
	p.line(1, "name: %s", quote(s.Name))
	p.line(1, "namespace: %s", quote(s.Namespace))
	if s.Labels != nil {
		var f flow
		for _, k := range sortedKeys(s.Labels) {
			f.add(quote(k), quote(s.Labels[k]))
		}
		p.line(1, "labels: %s", f)
	}
	p.line(0, "spec:")
	p.body(s)
	return []byte(p.String())
}

func (p *printer) body(s *Spec) {
	p.line(1, "strategy: %s", s.Strategy)
	p.line(1, "arms: {stable: %s, canary: %s}", quote(s.Arms.Stable), quote(s.Arms.Canary))
	p.line(1, "assignment: %s", s.Assignment)
	if s.Unit != "" {
		p.line(1, "unit: %s", quote(s.Unit))
	}
	p.source(&s.Source)
	p.line(1, "stages:")
	for i := range s.Stages {
		p.line(2, "- %s", stageFlow(&s.Stages[i]))
	}
	p.line(1, "risk: {falseRollback: %s, falsePromote: %s, falseHold: %s}", num(s.Risk.FalseRollback), num(s.Risk.FalsePromote), num(s.Risk.FalseHold))
	if len(s.Metrics) > 0 {
		p.line(1, "metrics:")
	}
	for i := range s.Metrics {
		p.line(2, "- %s", metricFlow(&s.Metrics[i]))
	}
	if len(s.Drift) > 0 {
		p.line(1, "drift:")
	}
	for i := range s.Drift {
		p.drift(&s.Drift[i])
	}
	for i, g := range s.Segments {
		if i == 0 {
			p.line(1, "segments:")
		}
		p.line(2, "- {by: %s, values: %s, minShare: %s, role: %s}", quote(g.By), valuesFlow(&g), num(g.MinShare), g.Role)
	}
	p.health(&s.Health)
	p.policy(&s.Policy)
	p.line(1, "publish: {onExpiry: %s, lease: %s, routers: %s}", s.Publish.OnExpiry, brief(s.Publish.Lease), routersFlow(&s.Publish))
	p.traffic(&s.Traffic)
	p.line(1, "holdBack: %s", num(s.HoldBack))
	if s.Share > 0 {
		p.line(1, "share: %s", num(s.Share))
	}
	p.line(1, "dryRun: %t", s.DryRun)
}

func (p *printer) health(h *Health) {
	usual := defaults().Health
	p.line(1, "health:")
	p.line(2, "noData: {after: %s, action: %s}", brief(h.NoData), onOff(h.NoDataRolls, "rollback", "hold"))
	p.line(2, "silentCanary: {after: %s, action: %s}", brief(h.SilentCanary), onOff(h.SilentCanaryRolls, "rollback", "hold"))
	p.line(2, "sampleRatio: %s", onOff(h.SampleRatio, "hold", "off"))
	p.line(2, "lag: %s", brief(h.Lag))
	p.later(h.Late == usual.Late, 2, "late: %s", num(h.Late))
	p.later(h.Coverage == usual.Coverage, 2, "coverage: %s", onOff(h.Coverage, "hold", "off"))
	p.later(h.Concentration == usual.Concentration, 2, "concentration: %s", onOff(h.Concentration == 0, "off", num(h.Concentration)))
	p.later(h.Crossover == usual.Crossover, 2, "crossover: %s", onOff(h.Crossover == 0, "off", num(h.Crossover)))
	p.later(h.Unpaired == usual.Unpaired, 2, "unpaired: %s", onOff(h.Unpaired == 0, "off", num(h.Unpaired)))
	p.later(h.Unapplied == usual.Unapplied, 2, "unapplied: %s", brief(h.Unapplied))
	p.later(h.Artifact == usual.Artifact, 2, "artifact: %s", onOff(h.Artifact, "hold", "off"))
}

func (p *printer) policy(y *Policy) {
	f := flow{"onGuardrail: " + y.OnGuardrail, "onSignal: " + y.OnSignal, "onMaxDuration: " + y.OnMaxDuration}
	if usual := defaults().Policy; !p.canonical || y.Approvals != usual.Approvals || y.MinStep != usual.MinStep {
		f.add("approvals", strconv.Itoa(y.Approvals))
		f.add("minStep", num(y.MinStep))
	}
	p.line(1, "policy: %s", f)
}

func (p *printer) traffic(t *Traffic) {
	if t.PerMinute == 0 && t.Base == nil {
		return
	}
	f := flow{"perMinute: " + num(t.PerMinute)}
	if t.Base != nil {
		var base flow
		for _, name := range sortedKeys(t.Base) {
			base.add(quote(name), "{value: "+num(t.Base[name].Value)+", sd: "+num(t.Base[name].SD)+"}")
		}
		f.add("base", base.String())
	}
	p.line(1, "traffic: %s", f)
}

func routersFlow(p *Publish) string {
	if p.Named == nil {
		return strconv.Itoa(p.Routers)
	}
	var names []string
	for _, n := range p.Named {
		names = append(names, quote(n))
	}
	return "[" + strings.Join(names, ", ") + "]"
}

func valuesFlow(g *Segment) string {
	var out flow
	for i, v := range g.Values {
		if g.Shares == nil {
			out = append(out, quote(v))
			continue
		}
		out.add(quote(v), num(g.Shares[i]))
	}
	if g.Shares == nil {
		return "[" + strings.Join(out, ", ") + "]"
	}
	return out.String()
}

func (p *printer) source(s *Source) {
	p.line(1, "source:")
	var kafka flow
	for _, t := range [][2]string{{"predictions", s.Predictions}, {"outcomes", s.Outcomes}, {"resources", s.Resources}} {
		if t[1] != "" {
			kafka.add(t[0], quote(t[1]))
		}
	}
	if len(kafka) > 0 {
		p.line(2, "kafka: %s", kafka)
	}
	p.line(2, "join: {key: %s, horizon: %s}", s.JoinKey, brief(s.Horizon))
	p.line(2, "time: {window: %s, lateness: %s}", brief(s.Window), brief(s.Lateness))
}

func stageFlow(st *Stage) flow {
	var f flow
	f.add("weight", strconv.Itoa(st.Weight))
	f.add("bake", brief(st.Bake))
	f.add("minSamples", strconv.FormatInt(st.MinSamples, 10))
	f.add("maxDuration", onOff(st.MaxDuration == 0, never, brief(st.MaxDuration)))
	f.add("gate", onOff(st.Gate == "manual", "manual", "auto"))
	if st.Margins != nil {
		var margins flow
		for _, name := range sortedKeys(st.Margins) {
			margins.add(quote(name), st.Margins[name].String())
		}
		f.add("margins", margins.String())
	}
	return f
}

func metricFlow(m *Metric) flow {
	var f flow
	f.add("name", quote(m.Name))
	f.add("kind", m.Kind)
	f.number("quantile", m.Quantile)
	f.add("on", m.On)
	if m.Field != "" {
		f.add("field", quote(m.Field))
	}
	if m.Expr != nil {
		f.add("expr", exprFlow(m.Expr))
	}
	if m.Per != "" {
		f.add("per", quote(m.Per))
	}
	f.number("within", m.Within)
	f.word("value", m.Value)
	f.add("worse", m.Worse)
	f.add("role", m.Role)
	if m.Margin.Set {
		f.add("margin", m.Margin.String())
		f.add("tolerance", m.Tolerance.String())
	}
	if m.Limit.Set {
		f.add("limit", num(m.Limit.Value))
	}
	f.number("cap", m.Cap)
	if m.Range != nil {
		f.add("range", "["+num(m.Range.Low)+", "+num(m.Range.High)+"]")
	}
	f.number("mde", m.MDE)
	f.add("weight", num(m.Weight))
	f.word("mode", m.Mode)
	if m.Proxy != "" {
		f.add("proxy", quote(m.Proxy))
	}
	f.word("missing", m.Missing)
	if m.On == "prediction" {
		f.add("population", onOff(m.Population == "", "all", m.Population))
	}
	if m.Breached != [2]int{} {
		f.add("breached", fmt.Sprintf("{windows: %d, of: %d}", m.Breached[0], m.Breached[1]))
	}
	return f
}

func exprFlow(e *Expr) string {
	var args []string
	for _, a := range e.Args {
		args = append(args, quote(a))
	}
	var f flow
	f.add(e.Op, "["+strings.Join(args, ", ")+"]")
	if e.Text != "" {
		f.add("text", quote(e.Text))
	}
	f.number("by", e.By)
	return f.String()
}

func (p *printer) drift(d *Drift) {
	p.line(2, "- name: %s", quote(d.Name))
	p.line(3, "of:")
	for _, f := range d.Of {
		if len(f.Categories) == 0 {
			p.line(4, "- %s", quote(f.Field))
			continue
		}
		var names []string
		for _, c := range f.Categories {
			names = append(names, quote(c))
		}
		p.line(4, "- {field: %s, categories: [%s]}", quote(f.Field), strings.Join(names, ", "))
	}
	p.line(3, "between: %s", d.Between)
	if d.Pane != 0 {
		p.line(3, "pane: %s", brief(d.Pane))
	}
	if d.Reference != "" && !(p.canonical && d.Baseline != "") { // where a file lies decides nothing
		p.line(3, "reference: %s", quote(d.Reference))
	}
	if d.Baseline != "" {
		p.line(3, "baseline: %s", quote(d.Baseline))
	}
	p.line(3, "method: %s", d.Method)
	p.line(3, "above: %s", num(d.Above))
	p.later(d.Faults == defaultDrift().Faults, 3, "faults: %s", num(d.Faults))
	p.later(!d.Segments, 3, "segments: %t", d.Segments)
	p.line(3, "role: %s", d.Role)
	p.line(3, "weight: %s", num(d.Weight))
}

// digest is over the canonical form of all that touches the analysis. Free to
// change without a new generation: name, labels, how verdicts are published, and
// whether they are a dry run.
func (s *Spec) digest() string {
	c := *s
	c.Name, c.Namespace, c.Labels, c.Publish, c.DryRun, c.Digest = "", "", nil, Publish{}, false, ""
	c.Traffic = Traffic{} // an expectation that decides nothing
	sum := sha256.Sum256(c.print(true))
	return "sha256:" + hex.EncodeToString(sum[:])
}
