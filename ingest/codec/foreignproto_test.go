package codec_test

import (
	bin "encoding/binary"
	"math"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/dynamicpb"

	"verdin/ingest/codec"
	"verdin/schemas"
)

// shopProto is a file that somebody else wrote: well-known types, an import, all
// number types, packed lists, a group, high field numbers and a message in itself.
const shopProto = `syntax = "proto3"; package shop.ml;
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
import "google/protobuf/struct.proto";
import "shop/arm.proto";
message Recommendation {
  string prediction_id = 4000; string rollout = 2; Arm arm = 3; google.protobuf.Timestamp event_time = 4;
  repeated float vector = 5; repeated sint32 steps = 6; google.protobuf.StringValue unit_id = 7;
  float latency_seconds = 8; sint64 status_code = 9; Err error_type = 10; google.protobuf.Int64Value prediction_score = 11;
  google.protobuf.Struct features = 12; Numbers metrics = 13; repeated Judged evaluations = 14;
  Recommendation parent = 15; map<string, google.protobuf.DoubleValue> scores = 16; bytes blob = 17;
  oneof answer { string prediction_label = 18; bytes answer_blob = 19; }
  map<int32, Recommendation> others = 20; map<string, Err> tags = 21; fixed32 team = 22;
  message Numbers { sfixed64 cost_usd = 1; fixed64 other = 2; }
  message Judged { double score = 1; string name = 2; string why = 3; }
}
enum Err { ERR_UNSPECIFIED = 0; timeout = 1; oom = 2; }`

const armProto = `syntax = "proto3"; package shop.ml; enum Arm { stable = 0; canary = 1; }`

const shopJSON = `{"prediction_id":"p","rollout":"recsys","arm":"canary","event_time":"2026-03-01T11:59:59.999Z","vector":[1.5,"NaN",3],"steps":[-1,2],
	"unit_id":"u-1","latency_seconds":0.25,"status_code":"-200","error_type":"oom","prediction_score":"3",
	"features":{"age":31,"country":"AT","income":null,"member":true,"embedding":[1,{"x":[]}]},"metrics":{"cost_usd":"-31","other":"5"},
	"evaluations":[{"score":0.75,"name":"judge","why":"…"},{"score":0.5,"name":"judge"}],
	"parent":{"prediction_id":"q","parent":{"features":{"age":1}}},"scores":{"sport":0.5},"blob":"/wA=","prediction_label":"böse",
	"others":{"-1":{"rollout":"x"}},"tags":{"country":"timeout","x":"ERR_UNSPECIFIED"},"team":7}`

const shopProtoRow = `7 prediction row=0 ts=2026-03-01T11:59:59.999Z at=2026-03-01T12:00:00Z rollout=recsys arm=canary ` +
	`key="p" unit="u-1" name= by= rev=0 gen=0 stage=-1 error_type="oom" evaluations.judge.score=0.75 ` +
	`features.age=31 features.country="AT" features.income=null features.member=true latency_seconds=0.25 metrics.cost_usd=-31 ` +
	`prediction_label="böse" prediction_score=3 scores.sport=0.5 status_code=-200 tags.country="timeout" team=7`

var shopFiles = codec.Schema{Format: codec.FormatProtobuf, Text: shopProto, References: []codec.Reference{{Name: "shop/arm.proto", Text: armProto}}}

