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
// of what the reference has seen. Buckets is that of NewCells.
func NewFaults(groups int, above float64, stages, buckets int) *Cells {
	return NewCells([]Cell{
		{"missing values", []int{int(Missing)}},
		{"NaN", []int{int(NotANumber)}},
		{"+Inf", []int{int(PositiveInfinity)}},
		{"−Inf", []int{int(NegativeInfinity)}},
		{"values of the wrong type", []int{int(WrongType)}},
		{"values below the reference", []int{below}},
		{"values above the reference", []int{beyond}},
	}, groups0+groups, above, stages, buckets)
}

// NewCategoryFaults is NewFaults for windows of a feature of names with so many
// categories, see Categories.Bins: rows without a value, of the wrong type, and values
// that the reference has never seen. What is new to both arms is no fault.
func NewCategoryFaults(bins int, above float64, stages, buckets int) *Cells {
	return NewCells([]Cell{
		{"missing values", []int{int(Missing)}},
		{"values of the wrong type", []int{int(WrongType)}},
		{"new values", []int{int(odds) + bins - 1}},
	}, int(odds)+bins, above, stages, buckets)
}
