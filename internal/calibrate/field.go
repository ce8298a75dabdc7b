package calibrate

import (
	"slices"
	"strings"

	"verdin/decision"
	"verdin/drift"
	"verdin/schemas"
)

// field is a column of the history that a check reads.
type field struct {
	kind   schemas.Kind
	column int
	name   string   // as reports call it
	of     string   // the outcome's name, for outcomes
	truth  bool     // a proportion counts it: 1, true and text are ones
	lower  bool     // ones are good
	checks []string // those that read it, by name
}

// fields lists what the spec's checks read, each once.
func (h *History) fields(spec *decision.Spec) (all []field) {
	add := func(check string, f field) {
		same := func(o field) bool { return o.kind == f.kind && o.column == f.column && o.of == f.of }
		switch i := slices.IndexFunc(all, same); {
		case f.column < 0:
		case i >= 0:
			all[i].checks = append(all[i].checks, check)
		default:
			f.checks = []string{check}
			all = append(all, f)
		}
	}
	for i := range spec.Metrics {
		m := &spec.Metrics[i]
		for _, read := range reads(m) {
			f := field{kind: schemas.KindPrediction, name: read, truth: m.Kind == decision.Proportion && m.Expr == nil, lower: m.Worse == "lower"}
			path := read
			name, outcome := strings.CutPrefix(read, "outcome.")
			switch {
			case m.On == "outcome" && (outcome || m.Expr == nil):
				f.kind, f.of, f.name, path = schemas.KindOutcome, name, "outcome "+name, "value"
				if m.Value == "label" {
					path = "label"
				}
			case m.On == "resource":
				f.kind = schemas.KindResource
			}
			f.column = h.layout.Column(f.kind, path)
			add(m.Name, f)
		}
	}
	for _, d := range spec.Drift {
		for _, of := range d.Of {
			add(d.Name, field{kind: schemas.KindPrediction, name: of.Field, column: h.layout.Column(schemas.KindPrediction, of.Field)})
		}
	}
	return all
}

// reads are the fields that a metric is made of.
func reads(m *decision.Metric) []string {
	switch {
	case m.Expr != nil:
		return m.Expr.Args
	case m.Kind == decision.Ratio:
		return []string{m.Field, m.Per}
	}
	return []string{m.Field}
}

// each calls see with every row of a field: its kind, number and text.
func (h *History) each(f field, see func(kind schemas.ValueKind, x float64, text []byte)) {
	for _, chunks := range h.chunks {
		for _, c := range chunks {
			for i := range c.Len() {
				if c.Kind[i] == f.kind && (f.of == "" || string(c.Bytes(c.Name[i])) == f.of) {
					col, r := c.Values[f.kind][f.column], c.Row[i]
					see(col[r].Kind, col[r].Num, c.Bytes(col[r].Text))
				}
			}
		}
	}
}

// shape is what a field's values are like, of which shifts take their size.
type shape struct {
	numbers, names, missing int64
	truths                  int64 // of the names those that are true or false
	profile                 drift.Profile
}

const mostSample = 1 << 20 // values of a field that are sorted

func (h *History) shape(f field) (s shape) {
	values := h.numbers(f, &s)
	slices.Sort(values)
	s.profile = drift.ProfileOf(values)
	return s
}

// numbers returns the numbers of a field, every k-th of very many.
func (h *History) numbers(f field, s *shape) (values []float64) {
	h.each(f, func(kind schemas.ValueKind, x float64, _ []byte) {
		switch kind {
		case schemas.Number:
			s.numbers++
			values = append(values, x)
			if len(values) == 2*mostSample {
				for i := range mostSample {
					values[i] = values[2*i]
				}
				values = values[:mostSample]
			}
		case schemas.True, schemas.False:
			s.truths++
			s.names++
		case schemas.String:
			s.names++
		default:
			s.missing++
		}
	})
	return values
}
