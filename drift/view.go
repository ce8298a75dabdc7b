package drift

// CoarseBins is the number of bins that tests work on.
const CoarseBins = 20

// View groups the fine bins of a reference into coarse ones, each an interval, for
// tests: their power is in few bins.
type View struct {
	starts []int  // first fine bin of each group
	single []bool // the group holds one value of the reference's
}

// NewView groups fine bins by the reference's counts into about so many bins of equal
// mass (0 = CoarseBins). A bin heavier than half a group is a group of its own, so
// that heavy values stay apart. Bins beyond the reference join the outer groups. The
// order of bins is kept: KS over groups is KS at their edges.
func NewView(reference []int64, bins int) View {
	if bins <= 0 {
		bins = CoarseBins
	}
	total, seen, within := float64(sum(reference)), 0.0, int64(0)
	goal := total / float64(bins)
	v, alone := View{starts: []int{0}}, false
	for i, n := range reference {
		heavy := goal > 0 && float64(n) > goal/2
		if within > 0 && (heavy || alone || float64(within) >= goal || seen >= float64(goal*float64(len(v.starts)))) && n > 0 {
			v.starts = append(v.starts, i)
			within = 0
		}
		alone = heavy || alone && n == 0
		within += n
		seen += float64(n)
	}
	v.single = make([]bool, len(v.starts))
	return v
}

// On notes which groups are a single value: those whose fine bins that the reference
// has filled are one bin with a single number.
func (v View) On(e *Edges, reference []int64) View {
	v.single = make([]bool, len(v.starts))
	for g := range v.starts {
		filled, alone := 0, false
		for i := v.starts[g]; i < v.end(g, len(reference)); i++ {
			if reference[i] > 0 {
				filled++
				alone = e.Single(i)
			}
		}
		v.single[g] = alone && filled == 1
	}
	return v
}

func (v View) end(group, bins int) int {
	if group+1 < len(v.starts) {
		return v.starts[group+1]
	}
	return bins
}

// Bins is the number of groups.
func (v View) Bins() int { return len(v.starts) }

// Starts returns the first fine bin of each group.
func (v View) Starts() []int { return append([]int(nil), v.starts...) }

// Single tells for each group whether it is one value, as NewKSSame wants to know.
func (v View) Single() []bool { return append([]bool(nil), v.single...) }

// Group is the group of a fine bin.
func (v View) Group(fine int) int {
	g := 0
	for g+1 < len(v.starts) && v.starts[g+1] <= fine {
		g++
	}
	return g
}

// Fold adds fine counts into coarse ones; dst must hold Bins() counts.
func (v View) Fold(dst, fine []int64) {
	if len(dst) < len(v.starts) {
		return
	}
	for g := range v.starts {
		for i := v.starts[g]; i < min(v.end(g, len(fine)), len(fine)); i++ {
			dst[g] += fine[i]
		}
	}
}
