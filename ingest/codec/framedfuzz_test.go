package codec_test

import (
	"encoding/json"
	"math"
	"math/rand"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"verdin/ingest/codec"
	"verdin/schemas"
)

// twice is two decoders that have met different records (D1).
type twice struct {
	a, b *codec.Decoder
	c, e *schemas.Chunk
}

func newTwice(opt codec.Options) *twice {
	return &twice{codec.New(layout, opt), codec.New(layout, opt), new(schemas.Chunk), new(schemas.Chunk)}
}

// append decodes a record, once after its own like and once after noise.
func (d *twice) append(t *testing.T, rec, noise codec.Record) *schemas.Chunk {
	d.e.Reset(0, layout)
	d.b.Append(d.e, noise)
	d.c.Reset(0, layout)
	d.e.Reset(0, layout)
	waits, waited := !d.a.Append(d.c, rec), !d.b.Append(d.e, rec)
	if waits != waited || dump(d.c) != dump(d.e) {
		t.Fatalf("%x\n%s\nafter others: %s", rec.Value, dump(d.c), dump(d.e))
	}
	return d.c
}

// stricter are the rules that we have and the libraries do not: what is refused
// for them may be read by a library.
var stricter = []string{
	"a boolean other than 0 and 1", "a block of another size", "another wire type", "already has", "one value that has two",
	"not a key and a value", "more values than", "longer than the record", "not UTF-8",
}

// compare holds a row or a refusal against what the library has read, ev = nil if
// it has read nothing: JSON of that must give the same.
func compare(t *testing.T, value []byte, got *schemas.Chunk, ev object) {
	checkOne(t, got)
	if ev == nil {
		if got.Len() == 1 {
			t.Fatalf("%x: accepted, but the library refuses it: %s", value, dump(got))
		}
		return
	}
	text, err := json.Marshal(ev)
	if err != nil {
		return // NaN, which JSON does not have
	}
	want := decode(codec.Options{DefaultKind: schemas.KindPrediction, HasDefault: true}, bare(string(text)))
	if got.Len() == 1 && dump(got) != dump(want) {
		t.Fatalf("%x\n got %s\nJSON %s\n     %s", value, dump(got), text, dump(want))
	}
	if got.Len() == 0 && want.Len() == 1 {
		for _, rule := range stricter {
			if strings.Contains(got.Rejected[0].Detail, rule) {
				return
			}
		}
		t.Fatalf("%x\n got %s\nJSON %s\n     %s", value, dump(got), text, dump(want))
	}
}

// plainJSON is what Avro's library has read, with nulls of records left out.
func plainJSON(v any, record bool) any {
	switch x := v.(type) {
	case object:
		out := object{}
		for k, v := range x {
			if v != nil || !record {
				out[k] = plainJSON(v, k == "evaluations" || k == "items")
			}
		}
		return out
	case []any:
		out := []any{}
		for _, v := range x {
			out = append(out, plainJSON(v, record))
		}
		return out
	case time.Time:
		return x.UTC().Format(time.RFC3339Nano)
	}
	return v
}

// FuzzAvro: every record of the contract's schema becomes what the library
// reads from it, or is refused.
func FuzzAvro(f *testing.F) {
	w, r := newWriters(f), random{rand.New(rand.NewSource(4))}
	for range 40 {
		f.Add(w.avroFrame(f, 0, r.event(0)).Value[5:])
	}
	f.Add([]byte(start))
	d, noise := newTwice(codec.Options{Schemas: ours(f)}), w.avroFrame(f, 0, r.event(0))
	f.Fuzz(func(t *testing.T, value []byte) {
		rec := frame(1, string(value))
		alone := d.append(t, rec, noise)
		var v any
		rest, err := w.avro[0].Decode(value, &v)
		if err != nil || len(rest) > 0 {
			compare(t, value, alone, nil)
			return
		}
		ev := plainJSON(v, true).(object)
		if at, ok := v.(object)["event_time"].(time.Time); ok && (at.Year() < 1970 || at.Year() > 9999) {
			ev["event_time"] = "refused"
		}
		compare(t, value, alone, ev)
	})
}

