package calibrate

import (
	"fmt"
	"slices"

	"verdin/decision"
	"verdin/drift"
	"verdin/schemas"
)

// topNames is how many names of a feature get a bin of their own.
const topNames = 30

// Baseline is the reference distribution of every prediction field that the spec's
// checks read, over the whole history. Fields without a single value are left out, and
// named.
func (h *History) Baseline(spec *decision.Spec) (b *drift.Baseline, empty []string, err error) {
	b = &drift.Baseline{Rollout: h.rollout}
	for _, f := range h.fields(spec) {
		if f.kind != schemas.KindPrediction {
			continue
		}
		var s shape
		values := h.numbers(f, &s)
		var r drift.Reference
		switch {
		case s.numbers+s.names == 0:
			empty = append(empty, f.name)
			continue
		case s.names > s.numbers:
			r, err = h.categories(f)
		default:
			r, err = h.histogram(f, values)
		}
		if err != nil {
			return nil, empty, fmt.Errorf("baseline of %s: %w", f.name, err)
		}
		b.Features = append(b.Features, r)
	}
	return b, empty, nil
}

func (h *History) histogram(f field, sample []float64) (drift.Reference, error) {
	e, err := drift.Learn(sample, 0)
	if err != nil {
		return drift.Reference{}, err
	}
	hist := drift.NewHistogram(e)
	var batch []float64
	h.each(f, func(kind schemas.ValueKind, x float64, _ []byte) {
		switch kind {
		case schemas.Number:
			if batch = append(batch, x); len(batch) == chunkRows {
				hist.Add(batch, nil, 0)
				batch = batch[:0]
			}
		case schemas.Absent, schemas.Null:
			hist.AddOdd(drift.Missing, 1)
		default:
			hist.AddOdd(drift.WrongType, 1)
		}
	})
	hist.Add(batch, nil, 0)
	return drift.NewReference(f.name, hist), nil
}

func (h *History) categories(f field) (drift.Reference, error) {
	counts, missing := map[string]int64{}, int64(0)
	h.each(f, func(kind schemas.ValueKind, _ float64, text []byte) {
		switch kind {
		case schemas.String:
			counts[string(text)]++
		case schemas.True:
			counts["true"]++
		case schemas.False:
			counts["false"]++
		default:
			missing++
		}
	})
	seen := make([]drift.Named, 0, len(counts))
	for name, n := range counts {
		seen = append(seen, drift.Named{Name: name, N: n})
	}
	slices.SortFunc(seen, func(a, b drift.Named) int { return compare(a.Name, b.Name) })
	return drift.NewCategoryReference(f.name, seen, topNames, missing)
}

func compare(a, b string) int {
	if a < b {
		return -1
	}
	return 1
}

// Prepare gives every watched field that history shows to be text the categories of the
// baseline; fields whose categories the spec lists keep them.
func Prepare(spec *decision.Spec, b *drift.Baseline) *decision.Spec {
	s := *spec
	s.Drift = slices.Clone(s.Drift)
	for i := range s.Drift {
		d := &s.Drift[i]
		d.Of = slices.Clone(d.Of)
		for k := range d.Of {
			if r, ok := b.Feature(d.Of[k].Field); ok && r.Categories != nil && len(d.Of[k].Categories) == 0 {
				d.Of[k].Categories = r.Categories.Top()
			}
		}
	}
	return &s
}