// encodeProto encodes an event in Protobuf's JSON as the first message of a file.
func encodeProto(t testing.TB, schema codec.Schema, event string) string {
	source := schema.Text
	for _, r := range schema.References { // one file is enough here
		_, body, _ := strings.Cut(r.Text, "package shop.ml;")
		source = strings.Replace(source, `import "`+r.Name+`";`, "", 1) + body
	}
	m := dynamicpb.NewMessage(compileProto(t, source).Messages().Get(0))
	if err := protojson.Unmarshal([]byte(event), m); err != nil {
		t.Fatal(err)
	}
	b, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestFieldsOfAForeignProtobufFileAreFoundByName(t *testing.T) {
	want(t, predictionsOf(shopFiles), frame(1, "\x00"+encodeProto(t, shopFiles, shopJSON)), shopProtoRow)
}

// Without presence the wire leaves a zero out, so absence is zero; where zero
// would say something that nobody said, it is absence.
func TestWhatProtobufLeavesOut(t *testing.T) {
	want(t, predictionsOf(shopFiles), frame(1, "\x00"+encodeProto(t, shopFiles, `{"prediction_id":"p","rollout":"r","arm":"canary",
		"event_time":"2026-03-01T12:00:00Z","metrics":{},"evaluations":[{"name":"judge"}],"scores":{"sport":0}}`)),
		strings.Replace(predicted, `arm=stable`, `arm=canary`, 1)+
			` evaluations.judge.score=0 latency_seconds=0 metrics.cost_usd=0 scores.sport=0 status_code=0 team=0`)
	implicit := codec.Schema{Format: codec.FormatProtobuf, Text: `syntax = "proto3"; message P { string prediction_id = 1; string rollout = 2; string arm = 3;
		int64 event_time = 4; int32 stage = 5; uint32 generation = 6; string error_type = 7; string prediction_label = 8; }`}
	r := frame(1, "\x00"+encodeProto(t, implicit, `{"prediction_id":"p","rollout":"r","arm":"stable"}`))
	r.Timestamp = noon
	want(t, predictionsOf(implicit), r, predicted+` prediction_label=""`)
}

// Fields that a newer schema has added are skipped, whatever they are.
func TestUnknownProtobufFieldsAreSkipped(t *testing.T) {
	var b []byte
	b = protowire.AppendVarint(protowire.AppendTag(b, 900, protowire.VarintType), 7)
	b = protowire.AppendBytes(protowire.AppendTag(b, 901, protowire.BytesType), []byte("\xff"))
	b = protowire.AppendFixed32(protowire.AppendTag(b, 30, protowire.Fixed32Type), 7)
	b = protowire.AppendFixed64(protowire.AppendTag(b, 31, protowire.Fixed64Type), 7)
	b = protowire.AppendTag(protowire.AppendTag(b, 32, protowire.StartGroupType), 32, protowire.EndGroupType)
	want(t, predictionsOf(shopFiles), frame(1, "\x00"+encodeProto(t, shopFiles, shopJSON)+string(b)), shopProtoRow)
}

func TestProtobufValuesAreRefusedForTheSameReasonsAsInJSON(t *testing.T) {
	double := func(x float64) string {
		return "\x49" + string(bin.LittleEndian.AppendUint64(nil, math.Float64bits(x)))
	}
	long := func(tag string, n int) string {
		return tag + string(bin.AppendUvarint(nil, uint64(n))) + strings.Repeat("x", n)
	}
	for _, tc := range []struct{ field, value, reason, detail string }{
		{"double latency_seconds = 9;", double(math.NaN()), schemas.RejectNumber, "latency_seconds: NaN"},
		{"double latency_seconds = 9;", double(math.Inf(1)), schemas.RejectNumber, "latency_seconds: NaN"},
		{"double latency_seconds = 9;", double(-1.1e15), schemas.RejectNumber, "1e15"},
		{"double latency_seconds = 9;", double(1) + double(1), schemas.RejectDuplicate, "already has"},
		{"double latency_seconds = 9;", "\x48\x01", schemas.RejectSyntax, "another wire type"},
		{"double latency_seconds = 9;", "\x49\x01", schemas.RejectSyntax, "does not end"},
		{"bool latency_seconds = 9;", "\x48\x01", schemas.RejectType, "latency_seconds: want a number, got true or false"},
		{"repeated double latency_seconds = 9;", "\x4a\x08........", schemas.RejectType, "got an array"},
		{"P latency_seconds = 9;", "\x4a\x00", schemas.RejectType, "got an object"},
		{"map<string, int32> latency_seconds = 9;", "\x4a\x00", schemas.RejectType, "got an object"},
		{"string unit_id = 9;", long("\x4a", 129), schemas.RejectSize, "unit_id: an id above 128 bytes"},
		{"string unit_id = 9;", "\x4a\x01\xff", schemas.RejectUTF8, ""},
		{"E unit_id = 9;", "\x48\x05", schemas.RejectType, "unit_id: a number that the enum"},
		{"int32 unit_id = 9;", "\x48\x05", schemas.RejectType, "unit_id: want a string, got a number"},
		{"string other = 9;", long("\x4a", 4097), schemas.RejectSize, "above 4096"},
		{"string other = 9;", "\x4a\x01\xff", schemas.RejectUTF8, ""},
		{"string other = 9;", "\x4a\x02x", schemas.RejectSyntax, "a length beyond the end"},
		{"P other = 9;", "\x4a\x03\x0a\x01\xff", schemas.RejectUTF8, ""},
		{"P other = 9;", "\x4a\x02\x0a\x02", schemas.RejectSyntax, "a length beyond the end"},
		{"repeated double other = 9;", "\x4a\x07.......", schemas.RejectSyntax, "does not end"},
		{"int32 other = 9;", "\x48", schemas.RejectSyntax, "does not end"},
		{"int32 other = 9;", "\x00", schemas.RejectSyntax, "a field number"},
		{"int32 other = 9;", "\x07", schemas.RejectSyntax, "a field number"},
		{"int32 other = 9;", "\x54", schemas.RejectSyntax, "a field that does not end"},
		{"int32 other = 9;", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", schemas.RejectSyntax, "does not end"},
		{"oneof o { int32 a = 9; int32 b = 10; }", "\x48\x01\x50\x01", schemas.RejectDuplicate, "oneof"},
		{"V value_of = 9; double latency_seconds = 10;", "\x4a\x04\x08\x01\x10\x01", schemas.RejectDuplicate, "one value that has two"},
		{"map<string, V> features = 9;", "\x4a\x05\x0a\x01a\x12\x00\x4a\x03\x0a\x01a", schemas.RejectDuplicate, "already has"},
		{"map<string, V> features = 9;", "\x4a\x04\x12\x00\x0a\x00", schemas.RejectSyntax, "not a key and a value"},
		{"map<string, V> features = 9;", "\x4a\x03\x0a\x00\x18", schemas.RejectSyntax, "not a key and a value"},
		{"map<string, P> features = 9;", "\x4a\x07\x0a\x03age\x12\x00", schemas.RejectType, "features.age: want"},
		{"map<int32, V> features = 9;", "\x4a\x02\x08\x01", schemas.RejectType, "features: want names that are strings"},
		{"string features = 9;", "\x4a\x01x", schemas.RejectType, "features: want an object, got a string"},
		{"map<string, string> metrics = 9;", "\x4a\x00", schemas.RejectType, "metrics: want a number, got a string"},
		{"repeated int32 evaluations = 9;", "\x4a\x01\x01", schemas.RejectType, "evaluations: want objects"},
		{"google.protobuf.Timestamp event_time = 9;", "\x4a\x0b\x08" + strings.Repeat("\xff", 9) + "\x01", schemas.RejectTime, "event_time"},
		{"google.protobuf.Timestamp event_time = 9;", "\x4a\x06\x10\x80\x94\xeb\xdc\x03", schemas.RejectTime, "event_time"},
		{"google.protobuf.Timestamp event_time = 9;", "\x4a\x02\x0a\x00", schemas.RejectSyntax, "another wire type"},
		{"google.protobuf.Timestamp latency_seconds = 9;", "\x4a\x00", schemas.RejectType, "got an object"},
		{"int64 event_time = 9;", "\x48" + string(bin.AppendUvarint(nil, 1_772_366_400_000_000)), schemas.RejectNumber, "1e15"},
	} {
		text := `syntax = "proto3"; import "google/protobuf/timestamp.proto"; message P { string prediction_id = 1; string rollout = 2; string arm = 3; ` +
			tc.field + ` } enum E { zero = 0; } message V { oneof kind { int32 number = 1; string text = 2; } }`
		c := decode(predictionsOf(codec.Schema{Format: codec.FormatProtobuf, Text: text}), frame(1, "\x00\x0a\x01p\x12\x01r\x1a\x06stable"+tc.value))
		if len(c.Rejected) != 1 || c.Rejected[0].Reason != tc.reason || !strings.Contains(c.Rejected[0].Detail, tc.detail) || len(c.Arena) != 0 {
			t.Errorf("%s %q: %swant %s: …%s", tc.field, tc.value, dump(c), tc.reason, tc.detail)
		}
	}
}