// messageJSON is what Protobuf's library has read.
func messageJSON(m protoreflect.Message) object {
	out := object{}
	m.Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		name := string(fd.Name())
		switch {
		case fd.IsMap():
			members := object{}
			v.Map().Range(func(k protoreflect.MapKey, v protoreflect.Value) bool {
				members[k.String()] = valueJSON(fd.MapValue(), v)
				return true
			})
			out[name] = members
		case fd.IsList():
			list := []any{}
			for i := range v.List().Len() {
				list = append(list, valueJSON(fd, v.List().Get(i)))
			}
			out[name] = list
		default:
			out[name] = valueJSON(fd, v)
		}
		return true
	})
	return out
}

func valueJSON(fd protoreflect.FieldDescriptor, v protoreflect.Value) any {
	if fd.Message() == nil {
		return v.Interface()
	}
	fields := fd.Message().Fields()
	switch fd.Message().Name() {
	case "Value":
		for _, x := range messageJSON(v.Message()) {
			return x
		}
		return nil
	case "Timestamp":
		seconds, nanos := v.Message().Get(fields.ByNumber(1)).Int(), v.Message().Get(fields.ByNumber(2)).Int()
		if seconds < 0 || seconds > math.MaxInt32*100 || nanos < 0 || nanos >= 1e9 {
			return "refused"
		}
		return time.Unix(seconds, nanos).UTC().Format(time.RFC3339Nano)
	}
	return messageJSON(v.Message())
}

// unmarshal reads a message with the library, which breaks on the entry of a map
// whose key has another wire type than the schema's.
func unmarshal(value []byte, m proto.Message) (err error, broke bool) {
	defer func() { broke = recover() != nil }()
	return proto.Unmarshal(value, m), false
}

// FuzzProtobuf: every message of the contract's file becomes what the library
// reads from it, or is refused.
func FuzzProtobuf(f *testing.F) {
	w, r := newWriters(f), random{rand.New(rand.NewSource(5))}
	for range 40 {
		f.Add(w.protoFrame(f, 0, r.event(0)).Value[7:])
	}
	d, noise := newTwice(codec.Options{Schemas: ours(f)}), w.protoFrame(f, 0, r.event(0))
	f.Fuzz(func(t *testing.T, value []byte) {
		rec := frame(4, "\x00"+string(value))
		alone := d.append(t, rec, noise)
		m := dynamicpb.NewMessage(w.proto[0])
		err, broke := unmarshal(value, m)
		if broke {
			return // there is nothing to compare with
		}
		if err != nil {
			compare(t, value, alone, nil)
			return
		}
		compare(t, value, alone, messageJSON(m))
	})
}

// FuzzFrames: any bytes under any foreign schema are one row or one rejection.
func FuzzFrames(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x00\x01"+encodeAvro(f, shop, shopEvent())), "")
	f.Add([]byte("\x00\x00\x00\x00\x02\x00"+encodeProto(f, shopFiles, shopJSON)), "")
	f.Add([]byte(encodeAvro(f, shop, shopEvent())), "\x00\x00\x00\x00\x01")
	f.Add([]byte(encodeProto(f, shopFiles, shopJSON)), "\x00\x00\x00\x00\x02\x02\x00")
	f.Add([]byte("\x00\x00\x00\x00\x03{}"), "")
	opt := codec.Options{DefaultKind: schemas.KindPrediction, HasDefault: true, Schemas: book{
		1: {Format: codec.FormatAvro, Text: shop}, 2: &shopFiles, 3: {Format: codec.FormatJSON}}}
	d, noise := newTwice(opt), frame(1, encodeAvro(f, shop, shopEvent()))
	f.Fuzz(func(t *testing.T, value []byte, header string) {
		rec := bare(string(value))
		if header != "" {
			rec = with(rec, "__value_schema_id", header)
		}
		if c := d.append(t, rec, noise); c.Len()+len(c.Rejected) > 0 {
			checkOne(t, c)
		}
	})
}
