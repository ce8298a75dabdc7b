package decision

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// YAML prints the effective spec: every default written out, in a fixed order.
// Parse reads it back to an equal Spec.
func (s *Spec) YAML() []byte {
	p := &printer{}
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
	h := &s.Health
	p.line(1, "health:")
	p.line(2, "noData: {after: %s, action: hold}", brief(h.NoData))
	p.line(2, "silentCanary: {after: %s, action: %s}", brief(h.SilentCanary), onOff(h.SilentCanaryRolls, "rollback", "hold"))
	p.line(2, "sampleRatio: %s", onOff(h.SampleRatio, "hold", "off"))
	p.line(2, "lag: %s", brief(h.Lag))
	p.line(1, "policy: {onGuardrail: %s, onSignal: %s, onMaxDuration: %s}", s.Policy.OnGuardrail, s.Policy.OnSignal, s.Policy.OnMaxDuration)
	p.line(1, "publish: {onExpiry: %s, lease: %s, routers: %d}", s.Publish.OnExpiry, brief(s.Publish.Lease), s.Publish.Routers)
	p.line(1, "holdBack: %s", num(s.HoldBack))
	if s.Share > 0 {
		p.line(1, "share: %s", num(s.Share))
	}
	p.line(1, "dryRun: %t", s.DryRun)
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
	f.add("field", quote(m.Field))
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
	f.word("missing", m.Missing)
	if m.On == "prediction" {
		f.add("population", onOff(m.Population == "", "all", m.Population))
	}
	return f
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
	p.line(3, "method: %s", d.Method)
	p.line(3, "above: %s", num(d.Above))
	p.line(3, "role: %s", d.Role)
	p.line(3, "weight: %s", num(d.Weight))
}

// digest is over the canonical form of all that touches the analysis. Free to
// change without a new generation: name, labels, how verdicts are published, and
// whether they are a dry run.
func (s *Spec) digest() string {
	c := *s
	c.Name, c.Namespace, c.Labels, c.Publish, c.DryRun, c.Digest = "", "", nil, Publish{}, false, ""
	sum := sha256.Sum256(c.YAML())
	return "sha256:" + hex.EncodeToString(sum[:])
}

// String prints a margin as a spec would.
func (m Margin) String() string {
	return "{" + onOff(m.Relative, "relative: ", "absolute: ") + num(m.Value) + "}"
}

type printer struct{ strings.Builder }

func (p *printer) line(depth int, format string, args ...any) {
	p.WriteString(strings.Repeat("  ", depth))
	fmt.Fprintf(p, format, args...)
	p.WriteByte('\n')
}

// flow is a mapping on one line.
type flow []string

func (f *flow) add(key, value string) { *f = append(*f, key+": "+value) }

func (f *flow) word(key, value string) {
	if value != "" {
		f.add(key, value)
	}
}

func (f *flow) number(key string, value float64) {
	if value != 0 {
		f.add(key, num(value))
	}
}

func (f flow) String() string { return "{" + strings.Join(f, ", ") + "}" }

// num prints a number so that it reads back to the same bits.
func num(x float64) string {
	if a := math.Abs(x); a != 0 && (a < 1e-6 || a >= 1e15) {
		return strconv.FormatFloat(x, 'e', -1, 64)
	}
	return strconv.FormatFloat(x, 'f', -1, 64)
}

// brief prints a duration without its empty parts: 30m, 1h30m, 24h.
func brief(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// percent prints a share for people, with up to 4 digits after the point.
func percent(x float64) string {
	return strconv.FormatFloat(math.Round(x*1e6)/1e4, 'f', -1, 64) + " %"
}

// quote prints text as it stands if it is a plain word in every YAML, else in quotes.
func quote(s string) string {
	plain := s != "" && !contains([]string{"true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf", "infinity"}, strings.ToLower(s))
	for i, r := range s {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_'
		plain = plain && (letter || i > 0 && (r >= '0' && r <= '9' || r == '.' || r == '-' || r == '/'))
	}
	if plain {
		return s
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m { // order-free: sorted below
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
