package codec_test

import (
	bin "encoding/binary"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/twmb/avro"

	"verdin/ingest/codec"
	"verdin/schemas"
)

// shop is a schema that somebody else wrote: other names with aliases, other
// types, records where the contract has maps, and fields that it does not know.
const shop = `{"type":"record","name":"Recommendation","namespace":"shop.ml","fields":[
	{"name":"request","aliases":["prediction_id"],"type":{"type":"fixed","size":16,"name":"Request","logicalType":"uuid"}},
	{"name":"rollout","type":"bytes"},
	{"name":"arm","type":{"type":"enum","name":"Arm","symbols":["stable","canary"]}},
	{"name":"at","aliases":["event_time"],"type":{"type":"long","logicalType":"timestamp-micros"}},
	{"name":"vector","type":{"type":"array","items":"float"}},
	{"name":"user","aliases":["x","unit_id"],"type":["string","null"]},
	{"name":"latency_seconds","type":"float"},
	{"name":"status_code","type":"int"},
	{"name":"error_type","type":["null",{"type":"enum","name":"Err","symbols":["timeout","oom"]}]},
	{"name":"prediction_score","type":["null","long","double"]},
	{"name":"prediction_label","type":"string"},
	{"name":"features","type":["null",{"type":"record","name":"Features","fields":[
		{"name":"age","type":"int"},
		{"name":"land","aliases":["country"],"type":"Arm"},
		{"name":"income","type":["null",{"type":"bytes","logicalType":"decimal","precision":20,"scale":2}]},
		{"name":"member","type":"boolean"},
		{"name":"embedding","type":{"type":"map","values":["null","Features"]}}]}]},
	{"name":"metrics","type":{"type":"map","values":{"type":"fixed","name":"Money","size":4,"logicalType":"decimal","precision":9,"scale":4}}},
	{"name":"evaluations","type":["null",{"type":"array","items":["null",{"type":"record","name":"Ev","fields":[
		{"name":"score","type":"double"},{"name":"name","type":"string"},{"name":"why","type":"string"}]}]}]},
	{"name":"parent","type":["null","Recommendation"]},
	{"name":"scores","type":{"type":"map","values":"float"}},
	{"name":"blob","type":"bytes"}
]}`

func shopEvent() object {
	return object{
		"request": [16]byte{0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef},
		"rollout": []byte("recsys"), "arm": "canary", "at": noon.Std().Add(-time.Millisecond), "vector": []any{1.5, math.NaN(), float32(3)},
		"user": "u-1", "latency_seconds": float32(0.25), "status_code": 200, "error_type": "oom", "prediction_score": int64(3),
		"prediction_label": "böse",
		"features": object{"age": 31, "land": "stable", "income": "-1234.56", "member": true, "embedding": object{
			"age": nil, "deep": object{"age": 1, "land": "stable", "income": nil, "member": false, "embedding": object{}}}},
		"metrics":     object{"cost_usd": "0.0031", "other": "-0.5"},
		"evaluations": []any{object{"score": 0.75, "name": "judge", "why": "…"}, object{"score": 0.5, "name": "judge", "why": ""}},
		"parent":      nil, "scores": object{"sport": float32(0.5)}, "blob": []byte{0xff, 0x00},
	}
}

const shopRow = `7 prediction row=0 ts=2026-03-01T11:59:59.999Z at=2026-03-01T12:00:00Z rollout=recsys arm=canary ` +
	`key="01234567-89ab-cdef-0123-456789abcdef" unit="u-1" name= by= rev=0 gen=0 stage=-1 error_type="oom" evaluations.judge.score=0.75 ` +
	`features.age=31 features.country="stable" features.income=-1234.56 features.member=true latency_seconds=0.25 metrics.cost_usd=0.0031 ` +
	`prediction_label="böse" prediction_score=3 scores.sport=0.5 status_code=200`

// predictionsOf decodes predictions of one schema.
func predictionsOf(s codec.Schema) codec.Options {
	return codec.Options{DefaultKind: schemas.KindPrediction, HasDefault: true, Schemas: book{1: &s}}
}

