package drift

import (
	"math"
	"math/bits"
	"slices"
)

// A lookup finds the bin of a number in one step where at most one cut lies in the
// number's cell. Cells are equal steps of the bits of |x|, which grow with |x|: dense
// where numbers are small, in each octave alike.

const (
	cells     = 1 << 13 // per sign: 16 KiB
	octaves   = 40      // below the largest cut that cells cover finely
	signBit   = 1 << 63
	infBits   = 0x7ff << 52
	searchBit = 1 << 15 // more than one cut in a cell: search
)

// half is the table of one sign.
type half struct {
	low, high uint64 // magnitudes that the cells cover; beyond, the outer cells
	shift     uint
	start     []uint16 // cuts at or below the least number of the cell
}

// orderedBits grow as numbers do.
func orderedBits(x float64) uint64 {
	b := math.Float64bits(x)
	return b ^ (uint64(int64(b)>>63) | signBit)
}

func (e *Edges) newHalf(negative bool) half {
	h := half{} // the bin of zero ends at magnitude 1, which tells nothing about the others
	for _, x := range e.cuts {
		if m := math.Float64bits(math.Abs(x)); m > 1 && math.Signbit(x) == negative {
			if h.high == 0 {
				h.low, h.high = m, m
			}
			h.low, h.high = min(h.low, m), max(h.high, m)
		}
	}
	if h.high > octaves<<52 {
		h.low = max(h.low, h.high-octaves<<52)
	}
	h.shift = uint(max(0, bits.Len64(h.high-h.low)-bits.Len(cells-1)))
	h.low -= min(h.low, 1<<h.shift) // the first cell is for zero and what lies near it
	last := (h.high - h.low) >> h.shift
	h.start = make([]uint16, last+1)
	for c := range h.start {
		near := h.low + uint64(c)<<h.shift
		far := near + 1<<h.shift - 1
		if c == 0 {
			near = 0
		}
		if uint64(c) == last {
			far = infBits
		}
		least, most := math.Float64frombits(near), math.Float64frombits(far)
		if negative {
			least, most = -most, -least
		}
		from, to := e.search(least), e.search(most)
		h.start[c] = uint16(from)
		if to > from+1 {
			h.start[c] |= searchBit
		}
	}
	return h
}

// cell is the cell of a magnitude. Signs and zeros come at random, so nothing here may
// be a branch that has to be guessed.
func (h *half) cell(m uint64) uint64 {
	d, less := bits.Sub64(m, h.low, 0)
	return min(d&(less-1), h.high-h.low) >> (h.shift & 63)
}

// search is the number of cuts at or below x.
func (e *Edges) search(x float64) int {
	i, found := slices.BinarySearch(e.cuts, x)
	if found {
		i++
	}
	return i
}

// Bin is the bin of x: 0 … Bins()−1, with −Inf in the first and +Inf in the last; −1
// for NaN.
func (e *Edges) Bin(x float64) int {
	if x != x {
		return -1
	}
	return int(e.bin(x + 0))
}

// bin takes any number but NaN and −0.
func (e *Edges) bin(x float64) uint64 {
	b := math.Float64bits(x)
	h := &e.half[b>>63]
	m := b &^ signBit
	i := uint64(h.start[h.cell(m)])
	if i >= searchBit {
		return uint64(e.search(x))
	}
	_, below := bits.Sub64(orderedBits(x), e.keys[i], 0)
	return i + 1 - below
}
