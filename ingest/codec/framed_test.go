package codec_test

import (
	bin "encoding/binary"
	"fmt"
	"strings"
	"testing"

	"verdin/ingest/codec"
	"verdin/schemas"
)

// book holds schemas by number; nil is one that the registry does not have.
type book map[uint32]*codec.Schema

func (b book) Schema(id codec.SchemaID) (*codec.Schema, bool) {
	n := id.Number
	if id.Global {
		n = bin.BigEndian.Uint32(id.GUID[:])
	}
	s, ok := b[n]
	return s, ok
}

// frame puts version and number of a schema before a value.
func frame(id uint32, value string) codec.Record {
	r := bare("")
	r.Value = append(bin.BigEndian.AppendUint32([]byte{0}, id), value...)
	return r
}

// with adds headers to a record.
func with(r codec.Record, headers ...string) codec.Record {
	for i := 0; i < len(headers); i += 2 {
		r.Headers = append(r.Headers, codec.Header{Key: headers[i], Value: []byte(headers[i+1])})
	}
	return r
}

// tiny is an outcome in the least that it may be.
const tiny = `{"type":"record","name":"Outcome","namespace":"verdin.v1","fields":[
	{"name":"unit_id","type":"string"},{"name":"name","type":"string"},{"name":"event_time","type":"long"}]}`

var (
	tinyValue = "\x02u\x02n" + string(bin.AppendVarint(nil, int64(noon)/1e6))
	tinyRow   = `7 outcome row=0 ts=2026-03-01T12:00:00Z at=2026-03-01T12:00:00Z rollout= arm= key="" unit="u" name=n by= rev=0 gen=0 stage=-1`
	tinyGUID  = "\x01\x00\x00\x00\x07abcdefghijkl"
	library   = book{
		1: nil, 7: {Format: codec.FormatAvro, Text: tiny}, 8: {Format: codec.FormatAvro, Text: `{"type":"record"}`},
		9: {Format: "THRIFT"}, 10: {Format: codec.FormatJSON, Text: `{}`}, 11: {Format: codec.FormatAvro, Text: `"string"`},
		12: {Format: codec.FormatProtobuf, Text: `syntax = "proto3"; import "missing.proto";`},
		13: {Format: codec.FormatProtobuf, Text: `syntax = "proto3"; package shop; message Line { message Item { string unit_id = 1; string name = 2; int64 event_time = 3; } }
			message Outcome { string unit_id = 1; string name = 2; int64 event_time = 3; }`},
		14: {Format: codec.FormatAvro, Text: strings.ReplaceAll(strings.ReplaceAll(tiny, "verdin.v1", "shop"), "Outcome", "Click")},
	}
	framedOnly   = codec.Options{Schemas: library}
	tinyMessage  = "\x0a\x01u\x12\x01n\x18" + string(bin.AppendUvarint(nil, uint64(noon)/1e6))
	outcomesOnly = codec.Options{Schemas: library, DefaultKind: schemas.KindOutcome, HasDefault: true}
)

func TestTheSchemaIDIsFoundWhereverClientsPutIt(t *testing.T) {
	plain := bare(tinyValue)
	for name, r := range map[string]codec.Record{
		"number before":    frame(7, tinyValue),
		"GUID before":      bare(tinyGUID + tinyValue),
		"number in header": with(plain, "__value_schema_id", "\x00\x00\x00\x00\x07"),
		"GUID in header":   with(plain, "__value_schema_id", tinyGUID),
		"last header":      with(plain, "__value_schema_id", "\x00\x00\x00\x00\x01", "__value_schema_id", tinyGUID),
		"CloudEvent":       with(frame(7, tinyValue), "ce_specversion", "1.0", "ce_type", "verdin.outcome.v1", "content-type", "application/avro"),
		"CloudEvent, else": with(frame(14, tinyValue), "ce_specversion", "1.0", "ce_type", "verdin.outcome.v1"),
		"JSON":             frame(10, fmt.Sprintf(`{"type":"outcome","unit_id":"u","name":"n","event_time":%d}`, int64(noon)/1e6)),
		"Protobuf":         frame(13, "\x02\x02"+tinyMessage),
		"Protobuf, header": with(bare(tinyMessage), "__value_schema_id", "\x00\x00\x00\x00\x0d\x02\x02"),
	} {
		t.Run(name, func(t *testing.T) { want(t, framedOnly, r, tinyRow) })
	}
}

