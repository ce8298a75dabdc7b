package codec

import (
	"strings"

	"verdin/schemas"
)

// schemaHeader is the header that holds the id where the value has none before it.
const schemaHeader = "__value_schema_id"

// isFramed recognises the wire formats of the Confluent schema registry: a
// leading byte 0 (schema id of 4 bytes) or 1 (GUID of 16), or the same in a header.
// Source: Confluent documentation, "Wire format"; io.confluent.kafka.serializers.schema.id.SchemaId.
func isFramed(r *Record) bool {
	if len(r.Value) > 0 && r.Value[0] <= 1 {
		return true
	}
	_, ok := r.lastHeader(schemaHeader)
	return ok
}

// framed decodes a record by the schema whose id it carries.
func (d *Decoder) framed() bool {
	if d.opt.Schemas == nil {
		return d.refuse(schemas.RejectEncoding,
			"Confluent framing, but no schema registry is configured: configure kafka.registry, or send JSON or CloudEvents")
	}
	id, index, ok := d.unframe()
	if !ok {
		return d.refuse(schemas.RejectEncoding, "Confluent framing that ends inside the schema id")
	}
	if d.writer == nil || d.writer.id != id {
		w, ok := d.writerOf(id)
		if !ok {
			d.wanted, d.waiting = id, true
			return false
		}
		d.writer = w
	}
	w := d.writer
	if w.reason != "" {
		return d.refuse(w.reason, w.detail)
	}
	switch w.format {
	case FormatAvro:
		return d.avroEvent(w.avro)
	case FormatProtobuf:
		return d.protoFramed(w.proto, index)
	}
	if d.row.headed {
		d.start(d.row.kind)
		return d.object(d.data[d.row.kind]) && d.end()
	}
	d.begin(d.firstGuess())
	return d.bareJSON()
}

// unframe takes the id off the record: what remains is the event. In Protobuf
// the id is followed by the index of the message, which stands with it in the
// header or remains before the event (index nil).
func (d *Decoder) unframe() (id SchemaID, index []byte, ok bool) {
	if b, found := d.in.lastHeader(schemaHeader); found {
		id, index, ok = schemaID(b)
		if index == nil {
			index = b[len(b):]
		}
		return id, index, ok
	}
	id, d.in.Value, ok = schemaID(d.in.Value)
	return id, nil, ok
}

// writer is a schema, compiled for the layout. It is refused for a reason or has
// what its format needs.
type writer struct {
	id             SchemaID
	format         string
	avro           *avroWriter
	proto          *protoWriter
	reason, detail string
}

// writerOf compiles the schema of an id; false while nobody knows it.
func (d *Decoder) writerOf(id SchemaID) (*writer, bool) {
	if w := d.writers[id]; w != nil {
		return w, true
	}
	s, ok := d.opt.Schemas.Schema(id)
	if !ok {
		return nil, false
	}
	w := &writer{id: id}
	if s == nil {
		w.reason = schemas.RejectSchema
		w.detail = "schema " + id.String() + ": the registry does not have it, or not all that it refers to"
	} else {
		w.compile(s)
	}
	d.writers[id] = w
	return w, true
}

func (w *writer) compile(s *Schema) {
	var err error
	switch w.format = s.Format; w.format {
	case FormatAvro:
		w.avro, err = newAvroWriter(s)
	case FormatProtobuf:
		w.proto, err = newProtoWriter(s)
	case FormatJSON:
	default:
		w.reason, w.detail = schemas.RejectEncoding, "schema "+w.id.String()+": want one in AVRO, PROTOBUF or JSON"
	}
	if err != nil {
		w.reason, w.detail = schemas.RejectBadSchema, "schema "+w.id.String()+": "+err.Error()
	}
}

// called is the full name of a record or message, with the kind that it stands for.
type called struct {
	name          string
	known, looked bool
	of            schemas.Kind
}

// kind says which kind an event is: the one that the headers name; else by the
// name a type of the contract, else what the log carries, else by a name that is
// that of a kind. Names are compared without regard to case.
func (c *called) kind(d *Decoder) (schemas.Kind, bool) {
	if d.row.headed {
		return d.row.kind, true
	}
	if !c.looked {
		c.looked = true
		c.of, c.known = d.kindCalled(c.name)
	}
	return c.of, c.known
}

func (d *Decoder) kindCalled(full string) (schemas.Kind, bool) {
	simple := full[strings.LastIndexByte(full, '.')+1:]
	ours := strings.HasPrefix(full, "verdin.")
	for k, name := range [schemas.Kinds]string{"prediction", "outcome", "resource"} {
		named := full == "verdin."+name+".v1" || strings.EqualFold(simple, name)
		if named && (ours || !d.opt.HasDefault) {
			return schemas.Kind(k), true
		}
	}
	return d.opt.DefaultKind, d.opt.HasDefault
}

const unknownWriter = "the schema's name is none of verdin.v1.Prediction, Outcome and Resource, and this log has no default"
