package codec

import (
	"bytes"

	"verdin/schemas"
)

// isStructured recognises a CloudEvent whose envelope is part of the value.
// Source: CloudEvents 1.0, Kafka protocol binding §3.
func isStructured(r *Record) bool {
	form, _ := r.header("content-type")
	return hasPrefixFold(form, cloudevents)
}

// isBinary recognises a CloudEvent whose attributes are headers.
func isBinary(r *Record) bool {
	_, ok := r.header("ce_specversion")
	return ok
}

const cloudevents = "application/cloudevents"

// structured decodes an envelope in JSON that has the event in its data member.
func (d *Decoder) structured() bool {
	form, _ := d.in.header("content-type")
	form = mediaType(form)
	if hasPrefixFold(form, cloudevents) && len(form) > len(cloudevents) && !hasPrefixFold(form[len(cloudevents):], "+json") {
		return d.fail(schemas.RejectEncoding, "content-type: of the CloudEvents formats want application/cloudevents+json")
	}
	kind := d.row.kind
	for {
		d.begin(kind)
		d.row.enveloped = true
		ok := d.object(d.envelope)
		switch {
		case d.row.typed && d.row.named != kind:
			kind = d.row.named
			continue
		case !ok:
			return false
		case !d.row.typed:
			return d.fail(schemas.RejectEventType, "no type: "+unknownType)
		case !d.row.hasData:
			d.complain(schemas.RejectMissing, "data")
		}
		return d.end()
	}
}

// eventData walks over the event inside an envelope.
func (d *Decoder) eventData() bool {
	d.row.hasData = true
	return d.object(d.data[d.row.kind])
}

// takeVersion reads "specversion". In a bare object it ends the walk: the object
// is an envelope.
func (d *Decoder) takeVersion(b []byte) bool {
	if !d.row.enveloped {
		d.row.enveloped = true
		return false
	}
	return d.checkVersion(b)
}

func (d *Decoder) checkVersion(b []byte) bool {
	if !bytes.HasPrefix(b, []byte("1.")) {
		return d.fail(schemas.RejectEncoding, "specversion: of CloudEvents want version 1.0")
	}
	return true
}

// binary decodes an event whose envelope is the headers.
func (d *Decoder) binary() bool {
	version, _ := d.in.header("ce_specversion")
	if !d.checkVersion(version) {
		return false
	}
	name, _ := d.in.header("ce_type")
	kind, ok := kindNamed(name)
	if !ok {
		return d.fail(schemas.RejectEventType, "ce_type: "+unknownType)
	}
	d.begin(kind)
	d.row.headed = true
	form, ok := d.in.header("content-type")
	if !ok {
		form, _ = d.in.header("ce_datacontenttype")
	}
	return d.body(mediaType(form))
}

// body decodes the event that the headers announce.
func (d *Decoder) body(form []byte) bool {
	switch {
	case isProtobuf(form) && !isFramed(&d.in):
		return d.ownProto()
	case isAvro(form) && !isFramedAvro(&d.in):
		return d.ownAvro()
	case isFramed(&d.in):
		return d.framed()
	case len(form) > 0 && !isJSON(form):
		return d.refuse(schemas.RejectEncoding, "content-type: want application/json, application/avro or application/protobuf")
	}
	d.start(d.row.kind)
	return d.object(d.data[d.row.kind]) && d.end()
}

// start begins the walk over the event, with what the headers say of it.
func (d *Decoder) start(k schemas.Kind) {
	headed := d.row.headed
	d.begin(k)
	if !headed {
		return
	}
	d.row.headed = true
	if sent, ok := d.in.header("ce_time"); ok {
		d.takeTime(&ceTime, &d.row.sent, schemas.Cell{Kind: schemas.String}, sent)
	}
	if subject, ok := d.in.header("ce_subject"); ok {
		d.row.text[toSubject] = d.chunk.Intern(subject)
	}
	if rate, ok := d.in.header("ce_sampledrate"); ok {
		d.takeRate(&ceRate, schemas.Cell{Kind: schemas.String}, rate)
	}
}

var ceTime, ceRate = meaning{path: "ce_time"}, meaning{path: "ce_sampledrate"}

// header returns the value of a header and whether the record has it.
func (r *Record) header(key string) ([]byte, bool) {
	for i := range r.Headers {
		if r.Headers[i].Key == key {
			return r.Headers[i].Value, true
		}
	}
	return nil, false
}

// lastHeader returns the value of a header's last occurrence.
func (r *Record) lastHeader(key string) ([]byte, bool) {
	for i := len(r.Headers) - 1; i >= 0; i-- {
		if r.Headers[i].Key == key {
			return r.Headers[i].Value, true
		}
	}
	return nil, false
}

// mediaType cuts the parameters off a content type.
func mediaType(b []byte) []byte {
	b, _, _ = bytes.Cut(b, []byte(";"))
	return bytes.TrimSpace(b)
}

func isJSON(media []byte) bool {
	return len(media) >= 4 && hasPrefixFold(media[len(media)-4:], "json")
}

func isAvro(media []byte) bool {
	return hasPrefixFold(media, "application/avro") || hasPrefixFold(media, "avro/binary") || hasSuffixFold(media, "+avro")
}

func isProtobuf(media []byte) bool {
	return hasPrefixFold(media, "application/protobuf") || hasPrefixFold(media, "application/x-protobuf") || hasSuffixFold(media, "+protobuf")
}

// isFramedAvro tells an Avro value with a schema id before it from one in the
// contract's own schema, which may begin with a null and thus with a byte 0. Two
// of them are an event without the ids that it must have.
func isFramedAvro(r *Record) bool {
	_, inHeader := r.lastHeader(schemaHeader)
	v := r.Value
	return inHeader || len(v) > 0 && v[0] == 1 || len(v) > 1 && v[0] == 0 && v[1] == 0
}

func hasSuffixFold(b []byte, suffix string) bool {
	return len(b) >= len(suffix) && bytes.EqualFold(b[len(b)-len(suffix):], []byte(suffix))
}

// hasPrefixFold compares ASCII without case.
func hasPrefixFold(b []byte, prefix string) bool {
	return len(b) >= len(prefix) && bytes.EqualFold(b[:len(prefix)], []byte(prefix))
}
