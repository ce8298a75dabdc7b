package foreign

import (
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"

	"verdin/ingest/table"
	"verdin/schemas"
)

// Options say how a table is mapped.
type Options struct {
	Preset  string   // a name of Presets, "" = only the fields given
	Fields  []string // "target=column": more rules, which replace the preset's for the target
	Set     []string // "target=value": the same value in every row
	Rollout string   // of events that no rule gives one
}

// Empty tells whether nothing is mapped: then a file holds events already.
func (o Options) Empty() bool { return o.Preset == "" && len(o.Fields) == 0 && len(o.Set) == 0 }

// rule brings the values of a column to a field of the events. A target names a
// field of the prediction ("arm", "features.age") or of an outcome of the row
// ("outcome.NAME.value", or "outcome.NAME": number and truth as value, text as
// label). A column and a target that end with * stand for all with that prefix.
type rule struct {
	column, target string
	words          map[string]string // other words for some values
	own, met       bool              // a --field; a row had its column
}

// Map is a mapping. It serves one table.
type Map struct {
	preset *preset
	rules  []rule
	set    table.Row

	Unmapped map[string]int64 // values that no rule took, by column
	NoID     int64            // rows that had no prediction_id: it is their number
	Unpaired int64            // requests and responses that found no partner
}

// New returns the mapping.
func New(o Options) (*Map, error) {
	m := &Map{preset: &preset{}, Unmapped: map[string]int64{}}
	if o.Preset != "" {
		p, ok := presets[o.Preset]
		if !ok {
			return nil, fmt.Errorf("unknown --map %q: use %s", o.Preset, strings.Join(Presets(), ", "))
		}
		m.preset = p
	}
	own := map[string]bool{}
	for _, f := range o.Fields {
		target, column, ok := strings.Cut(f, "=")
		if err := checkTarget(target); err != nil || !ok || column == "" {
			return nil, errors.Join(err, fmt.Errorf("--field %q: want TARGET=COLUMN, for example arm=variant or outcome.purchase=bought", f))
		}
		own[target] = true
		m.rules = append(m.rules, rule{column: column, target: target, own: true})
	}
	for _, s := range o.Set {
		target, value, ok := strings.Cut(s, "=")
		if err := checkTarget(target); err != nil || !ok || strings.HasSuffix(target, "*") {
			return nil, errors.Join(err, fmt.Errorf("--set %q: want TARGET=VALUE, for example rollout=recsys", s))
		}
		own[target] = true
		cell, err := coerce(table.Cell{Path: target, Value: schemas.Str(value)}, target)
		if err != nil {
			return nil, fmt.Errorf("--set %q: %w", s, err)
		}
		m.set.Cells = append(m.set.Cells, cell)
	}
	for _, r := range m.preset.rules {
		if !own[r.target] {
			m.rules = append(m.rules, r)
		}
	}
	if o.Rollout != "" && !own["rollout"] && !slices.ContainsFunc(m.rules, func(r rule) bool { return r.target == "rollout" }) {
		m.set.Add("rollout", schemas.Str(o.Rollout))
	}
	return m, nil
}

// Unmet are the columns that --field names and no row has had so far.
func (m *Map) Unmet() (columns []string) {
	for _, r := range m.rules {
		if r.own && !r.met {
			columns = append(columns, r.column)
		}
	}
	return columns
}

// Presets are the names of the systems whose formats are known.
func Presets() []string {
	names := make([]string, 0, len(presets))
	for name := range presets {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// outcomeFields are the fields that a target of an outcome may name.
var outcomeFields = []string{"value", "label", "event_time", "revision", "final", "unit", "identifier", "annotator_kind"}

func checkTarget(target string) error {
	name, isOutcome := strings.CutPrefix(target, outcomePrefix)
	_, field, _ := cutLast(name)
	switch {
	case target == "" || target == "type" || strings.HasPrefix(target, "@"):
		return fmt.Errorf("%q is no field of an event", target)
	case isOutcome && (name == "" || strings.HasPrefix(name, ".")):
		return fmt.Errorf("target %q names no outcome", target)
	case isOutcome && field != "" && !slices.Contains(outcomeFields, field):
		return fmt.Errorf("target %q: an outcome has %s", target, strings.Join(outcomeFields, ", "))
	}
	return nil
}

const outcomePrefix = "outcome."

// cutLast cuts at the last dot.
func cutLast(s string) (before, after string, ok bool) {
	i := strings.LastIndexByte(s, '.')
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}

// apply brings a row to the fields of its events. What the answer is depends on
// the scores beside it, so it is looked at last, wherever its column stands.
func (m *Map) apply(in *table.Row, out *table.Row) error {
	out.Cells = append(out.Cells[:0], m.set.Cells...)
	for _, last := range []bool{false, true} {
		for _, c := range in.Cells {
			if c.Value.Kind == schemas.String && c.Value.Text == "" {
				continue
			}
			if err := m.column(c, out, last); err != nil {
				return fmt.Errorf("column %s: %w", c.Path, err)
			}
		}
	}
	return nil
}

// column applies the rules for one column; those for the answer only if last.
func (m *Map) column(c table.Cell, out *table.Row, last bool) error {
	taken := false
	for i := range m.rules {
		r := &m.rules[i]
		target, ok := r.match(c.Path)
		taken, r.met = taken || ok, r.met || ok
		if !ok || target == drop || last != (target == answer) {
			continue
		}
		if err := m.put(out, c, target, r.words); err != nil {
			return err
		}
	}
	switch {
	case taken || last:
	case m.preset.features:
		out.Cells = append(out.Cells, table.Cell{Path: "features." + c.Path, Value: c.Value, JSON: c.JSON})
	default:
		m.Unmapped[c.Path]++
	}
	return nil
}

// match returns the target for a column, if the rule is for it.
func (r *rule) match(column string) (string, bool) {
	prefix, wide := strings.CutSuffix(r.column, "*")
	if !wide {
		return r.target, r.column == column
	}
	rest, ok := strings.CutPrefix(column, prefix)
	if r.target == drop {
		return drop, ok
	}
	return strings.TrimSuffix(r.target, "*") + rest, ok && rest != ""
}

// put adds a value at a target unless an earlier rule did.
func (m *Map) put(out *table.Row, c table.Cell, target string, words map[string]string) error {
	if w, ok := words[c.Value.Text]; ok && c.Value.Kind == schemas.String {
		c.Value.Text = w
	}
	target = byType(out, c, target)
	if out.Get(target).Value.Kind != schemas.Absent {
		return nil
	}
	cell, err := coerce(c, target)
	if err == nil {
		out.Cells = append(out.Cells, cell)
	}
	return err
}

// byType completes targets that depend on the value: of an outcome, and "prediction".
func byType(out *table.Row, c table.Cell, target string) string {
	isText := c.Value.Kind == schemas.String
	if name, ok := strings.CutPrefix(target, outcomePrefix); ok {
		if _, field, _ := cutLast(name); slices.Contains(outcomeFields, field) {
			return target
		}
		if isText {
			return target + ".label"
		}
		return target + ".value"
	}
	if target != answer {
		return target
	}
	if isText || c.Value.Kind != schemas.Number || hasScores(out) {
		return "prediction_label"
	}
	return "prediction_value"
}

// hasScores tells a classifier: it gave a probability.
func hasScores(out *table.Row) bool {
	return slices.ContainsFunc(out.Cells, func(c table.Cell) bool {
		return c.Path == "prediction_score" || strings.HasPrefix(c.Path, "scores.")
	})
}
