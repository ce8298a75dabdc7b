package codec

import (
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"verdin/schemas"
)

// protoFramed decodes a message whose index stands in a header or, index being
// nil, before it.
func (d *Decoder) protoFramed(w *protoWriter, index []byte) bool {
	switch n := 0; {
	case index == nil:
		n = indexLength(d.in.Value)
		index, d.in.Value = d.in.Value[:n], d.in.Value[n:]
	case len(index) > 0:
		index = index[:indexLength(index)]
	default:
		index = firstMessage
	}
	if len(index) == 0 {
		return d.refuse(schemas.RejectSyntax, "Confluent framing that ends inside the index of the message")
	}
	p := w.plan(index)
	if p == nil {
		return d.refuse(schemas.RejectSchema, "the index of a message that schema "+d.writer.id.String()+" does not have")
	}
	return d.protoEvent(p)
}

var firstMessage = []byte{0}

// protoEvent decodes a message along its plan.
func (d *Decoder) protoEvent(p *protoPlan) bool {
	kind, ok := p.called.kind(d)
	if !ok {
		return d.refuse(schemas.RejectEventType, unknownWriter)
	}
	d.start(kind)
	return d.protoMessage(p.of(d, kind), len(d.src))
}

// protoMessage reads the fields of a message that ends at end and whose plan is known.
func (d *Decoder) protoMessage(m *protoMessage, end int) bool {
	if !d.deeper(maxMessages) {
		return false
	}
	m.serial++
	for i := range m.zeros {
		d.store(&m.zeros[i].meaning, schemas.Cell{Kind: m.zeros[i].kind}, m.zeros[i].text)
	}
	for d.pos < end {
		number, wire, ok := d.protoTag(end)
		if !ok {
			return false
		}
		f := m.field(number)
		switch {
		case f == nil:
			ok = d.protoUnknown(number, wire, end)
		case f.repeated:
			ok = d.protoList(f, wire, end)
		case wire != f.wire:
			ok = d.syntax("another wire type than the schema's")
		case f.entry != nil:
			ok = d.protoEntry(m, f, end)
		default:
			ok = d.protoOnce(m, f) && d.protoValue(f, &f.meaning, end)
		}
		if !ok {
			return false
		}
	}
	d.depth--
	return true
}

// protoOnce sees that a message has a field, and a member of a oneof, once. The
// wire format lets the last one win; no encoder writes two.
func (d *Decoder) protoOnce(m *protoMessage, f *protoField) bool {
	if f.seen == m.serial || f.oneof >= 0 && m.chosen[f.oneof] == m.serial {
		return d.fail(schemas.RejectDuplicate, "a field or oneof that the message already has")
	}
	f.seen = m.serial
	if f.oneof >= 0 {
		m.chosen[f.oneof] = m.serial
	}
	return true
}

// protoValue reads one value and puts it where it belongs.
func (d *Decoder) protoValue(f *protoField, m *meaning, end int) bool {
	if f.message == nil {
		return d.protoScalar(f, m, end)
	}
	if f.kind == protoreflect.GroupKind {
		d.accepts(m, record)
		return d.protoUnknown(f.number, f.wire, end)
	}
	end, ok := d.protoEnd(end)
	switch {
	case !ok:
		return false
	case f.message.form == formInstant && m.to == toTime:
		return d.protoInstant(m, end)
	case f.message.form == formWrapper || f.message.form == formUnion:
		return d.protoUnion(f.message, m, end)
	case !d.accepts(m, record) || !f.message.bound:
		return d.protoSkip(f.message, end)
	}
	return d.protoMessage(f.message, end)
}

// protoEntry reads one entry of a map whose members have any name: the key and
// then the value, as all encoders write them; either may be left out for zero.
func (d *Decoder) protoEntry(m *protoMessage, f *protoField, end int) bool {
	end, ok := d.protoEnd(end)
	if !ok {
		return false
	}
	if !d.accepts(&f.meaning, record) || f.meaning.to != toMembers {
		return d.protoSkip(f.entry, end)
	}
	key, value := &f.entry.fields[0], &f.entry.fields[1]
	if key.kind != protoreflect.StringKind {
		d.complain(schemas.RejectType, f.meaning.path+": want names that are strings")
		return d.protoSkip(f.entry, end)
	}
	if f.seen != m.serial {
		f.seen = m.serial
		f.meaning.in.begin()
		f.members = object{shape: f.meaning.in, last: -1}
	}
	var name []byte
	if d.protoAt(key, end) {
		if name, ok = d.protoBytes(end); !ok {
			return false
		}
	}
	sl := d.named(&f.members, name)
	switch {
	case sl == nil:
		return false
	case d.pos == end:
		return d.protoAbsent(value, &sl.meaning)
	case !d.protoAt(value, end):
		return d.syntax("an entry of a map that is not a key and a value")
	case !d.protoValue(value, &sl.meaning, end):
		return false
	}
	return d.pos == end || d.syntax("an entry of a map that is not a key and a value")
}

// protoAt steps over the tag of a field if it is the next one. The numbers of an
// entry's fields are small: the tag has one byte.
func (d *Decoder) protoAt(f *protoField, end int) bool {
	if d.pos == end || d.src[d.pos] != byte(f.number)<<3|byte(f.wire) {
		return false
	}
	d.pos++
	return true
}

// protoAbsent puts the value of an entry that has none on the wire.
func (d *Decoder) protoAbsent(f *protoField, m *meaning) bool {
	switch f.kind {
	case protoreflect.MessageKind:
		if f.message.form == formUnion {
			return d.putNull(m)
		}
		if f.message.form == formWrapper {
			return d.protoAbsent(&f.message.fields[0], m)
		}
		d.accepts(m, record)
		return true
	case protoreflect.BoolKind:
		return d.putTruth(m, false)
	case protoreflect.StringKind, protoreflect.BytesKind:
		return d.putText(m, nil)
	case protoreflect.EnumKind:
		return d.putSymbol(f, m, 0)
	}
	return d.putNumber(m, 0)
}

// protoList reads an occurrence of a repeated field.
func (d *Decoder) protoList(f *protoField, wire protowire.Type, end int) bool {
	if !d.accepts(&f.meaning, array) || f.meaning.to != toEvaluations {
		return d.protoSkipField(f, wire, end)
	}
	if f.message == nil || !f.message.bound || wire != protowire.BytesType {
		d.complain(schemas.RejectType, "evaluations: want objects in the array")
		return d.protoSkipField(f, wire, end)
	}
	end, ok := d.protoEnd(end)
	if !ok {
		return false
	}
	mark := len(d.chunk.Arena)
	d.judged = judgement{}
	if !d.protoMessage(f.message, end) {
		return false
	}
	if !d.storeEvaluation() {
		d.chunk.Arena = d.chunk.Arena[:mark]
	}
	return true
}
