package wire

import (
	"encoding/binary"
	"fmt"
)

// Reader consumes bytes; its first error sticks and empties what is left.
type Reader struct {
	b    []byte
	base error
	err  error
}

// NewReader reads b; its errors wrap base.
func NewReader(b []byte, base error) *Reader { return &Reader{b: b, base: base} }

// Err is the first error, nil if there was none.
func (r *Reader) Err() error { return r.err }

// Rest is what was not read yet, nothing after an error.
func (r *Reader) Rest() []byte { return r.b }

// Len is the number of bytes not read yet.
func (r *Reader) Len() int { return len(r.b) }

// Fail notes an error, unless there is one already.
func (r *Reader) Fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: "+format, append([]any{r.base}, args...)...)
	}
	r.b = nil
}

// End is the error of a reader that should have read everything.
func (r *Reader) End() error {
	if len(r.b) > 0 {
		r.Fail("%d bytes are left over", len(r.b))
	}
	return r.err
}

// Take returns the next n bytes, not copied.
func (r *Reader) Take(n uint64) []byte {
	if n > uint64(len(r.b)) {
		r.Fail("%d bytes wanted, %d left", n, len(r.b))
		return nil
	}
	out := r.b[:n]
	r.b = r.b[n:]
	return out
}

// Byte reads one byte.
func (r *Reader) Byte() byte {
	if b := r.Take(1); b != nil {
		return b[0]
	}
	return 0
}

// U64 reads eight bytes.
func (r *Reader) U64() uint64 {
	if b := r.Take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// Uvarint reads an unsigned number.
func (r *Reader) Uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.Fail("a number is cut off")
		return 0
	}
	r.b = r.b[n:]
	return v
}

// Varint reads a signed number.
func (r *Reader) Varint() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.Fail("a number is cut off")
		return 0
	}
	r.b = r.b[n:]
	return v
}

// Below reads a number less than limit.
func (r *Reader) Below(limit uint64) uint64 {
	v := r.Uvarint()
	if r.err == nil && v >= limit {
		r.Fail("%d is not below %d", v, limit)
		return 0
	}
	return v
}

// Count reads how many items follow; each takes at least one byte.
func (r *Reader) Count() int {
	n := r.Uvarint()
	if n > uint64(len(r.b)) {
		r.Fail("%d items in %d bytes", n, len(r.b))
		return 0
	}
	return int(n)
}

// Decode has a decoder read the next item; it returns what follows.
func (r *Reader) Decode(item func([]byte) (rest []byte, err error)) {
	if r.err != nil {
		return
	}
	rest, err := item(r.b)
	if err != nil {
		r.Fail("%w", err)
		return
	}
	r.b = rest
}
