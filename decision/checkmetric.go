package decision

import (
	"math"
	"slices"
	"strings"
)

// maxValue is the largest size of a value that sums can hold exactly.
var maxValue = math.Ldexp(1, 40)

func (c *checker) metric(i int, m *Metric) {
	at := func(field string) []any { return place("metrics", i, field) }
	c.name("metric", m.Name, at("name"))
	c.refuse(c.readable(m) || m.Expr != nil || m.Kind == Rate, at("field"), listed(m.On), "metric %s: %ss have no field %q", m.Name, m.On, m.Field)
	c.refuse(m.Kind == "proportion" || m.On != "prediction" || !named(m.Field, textual), at("field"), "use kind: proportion, or a field of numbers", "metric %s: %s is text and has no %s", m.Name, m.Field, m.Kind)
	c.refuse(m.Weight > 0 && m.Weight <= 1e6, at("weight"), "use a positive number; 1 is usual", "metric %s: weight %v is out of range", m.Name, m.Weight)
	c.refuse(m.MDE >= 0 && m.MDE <= 10, at("mde"), "give it as a log odds ratio, such as 0.1", "metric %s: mde %v is out of range", m.Name, m.MDE)
	c.kind(i, m)
	c.expr(i, m)
	c.twin(i, m)
	c.harm(i, m)
	if m.On == "resource" {
		b := m.Breached
		c.refuse(b == [2]int{} || b[0] >= 1 && b[0] <= b[1] && b[1] <= maxWindows, at("breached"), "write {windows: 3, of: 5}", "metric %s: %d of %d windows make no rule", m.Name, b[0], b[1])
		c.refuse(m.Kind != "proportion", at("kind"), "use mean or quantile", "metric %s: a proportion of instances is not supported", m.Name)
	}
	c.refuse(m.On == "resource" && m.Role == Guardrail || m.Breached == [2]int{}, at("breached"), "remove it", "metric %s: breached is for resource guardrails only", m.Name)
	if m.On != "outcome" {
		c.refuse(m.Value == "", at("value"), "remove it", "metric %s: value is for outcomes only", m.Name)
		c.refuse(m.Missing == "", at("missing"), "remove it", "metric %s: missing is for outcomes only", m.Name)
		c.refuse(m.Mode == "", at("mode"), "remove it", "metric %s: mode is for outcomes only", m.Name)
	} else {
		c.refuse(m.Population == "", at("population"), "remove it", "metric %s: population is for predictions only", m.Name)
		c.refuse(m.Value != "label" || m.Kind == "proportion", at("value"), "use value: value", "metric %s: a label is text and has no %s", m.Name, m.Kind)
		c.horizon(i, m)
		c.proxy(i, m)
	}
	c.refuse(m.On == "prediction" || m.Population == "", at("population"), "remove it", "metric %s: population is for predictions only", m.Name)
}

// kind checks what belongs to one kind of metric only.
func (c *checker) kind(i int, m *Metric) {
	at := func(field string) []any { return place("metrics", i, field) }
	if m.Kind == "quantile" {
		c.refuse(m.Quantile > 0 && m.Quantile < 1, at("quantile"), "use a number between 0 and 1, such as 0.99", "metric %s: quantile %v is outside (0, 1)", m.Name, m.Quantile)
	} else {
		c.refuse(m.Quantile == 0, at("quantile"), "remove it, or use kind: quantile", "metric %s: a %s has no quantile", m.Name, m.Kind)
	}
	c.limit(m, at("limit"))
	c.refuse(m.Cap >= 0 && m.Cap <= maxValue, at("cap"), "use a positive number in the metric's unit", "metric %s: cap %v is out of range", m.Name, m.Cap)
	c.refuse(m.Cap == 0 || m.Kind == "mean", at("cap"), "remove it", "metric %s: a %s has no cap", m.Name, m.Kind)
	if b := m.Range; b != nil {
		c.refuse(m.Kind != "proportion", at("range"), "remove it", "metric %s: a proportion has no range", m.Name)
		c.refuse(b.Low < b.High && b.Low >= -maxValue && b.High <= maxValue, at("range"), "write [low, high]", "metric %s: range %v to %v holds nothing, or too much", m.Name, b.Low, b.High)
		c.refuse(b.Low >= 0 || m.Kind == "mean", at("range"), "let it begin at 0 or above", "metric %s: a quantile below 0 is not supported", m.Name)
		c.refuse(m.Cap == 0 || m.Cap <= b.High, at("cap"), "let the cap lie within the range", "metric %s: cap %v is above the range", m.Name, m.Cap)
	}
}

