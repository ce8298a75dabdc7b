package sequential

import (
	"fmt"

	"verdin/stats"
)

// Tail remembers the distribution of past values with exponential decay, so that
// thresholds follow a daily pattern. Whoever writes it only after a block was scored
// makes what it says about a block predictable (Q2). The zero value is empty.
type Tail struct {
	cells  []float64 // by grid cell
	lo, hi int       // cells outside of [lo, hi) are 0
	n      float64   // Σ cells, in order
}

const (
	tailDecay  = 0.95 // per block: about the last 20
	tailExpect = 5    // past values that must be expected beyond a threshold
	tailLeast  = 1e-9 // values in a cell below which it is forgotten
)

// Add remembers a block.
func (t *Tail) Add(h *stats.Histogram) { t.AddFrom(0, h) }

// AddFrom remembers those values of a block that lie in a cell or above.
func (t *Tail) AddFrom(least int, hs ...*stats.Histogram) {
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
		t.lo, t.hi = stats.GridCells, 0
	}
	for i := t.lo; i < t.hi; i++ {
		if t.cells[i] *= tailDecay; t.cells[i] < tailLeast {
			t.cells[i] = 0
		}
	}
	for _, h := range hs {
		h.Each(func(cell int, count uint64) {
			if cell >= least {
				t.cells[cell] += float64(count)
				t.lo, t.hi = min(t.lo, cell), max(t.hi, cell+1)
			}
		})
	}
	t.trim()
}

// trim drops empty cells at the ends and sums the rest.
func (t *Tail) trim() {
	for t.lo < t.hi && t.cells[t.lo] == 0 {
		t.lo++
	}
	for t.lo < t.hi && t.cells[t.hi-1] == 0 {
		t.hi--
	}
	t.n = t.Above(0)
}

// N is the number of values remembered, decayed.
func (t *Tail) N() float64 { return t.n }

// Reaches tells whether at least five past values are expected in a tail of the given
// share: before that its threshold would be noise.
func (t *Tail) Reaches(share float64) bool { return t.n*share >= tailExpect }

// Edge is the first edge that at most a share 1−q of the past values reach.
func (t *Tail) Edge(q float64) int {
	want, below := q*t.n, 0.0
	for i := t.lo; i < t.hi; i++ {
		if below += t.cells[i]; below >= want {
			return min(i+1, stats.GridCells-1)
		}
	}
	return stats.GridCells - 1
}

// Above is the number of remembered values at or above an edge.
func (t *Tail) Above(edge int) float64 {
	sum := 0.0
	for i := max(edge, t.lo); i < t.hi; i++ {
		sum += t.cells[i]
	}
	return sum
}

// Beyond is the share of remembered values on the bad side of an edge, 0 when empty.
func (t *Tail) Beyond(edge int, worse Worse) float64 {
	if t.n == 0 {
		return 0
	}
	if above := t.Above(edge) / t.n; worse == Higher {
		return above
	} else {
		return 1 - above
	}
}

// AppendState appends what is remembered.
func (t *Tail) AppendState(b []byte) []byte { return appendState(b, t) }

// Restore sets what AppendState wrote; else it returns ErrState and changes nothing.
func (t *Tail) Restore(b []byte) error { return restore(b, t) }

func (t *Tail) state(c *codec) {
	lo := c.length(t.lo, stats.GridCells)
	size := c.length(max(0, t.hi-t.lo), stats.GridCells-lo)
	part := make([]float64, size)
	if c.mode == writing {
		copy(part, t.cells[lo:])
	}
	c.scratch(part)
	switch {
	case c.mode == checking && c.err == nil && !packed(lo, part):
		c.err = fmt.Errorf("%w: remembered values from cell %d", ErrState, lo)
	case c.mode == reading:
		*t = Tail{}
		if size > 0 {
			*t = Tail{cells: make([]float64, stats.GridCells), lo: lo, hi: lo + size}
			copy(t.cells[lo:], part)
			t.trim()
		}
	}
}

// packed tells whether a list of cells is as state writes it.
func packed(lo int, part []float64) bool {
	for _, x := range part {
		if !(x >= 0) {
			return false
		}
	}
	if n := len(part); n > 0 {
		return part[0] > 0 && part[n-1] > 0
	}
	return lo == 0
}

// in is the number of remembered values in a cell.
func (t *Tail) in(cell int) float64 {
	if cell < t.lo || cell >= t.hi {
		return 0
	}
	return t.cells[cell]
}