func encodeAvro(t testing.TB, schema string, ev object) string {
	s, err := avro.Parse(schema)
	if err != nil {
		t.Fatal(err)
	}
	b, err := s.Encode(ev)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestFieldsOfAForeignAvroSchemaAreFoundByName(t *testing.T) {
	want(t, predictionsOf(codec.Schema{Format: codec.FormatAvro, Text: shop}), frame(1, encodeAvro(t, shop, shopEvent())), shopRow)
}

// A schema may be cut into several that refer to each other.
func TestAvroReferences(t *testing.T) {
	arm := `{"type":"enum","name":"Arm","namespace":"shop.ml","symbols":["stable","canary"]}`
	main := strings.Replace(shop, `{"type":"enum","name":"Arm","symbols":["stable","canary"]}`, `"Arm"`, 1)
	want(t, predictionsOf(codec.Schema{Format: codec.FormatAvro, Text: main, References: []codec.Reference{{Name: "shop.ml.Arm", Text: arm}}}),
		frame(1, encodeAvro(t, shop, shopEvent())), shopRow)
}

// field is a schema of a prediction with one more field.
func field(name, kind string) string {
	return `{"type":"record","name":"P","fields":[{"name":"prediction_id","type":"string"},{"name":"rollout","type":"string"},
		{"name":"arm","type":"string"},{"name":"` + name + `","type":` + kind + `}]}`
}

const start = "\x02p\x02r\x0cstable" // prediction_id, rollout, arm

func TestAvroValuesAreRefusedForTheSameReasonsAsInJSON(t *testing.T) {
	double := func(x float64) string { return string(bin.LittleEndian.AppendUint64(nil, math.Float64bits(x))) }
	varint := func(v int64) string { return string(bin.AppendVarint(nil, v)) }
	for _, tc := range []struct{ name, kind, value, reason, detail string }{
		{"latency_seconds", `"double"`, double(math.NaN()), schemas.RejectNumber, "latency_seconds: NaN"},
		{"latency_seconds", `"double"`, double(math.Inf(-1)), schemas.RejectNumber, "latency_seconds: NaN"},
		{"latency_seconds", `"double"`, double(1.1e15), schemas.RejectNumber, "1e15"},
		{"latency_seconds", `"string"`, "\x02x", schemas.RejectType, "latency_seconds: want a number, got a string"},
		{"latency_seconds", `"boolean"`, "\x01", schemas.RejectType, "latency_seconds: want a number, got true or false"},
		{"latency_seconds", `{"type":"array","items":"int"}`, "\x02\x02\x00", schemas.RejectType, "got an array"},
		{"latency_seconds", `{"type":"map","values":"int"}`, "\x02\x02x\x02\x00", schemas.RejectType, "got an object"},
		{"latency_seconds", `{"type":"bytes","logicalType":"decimal","precision":2}`, "\x00", schemas.RejectSyntax, "a decimal of no bytes"},
		{"unit_id", `"string"`, "\x82\x02" + strings.Repeat("x", 129), schemas.RejectSize, "unit_id: an id above 128 bytes"},
		{"unit_id", `"string"`, "\x02\xff", schemas.RejectUTF8, ""},
		{"unit_id", `"long"`, "\x02", schemas.RejectType, "unit_id: want a string, got a number"},
		{"other", `"string"`, "\x82\x40" + strings.Repeat("x", 4097), schemas.RejectSize, "above 4096"},
		{"other", `"string"`, "\x02\xff", schemas.RejectUTF8, ""},
		{"other", `"string"`, "\x01", schemas.RejectSyntax, "a length beyond the end"},
		{"other", `"string"`, "\x04x", schemas.RejectSyntax, "a length beyond the end"},
		{"other", `"boolean"`, "\x02", schemas.RejectSyntax, "a boolean other than 0 and 1"},
		{"other", `"int"`, "\xff\xff\xff\xff\xff\x01", schemas.RejectSyntax, "more than 32 bits"},
		{"other", `"long"`, strings.Repeat("\xff", 10) + "\x01", schemas.RejectSyntax, "a number that does not end"},
		{"other", `"long"`, "\xff", schemas.RejectSyntax, "a number that does not end"},
		{"other", `"double"`, "1234567", schemas.RejectSyntax, "a length beyond the end"},
		{"other", `"int"`, "\x02x", schemas.RejectSyntax, "bytes after the event"},
		{"other", `["null","int"]`, "\x04\x02", schemas.RejectSyntax, "a branch that the union does not have"},
		{"other", `["null","int"]`, "\x01", schemas.RejectSyntax, "a branch that the union does not have"},
		{"other", `{"type":"enum","name":"E","symbols":["a"]}`, "\x02", schemas.RejectSyntax, "a symbol that the enum does not have"},
		{"other", `{"type":"array","items":"null"}`, "\xfe\xff\xff\xff\x0f\x00", schemas.RejectSize, "more values than a record may have"},
		{"other", `{"type":"array","items":"int"}`, "\x03\x06\x02\x02\x00", schemas.RejectSyntax, "a block of another size"},
		{"other", `{"type":"array","items":"int"}`, "\x01\x7e\x02\x00", schemas.RejectSyntax, "longer than the record"},
		{"features", `{"type":"map","values":"int"}`, "\x04\x02a\x02\x02a\x02\x00", schemas.RejectDuplicate, "already has"},
		{"features", `{"type":"map","values":{"type":"array","items":"int"}}`, "\x02\x06age\x02\x02\x00\x00", schemas.RejectType, "features.age: want"},
		{"features", `"string"`, "\x02x", schemas.RejectType, "features: want an object, got a string"},
		{"metrics", `{"type":"map","values":"string"}`, "\x02\x02a\x02x\x00", schemas.RejectType, "metrics: want a number, got a string"},
		{"evaluations", `{"type":"array","items":"int"}`, "\x02\x02\x00", schemas.RejectType, "evaluations: want objects"},
		{"event_time", `{"type":"long","logicalType":"timestamp-micros"}`, "\x01", schemas.RejectTime, "event_time"},
		{"event_time", `{"type":"long","logicalType":"timestamp-millis"}`, varint(7_258_118_400_000), schemas.RejectTime, "event_time"},
		{"event_time", `{"type":"long","logicalType":"local-timestamp-millis"}`, "\x02", schemas.RejectTime, "no point in time"},
		{"event_time", `{"type":"int","logicalType":"date"}`, "\x02", schemas.RejectTime, "no point in time"},
		{"event_time", `"long"`, varint(1_772_366_400_000_000), schemas.RejectNumber, "1e15"},
	} {
		c := decode(predictionsOf(codec.Schema{Format: codec.FormatAvro, Text: field(tc.name, tc.kind)}), frame(1, start+tc.value))
		if len(c.Rejected) != 1 || c.Rejected[0].Reason != tc.reason || !strings.Contains(c.Rejected[0].Detail, tc.detail) || len(c.Arena) != 0 {
			t.Errorf("%s %s %q: %swant %s: …%s", tc.name, tc.kind, tc.value, dump(c), tc.reason, tc.detail)
		}
	}
}
