package calibrate

import (
	"math"
	"slices"

	"verdin/decision"
	"verdin/schemas"
)

// field is a column of the history that a check reads.
type field struct {
	kind   schemas.Kind
	column int
	name   string // as reports call it
	of     string // the outcome's name, for outcomes
	truth  bool   // a proportion counts it: 1, true and text are ones
	lower  bool   // ones are good
}

// fields lists what the spec's checks read, each once.
func (h *History) fields(spec *decision.Spec) (all []field) {
	add := func(f field) {
		if f.column >= 0 && !slices.ContainsFunc(all, func(o field) bool { return o.kind == f.kind && o.column == f.column && o.of == f.of }) {
			all = append(all, f)
		}
	}
	for i := range spec.Metrics {
		m := &spec.Metrics[i]
		f := field{kind: schemas.KindPrediction, name: m.Field, truth: m.Kind == decision.Proportion, lower: m.Worse == "lower"}
		path := m.Field
		switch m.On {
		case "outcome":
			f.kind, f.of, f.name, path = schemas.KindOutcome, m.Field, "outcome "+m.Field, "value"
			if m.Value == "label" {
				path = "label"
			}
		case "resource":
			f.kind = schemas.KindResource
		}
		f.column = h.layout.Column(f.kind, path)
		add(f)
	}
	for _, d := range spec.Drift {
		for _, of := range d.Of {
			add(field{kind: schemas.KindPrediction, name: of.Field, column: h.layout.Column(schemas.KindPrediction, of.Field)})
		}
	}
	return all
}

// each calls see with every row of a field: its kind, number and text.
func (h *History) each(f field, see func(kind schemas.ValueKind, x float64, text []byte)) {
	for _, chunks := range h.chunks {
		for _, c := range chunks {
			for i := range c.Len() {
				if c.Kind[i] == f.kind && (f.of == "" || string(c.Bytes(c.Name[i])) == f.of) {
					col, r := &c.Values[f.kind][f.column], c.Row[i]
					see(col.Kind[r], col.Num[r], c.Bytes(col.Text[r]))
				}
			}
		}
	}
}

// shape is what a field's values are like, of which shifts take their size.
type shape struct {
	numbers, names, missing int64
	truths                  int64   // of the names those that are true or false
	median, spread          float64 // spread: half the distance of the 16th and the 84th percentile, of normal values the standard deviation
	least, most             float64
	tail                    float64    // 99th percentile
	decile                  [2]float64 // 40th and 50th percentile
	jump                    float64    // from the 40th to the 60th
}

const mostSample = 1 << 20 // values of a field that are sorted

func (h *History) shape(f field) (s shape) {
	values := h.numbers(f, &s)
	if len(values) == 0 {
		return s
	}
	slices.Sort(values)
	at := func(q float64) float64 { return values[min(len(values)-1, int(q*float64(len(values))))] }
	s.median, s.tail, s.least, s.most = at(0.5), at(0.99), values[0], values[len(values)-1]
	s.decile, s.jump = [2]float64{at(0.4), at(0.5)}, at(0.6)-at(0.4)
	if s.spread = (at(0.84) - at(0.16)) / 2; s.spread == 0 {
		mean, sum := 0.0, 0.0
		for _, x := range values {
			mean += x / float64(len(values))
		}
		for _, x := range values {
			sum += (x - mean) * (x - mean) / float64(len(values))
		}
		s.spread = math.Sqrt(sum)
	}
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
