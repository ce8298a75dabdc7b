package stats

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// ErrSummary says that bytes are not a summary as AppendBinary writes it.
var ErrSummary = errors.New("stats: not a summary")

const (
	summaryVersion = 1       // the first byte of a summary
	maxBins        = 1 << 20 // bins, and sub-buckets, that a summary may have
)

// AppendBinary appends the summary's canonical form: equal content gives equal
// bytes, whatever rows came first and however they were merged.
//
//	version, kind, bins, sub · N, null, invalid, clamped · what the kind keeps
//
// Counts are unsigned varints, words of sums too; a histogram is its first cell,
// the number of cells and the cells; a sample is ordered by hash.
func (s *Summary) AppendBinary(b []byte) []byte {
	b = append(b, summaryVersion, byte(s.Shape.Kind))
	for _, n := range []uint64{uint64(s.Shape.Bins), uint64(s.Shape.Sub), s.N, s.Null, s.Invalid, s.Clamped} {
		b = binary.AppendUvarint(b, n)
	}
	switch s.Shape.Kind {
	case Proportion:
		b = binary.AppendUvarint(b, s.Ones)
	case Mean:
		b = appendSums(b, s.Sum, s.Sq)
		b = s.Hist.append(b)
	case Quantile:
		b = s.Hist.append(b)
	case Bins:
		for _, n := range s.Bins {
			b = binary.AppendUvarint(b, n)
		}
		if s.Shape.Bins == 0 {
			b = s.Sample.append(b)
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

func (h *Histogram) append(b []byte) []byte {
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

func (s *BottomK) append(b []byte) []byte {
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
	r := reader{b: b}
	if v := r.byte(); v != summaryVersion {
		r.fail("version %d, this program reads %d", v, summaryVersion)
	}
	shape := Shape{Kind: ShapeKind(r.byte()), Bins: r.below(maxBins), Sub: r.below(maxBins)}
	switch {
	case shape.Kind >= shapeKinds:
		r.fail("kind %d", shape.Kind)
	case shape.Kind != Bins && shape.Bins+shape.Sub != 0, shape.Kind == Bins && shape.Sub == 0:
		r.fail("%d bins in %d sub-buckets for kind %d", shape.Bins, shape.Sub, shape.Kind)
	case shape.Bins*shape.Sub > len(r.b):
		r.fail("%d bins in %d sub-buckets, %d bytes left", shape.Bins, shape.Sub, len(r.b))
	}
	if r.err != nil {
		return Summary{}, nil, r.err
	}
	s = NewSummary(shape)
	s.N, s.Null, s.Invalid, s.Clamped = r.uvarint(), r.uvarint(), r.uvarint(), r.uvarint()
	switch shape.Kind {
	case Proportion:
		s.Ones = r.uvarint()
	case Mean:
		s.Sum, s.Sq = r.sums()
		r.histogram(&s.Hist)
	case Quantile:
		r.histogram(&s.Hist)
	case Bins:
		for i := range s.Bins {
			s.Bins[i] = r.uvarint()
		}
		if shape.Bins == 0 {
			r.sample(&s.Sample)
		}
	}
	used := b[:len(b)-len(r.b)]
	if r.err == nil && !bytes.Equal(s.AppendBinary(nil), used) {
		r.fail("not in canonical form")
	}
	if r.err != nil {
		return Summary{}, nil, r.err
	}
	return s, r.b, nil
}

// reader consumes bytes; its first error sticks and empties what is left.
type reader struct {
	b   []byte
	err error
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: "+format, append([]any{ErrSummary}, args...)...)
	}
	r.b = nil
}

func (r *reader) byte() byte {
	if len(r.b) == 0 {
		r.fail("cut off")
		return 0
	}
	v := r.b[0]
	r.b = r.b[1:]
	return v
}

func (r *reader) u64() uint64 {
	if len(r.b) < 8 {
		r.fail("cut off")
		return 0
	}
	v := binary.LittleEndian.Uint64(r.b)
	r.b = r.b[8:]
	return v
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.fail("a number is cut off")
		return 0
	}
	r.b = r.b[n:]
	return v
}

// below reads a number less than limit.
func (r *reader) below(limit uint64) int {
	n := r.uvarint()
	if n >= limit {
		r.fail("%d is not below %d", n, limit)
		return 0
	}
	return int(n)
}

// count reads a number of items that cannot exceed the bytes that are left.
func (r *reader) count() int {
	n := r.uvarint()
	if n > uint64(len(r.b)) {
		r.fail("%d items in %d bytes", n, len(r.b))
		return 0
	}
	return int(n)
}

func (r *reader) sums() (s Sum128, q Sum192) {
	hi, n := binary.Varint(r.b)
	if n <= 0 {
		r.fail("a sum is cut off")
		return s, q
	}
	r.b = r.b[n:]
	return Sum128{hi, r.uvarint()}, Sum192{r.uvarint(), r.uvarint(), r.uvarint()}
}

func (r *reader) histogram(h *Histogram) {
	first, cells := r.uvarint(), r.count()
	if r.err != nil || cells == 0 {
		return
	}
	if first >= GridCells || cells > GridCells-int(first) {
		r.fail("%d cells from cell %d", cells, first)
		return
	}
	h.cover(int(first), int(first)+cells)
	for i := int(first) - h.first; cells > 0 && r.err == nil; i, cells = i+1, cells-1 {
		h.count[i] = r.uvarint()
		h.n += h.count[i]
		if h.moments && h.count[i] > 0 {
			h.sum[i], h.square[i] = r.sums()
		}
	}
}

func (r *reader) sample(s *BottomK) {
	n := r.count()
	if n > SampleSize {
		r.fail("a sample of %d, the limit is %d", n, SampleSize)
	}
	for ; n > 0 && r.err == nil; n-- {
		hash, bits := r.u64(), r.u64()
		s.Offer(hash, math.Float64frombits(bits))
	}
}
