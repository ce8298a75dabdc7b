package drift

import "slices"

// Layout says in which row of a window each fine bin of a reference is counted: below
// and beyond the reference, and the groups of the view, behind the odd rows.
func (v View) Layout(fine int) []uint16 {
	rows := make([]uint16, fine)
	for i := range rows {
		switch i {
		case 0:
			rows[i] = uint16(below)
		case fine - 1:
			rows[i] = uint16(beyond)
		default:
			rows[i] = uint16(groups0 + v.Group(i))
		}
	}
	return rows
}

// Lay counts the reference's own rows as windows do: those of a feature of numbers by
// the groups of v, those of names by category.
func (r *Reference) Lay(v View) []int64 {
	odd := make([]int64, odds)
	copy(odd, r.Odd)
	if r.Edges == nil {
		return append(odd, r.Counts...)
	}
	h := &Histogram{edges: r.Edges, counts: slices.Concat(r.Counts, odd)}
	rows := make([]int64, v.Rows())
	h.Coarse(rows, v)
	return rows
}

// Folding leaves the values of windows, without their odd rows, in bins for a test:
// those of names one by one; those of numbers in order, from below the reference to
// beyond it, as many rows together as make about so many bins of equal mass.
type Folding struct {
	to             []int // bin of each row, −1 for odd ones
	bins           int
	single         []bool
	stable, canary []uint64 // scratch
}

// FoldNames folds windows of a feature of so many categories.
func FoldNames(bins int) *Folding {
	f := &Folding{bins: bins, single: make([]bool, bins)}
	for row := range int(odds) + bins {
		f.to = append(f.to, row-int(odds))
		if row < int(odds) {
			f.to[row] = -1
		} else {
			f.single[row-int(odds)] = true // no order: nothing hides inside
		}
	}
	return f
}

// FoldNumbers folds windows that Layout gave their rows into about so many bins (0 =
// CoarseBins) beside the two outer ones. Mass are the reference's rows, and single marks
// those that are a single value.
func FoldNumbers(mass []int64, single []bool, bins int) *Folding {
	inner := mass[min(groups0, len(mass)):]
	if bins <= 0 {
		bins = CoarseBins
	}
	v := View{starts: make([]int, len(inner))}
	for i := range inner {
		v.starts[i] = i
	}
	if bins < len(inner) {
		v = NewView(inner, bins)
	}
	f := &Folding{bins: len(v.starts) + 2, to: []int{-1, -1, -1, -1, -1, 0, len(v.starts) + 1}, single: make([]bool, len(v.starts)+2)}
	for i := range inner {
		f.to = append(f.to, 1+v.Group(i))
	}
	for g := range v.starts {
		if end := v.end(g, len(inner)); end == v.starts[g]+1 && v.starts[g]+groups0 < len(single) {
			f.single[g+1] = single[v.starts[g]+groups0]
		}
	}
	return f
}

// Bins is the number of bins.
func (f *Folding) Bins() int { return f.bins }

// Single tells for each bin whether it is one value, as NewKSSame wants to know.
func (f *Folding) Single() []bool { return f.single }

// Fold folds a window. What it returns is valid until the next call; a window of another
// shape gives none.
func (f *Folding) Fold(b Block) Block {
	if b.Sub < 1 || b.Bins != len(f.to) || len(b.Stable) != b.Sub*b.Bins || len(b.Canary) != len(b.Stable) {
		return Block{}
	}
	if n := b.Sub * f.bins; len(f.stable) != n {
		f.stable, f.canary = make([]uint64, n), make([]uint64, n)
	}
	clear(f.stable)
	clear(f.canary)
	for s := range b.Sub {
		for row, to := range f.to {
			if to >= 0 {
				f.stable[s*f.bins+to] = add(f.stable[s*f.bins+to], b.Stable[s*b.Bins+row])
				f.canary[s*f.bins+to] = add(f.canary[s*f.bins+to], b.Canary[s*b.Bins+row])
			}
		}
	}
	return Block{Sub: b.Sub, Bins: f.bins, Stable: f.stable, Canary: f.canary, Stage: b.Stage}
}
