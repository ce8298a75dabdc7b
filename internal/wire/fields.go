package wire

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"
)

// Fields walks over the fields of a state, writing or reading them: one list of fields
// serves both, so that neither can forget what the other has. Writing changes no field.
type Fields struct {
	Reader
	out     []byte
	reading bool
}

// Write walks to append to b.
func Write(b []byte) *Fields { return &Fields{out: b} }

// Read walks to set fields from b; its errors wrap base.
func Read(b []byte, base error) *Fields {
	return &Fields{Reader: *NewReader(b, base), reading: true}
}

// Bytes is what was written.
func (f *Fields) Bytes() []byte { return f.out }

// Reading tells whether fields are being set.
func (f *Fields) Reading() bool { return f.reading }

// Check fails the reading of a field that does not hold what it must.
func (f *Fields) Check(ok bool, format string, args ...any) {
	if f.reading && f.err == nil && !ok {
		f.Fail(format, args...)
	}
}

// Int passes a signed number.
func Int[T ~int | ~int8 | ~int32 | ~int64](f *Fields, v *T) {
	if !f.reading {
		f.out = binary.AppendVarint(f.out, int64(*v))
		return
	}
	x := f.Varint()
	*v = T(x)
	f.Check(int64(*v) == x, "%d is too large", x)
}

// Uint passes an unsigned number.
func Uint[T ~uint8 | ~uint32 | ~uint64](f *Fields, v *T) {
	if !f.reading {
		f.out = binary.AppendUvarint(f.out, uint64(*v))
		return
	}
	x := f.Uvarint()
	*v = T(x)
	f.Check(uint64(*v) == x, "%d is too large", x)
}

// Word passes eight bytes.
func (f *Fields) Word(v *uint64) {
	if !f.reading {
		f.out = binary.LittleEndian.AppendUint64(f.out, *v)
		return
	}
	*v = f.U64()
}

// Float passes a finite number, to the bit.
func (f *Fields) Float(x *float64) {
	if !f.reading {
		f.out = binary.LittleEndian.AppendUint64(f.out, math.Float64bits(*x))
		return
	}
	*x = math.Float64frombits(f.U64())
	f.Check(*x-*x == 0, "%v is not a finite number", *x)
}

// Bool passes a truth.
func (f *Fields) Bool(v *bool) {
	if f.reading {
		*v = f.Below(2) == 1
		return
	}
	x := byte(0)
	if *v {
		x = 1
	}
	f.out = append(f.out, x)
}

// Text passes a string.
func (f *Fields) Text(s *string) {
	if !f.reading {
		f.out = binary.AppendUvarint(f.out, uint64(len(*s)))
		f.out = append(f.out, *s...)
		return
	}
	*s = string(f.Take(f.Uvarint()))
}

// Count passes a number of items; each takes at least one byte.
func (f *Fields) Count(n int) int {
	if !f.reading {
		f.out = binary.AppendUvarint(f.out, uint64(n))
		return n
	}
	return f.Reader.Count()
}

// Part passes what has a state of its own, behind its length.
func (f *Fields) Part(write func([]byte) []byte, restore func([]byte) error) {
	if f.reading {
		own := f.Take(f.U64())
		if f.err != nil {
			return
		}
		if err := restore(own); err != nil {
			f.Fail("%w", err)
		}
		return
	}
	at := len(f.out)
	f.out = write(append(f.out, make([]byte, 8)...))
	binary.LittleEndian.PutUint64(f.out[at:], uint64(len(f.out)-at-8))
}

// Item passes what has a binary form that knows its own end.
func (f *Fields) Item(write func([]byte) []byte, decode func([]byte) (rest []byte, err error)) {
	if f.reading {
		f.Decode(decode)
		return
	}
	f.out = write(f.out)
}

// Slice passes a list; each is called for every item.
func Slice[T any](f *Fields, list *[]T, each func(*T)) {
	n := f.Count(len(*list))
	if f.reading {
		*list = (*list)[:0]
	}
	for i := 0; i < n && f.err == nil; i++ {
		if f.reading {
			*list = append(*list, *new(T))
		}
		each(&(*list)[i])
	}
}

// Map passes a map by ascending key; each is called for every value, the zero value
// when reading.
func Map[K cmp.Ordered, V any](f *Fields, m map[K]V, key func(*K), each func(K, *V)) {
	if !f.reading {
		keys := make([]K, 0, len(m))
		for k := range m { // order-free: sorted below
			keys = append(keys, k)
		}
		slices.Sort(keys)
		f.Count(len(keys))
		for _, k := range keys {
			key(&k)
			v := m[k]
			each(k, &v)
		}
		return
	}
	var last K
	for i, n := 0, f.Reader.Count(); i < n && f.err == nil; i++ {
		var k K
		var v V
		key(&k)
		f.Check(i == 0 || last < k, "keys are not ascending")
		each(k, &v)
		m[k], last = v, k
	}
}