// limit checks a bound on the canary alone: that there is a test of it, and that it can
// ever be crossed.
func (c *checker) limit(m *Metric, at []any) {
	if !m.Limit.Set {
		return
	}
	switch m.Kind {
	case Mean, Ratio, Sum:
		c.refuse(false, at, "use a limit on a quantile or a proportion, or a margin", "metric %s: a limit on a %s is not supported", m.Name, m.Kind)
	case Proportion, SLO, Rate:
		c.refuse(m.Limit.Value != 0, at, "write the smallest share that is too much, such as 0.1%", "metric %s: no number of events shows that a share is 0", m.Name)
		c.refuse(m.Limit.Value == 0 || m.Limit.Value > 0 && m.Limit.Value < 1, at, "use a share between 0 and 1, such as 5%", "metric %s: limit %v is no share", m.Name, m.Limit.Value)
		c.refuse(m.Kind != Rate || !m.Margin.Relative || c.spec.Assignment == "sticky", at, "give the margin as absolute, or remove the limit", "metric %s: a rate whose margin is relative has no share to limit", m.Name)
	}
	c.refuse(m.Limit.Value > 0 && m.Limit.Value <= maxValue || hasShare(m.Kind), at, "use a positive number in the metric's unit", "metric %s: limit %v is out of range", m.Name, m.Limit.Value)
	c.refuse(m.On != "resource" || m.Role != Guardrail, at, "remove it: a margin is compared with stable's instances", "metric %s: a resource guardrail has no limit", m.Name)
}

// hasShare tells whether a kind is a share of its units.
func hasShare(kind string) bool { return kind == Proportion || kind == SLO || kind == Rate }

// harm checks margin and tolerance.
func (c *checker) harm(i int, m *Metric) {
	at := func(field string) []any { return place("metrics", i, field) }
	c.refuse(m.Role != Guardrail || m.Margin.Set, at("role"), "add margin: {absolute: …} or {relative: …}, the largest harm that is acceptable", "metric %s: a guardrail needs a margin", m.Name)
	c.refuse(m.Role != Signal || m.Margin.Set || m.Limit.Set, at("role"), "add margin: {absolute: …} or {relative: …}, or a limit", "metric %s: a signal needs a margin or a limit", m.Name)
	c.distance(at("margin"), m, "margin", m.Margin)
	t := m.Tolerance
	if !t.Set {
		return
	}
	c.refuse(m.Margin.Set, at("tolerance"), "add a margin", "metric %s: tolerance without margin", m.Name)
	c.refuse(t.Relative == m.Margin.Relative, at("tolerance"), "give both as absolute or both as relative", "metric %s: margin and tolerance are on different scales", m.Name)
	c.refuse(t.Value >= 0 && t.Value <= m.Margin.Value, at("tolerance"), "use 0 to the margin", "metric %s: tolerance %v is not within 0 and the margin %v", m.Name, t.Value, m.Margin.Value)
}

// distance checks one margin of a metric.
func (c *checker) distance(path []any, m *Metric, what string, d Margin) {
	if !d.Set {
		return
	}
	c.refuse(d.Value > 0 && d.Value <= maxValue, path, "use a number above 0", "metric %s: %s %v is out of range", m.Name, what, d.Value)
	c.refuse(d.Relative || !hasShare(m.Kind) || d.Value < 1, path, "use a share below 1, such as 0.2%", "metric %s: an absolute %s of %v is no share", m.Name, what, d.Value)
	c.refuse(!d.Relative || d.Value < 1 || m.Worse == "higher" && d.Value <= 10, path, "use a percentage such as 10%", "metric %s: a relative %s of %v is out of range", m.Name, what, d.Value)
}

