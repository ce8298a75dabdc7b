package codec

import (
	"math"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"verdin/schemas"
)

// protoScalar reads a value that is no message.
func (d *Decoder) protoScalar(f *protoField, m *meaning, end int) bool {
	switch f.wire {
	case protowire.BytesType:
		b, ok := d.protoBytes(end)
		if !ok {
			return false
		}
		if f.kind == protoreflect.BytesKind && m.to == toNothing && m.col < 0 && m.want == anything {
			return true // bytes that nobody reads may be anything
		}
		return d.checkText(b) && d.putText(m, b)
	case protowire.Fixed32Type:
		v, ok := d.protoFixed32(end)
		return ok && d.putNumber(m, fixed32(f.kind, v))
	case protowire.Fixed64Type:
		v, ok := d.protoFixed64(end)
		return ok && d.putNumber(m, fixed64(f.kind, v))
	}
	v, ok := d.protoVarint(end)
	switch {
	case !ok:
		return false
	case f.kind == protoreflect.BoolKind:
		return d.putTruth(m, protowire.DecodeBool(v))
	case f.kind == protoreflect.EnumKind:
		return d.putSymbol(f, m, int32(v))
	}
	return d.putNumber(m, whole(f.kind, v))
}

// putSymbol puts an enum's value by its name.
func (d *Decoder) putSymbol(f *protoField, m *meaning, v int32) bool {
	name, ok := f.symbols[v]
	switch {
	case !ok:
		if m.to != toNothing || m.col >= 0 {
			d.complain(schemas.RejectType, m.path+": a number that the enum of the schema does not have")
		}
		return true
	case name == "":
		return d.putNull(m)
	}
	d.buf = append(d.buf[:0], name...)
	return d.putText(m, d.buf)
}

// whole is the number of a varint.
func whole(k protoreflect.Kind, v uint64) float64 {
	switch k {
	case protoreflect.Int32Kind:
		return float64(int32(v))
	case protoreflect.Uint32Kind:
		return float64(uint32(v))
	case protoreflect.Sint32Kind:
		return float64(int32(protowire.DecodeZigZag(v & math.MaxUint32)))
	case protoreflect.Sint64Kind:
		return float64(protowire.DecodeZigZag(v))
	case protoreflect.Uint64Kind:
		return float64(v)
	}
	return float64(int64(v))
}

func fixed32(k protoreflect.Kind, v uint32) float64 {
	switch k {
	case protoreflect.FloatKind:
		return float64(math.Float32frombits(v))
	case protoreflect.Sfixed32Kind:
		return float64(int32(v))
	}
	return float64(v)
}

func fixed64(k protoreflect.Kind, v uint64) float64 {
	switch k {
	case protoreflect.DoubleKind:
		return math.Float64frombits(v)
	case protoreflect.Sfixed64Kind:
		return float64(int64(v))
	}
	return float64(v)
}

// protoInstant reads a google.protobuf.Timestamp: seconds in field 1,
// nanoseconds in field 2.
func (d *Decoder) protoInstant(m *meaning, end int) bool {
	var seconds, nanos int64
	for d.pos < end {
		number, wire, ok := d.protoTag(end)
		switch {
		case !ok:
			return false
		case number > 2:
			ok = d.protoUnknown(number, wire, end)
		case wire != protowire.VarintType:
			ok = d.syntax("another wire type than the schema's")
		case number == 1:
			seconds, ok = d.protoInt(end)
		default:
			nanos, ok = d.protoInt(end)
			nanos = int64(int32(nanos)) // an int32 on the wire may have more bits, which do not count
		}
		if !ok {
			return false
		}
	}
	if seconds < 0 || seconds >= latest/1000 || nanos < 0 || nanos >= 1e9 {
		d.complain(schemas.RejectTime, m.path+": want a time of the years 1970 to 2199")
		return true
	}
	return d.putInstant(m, seconds*1e9+nanos, 1)
}

func (d *Decoder) protoInt(end int) (int64, bool) {
	v, ok := d.protoVarint(end)
	return int64(v), ok
}

// protoUnion reads a message that stands for a scalar. Without a field on the
// wire a union is null and a wrapper zero.
func (d *Decoder) protoUnion(u *protoMessage, m *meaning, end int) bool {
	if !d.deeper(maxMessages) {
		return false
	}
	fields := 0
	for d.pos < end {
		number, wire, ok := d.protoTag(end)
		if !ok {
			return false
		}
		f := u.field(number)
		if f == nil {
			ok = d.protoUnknown(number, wire, end)
		} else if fields++; fields > 1 {
			ok = d.fail(schemas.RejectDuplicate, "a message of one value that has two")
		} else if wire != f.wire {
			ok = d.syntax("another wire type than the schema's")
		} else {
			ok = d.protoValue(f, m, end)
		}
		if !ok {
			return false
		}
	}
	d.depth--
	switch {
	case fields > 0:
		return true
	case u.form == formWrapper:
		return d.protoAbsent(&u.fields[0], m)
	}
	return d.putNull(m)
}