// A schema's own name counts if it is ours, else the topic says what it carries.
func TestTheKindOfAFramedRecord(t *testing.T) {
	want(t, outcomesOnly, frame(14, tinyValue), tinyRow)
	want(t, outcomesOnly, frame(13, "\x04\x00\x00"+tinyMessage), tinyRow) // the message inside the first
	predictions := codec.Options{Schemas: library, DefaultKind: schemas.KindPrediction, HasDefault: true}
	want(t, predictions, frame(7, tinyValue), tinyRow)
	want(t, framedOnly, frame(14, tinyValue), "7 rejected unknown_type: the schema's name is none of verdin.v1.Prediction, Outcome and Resource, and this log has no default")
}

func TestFramesThatRefuse(t *testing.T) {
	for _, tc := range []struct {
		r              codec.Record
		reason, detail string
	}{
		{frame(1, ""), schemas.RejectSchema, "schema 1: the registry does not have it"},
		{bare("\x01\x00\x00\x00\x01abcdefghijkl"), schemas.RejectSchema, "schema 00000001-6162-6364-6566-6768696a6b6c: the registry"},
		{frame(8, ""), schemas.RejectBadSchema, "schema 8: "},
		{frame(9, ""), schemas.RejectEncoding, "schema 9: want one in AVRO, PROTOBUF or JSON"},
		{frame(11, ""), schemas.RejectBadSchema, "schema 11: want a record"},
		{frame(12, ""), schemas.RejectBadSchema, "schema 12: compile: "},
		{frame(13, "\x02\x04"+tinyMessage), schemas.RejectSchema, "the index of a message that schema 13 does not have"},
		{frame(13, "\x02\x01"+tinyMessage), schemas.RejectSchema, "the index of a message that schema 13 does not have"},
		{frame(13, "\x04\x02\x00"+tinyMessage), schemas.RejectSchema, "the index of a message that schema 13 does not have"},
		{frame(13, "\x02"), schemas.RejectSyntax, "ends inside the index"},
		{frame(13, "\x01"), schemas.RejectSyntax, "ends inside the index"},
		{frame(13, ""), schemas.RejectSyntax, "ends inside the index"},
		{with(bare(tinyMessage), "__value_schema_id", "\x00\x00\x00\x00\x0d\x02"), schemas.RejectSyntax, "ends inside the index"},
		{bare("\x00\x00\x00\x07"), schemas.RejectEncoding, "ends inside the schema id"},
		{bare("\x01\x00\x00\x00\x07"), schemas.RejectEncoding, "ends inside the schema id"},
		{with(bare("{}"), "__value_schema_id", "7"), schemas.RejectEncoding, "ends inside the schema id"},
		{bare("\x02"), schemas.RejectEncoding, "want a JSON object"},
	} {
		c := decode(framedOnly, tc.r)
		if len(c.Rejected) != 1 || c.Rejected[0].Reason != tc.reason || !strings.Contains(c.Rejected[0].Detail, tc.detail) {
			t.Errorf("%q: %swant %s: …%s", tc.r.Value, dump(c), tc.reason, tc.detail)
		}
	}
}

// A registry that does not answer makes no record bad: it is put off, and becomes
// the same row once the schema is known.
func TestARecordWaitsForItsSchema(t *testing.T) {
	known := book{}
	d, c := codec.New(layout, codec.Options{Schemas: known}), new(schemas.Chunk)
	c.Reset(0, layout)
	r := frame(7, tinyValue)
	for range 2 {
		if d.Append(c, r) || d.Wanted().String() != "7" || dump(c) != "" || len(c.Arena) != 0 || c.Next != 0 {
			t.Fatalf("wanted %v, next %d: %s", d.Wanted(), c.Next, dump(c))
		}
	}
	if !d.Append(c, bare(event(`"x":1`))) {
		t.Error("a record that needs no schema waits")
	}
	c.Reset(0, layout)
	known[7] = library[7]
	if !d.Append(c, r) || dump(c) != tinyRow+"\n" {
		t.Errorf("got %s", dump(c))
	}
}

// Ids are found again without asking.
func TestASchemaIsAskedForOnce(t *testing.T) {
	known := book{7: library[7], 1: nil}
	d, c := codec.New(layout, codec.Options{Schemas: known}), new(schemas.Chunk)
	c.Reset(0, layout)
	d.Append(c, frame(7, tinyValue))
	d.Append(c, frame(1, ""))
	delete(known, 7)
	delete(known, 1)
	if !d.Append(c, frame(7, tinyValue)) || !d.Append(c, frame(1, "")) || c.Len() != 2 || len(c.Rejected) != 2 {
		t.Error(dump(c))
	}
}