// horizon refuses labels that come later than a stage ends.
func (c *checker) horizon(i int, m *Metric) {
	if m.Mode != "" || m.Role != Guardrail {
		return
	}
	for k, st := range c.spec.Stages {
		c.refuse(c.spec.Source.Horizon <= st.Bake, place("metrics", i), "add mode: gate (stages wait for labels), mode: watch (labels may only roll back) or mode: proxy", "metric %s: labels take up to %s, longer than stage %d bakes (%s)", m.Name, brief(c.spec.Source.Horizon), k+1, brief(st.Bake))
	}
}

// proxy checks that a metric which speaks for a slower one gates itself.
func (c *checker) proxy(i int, m *Metric) {
	path := place("metrics", i, "mode")
	c.refuse(m.Mode == "proxy" || m.Proxy == "", place("metrics", i, "proxy"), "add mode: proxy", "metric %s: proxy without mode: proxy", m.Name)
	if m.Mode != "proxy" {
		return
	}
	k := slices.IndexFunc(c.spec.Metrics, func(o Metric) bool { return o.Name == m.Proxy })
	ok := k >= 0 && k != i && c.spec.Metrics[k].Role == Guardrail && c.spec.Metrics[k].gates()
	c.refuse(ok, path, "add proxy: and the name of a guardrail that is known sooner", "metric %s: proxy %q is no guardrail that gates a step", m.Name, m.Proxy)
}

// twin refuses two guardrails that measure the same against different margins.
func (c *checker) twin(i int, m *Metric) {
	for k := range c.spec.Metrics[:i] {
		o := &c.spec.Metrics[k]
		same := o.Kind == m.Kind && o.On == m.On && o.Field == m.Field && o.Quantile == m.Quantile && o.Worse == m.Worse &&
			o.Per == m.Per && o.Within == m.Within && o.Population == m.Population && o.Expr == nil && m.Expr == nil
		c.refuse(!same || o.Role != Guardrail || m.Role != Guardrail || o.Margin == m.Margin, place("metrics", i, "margin"), "keep one of them",
			"metric %s: %s measures the same against another margin", m.Name, o.Name)
	}
}

// stageMargins checks the margins that a stage sets for itself.
func (c *checker) stageMargins() {
	for i, st := range c.spec.Stages {
		for _, name := range sortedKeys(st.Margins) {
			path := place("stages", i, "margins", name)
			k := slices.IndexFunc(c.spec.Metrics, func(m Metric) bool { return m.Name == name })
			if k < 0 {
				c.refuse(false, path, "name a metric of this spec", "stage %d: no metric is called %q", i+1, name)
				continue
			}
			m, d := &c.spec.Metrics[k], st.Margins[name]
			c.distance(path, m, "margin", d)
			c.refuse(m.Margin.Set && m.Margin.Relative == d.Relative, path, "use the scale of the metric's own margin", "stage %d: the margin of %s is on another scale", i+1, name)
			c.refuse(!m.Tolerance.Set || m.Tolerance.Value <= d.Value, path, "use a margin at or above the tolerance", "stage %d: the margin of %s is below its tolerance %v", i+1, name, m.Tolerance.Value)
		}
	}
}

// name checks the name of a metric or drift check; it must be unique among both.
func (c *checker) name(what, name string, path []any) {
	c.refuse(isMetricName(name), path, "use 1 to 63 of a-z, A-Z, 0-9, '_', '.' and '-', beginning with a letter", "%s name %q is not usable", what, name)
	c.refuse(!contains(healthNames, name), path, "choose another name", "%s name %q is taken by a health check", what, name)
	n := c.at(append([]any{"spec"}, path...)...)
	if line, taken := c.names[name]; taken {
		c.refuse(false, path, "choose another name", "%q is already the name of a check, on line %d", name, line)
		return
	}
	c.names[name] = n.line
}

// healthNames are the names of the checks that every rollout has.
var healthNames = []string{sampleRatio, coverage}

func isMetricName(s string) bool {
	letter := func(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }
	rest := func(r rune) bool {
		return letter(r) || r >= '0' && r <= '9' || r == '_' || r == '.' || r == '-'
	}
	return len(s) >= 1 && len(s) <= 63 && letter(rune(s[0])) &&
		!strings.ContainsFunc(s, func(r rune) bool { return !rest(r) })
}
