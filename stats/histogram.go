package stats

import "math/bits"

// Histogram counts values by cell of the universal grid. The zero value is empty
// and counts only; one made with moments also keeps the exact sum and sum of
// squares of each cell, so that the mean under any cap is exact.
type Histogram struct {
	first   int // cell of count[0]
	n       uint64
	moments bool
	count   []uint64
	sum     []Sum128
	square  []Sum192
}

// growBy is the least number of cells by which a histogram grows to a side.
const growBy = 32

// NewHistogram returns an empty histogram.
func NewHistogram(moments bool) Histogram { return Histogram{moments: moments} }

// N is the number of values.
func (h *Histogram) N() uint64 { return h.n }

// Add counts x. It tells whether x was outside ±2⁴⁰ and moved there.
func (h *Histogram) Add(x float64) (clamped bool) {
	cell := GridCell(x)
	i := cell - h.first
	if uint(i) >= uint(len(h.count)) {
		h.cover(cell, cell+1)
		i = cell - h.first
	}
	h.n++
	h.count[i]++
	if !h.moments {
		return x > fixLimit || x < -fixLimit
	}
	v, clamped := Fix(x)
	h.sum[i].Add(v)
	h.square[i].Add(v.square())
	return clamped
}

// cover makes room for the cells of [lo, hi).
func (h *Histogram) cover(lo, hi int) {
	end := h.first + len(h.count)
	if len(h.count) == 0 {
		h.first, end = lo, lo
	}
	if lo >= h.first && hi <= end {
		return
	}
	if lo < h.first {
		lo = max(0, min(lo, h.first-growBy))
	} else {
		lo = h.first
	}
	if hi > end {
		hi = min(GridCells, max(hi, end+growBy))
	} else {
		hi = end
	}
	before := h.first - lo
	h.count = widen(h.count, before, hi-lo)
	if h.moments {
		h.sum, h.square = widen(h.sum, before, hi-lo), widen(h.square, before, hi-lo)
	}
	h.first = lo
}

func widen[T any](old []T, before, size int) []T {
	out := make([]T, size)
	copy(out[before:], old)
	return out
}

// Merge adds the values of o. Moments are kept only if both sides keep them.
func (h *Histogram) Merge(o *Histogram) {
	if !o.moments {
		h.moments, h.sum, h.square = false, nil, nil
	}
	lo, hi := o.span()
	if lo == hi {
		return
	}
	h.cover(lo, hi)
	h.n += o.n
	for cell := lo; cell < hi; cell++ {
		i, k := cell-h.first, cell-o.first
		h.count[i] += o.count[k]
		if h.moments {
			h.sum[i].Add(o.sum[k])
			h.square[i].Add(o.square[k])
		}
	}
}

// span returns the range of cells outside of which every count is 0.
func (h *Histogram) span() (lo, hi int) {
	lo, hi = 0, len(h.count)
	for lo < hi && h.count[lo] == 0 {
		lo++
	}
	for lo < hi && h.count[hi-1] == 0 {
		hi--
	}
	return h.first + lo, h.first + hi
}

// Reset empties the histogram and keeps its memory.
func (h *Histogram) Reset() {
	h.n = 0
	clear(h.count)
	clear(h.sum)
	clear(h.square)
}

// Above counts the values at or above an edge.
func (h *Histogram) Above(edge int) uint64 {
	var n uint64
	for i := max(0, edge-h.first); i < len(h.count); i++ {
		n += h.count[i]
	}
	return n
}

// Count is the number of values in a cell.
func (h *Histogram) Count(cell int) uint64 {
	if i := cell - h.first; i >= 0 && i < len(h.count) {
		return h.count[i]
	}
	return 0
}

// Each calls f for every cell that holds values, in ascending order.
func (h *Histogram) Each(f func(cell int, count uint64)) {
	for i, n := range h.count {
		if n != 0 {
			f(h.first+i, n)
		}
	}
}

// Quantile returns the cell that holds the q-quantile: the first one by which at
// least ⌈q·n⌉ values are counted, with q taken to nine decimals so that the rank is
// an exact integer. It returns 0 when there are no values.
func (h *Histogram) Quantile(q float64) (cell int) {
	if h.n == 0 {
		return 0
	}
	const parts = 1e9
	p := uint64(float64(min(max(q, 0), 1)*parts) + 0.5)
	hi, lo := bits.Mul64(p, h.n)
	lo, carry := bits.Add64(lo, parts-1, 0)
	rank, _ := bits.Div64(hi+carry, lo, parts)
	rank = max(rank, 1)
	var seen uint64
	for i, n := range h.count {
		seen += n
		if seen >= rank {
			return h.first + i
		}
	}
	return h.first + len(h.count) - 1
}

// capped returns the sums of the values with those at or above an edge counted as
// that edge.
func (h *Histogram) capped(edge int) (s Sum128, q Sum192) {
	if !h.moments {
		return s, q
	}
	below := min(max(edge-h.first, 0), len(h.count))
	for i := range below {
		s.Add(h.sum[i])
		q.Add(h.square[i])
	}
	top, _ := Fix(GridEdge(edge))
	n := h.Above(edge)
	s.Add(top.times(n))
	q.Add(top.square().times(n))
	return s, q
}
