package codec

import (
	"encoding/binary"

	"google.golang.org/protobuf/encoding/protowire"
)

// protoTag reads the number and the wire type of the next field.
func (d *Decoder) protoTag(end int) (protowire.Number, protowire.Type, bool) {
	v, ok := d.protoVarint(end)
	if !ok {
		return 0, 0, false
	}
	number, wire := protowire.DecodeTag(v)
	if number < protowire.MinValidNumber {
		return 0, 0, d.syntax("a field number that Protobuf does not have")
	}
	return number, wire, true
}

// protoVarint reads an unsigned number of at most 64 bits.
func (d *Decoder) protoVarint(end int) (uint64, bool) {
	if d.pos < end && d.src[d.pos] < 0x80 { // most are of one byte
		d.pos++
		return uint64(d.src[d.pos-1]), true
	}
	v, n := protowire.ConsumeVarint(d.src[d.pos:end])
	if n < 0 {
		return 0, d.syntax("a number that does not end")
	}
	d.pos += n
	return v, true
}

func (d *Decoder) protoFixed32(end int) (uint32, bool) {
	if end-d.pos < 4 {
		return 0, d.syntax("a number that does not end")
	}
	d.pos += 4
	return binary.LittleEndian.Uint32(d.src[d.pos-4:]), true
}

func (d *Decoder) protoFixed64(end int) (uint64, bool) {
	if end-d.pos < 8 {
		return 0, d.syntax("a number that does not end")
	}
	d.pos += 8
	return binary.LittleEndian.Uint64(d.src[d.pos-8:]), true
}

// protoEnd reads the length of what follows and returns where that ends.
func (d *Decoder) protoEnd(end int) (int, bool) {
	n, ok := d.protoVarint(end)
	if !ok {
		return 0, false
	}
	if n > uint64(end-d.pos) {
		return 0, d.syntax("a length beyond the end of the message")
	}
	return d.pos + int(n), true
}

// protoBytes reads a length and as many bytes.
func (d *Decoder) protoBytes(end int) ([]byte, bool) {
	to, ok := d.protoEnd(end)
	if !ok {
		return nil, false
	}
	b := d.src[d.pos:to]
	d.pos = to
	return b, true
}

// protoUnknown steps over a value by its wire type.
func (d *Decoder) protoUnknown(number protowire.Number, wire protowire.Type, end int) bool {
	n := protowire.ConsumeFieldValue(number, wire, d.src[d.pos:end])
	if n < 0 {
		return d.syntax("a field that does not end")
	}
	d.pos += n
	return true
}

// protoSkip steps over a message that nobody reads, and checks it by its schema.
func (d *Decoder) protoSkip(m *protoMessage, end int) bool {
	if !d.deeper(maxMessages) {
		return false
	}
	for d.pos < end {
		number, wire, ok := d.protoTag(end)
		if !ok {
			return false
		}
		if f := m.field(number); f == nil {
			ok = d.protoUnknown(number, wire, end)
		} else {
			ok = d.protoSkipField(f, wire, end)
		}
		if !ok {
			return false
		}
	}
	d.depth--
	return true
}

// protoSkipField steps over one occurrence of a field that nobody reads. A field
// of another wire type than the schema's is an unknown one, as in every decoder,
// unless it is a packed list.
func (d *Decoder) protoSkipField(f *protoField, wire protowire.Type, end int) bool {
	inner := f.message
	if f.entry != nil {
		inner = f.entry
	}
	switch {
	case wire == protowire.BytesType && f.repeated && f.wire != protowire.BytesType && f.wire != protowire.StartGroupType:
		to, ok := d.protoEnd(end)
		for ok && d.pos < to {
			ok = d.protoUnknown(f.number, f.wire, to)
		}
		return ok
	case wire != f.wire || wire == protowire.StartGroupType:
		return d.protoUnknown(f.number, wire, end)
	case inner != nil:
		to, ok := d.protoEnd(end)
		return ok && d.protoSkip(inner, to)
	}
	return d.protoScalar(f, &skipped, end)
}
