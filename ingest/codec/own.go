package codec

import (
	"slices"

	"verdin/schemas"
)

// added are the members that the contract has gained since its first version. They are
// the last in its Avro schemas: an event that was written before ends without them.
var added = []string{"sampledrate"}

// ownAvro decodes an event in the contract's own Avro schema.
func (d *Decoder) ownAvro() bool {
	w := d.ownWriter(FormatAvro)
	return d.avroEvent(w.avro)
}

// ownProto decodes a message of the contract's own Protobuf file.
func (d *Decoder) ownProto() bool {
	w := d.ownWriter(FormatProtobuf)
	return d.protoEvent(w.proto.plans[0])
}

// ownWriter returns the contract's schema of the row's kind, which the headers
// have named.
func (d *Decoder) ownWriter(format string) *writer {
	k, i, form := d.row.kind, 0, schemas.FormAvro
	if format == FormatProtobuf {
		i, form = 1, schemas.FormProto
	}
	if d.own[i][k] != nil {
		return d.own[i][k]
	}
	doc, _ := schemas.FindDocument(k.String(), form)
	w := &writer{}
	w.compile(&Schema{Format: format, Text: string(doc.Text())})
	if w.reason != "" {
		panic("codec: the schema of the contract cannot be read: " + w.detail)
	}
	if w.avro != nil {
		for i := range w.avro.root.fields {
			f := &w.avro.root.fields[i]
			f.later = slices.Contains(added, f.name)
		}
	}
	if w.proto != nil {
		w.proto.plan([]byte{2, byte(2 * k)}) // one step, to the message of that place: see the file's comment
	}
	d.own[i][k] = w
	return w
}
