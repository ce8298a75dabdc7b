package window

import (
	"encoding/binary"
	"fmt"
	"math"

	"verdin/stats"
)

// reader consumes bytes; its first error sticks and empties what is left.
type reader struct {
	b   []byte
	err error
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: "+format, append([]any{ErrPartial}, args...)...)
	}
	r.b = nil
}

// take returns the next n bytes.
func (r *reader) take(n uint64) []byte {
	if n > uint64(len(r.b)) {
		r.fail("%d bytes wanted, %d left", n, len(r.b))
		return nil
	}
	out := r.b[:n]
	r.b = r.b[n:]
	return out
}

func (r *reader) u8() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) u64() uint64 {
	if b := r.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
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

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.fail("a number is cut off")
		return 0
	}
	r.b = r.b[n:]
	return v
}

// below reads a number less than limit.
func (r *reader) below(limit uint64) uint64 {
	v := r.uvarint()
	if r.err == nil && v >= limit {
		r.fail("%d is out of range", v)
		return 0
	}
	return v
}

// count reads how many items follow; each takes at least one byte.
func (r *reader) count() uint64 {
	n := r.uvarint()
	if n > uint64(len(r.b)) {
		r.fail("%d items in %d bytes", n, len(r.b))
		return 0
	}
	return n
}

func (r *reader) cell() (c Cell) {
	c.Generation = uint32(r.below(math.MaxUint32))
	stage := r.varint()
	if stage < -1 || stage > math.MaxInt32 {
		r.fail("stage %d", stage)
		return c
	}
	c.Stage = int32(stage)
	for a := range c.Arms {
		c.Arms[a].N = r.uvarint()
		c.Arms[a].Metrics = r.summaries()
		c.Arms[a].Features = r.summaries()
	}
	return c
}

func (r *reader) summaries() (out []stats.Summary) {
	for n := r.count(); n > 0 && r.err == nil; n-- {
		s, rest, err := stats.DecodeSummary(r.b)
		if err != nil {
			r.fail("summary: %v", err)
			return nil
		}
		r.b = rest
		out = append(out, s)
	}
	return out
}
