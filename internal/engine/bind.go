package engine

import (
	"fmt"
	"slices"
	"strings"

	"verdin/decision"
	"verdin/drift"
)

// Bind attaches to a spec the baselines that its drift checks name, and writes every
// feature of a baseline in the place of features.*. Read gives the bytes of a file as the
// spec names it; it is not asked for what is attached already. A spec that names none
// comes back as it is. From then on the spec is known by the digests of its baselines.
func Bind(s *decision.Spec, read func(name string) ([]byte, error)) (*decision.Spec, error) {
	next := *s
	next.Drift, next.Baselines = slices.Clone(s.Drift), slices.Clone(s.Baselines)
	files, bound, known := map[string]decision.Baseline{}, false, newBaselines(&next)
	for i := range next.Drift {
		d := &next.Drift[i]
		if _, attached := s.Baseline(d.Baseline); d.Reference == "" || attached {
			continue
		}
		b, have := files[d.Reference]
		if !have {
			text, err := read(d.Reference)
			if err != nil {
				return nil, fmt.Errorf("drift %s: read its baseline: %w: verdin calibrate writes one, and it stands beside the spec", d.Name, err)
			}
			b = decision.NewBaseline(text)
			files[d.Reference] = b
			next.Baselines = append(next.Baselines, b)
		}
		if d.Baseline != "" && d.Baseline != b.Digest {
			return nil, fmt.Errorf("drift %s: %s has changed: its digest is %s, the spec says %s: take the file of then, or remove the line", d.Name, d.Reference, b.Digest, d.Baseline)
		}
		d.Baseline, bound = b.Digest, true
		base, err := known.of(d)
		if err != nil {
			return nil, err
		}
		d.Of = everyFeature(d.Of, base)
	}
	if !bound {
		return s, Bound(s)
	}
	size := 0
	for _, b := range next.Baselines {
		if size += len(b.Text); size > decision.MostBaselines {
			return nil, fmt.Errorf("the baselines of %s have more than %d bytes: calibrate with the fields that its checks watch", s.FullName(), decision.MostBaselines)
		}
	}
	out, err := decision.Parse(next.Text(), "the spec of "+s.FullName()+" with its baselines")
	if err != nil {
		return nil, err
	}
	return out, Bound(out)
}

// baselines are those that are attached to a spec; each is read once, when it is asked for.
type baselines struct {
	spec *decision.Spec
	read map[string]*drift.Baseline // by digest
}

func newBaselines(s *decision.Spec) baselines { return baselines{s, map[string]*drift.Baseline{}} }

// of is the baseline of a check that names one.
func (b baselines) of(d *decision.Drift) (*drift.Baseline, error) {
	if base := b.read[d.Baseline]; base != nil {
		return base, nil
	}
	file, ok := b.spec.Baseline(d.Baseline)
	if !ok {
		return nil, fmt.Errorf("drift %s: the baseline %s is not attached to the spec: bind it first", d.Name, d.Reference)
	}
	base, err := drift.ReadBaseline([]byte(file.Text))
	if err != nil {
		return nil, fmt.Errorf("drift %s: %s: %w", d.Name, d.Reference, err)
	}
	b.read[d.Baseline] = base
	return base, nil
}

// everyFeature puts the features of a baseline in the place of features.*.
func everyFeature(of []decision.Feature, base *drift.Baseline) (out []decision.Feature) {
	for _, f := range of {
		if f.Field != decision.AllFeatures {
			out = append(out, f)
			continue
		}
		for _, r := range base.Features {
			listed := slices.ContainsFunc(of, func(o decision.Feature) bool { return o.Field == r.Field })
			if strings.HasPrefix(r.Field, "features.") && !listed {
				out = append(out, decision.Feature{Field: r.Field})
			}
		}
	}
	return out
}

// Bound is an error unless every baseline that a spec names is attached, can be read, and
// knows the fields that are compared with it.
func Bound(s *decision.Spec) error {
	known, kinds := newBaselines(s), map[string]*drift.Reference{}
	for i := range s.Drift {
		d := &s.Drift[i]
		if d.Reference == "" {
			continue
		}
		base, err := known.of(d)
		if err != nil {
			return err
		}
		for _, f := range d.Of {
			r, ok := base.Feature(f.Field)
			if !ok {
				return fmt.Errorf("drift %s: %s knows nothing of %s: calibrate it again, from a recording that has the field", d.Name, d.Reference, f.Field)
			}
			if len(f.Categories) > 0 && (r.Categories == nil || !slices.Equal(f.Categories, r.Categories.Top())) {
				return fmt.Errorf("drift %s: the categories of %s are those of %s: remove them from the spec", d.Name, f.Field, d.Reference)
			}
			if err := enough(d, &r); err != nil {
				return err
			}
			kinds[f.Field] = &r
		}
	}
	for _, d := range s.Drift {
		for _, f := range d.Of {
			if r := kinds[f.Field]; r != nil && r.Categories != nil && d.Method == "ks" {
				return fmt.Errorf("drift %s: ks needs an order, and the categories of %s have none: use method: psi", d.Name, f.Field)
			}
		}
	}
	return nil
}

// enough is an error where a reference that stable is compared with is itself too rough:
// chance alone may then have moved it by a good part of the tolerance.
func enough(d *decision.Drift, r *drift.Reference) error {
	if d.Comparison() != decision.World {
		return nil
	}
	rows := int64(0)
	for _, n := range r.Counts {
		rows += n
	}
	least := 10 * drift.CoarseBins / d.Above // chance moves the index by bins/rows
	if d.Method == "ks" {
		least = 30 / (d.Above * d.Above) // and the distance by 1.4/√rows in one of 20
	}
	if float64(rows) < least {
		return fmt.Errorf("drift %s: the reference of %s has %d values, and a tolerance of %v needs %.0f: calibrate from a longer history, or raise above", d.Name, r.Field, rows, d.Above, least)
	}
	return nil
}

// references are the references of a bound spec's fields, by field.
func references(s *decision.Spec) map[string]drift.Reference {
	out, known := map[string]drift.Reference{}, newBaselines(s)
	for i := range s.Drift {
		d := &s.Drift[i]
		if d.Reference == "" {
			continue
		}
		base, err := known.of(d)
		if err != nil {
			continue // Start has refused it
		}
		for _, f := range d.Of {
			if r, ok := base.Feature(f.Field); ok {
				out[f.Field] = r
			}
		}
	}
	return out
}
