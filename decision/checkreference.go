package decision

import "strings"

// AllFeatures stands for every feature of a check's baseline, until that is read.
const AllFeatures = "features.*"

// reference checks what a check says of a baseline.
func (c *checker) reference(d *Drift, at func(string) []any) {
	if d.Between == "reference" {
		c.refuse(d.Reference != "", at("between"), "name the file that verdin calibrate wrote: reference: baseline.json", "drift %s: a comparison with a reference names no file", d.Name)
		c.refuse(d.Role != Guardrail, at("role"), "use role: observe, or signal to stand still until somebody has looked", "drift %s: that the world moved is no fault of the canary, and rolls nothing back", d.Name)
		c.refuse(d.Above > 0, at("above"), "use 0.25 for psi, or 0.15 for ks", "drift %s: no two times are equal: a comparison with a reference needs a tolerance", d.Name)
	}
	digest, hex := strings.CutPrefix(d.Baseline, "sha256:")
	c.refuse(d.Baseline == "" || hex && len(digest) == 64 && strings.Trim(digest, "0123456789abcdef") == "", at("baseline"), "write sha256: and 64 digits, or remove the line", "drift %s: %q is no digest", d.Name, d.Baseline)
	c.refuse(d.Baseline == "" || d.Reference != "", at("baseline"), "name it: reference: baseline.json", "drift %s: a digest without the file of the baseline", d.Name)
	for i := range c.spec.Drift {
		other := &c.spec.Drift[i]
		if other == d {
			break
		}
		for _, f := range d.Of {
			same := other.Reference == "" || d.Reference == "" || other.Reference == d.Reference
			c.refuse(same || !watches(other, f.Field), at("reference"), "watch a field with one baseline", "drift %s: %s has another baseline in check %s", d.Name, f.Field, other.Name)
		}
	}
}

func watches(d *Drift, field string) bool {
	for _, f := range d.Of {
		if f.Field == field || f.Field == AllFeatures && strings.HasPrefix(field, "features.") {
			return true
		}
	}
	return false
}

// Comparison is what a drift check compares, and so what follows from it.
type Comparison int

// The three comparisons.
const (
	Tolerance Comparison = iota // outputs of the arms: the new model may differ, but only so far
	Validity                    // inputs of the arms: they differ only if the split or a pipeline is broken
	World                       // stable and a reference: what moved is the world
)

// Comparison tells which of the three a check makes. A check that watches outputs beside
// inputs is one of outputs.
func (d *Drift) Comparison() Comparison {
	if d.Between == "reference" {
		return World
	}
	for _, f := range d.Of {
		if !strings.HasPrefix(f.Field, "features.") && !strings.HasPrefix(f.Field, "tags.") {
			return Tolerance
		}
	}
	return Validity
}

// comparison is that of the check that evidence is of.
func (s *Spec) comparison(check string) Comparison {
	for i := range s.Drift {
		if s.Drift[i].Name == check {
			return s.Drift[i].Comparison()
		}
	}
	return Tolerance
}
