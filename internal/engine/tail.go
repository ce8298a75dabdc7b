package engine

import "verdin/stats"

// tail remembers the distribution of past stable values with exponential decay,
// so that thresholds follow a daily pattern. It is written only after a block was
// scored: what it says about a block is predictable.
type tail struct {
	cells []float64 // by grid cell
	n     float64
}

// tailDecay keeps about the last 20 blocks.
const tailDecay = 0.95

func (t *tail) add(h *stats.Histogram) { t.addFrom(0, h) }

// addFrom adds the values of one block that lie in a cell or above.
func (t *tail) addFrom(least int, hs ...*stats.Histogram) {
	n := uint64(0)
	for _, h := range hs {
		h.Each(func(cell int, count uint64) {
			if cell >= least {
				n += count
			}
		})
	}
	if n == 0 {
		return
	}
	if t.cells == nil {
		t.cells = make([]float64, stats.GridCells)
	}
	for i := range t.cells {
		t.cells[i] *= tailDecay
	}
	t.n *= tailDecay
	for _, h := range hs {
		h.Each(func(cell int, count uint64) {
			if cell >= least {
				t.cells[cell] += float64(count)
			}
		})
	}
	t.n += float64(n)
}

// reaches tells whether at least five past values are expected in a tail of the
// given share: before that its threshold would be noise.
func (t *tail) reaches(share float64) bool { return t.n*share >= 5 }

// edge is the cell whose lower edge is nearest above the q-quantile from below:
// the first edge that at most 1−q of the past values reach.
func (t *tail) edge(q float64) int {
	want, below := q*t.n, 0.0
	for i, c := range t.cells {
		below += c
		if below >= want {
			return min(i+1, stats.GridCells-1)
		}
	}
	return stats.GridCells - 1
}

// share is the part of past values at or above an edge, or below it.
func (t *tail) share(edge int, below bool) float64 {
	if t.n == 0 {
		return 0
	}
	sum := 0.0
	for i := edge; i < len(t.cells); i++ {
		sum += t.cells[i]
	}
	if below {
		return 1 - sum/t.n
	}
	return sum / t.n
}
