package drift

import (
	"fmt"
	"slices"
)

// Categories are the bins of a feature that has names for values: the reference's most
// frequent ones in bins 0 … K−1, its other ones together in bin K, and what it has
// never seen in bin K+1. A value that is new to both arms is no fault of the canary.
type Categories struct {
	top  []string
	rest []string // ascending
	bins map[string]int
}

// mostNames bounds the names of a reference; what is beyond counts as new.
const mostNames = 1 << 16

// Named is how often a name was seen.
type Named struct {
	Name string
	N    int64
}

// LearnCategories keeps the k most frequent names of the reference apart (0 = 30); of
// equally frequent ones the first by name. Names may repeat; their counts add up.
func LearnCategories(seen []Named, k int) (*Categories, error) {
	if k <= 0 {
		k = 30
	}
	at := map[string]int{}
	var all []Named
	for _, s := range seen {
		i, known := at[s.Name]
		if !known {
			i = len(all)
			at[s.Name] = i
			all = append(all, Named{Name: s.Name})
		}
		all[i].N += max(s.N, 0)
	}
	slices.SortFunc(all, func(a, b Named) int {
		switch {
		case a.N != b.N && a.N > b.N, a.N == b.N && a.Name < b.Name:
			return -1
		}
		return 1
	})
	all = all[:min(len(all), mostNames)]
	c := &Categories{}
	for i, s := range all {
		if i < k {
			c.top = append(c.top, s.Name)
		} else {
			c.rest = append(c.rest, s.Name)
		}
	}
	slices.Sort(c.rest)
	return newCategories(c.top, c.rest)
}

// newCategories refuses names that repeat, and none at all.
func newCategories(top, rest []string) (*Categories, error) {
	if len(top) == 0 || len(top)+len(rest) > mostNames {
		return nil, fmt.Errorf("%w: %d names and %d others, want at least one and at most %d", ErrEdges, len(top), len(rest), mostNames)
	}
	c := &Categories{top: slices.Clone(top), rest: slices.Clone(rest), bins: make(map[string]int, len(top)+len(rest))}
	for i, name := range slices.Concat(top, rest) {
		if _, twice := c.bins[name]; twice {
			return nil, fmt.Errorf("%w: the name %q stands twice", ErrEdges, name)
		}
		c.bins[name] = min(i, len(top))
	}
	return c, nil
}

// Bins is the number of bins.
func (c *Categories) Bins() int { return len(c.top) + 2 }

// Bin is the bin of a name.
func (c *Categories) Bin(name string) int {
	if i, known := c.bins[name]; known {
		return i
	}
	return len(c.top) + 1
}

// Top returns the names that have bins of their own, most frequent first.
func (c *Categories) Top() []string { return slices.Clone(c.top) }

// Rest returns the names that the reference has seen beside, ascending.
func (c *Categories) Rest() []string { return slices.Clone(c.rest) }

// Label names a bin.
func (c *Categories) Label(bin int) string {
	switch {
	case bin < 0 || bin > len(c.top)+1:
		return ""
	case bin < len(c.top):
		return c.top[bin]
	case bin == len(c.top):
		return "(other)"
	}
	return "(new)"
}
