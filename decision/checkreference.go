package decision

import (
	"strings"
	"time"
)

// AllFeatures stands for every feature of a check's baseline, until that is read.
const AllFeatures = "features.*"

// history checks what a check says of an arm's own past.
func (c *checker) history(d *Drift, at func(string) []any) {
	if d.Between != "history" {
		c.refuse(d.Pane == 0, at("pane"), "remove it, or compare arms with their own past: between: history", "drift %s: only a comparison with an arm's own history has panes", d.Name)
		return
	}
	window := c.spec.Source.Window
	c.refuse(d.Role == Observe, at("role"), "use role: observe, or between: arms for what the canary should be stopped by", "drift %s: that an arm is not what it was a minute ago may have any cause: it is reported, and stops nothing", d.Name)
	c.refuse(d.Above > 0, at("above"), "use 0.1 for psi, or 0.1 for ks", "drift %s: no two times are equal: a comparison with the past needs a tolerance", d.Name)
	c.refuse(c.spec.Assignment != "sticky", at("between"), "use between: arms, whose tests know of units", "drift %s: units that keep their arm come back in every pane, and no test of an arm's own history holds for them", d.Name)
	c.refuse(window > 0 && d.Pane >= window && d.Pane%window == 0 && d.Pane <= longestPane, at("pane"), "use so many whole windows: "+brief(usualPane(window))+" is usual", "drift %s: a pane of %s is no number of windows of %s up to %s", d.Name, brief(d.Pane), brief(window), brief(longestPane))
}

// longestPane bounds what a comparison with an arm's own history waits for.
const longestPane = 24 * time.Hour

// PaneWords is the length of a pane as messages write it.
func (d *Drift) PaneWords() string { return brief(d.Pane) }

// usualPane is a minute of windows of a length, or a little more: a whole number of them.
func usualPane(window time.Duration) time.Duration {
	return max(1, (time.Minute+window-1)/max(1, window)) * window
}

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

// The four comparisons.
const (
	Tolerance Comparison = iota // outputs of the arms: the new model may differ, but only so far
	Validity                    // inputs of the arms: they differ only if the split or a pipeline is broken
	World                       // stable and a reference: what moved is the world
	History                     // each arm and its own past: what moved is that arm, for whatever cause
)

// Comparison tells which of the four a check makes. A check that watches outputs beside
// inputs is one of outputs.
func (d *Drift) Comparison() Comparison {
	switch d.Between {
	case "reference":
		return World
	case "history":
		return History
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
