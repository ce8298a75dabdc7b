package drift

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
)

// ErrOtherEdges is wrapped by the error of a merge of counts of different bins.
var ErrOtherEdges = errors.New("drift: counts of other bins")

// Histogram counts the values of one arm in the bins of a reference, and apart from
// them what is no value: every row is counted once. Counts are integers, so any split
// of the rows and any order of merging gives the same.
type Histogram struct {
	edges  *Edges
	counts []int64 // bins, then one counter per Odd
}

// Odd is a kind of row whose value cannot be placed.
type Odd int

// The kinds of odd rows. What lies below or above the reference is in the first and
// the last bin.
const (
	Missing          Odd = iota // no value
	NotANumber                  // NaN
	PositiveInfinity            // +Inf
	NegativeInfinity            // −Inf
	WrongType                   // a value of another type
	odds
)

// NewHistogram counts in the bins of e.
func NewHistogram(e *Edges) *Histogram {
	return &Histogram{edges: e, counts: make([]int64, e.Bins()+int(odds))}
}

// Bins are the counts of the bins, not to be changed: the first counts values below
// the reference, the last those above it.
func (h *Histogram) Bins() []int64 { return h.counts[:h.edges.Bins()] }

// Odd is the number of rows of a kind of odd row.
func (h *Histogram) Odd(kind Odd) int64 {
	if kind < 0 || kind >= odds {
		return 0
	}
	return h.counts[h.edges.Bins()+int(kind)]
}

// Rows is the number of rows.
func (h *Histogram) Rows() int64 { return sum(h.counts) }

// AddOdd counts n rows of a kind of odd row, for readers that see them before there is
// a column of numbers.
func (h *Histogram) AddOdd(kind Odd, n int64) {
	if kind >= 0 && kind < odds && n > 0 {
		h.counts[h.edges.Bins()+int(kind)] += n
	}
}

// Add counts a column as Arrow lays it out: row i has a value if bit offset+i of valid
// is set, least bit first, or if valid is nil. Rows beyond the bitmap are missing.
func (h *Histogram) Add(values []float64, valid []byte, offset int) {
	if valid == nil {
		h.addAll(values)
		return
	}
	if rows := max(0, len(valid)*8-max(offset, 0)); offset < 0 || rows < len(values) {
		if offset < 0 {
			rows = 0
		}
		h.AddOdd(Missing, int64(len(values)-rows))
		values = values[:rows]
	}
	e, counts := h.edges, h.counts
	missing := uint64(e.Bins() + int(Missing))
	for i, x := range values {
		at := uint(offset + i)
		null := uint64(valid[at>>3]>>(at&7)&1) - 1 // all bits set for a missing value
		x += 0
		b := math.Float64bits(x)
		m := b &^ signBit
		if m >= infBits && null == 0 {
			h.odd(x)
			continue
		}
		t := &e.half[b>>63]
		k := uint64(t.start[t.cell(m)])
		if k >= searchBit {
			k = uint64(e.search(x))
		} else {
			_, below := bits.Sub64(b^(uint64(int64(b)>>63)|signBit), e.keys[k], 0)
			k += 1 - below
		}
		counts[k^(k^missing)&null]++
	}
}

func (h *Histogram) addAll(values []float64) {
	e, counts := h.edges, h.counts
	for _, x := range values {
		x += 0
		b := math.Float64bits(x)
		m := b &^ signBit
		if m >= infBits {
			h.odd(x)
			continue
		}
		t := &e.half[b>>63]
		k := uint64(t.start[t.cell(m)])
		if k >= searchBit {
			k = uint64(e.search(x))
		} else {
			_, below := bits.Sub64(b^(uint64(int64(b)>>63)|signBit), e.keys[k], 0)
			k += 1 - below
		}
		counts[k]++
	}
}

func (h *Histogram) odd(x float64) {
	kind := NotANumber
	switch {
	case x > 0:
		kind = PositiveInfinity
	case x < 0:
		kind = NegativeInfinity
	}
	h.counts[h.edges.Bins()+int(kind)]++
}

// Merge adds the rows of o, which must have the same edges; else the error wraps
// ErrOtherEdges and nothing changes.
func (h *Histogram) Merge(o *Histogram) error {
	if h.edges.hash != o.edges.hash || len(h.counts) != len(o.counts) {
		return fmt.Errorf("%w: merging edges %016x into %016x: count both with one baseline", ErrOtherEdges, o.edges.hash, h.edges.hash)
	}
	for i, n := range o.counts {
		h.counts[i] += n
	}
	return nil
}
