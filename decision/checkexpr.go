package decision

import "strings"

// expr checks what takes the place of a field, and what kinds ask for beside it.
func (c *checker) expr(i int, m *Metric) {
	at := func(field string) []any { return place("metrics", i, field) }
	two := map[string]bool{Ratio: true, Sum: true}
	c.refuse(two[m.Kind] || m.Per == "", at("per"), "remove it", "metric %s: a %s has no per", m.Name, m.Kind)
	c.refuse(!two[m.Kind] || m.Per != "", at("kind"), "add per: the field of the denominator, or of a sum's unit", "metric %s: a %s needs per", m.Name, m.Kind)
	c.refuse(m.Kind == SLO || m.Within == 0, at("within"), "remove it, or use kind: slo", "metric %s: a %s has no within", m.Name, m.Kind)
	c.refuse(m.Kind != SLO || m.Within > 0 && m.Within <= maxValue, at("kind"), "add within: the bound of a good observation, such as 0.3", "metric %s: an slo needs within", m.Name)
	c.refuse(m.Kind != Rate || m.On == "outcome" && m.Field != "", at("kind"), "write on: outcome and field: the outcome's name", "metric %s: a rate counts outcomes", m.Name)
	c.refuse(m.Kind != Ratio || m.On != "outcome", at("on"), "use on: prediction", "metric %s: a ratio of outcomes is not supported", m.Name)
	c.refuse(m.Kind != Ratio || m.Expr == nil && named(m.Per, known[m.On]), at("per"), listed(m.On), "metric %s: a ratio divides a field by a field, and there is no %q", m.Name, m.Per)
	c.refuse(m.Kind != Sum || c.spec.Assignment == "sticky", at("kind"), "write assignment: sticky, or use kind: mean", "metric %s: a sum per unit needs units that keep their arm", m.Name)
	c.refuse(m.Kind != Sum || m.Per == c.spec.Unit, at("per"), "write per: "+c.spec.Unit, "metric %s: sums are per unit of the assignment", m.Name)
	e := m.Expr
	if e == nil {
		return
	}
	c.refuse(m.Field == "", at("field"), "keep one of field and expr", "metric %s has both a field and an expr", m.Name)
	want := 2
	if e.Op == "field" || e.Op == "equals" && e.Text != "" {
		want = 1
	}
	c.refuse(e.Op != "", at("expr"), "write {field: [a]}, {equals: [a, b]}, {within: [a, b], by: 1}, {ratio: [a, b]}, {difference: [a, b]}, {precision: [said, is], text: class}, {recall: [said, is], text: class}, {squaredError: [a, b]} or {absoluteError: [a, b]}", "metric %s: expr says nothing", m.Name)
	c.refuse(len(e.Args) == want, at("expr"), "every expression reads two fields, but field, and equals beside text, read one", "metric %s: %s reads %d fields", m.Name, e.Op, len(e.Args))
	c.refuse(e.Op == "equals" || e.Conditional() || e.Text == "", at("expr"), "remove text", "metric %s: text is for equals, precision and recall only", m.Name)
	c.refuse(!e.Conditional() || e.Text != "", at("expr"), "add text: the class, such as fraud", "metric %s: %s is that of a class", m.Name, e.Op)
	c.refuse(!e.Conditional() || m.Missing != "negative", at("missing"), "write missing: exclude", "metric %s: without a label nobody knows whether a prediction is one of those that a %s is of", m.Name, e.Op)
	c.refuse(!e.Conditional() || !c.spec.mirrors(), at("expr"), "use equals there", "metric %s: in a mirrored stage one answer of a pair may count for %s and the other not", m.Name, e.Op)
	c.refuse((e.Op == "within") == (e.By > 0) && e.By >= 0 && e.By <= maxValue, at("expr"), "add by: to within, and to nothing else", "metric %s: by %v does not fit %s", m.Name, e.By, e.Op)
	outcomes := 0
	for _, a := range e.Args {
		if strings.HasPrefix(a, "outcome.") {
			outcomes++
		}
	}
	c.refuse(m.On != "outcome" || outcomes == 1, at("expr"), "write outcome.NAME once", "metric %s: an expr on: outcome reads one outcome", m.Name)
	for _, a := range e.Args {
		_, outcome := strings.CutPrefix(a, "outcome.")
		c.refuse(outcome && m.On == "outcome" || named(a, known["prediction"]), at("expr"), listed("prediction")+", and outcome.NAME with on: outcome", "metric %s: expr has no field %q", m.Name, a)
	}
	yesNo := e.Op == "equals" || e.Op == "within" || e.Conditional()
	c.refuse(!yesNo || m.Kind == Proportion, at("kind"), "use kind: proportion", "metric %s: %s is true or false", m.Name, e.Op)
}
