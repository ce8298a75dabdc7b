package drift

// A row of a feature falls in one bin of this layout, which windows carry: odd rows
// first, then what lies outside the reference, then the groups of a view.
const (
	below  = int(odds) + iota // values below the reference
	beyond                    // values above it
	groups0
)

// Rows is the number of bins that a feature has in windows: see Coarse.
func (v View) Rows() int { return groups0 + v.Bins() }

// Coarse adds every row of h to dst, which must hold v.Rows() counts: missing, NaN,
// +Inf, −Inf, wrong type, below, above, and the groups of v, which hold what lies
// within the reference.
func (h *Histogram) Coarse(dst []int64, v View) {
	if len(dst) < v.Rows() {
		return
	}
	bins := h.Bins()
	last := len(bins) - 1
	for kind := range odds {
		dst[kind] += h.Odd(kind)
	}
	dst[below] += bins[0]
	dst[beyond] += bins[last]
	g := 0
	for i := 1; i < last; i++ {
		for g+1 < len(v.starts) && v.starts[g+1] <= i {
			g++
		}
		dst[groups0+g] += bins[i]
	}
}

// NewFaults watches what breaks in a pipeline, in windows that Coarse laid out with the
// given number of groups: rows without a value, not numbers, of the wrong type, outside
// of what the reference has seen.
func NewFaults(groups int, above float64, stages int) *Cells {
	return NewCells([]Cell{
		{"missing values", []int{int(Missing)}},
		{"NaN", []int{int(NotANumber)}},
		{"+Inf", []int{int(PositiveInfinity)}},
		{"−Inf", []int{int(NegativeInfinity)}},
		{"values of the wrong type", []int{int(WrongType)}},
		{"values below the reference", []int{below}},
		{"values above the reference", []int{beyond}},
	}, groups0+groups, above, stages)
}

// NewCategoryFaults watches whether the canary sends values that the reference has never
// seen, in windows with one bin per bin of c. What is new to both arms is no fault.
func NewCategoryFaults(c *Categories, above float64, stages int) *Cells {
	return NewCells([]Cell{{"new values", []int{c.Bins() - 1}}}, c.Bins(), above, stages)
}

// Within leaves only the values of a window that Coarse laid out, in their order, for
// tests of ordered bins: below, the groups, above. It writes into the given slices,
// which must hold Sub·(groups+2) counts, and returns a window that has them.
func Within(b Block, stable, canary []uint64) Block {
	inner := b.Bins - groups0
	out := Block{Sub: b.Sub, Bins: inner + 2, Stage: b.Stage}
	if n := out.Sub * out.Bins; inner < 1 || b.Sub < 1 || len(stable) < n || len(canary) < n || len(b.Stable) != b.Sub*b.Bins || len(b.Canary) != len(b.Stable) {
		return Block{}
	} else {
		out.Stable, out.Canary = stable[:n], canary[:n]
	}
	for s := range b.Sub {
		for arm, from := range [2][]uint64{b.Stable, b.Canary} {
			row, to := from[s*b.Bins:(s+1)*b.Bins], [2][]uint64{out.Stable, out.Canary}[arm][s*out.Bins:(s+1)*out.Bins]
			to[0], to[inner+1] = row[below], row[beyond]
			copy(to[1:], row[groups0:])
		}
	}
	return out
}
