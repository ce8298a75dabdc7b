package decision

import (
	"slices"
	"strings"
)

// known are the fields of the event contract that a metric can read, per kind of
// event. A name that ends in a dot stands for the members of an object.
var known = map[string][]string{
	"prediction": {"latency_seconds", "ttft_seconds", "status_code", "error_type", "prediction_label", "prediction_score",
		"prediction_value", "model_version", "scores.", "metrics.", "features.", "tags.", "evaluations."},
	"resource": {"cpu_cores", "memory_bytes", "gpu_utilization_ratio", "requests", "metrics."},
}

// textual are the fields that hold text: they have categories, never an average.
var textual = []string{"error_type", "prediction_label", "model_version", "tags."}

// numeric are the fields that hold numbers only.
var numeric = []string{"latency_seconds", "ttft_seconds", "prediction_score", "prediction_value", "scores.", "metrics."}

// named tells whether a field is one of the names.
func named(field string, names []string) bool {
	for _, n := range names {
		if field == n || strings.HasSuffix(n, ".") && strings.HasPrefix(field, n) && len(field) > len(n) {
			return true
		}
	}
	return false
}

// readable tells whether the events that a metric reads have its field; outcomes
// are named by whoever sends them.
func (c *checker) readable(m *Metric) bool {
	if m.On == "outcome" {
		return m.Field != ""
	}
	return named(m.Field, known[m.On]) && !strings.Contains(m.Field, "*")
}

// listed names the fields of an event in a message.
func listed(on string) string {
	names := slices.Clone(known[on])
	for i, n := range names {
		if strings.HasSuffix(n, ".") {
			names[i] = n + "NAME"
		}
	}
	return "known: " + strings.Join(names, ", ")
}

func (c *checker) drifts() {
	s := c.spec
	c.refuse(len(s.Drift) <= maxDrift, place("drift"), "watch several fields with one check: of: [a, b]", "%d drift checks are more than %d", len(s.Drift), maxDrift)
	seen := map[string]Feature{}
	for i := range s.Drift {
		d := &s.Drift[i]
		at := func(field string) []any { return place("drift", i, field) }
		c.name("drift check", d.Name, at("name"))
		c.refuse(d.Above >= 0 && d.Above <= 10 && (d.Method != "ks" || d.Above < 1), at("above"), "use the distance that is tolerable: 0.1 is usual for psi, 0.15 for ks", "drift %s: above %v is out of range", d.Name, d.Above)
		c.refuse(d.Faults >= 0 && d.Faults <= 1, at("faults"), "use a share such as 1%; 100% switches it off", "drift %s: faults %v is out of range", d.Name, d.Faults)
		c.refuse(d.Role != Guardrail || d.Above > 0, at("role"), "write the distance that is tolerable, above: 0.1 for psi or 0.15 for ks; or role: signal, to hold at any difference", "drift %s: a guardrail with above: 0 can never be shown the same, and a step forward needs that", d.Name)
		c.reference(d, at)
		c.within(d, at)
		c.history(d, at)
		c.refuse(d.Weight > 0 && d.Weight <= 1e6, at("weight"), "use a positive number; 1 is usual", "drift %s: weight %v is out of range", d.Name, d.Weight)
		c.refuse(len(d.Of) > 0, at("of"), "name the fields to watch", "drift %s watches nothing", d.Name)
		for k := range d.Of {
			path := at("of")
			if c.at(append([]any{"spec"}, path...)...).kind == listNode {
				path = append(path, k)
			}
			c.feature(d, k, path, seen)
		}
	}
	c.refuse(len(seen) <= maxFeatures, place("drift"), "watch those that matter", "%d watched fields are more than %d", len(seen), maxFeatures)
}

// feature checks one watched field; seen holds those of earlier checks.
func (c *checker) feature(d *Drift, k int, path []any, seen map[string]Feature) {
	f := d.Of[k]
	if f.Field == AllFeatures && d.Reference != "" && d.Baseline == "" {
		return // the file will tell
	}
	c.refuse(!strings.Contains(f.Field, "*"), path, "list the fields, or let verdin calibrate write them from recorded history", "drift %s: %q names no single field", d.Name, f.Field)
	c.refuse(named(f.Field, known["prediction"]), path, listed("prediction")+"; outcomes are watched as metrics", "drift %s: predictions have no field %q", d.Name, f.Field)
	c.refuse(len(f.Categories) > 0 || d.Reference != "" || !named(f.Field, textual), path, "write {field: "+f.Field+", categories: [a, b]}", "drift %s: %s is text, and its categories are not listed", d.Name, f.Field)
	c.refuse(len(f.Categories) == 0 || !named(f.Field, numeric), path, "remove categories", "drift %s: %s is a number and has no categories", d.Name, f.Field)
	c.refuse(len(f.Categories) == 0 || d.Method != "ks", path, "use method: psi", "drift %s: ks needs an order, and the categories of %s have none", d.Name, f.Field)
	c.refuse(len(f.Categories) <= maxCategories, path, "list the frequent ones: others are counted together", "drift %s: %d categories are more than %d", d.Name, len(f.Categories), maxCategories)
	for i, name := range f.Categories {
		c.refuse(!contains(f.Categories[:i], name), append(path, "categories", i), "remove one of them", "category %q is listed twice", name)
	}
	c.refuse(!slices.ContainsFunc(d.Of[:k], func(o Feature) bool { return o.Field == f.Field }), path, "remove one of them", "drift %s watches %s twice", d.Name, f.Field)
	if other, ok := seen[f.Field]; ok {
		c.refuse(slices.Equal(other.Categories, f.Categories), path, "list the same categories", "drift %s: another check lists other categories for %s", d.Name, f.Field)
	}
	seen[f.Field] = f
}
