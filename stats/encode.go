package stats

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"

	"verdin/internal/wire"
)

// ErrSummary says that bytes are not a summary as AppendBinary writes it.
var ErrSummary = errors.New("stats: not a summary")

const (
	summaryVersion = 2       // the first byte of a summary
	maxBins        = 1 << 20 // bins, and sub-buckets, that a summary may have
)

// AppendBinary appends the summary's canonical form: equal content gives equal
// bytes, whatever rows came first and however they were merged.
//
//	version, kind, bins, sub, fine · N, null, invalid, clamped · what the kind keeps
//
// Counts are unsigned varints, words of sums too; a histogram is its first cell,
// the number of cells and the cells; a sample is ordered by hash.
func (s *Summary) AppendBinary(b []byte) []byte {
	b = append(b, summaryVersion, byte(s.Shape.Kind))
	for _, n := range []uint64{uint64(s.Shape.Bins), uint64(s.Shape.Sub), uint64(s.Shape.Fine), s.N, s.Null, s.Invalid, s.Clamped} {
		b = binary.AppendUvarint(b, n)
	}
	switch s.Shape.Kind {
	case Proportion:
		b = binary.AppendUvarint(b, s.Ones)
	case Mean:
		b = appendSums(b, s.Sum, s.Sq)
		b = s.Hist.AppendBinary(b)
	case Quantile:
		b = s.Hist.AppendBinary(b)
	case Bins:
		for _, n := range s.Bins {
			b = binary.AppendUvarint(b, n)
		}
		for _, n := range s.Fine {
			b = binary.AppendUvarint(b, n)
		}
		if s.Shape.Bins == 0 {
			b = s.Sample.AppendBinary(b)
		}
	}
	return b
}

func appendSums(b []byte, s Sum128, q Sum192) []byte {
	b = binary.AppendVarint(b, s.Hi)
	for _, w := range []uint64{s.Lo, q.Hi, q.Mid, q.Lo} {
		b = binary.AppendUvarint(b, w)
	}
	return b
}

// AppendBinary appends the histogram's canonical form: its first cell, the number of
// cells, and the cells.
func (h *Histogram) AppendBinary(b []byte) []byte {
	lo, hi := h.span()
	if lo == hi {
		lo, hi = 0, 0
	}
	b = binary.AppendUvarint(b, uint64(lo))
	b = binary.AppendUvarint(b, uint64(hi-lo))
	for cell := lo; cell < hi; cell++ {
		i := cell - h.first
		b = binary.AppendUvarint(b, h.count[i])
		if h.moments && h.count[i] > 0 {
			b = appendSums(b, h.sum[i], h.square[i])
		}
	}
	return b
}

// AppendBinary appends the sample's canonical form: its rows by hash.
func (s *BottomK) AppendBinary(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(s.heap)))
	for _, k := range s.Sorted() {
		b = binary.LittleEndian.AppendUint64(b, k.Hash)
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(k.Value))
	}
	return b
}

// DecodeSummary reads one summary and returns what follows it. Bytes that
// AppendBinary would not have written are refused.
func DecodeSummary(b []byte) (s Summary, rest []byte, err error) {
	r := reader{wire.NewReader(b, ErrSummary)}
	if v := r.Byte(); v != summaryVersion {
		r.Fail("version %d, this program reads %d", v, summaryVersion)
	}
	shape := Shape{Kind: ShapeKind(r.Byte()), Bins: int(r.Below(maxBins)), Sub: int(r.Below(maxBins)), Fine: int(r.Below(maxBins))}
	switch {
	case shape.Kind >= shapeKinds:
		r.Fail("kind %d", shape.Kind)
	case shape.Kind != Bins && shape.Bins+shape.Sub+shape.Fine != 0, shape.Kind == Bins && shape.Sub == 0:
		r.Fail("%d bins in %d sub-buckets, %d fine ones, for kind %d", shape.Bins, shape.Sub, shape.Fine, shape.Kind)
	case shape.Bins*shape.Sub+shape.Fine > r.Len():
		r.Fail("%d bins in %d sub-buckets, %d fine ones, %d bytes left", shape.Bins, shape.Sub, shape.Fine, r.Len())
	}
	if r.Err() != nil {
		return Summary{}, nil, r.Err()
	}
	s = NewSummary(shape)
	s.N, s.Null, s.Invalid, s.Clamped = r.Uvarint(), r.Uvarint(), r.Uvarint(), r.Uvarint()
	switch shape.Kind {
	case Proportion:
		s.Ones = r.Uvarint()
	case Mean:
		s.Sum, s.Sq = r.sums()
		r.histogram(&s.Hist)
	case Quantile:
		r.histogram(&s.Hist)
	case Bins:
		for i := range s.Bins {
			s.Bins[i] = r.Uvarint()
		}
		for i := range s.Fine {
			s.Fine[i] = r.Uvarint()
		}
		if shape.Bins == 0 {
			r.sample(&s.Sample)
		}
	}
	used := b[:len(b)-r.Len()]
	if r.Err() == nil && !bytes.Equal(s.AppendBinary(nil), used) {
		r.Fail("not in canonical form")
	}
	if r.Err() != nil {
		return Summary{}, nil, r.Err()
	}
	return s, r.Rest(), nil
}

// reader reads the parts of a summary.
type reader struct{ *wire.Reader }

func (r *reader) sums() (s Sum128, q Sum192) {
	return Sum128{r.Varint(), r.Uvarint()}, Sum192{r.Uvarint(), r.Uvarint(), r.Uvarint()}
}

func (r *reader) histogram(h *Histogram) {
	first, cells := r.Uvarint(), r.Count()
	if r.Err() != nil || cells == 0 {
		return
	}
	if first >= GridCells || cells > GridCells-int(first) {
		r.Fail("%d cells from cell %d", cells, first)
		return
	}
	h.cover(int(first), int(first)+cells)
	for i := int(first) - h.first; cells > 0 && r.Err() == nil; i, cells = i+1, cells-1 {
		h.count[i] = r.Uvarint()
		h.n += h.count[i]
		if h.moments && h.count[i] > 0 {
			h.sum[i], h.square[i] = r.sums()
		}
	}
}

func (r *reader) sample(s *BottomK) {
	n := r.Count()
	if n > SampleSize {
		r.Fail("a sample of %d, the limit is %d", n, SampleSize)
	}
	for ; n > 0 && r.Err() == nil; n-- {
		hash, bits := r.U64(), r.U64()
		s.Offer(hash, math.Float64frombits(bits))
	}
}

// DecodeHistogram reads what AppendBinary wrote of a histogram with or without moments,
// and returns what follows it.
func DecodeHistogram(b []byte, moments bool) (h Histogram, rest []byte, err error) {
	r := reader{wire.NewReader(b, ErrSummary)}
	h = NewHistogram(moments)
	r.histogram(&h)
	return h, r.Rest(), r.Err()
}

// DecodeBottomK reads what AppendBinary wrote of a sample, and returns what follows it.
func DecodeBottomK(b []byte) (s BottomK, rest []byte, err error) {
	r := reader{wire.NewReader(b, ErrSummary)}
	r.sample(&s)
	return s, r.Rest(), r.Err()
}
