package codec

import (
	"bytes"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"verdin/schemas"
)

// plan returns the message that an index on the wire names, nil if the file has
// none there.
func (w *protoWriter) plan(index []byte) *protoPlan {
	for _, p := range w.plans {
		if bytes.Equal(p.index, index) {
			return p
		}
	}
	md := w.find(index)
	if md == nil {
		return nil
	}
	p := &protoPlan{index: bytes.Clone(index), called: called{name: string(md.FullName())}, root: w.message(md)}
	w.plans = append(w.plans, p)
	return p
}

// find follows an index: the number of steps, then the place of a message among
// its siblings at each; all of them zigzag. No steps stand for the first message.
func (w *protoWriter) find(index []byte) (md protoreflect.MessageDescriptor) {
	steps, n := zigzag(index)
	index = index[n:]
	if steps == 0 {
		steps, index = 1, []byte{0}
	}
	messages := w.file.Messages()
	for range steps {
		i, n := zigzag(index)
		index = index[n:]
		if i < 0 || i >= int64(messages.Len()) {
			return nil
		}
		md = messages.Get(int(i))
		messages = md.Messages()
	}
	return md
}

// indexLength is the length of a message's index, 0 if there is none.
func indexLength(b []byte) int {
	steps, n := zigzag(b)
	if n == 0 || steps < 0 || steps > maxDepth {
		return 0
	}
	for range steps {
		_, m := zigzag(b[n:])
		if m == 0 {
			return 0
		}
		n += m
	}
	return n
}

// zigzag reads a signed number and its length, which is 0 if there is none.
func zigzag(b []byte) (int64, int) {
	v, n := protowire.ConsumeVarint(b)
	if n < 0 {
		return 0, 0
	}
	return protowire.DecodeZigZag(v), n
}

// of returns the plan for events of kind k.
func (p *protoPlan) of(d *Decoder, k schemas.Kind) *protoMessage {
	if p.kinds[k] == nil {
		p.kinds[k] = p.root.bind(d.data[k], d)
	}
	return p.kinds[k]
}

// bind returns the message with the meaning that the shape's members have.
func (m *protoMessage) bind(sh *shape, d *Decoder) *protoMessage {
	out := &protoMessage{form: m.form, byTag: m.byTag, bound: true, chosen: make([]uint64, m.oneofs), oneofs: m.oneofs}
	for _, f := range m.fields {
		f.meaning, _ = sh.member(f.name)
		f.meaning.optional = true
		switch {
		case f.message == nil:
		case f.meaning.to == toMembers && f.message.form == formStruct:
			f.message = f.message.bindStruct(&f.meaning)
		case f.meaning.to == toMembers && !f.repeated:
			f.message = f.message.bind(f.meaning.in, d)
		case f.meaning.to == toEvaluations && f.repeated:
			f.message = f.message.bind(d.evaluation, d)
		}
		if z, ok := f.zero(); ok {
			out.zeros = append(out.zeros, z)
		}
		out.fields = append(out.fields, f)
	}
	return out
}

// bindStruct returns a google.protobuf.Struct whose members are those of m.
func (m *protoMessage) bindStruct(meaning *meaning) *protoMessage {
	out := *m
	out.bound = true
	out.chosen = make([]uint64, m.oneofs)
	out.fields = append([]protoField(nil), m.fields...)
	for i := range out.fields {
		if out.fields[i].name == "fields" {
			out.fields[i].meaning = *meaning
		}
	}
	return &out
}

// zero is what a field without presence is when the wire leaves it out. Ids,
// times and the like have no zero: an empty one is none.
func (f *protoField) zero() (protoZero, bool) {
	z := protoZero{meaning: f.meaning, kind: schemas.Number}
	switch f.kind {
	case protoreflect.BoolKind:
		z.kind = schemas.False
	case protoreflect.StringKind, protoreflect.BytesKind:
		z.kind = schemas.String
	case protoreflect.EnumKind:
		z.kind, z.text = schemas.String, []byte(f.symbols[0])
		if len(z.text) == 0 {
			return z, false
		}
	}
	to := f.meaning.to
	kept := to == toNothing && f.meaning.col >= 0 || to == toEvaluationScore || to == toEvaluationLabel
	return z, f.implicit && kept && f.meaning.want&(1<<z.kind) != 0
}
