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

// BaselineFile is the name of the baseline beside the suggested spec.
const BaselineFile = "baseline.json"

// Prepare binds a spec to the baseline of a history, which lies beside it: every drift
// check takes its bins from there. Checks with a field of which history has no value
// stay as they are, and so do all where the baseline is too large; notes say so.
func Prepare(spec *decision.Spec, b *drift.Baseline) (*decision.Spec, []string, error) {
	if len(spec.Drift) == 0 {
		return spec, nil, nil
	}
	text, err := b.Append(nil)
	if err != nil {
		return nil, nil, err
	}
	s := *spec
	s.Drift, s.Baselines = slices.Clone(s.Drift), nil
	var notes []string
	file := decision.NewBaseline(text)
	for i := range s.Drift {
		d := &s.Drift[i]
		missing := slices.IndexFunc(d.Of, func(f decision.Feature) bool { _, ok := b.Feature(f.Field); return !ok })
		switch {
		case missing >= 0:
			notes = append(notes, fmt.Sprintf("%s: not bound to the baseline, which knows nothing of %s", d.Name, d.Of[missing].Field))
		case len(text) > decision.MostBaselines:
			notes = append(notes, fmt.Sprintf("%s: not bound to the baseline, which has %d bytes and may have %d: watch fewer fields", d.Name, len(text), decision.MostBaselines))
		default:
			d.Reference, d.Baseline, s.Baselines = BaselineFile, file.Digest, []decision.Baseline{file}
		}
		d.Of = slices.Clone(d.Of)
		for k := range d.Of {
			r, ok := b.Feature(d.Of[k].Field)
			switch bound := d.Baseline == file.Digest; {
			case bound:
				d.Of[k].Categories = nil // the baseline has them
			case ok && r.Categories != nil && len(d.Of[k].Categories) == 0:
				d.Of[k].Categories = r.Categories.Top()
			}
		}
	}
	next, err := decision.Parse(s.Text(), "the spec with its baseline")
	return next, notes, err
}
