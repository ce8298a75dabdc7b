package arrowipc

import "encoding/binary"

// table is a FlatBuffers table inside b. Every access is checked: what lies
// outside of b is taken as absent, and bad says so.
// Source: FlatBuffers internals, "Format Details".
type table struct {
	b   []byte
	pos int
	bad *bool
}

// root returns the root table of b.
func root(b []byte) table {
	t := table{b: b, bad: new(bool)}
	return t.follow(0)
}

func (t table) fail() { *t.bad = true }

// has tells whether n bytes lie at pos.
func (t table) has(pos, n int) bool {
	if pos < 0 || n < 0 || pos > len(t.b)-n {
		t.fail()
		return false
	}
	return true
}

// follow returns the table that the offset at pos leads to.
func (t table) follow(pos int) table {
	if t.has(pos, 4) {
		pos += int(binary.LittleEndian.Uint32(t.b[pos:]))
		if t.has(pos, 4) {
			return table{t.b, pos, t.bad}
		}
	}
	return table{nil, 0, t.bad}
}

// field returns where field i stands with its n bytes, or -1 if it is absent.
func (t table) field(i, n int) int {
	if t.b == nil {
		return -1
	}
	vtable := t.pos - int(int32(binary.LittleEndian.Uint32(t.b[t.pos:])))
	if !t.has(vtable, 4) {
		return -1
	}
	size, entry := int(binary.LittleEndian.Uint16(t.b[vtable:])), 4+2*i
	if entry+2 > size || !t.has(vtable, entry+2) {
		return -1
	}
	offset := int(binary.LittleEndian.Uint16(t.b[vtable+entry:]))
	if offset == 0 || !t.has(t.pos+offset, n) {
		return -1
	}
	return t.pos + offset
}

// integer returns a field of n bytes as a signed number, 0 if it is absent.
func (t table) integer(i, n int) int64 {
	pos := t.field(i, n)
	if pos < 0 {
		return 0
	}
	switch n {
	case 1:
		return int64(int8(t.b[pos]))
	case 2:
		return int64(int16(binary.LittleEndian.Uint16(t.b[pos:])))
	case 4:
		return int64(int32(binary.LittleEndian.Uint32(t.b[pos:])))
	}
	return int64(binary.LittleEndian.Uint64(t.b[pos:]))
}

// child returns a field that is a table, with a nil b if it is absent.
func (t table) child(i int) table {
	if pos := t.field(i, 4); pos >= 0 {
		return t.follow(pos)
	}
	return table{nil, 0, t.bad}
}

// vector returns where the elements of a field begin and how many there are.
func (t table) vector(i, size int) (pos, n int) {
	pos = t.field(i, 4)
	if pos < 0 {
		return 0, 0
	}
	pos += int(binary.LittleEndian.Uint32(t.b[pos:]))
	if !t.has(pos, 4) {
		return 0, 0
	}
	n = int(binary.LittleEndian.Uint32(t.b[pos:]))
	pos += 4
	if n > len(t.b) || !t.has(pos, n*size) {
		t.fail()
		return 0, 0
	}
	return pos, n
}

// element returns a table of a vector of tables.
func (t table) element(pos, i int) table { return t.follow(pos + 4*i) }

// text returns a field that is a string.
func (t table) text(i int) string {
	pos, n := t.vector(i, 1)
	return string(t.b[pos : pos+n])
}
