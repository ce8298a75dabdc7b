package codec_test

import (
	"strings"
	"testing"

	"verdin/ingest/codec"
	"verdin/schemas"
)

// event is a good prediction with one more member.
func event(member string) string { return `{"type":"prediction",` + prediction + `,` + member + `}` }

// long is a string of n bytes in quotes.
func long(n int) string { return `"` + strings.Repeat("x", n) + `"` }

// members is an object of n members.
func members(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(`,"m` + strings.Repeat("x", i%7) + string(rune('a'+i%26)) + string(rune('a'+i/26%26)) + `":1`)
	}
	return "{" + strings.TrimPrefix(b.String(), ",") + "}"
}

var rejections = []struct {
	value  string
	reason string
	detail string // a part of it
}{
	{"", schemas.RejectEncoding, "an empty record"},
	{"hello", schemas.RejectEncoding, "want a JSON object"},
	{"[]", schemas.RejectEncoding, "want a JSON object"},
	{"\x00\x00\x00\x00\x07{}", schemas.RejectEncoding, "no schema registry is configured"},
	{"\x01" + event(`"x":1`), schemas.RejectEncoding, "no schema registry is configured"},
	{`{"specversion":"0.3","type":"verdin.prediction.v1","data":{}}`, schemas.RejectEncoding, "want version 1.0"},
	{`{"specversion":"1.0","type":"verdin.prediction.v1","data_base64":"e30="}`, schemas.RejectEncoding, "data_base64"},

	{`{`, schemas.RejectSyntax, "byte 1"},
	{event(`"x":1`) + `x`, schemas.RejectSyntax, "bytes after the event"},
	{event(`"x":1`) + event(`"x":1`), schemas.RejectSyntax, "bytes after the event"},
	{event(`"x":1`) + "\x00", schemas.RejectSyntax, "bytes after the event"},
	{event(`"x":1,`), schemas.RejectSyntax, "member name"},
	{event(`"x" 1`), schemas.RejectSyntax, "want :"},
	{event(`"x":1 "y":2`), schemas.RejectSyntax, "want , or }"},
	{event(`x:1`), schemas.RejectSyntax, "member name"},
	{event(`"x":[1,]`), schemas.RejectSyntax, "want a value"},
	{event(`"x":[1 2]`), schemas.RejectSyntax, "want , or ]"},
	{event(`"x":[,1]`), schemas.RejectSyntax, "want a value"},
	{event(`"x":tru`), schemas.RejectSyntax, "want a value"},
	{event(`"x":01`), schemas.RejectSyntax, "leading zero"},
	{event(`"x":-`), schemas.RejectSyntax, "without digits"},
	{event(`"x":+1`), schemas.RejectSyntax, "want a value"},
	{event(`"x":1.`), schemas.RejectSyntax, "ends with its point"},
	{event(`"x":.5`), schemas.RejectSyntax, "want a value"},
	{event(`"x":1e`), schemas.RejectSyntax, "exponent without digits"},
	{event(`"x":"\x"`), schemas.RejectSyntax, "escape"},
	{event(`"x":"\u12g4"`), schemas.RejectSyntax, "hexadecimal"},
	{event("\"x\":\"a\nb\""), schemas.RejectSyntax, "control character"},
	{event(`"x":"open`), schemas.RejectSyntax, "inside a string"},
	{event(`"x":/**/1`), schemas.RejectSyntax, "want a value"},

	{event("\"x\":\"\xff\""), schemas.RejectUTF8, "not UTF-8"},
	{event("\"\xc3\":1"), schemas.RejectUTF8, "not UTF-8"},
	{event("\"x\":\"\xed\xa0\x80\""), schemas.RejectUTF8, "not UTF-8"}, // a surrogate in UTF-8
	{event(`"x":"\ud800"`), schemas.RejectUTF8, "surrogate"},
	{event(`"x":"\ud800\u0041"`), schemas.RejectUTF8, "surrogate"},
	{event(`"x":"\udc00"`), schemas.RejectUTF8, "surrogate"},

	{event(`"arm":"canary"`), schemas.RejectDuplicate, "already has"},
	{event(`"x":1,"\u0078":2`), schemas.RejectDuplicate, "already has"},
	{event(`"features":{"age":1,"age":2}`), schemas.RejectDuplicate, "already has"},
	{event(`"features":{"un":1,"un":2}`), schemas.RejectDuplicate, "already has"},
	{event(`"metrics":{"un":1,"un":2}`), schemas.RejectDuplicate, "already has"},
	{event(`"tags":{"un":"1","un":"2"}`), schemas.RejectDuplicate, "already has"},
	{event(`"evaluations":[{"name":"a","name":"b"}]`), schemas.RejectDuplicate, "already has"},
	{event(`"x":[{"y":{"z":1,"z":1}}]`), schemas.RejectDuplicate, "already has"},
	{`{"type":"prediction","type":"prediction",` + prediction + `}`, schemas.RejectDuplicate, "already has"},

	{event(`"x":` + strings.Repeat("[", 8) + strings.Repeat("]", 8)), schemas.RejectDepth, "8 levels"},
	{event(`"x":` + strings.Repeat(`{"x":`, 8) + "1" + strings.Repeat("}", 8)), schemas.RejectDepth, "8 levels"},
	{event(`"x":` + strings.Repeat("[", 100_000)), schemas.RejectDepth, "8 levels"},

	{event(`"x":` + long(4097)), schemas.RejectSize, "4096 bytes"},
	{event(`"x":"ö` + strings.Repeat("x", 4095) + `"`), schemas.RejectSize, "4096 bytes"},
	{event(long(4097) + `:1`), schemas.RejectSize, "4096 bytes"},
	{event(`"unit_id":` + long(129)), schemas.RejectSize, "unit_id: an id above 128 bytes"},
	{event(`"x":` + members(513)), schemas.RejectSize, "512 members"},
	{event(`"x":1` + strings.Repeat(" ", 256<<10)), schemas.RejectSize, "256 KiB"},

	{`{"type":"prediction","prediction_id":"p","rollout":"r"}`, schemas.RejectMissing, "arm"},
	{`{"type":"prediction","prediction_id":"","rollout":"r","arm":"stable"}`, schemas.RejectMissing, "prediction_id"},
	{`{"type":"prediction","prediction_id":"p","rollout":null,"arm":"stable"}`, schemas.RejectMissing, "rollout"},
	{`{"type":"outcome","name":"n"}`, schemas.RejectMissing, "prediction_id or unit_id"},
	{`{"type":"outcome","unit_id":"u"}`, schemas.RejectMissing, "name"},
	{`{"type":"resource","rollout":"r","arm":"stable"}`, schemas.RejectMissing, "instance"},
	{`{"specversion":"1.0","type":"verdin.prediction.v1"}`, schemas.RejectMissing, "data"},

	{event(`"latency_seconds":"fast"`), schemas.RejectType, "latency_seconds: want a number, got a string"},
	{event(`"unit_id":7`), schemas.RejectType, "unit_id: want a string, got a number"},
	{event(`"model_version":{}`), schemas.RejectType, "model_version: want a string, got an object"},
	{event(`"features":[]`), schemas.RejectType, "features: want an object, got an array"},
	{event(`"features":{"age":[1]}`), schemas.RejectType, "features.age"},
	{event(`"metrics":{"un":"1"}`), schemas.RejectType, "metrics: want a number, got a string"},
	{event(`"tags":{"country":1}`), schemas.RejectType, "tags.country: want a string, got a number"},
	{event(`"scores":{"un":true}`), schemas.RejectType, "scores: want a number, got true or false"},
	{event(`"evaluations":[1]`), schemas.RejectType, "evaluations"},
	{event(`"evaluations":[{"name":"a","score":"b"}]`), schemas.RejectType, "evaluations.score: want a number"},
	{event(`"items":{}`), schemas.RejectType, "items: want an array, got an object"},
	{`{"specversion":"1.0","type":"verdin.prediction.v1","data":"{}"}`, schemas.RejectType, "data: want an object, got a string"},

	{event(`"x":NaN`), schemas.RejectNumber, "send null"},
	{event(`"x":-Infinity`), schemas.RejectNumber, "send null"},
	{event(`"latency_seconds":1.1e15`), schemas.RejectNumber, "latency_seconds: a number beyond 1e15"},
	{event(`"latency_seconds":-1e999`), schemas.RejectNumber, "latency_seconds: a number beyond 1e15"},
	{event(`"generation":1.5`), schemas.RejectNumber, "generation: want a whole number"},
	{event(`"generation":-1`), schemas.RejectNumber, "generation: want a whole number"},

	{`{"type":"outcome","unit_id":"u","name":"n","rollout":"Prod"}`, schemas.RejectName, "DNS-1123"},
	{`{"type":"outcome","unit_id":"u","name":"n","rollout":"a/b/c"}`, schemas.RejectName, "DNS-1123"},
	{`{"type":"outcome","unit_id":"u","name":"n","rollout":"a."}`, schemas.RejectName, "DNS-1123"},
	{`{"type":"outcome","unit_id":"u","name":"n","rollout":"-a"}`, schemas.RejectName, "DNS-1123"},
	{`{"type":"outcome","unit_id":"u","name":"n","rollout":"/a"}`, schemas.RejectName, "DNS-1123"},

	{`{"type":"outcome","unit_id":"u","name":"n","event_time":"yesterday"}`, schemas.RejectTime, "event_time"},
	{`{"type":"outcome","unit_id":"u","name":"n","event_time":1772366400.5}`, schemas.RejectTime, "event_time"},
	{`{"type":"outcome","unit_id":"u","name":"n","event_time":-1}`, schemas.RejectTime, "event_time"},
	{`{"type":"outcome","unit_id":"u","name":"n","event_time":7258118400000}`, schemas.RejectTime, "event_time"},
	{`{"type":"outcome","unit_id":"u","name":"n"}`, schemas.RejectNoEventTime, ""},
	{`{"type":"outcome","unit_id":"u","name":"n","event_time":"2026-03-01T12:01:00.001Z"}`, schemas.RejectFuture, "60 s"},

	{`{` + prediction + `}`, schemas.RejectEventType, "no default"},
	{`{"type":"click",` + prediction + `}`, schemas.RejectEventType, "verdin.prediction.v1"},
	{`{"specversion":"1.0","type":"com.example.click","data":{}}`, schemas.RejectEventType, "verdin.prediction.v1"},
	{`{"specversion":"1.0","data":{}}`, schemas.RejectEventType, "no type"},
	{`{"type":"resource","rollout":"r","arm":"stable","instance":"i"}`, schemas.RejectKind, "kind resource"},
}

func TestEveryReasonToReject(t *testing.T) {
	met := map[string]bool{}
	for _, tc := range rejections {
		opt := codec.Options{}
		if tc.reason == schemas.RejectKind {
			opt.Kinds = 1<<schemas.KindPrediction | 1<<schemas.KindOutcome
		}
		c := decode(opt, bare(tc.value))
		if c.Len() != 0 || len(c.Rejected) != 1 || c.Next != 8 || len(c.Arena) != 0 {
			t.Fatalf("%.100q: %d rows, %d rejections, next %d, %d bytes kept", tc.value, c.Len(), len(c.Rejected), c.Next, len(c.Arena))
		}
		got := c.Rejected[0]
		met[got.Reason] = true
		if got.Reason != tc.reason || !strings.Contains(got.Detail, tc.detail) || got.Offset != 7 {
			t.Errorf("%.100q:\n got %d %s: %s\nwant 7 %s: %s", tc.value, got.Offset, got.Reason, got.Detail, tc.reason, tc.detail)
		}
	}
	for _, reason := range []string{
		schemas.RejectEncoding, schemas.RejectSyntax, schemas.RejectUTF8, schemas.RejectDuplicate, schemas.RejectDepth,
		schemas.RejectSize, schemas.RejectMissing, schemas.RejectType, schemas.RejectNumber, schemas.RejectName,
		schemas.RejectTime, schemas.RejectNoEventTime, schemas.RejectFuture, schemas.RejectEventType, schemas.RejectKind,
	} { // unknown_schema and bad_schema need a registry: see framed_test.go
		if !met[reason] {
			t.Errorf("no case for %s", reason)
		}
	}
}

// The last value inside each limit is accepted.
func TestLimitsAreInclusive(t *testing.T) {
	for _, value := range []string{
		event(`"x":` + long(4096)),
		event(long(4096) + `:1`),
		event(`"unit_id":` + long(128)),
		event(`"x":` + members(512)),
		event(`"x":` + strings.Repeat("[", 7) + strings.Repeat("]", 7)),
		event(`"latency_seconds":1e15`),
		event(`"x":1` + strings.Repeat(" ", 256<<10-len(event(`"x":1`)))),
		`{"type":"outcome","unit_id":"u","name":"n","event_time":0,"rollout":"` + strings.Repeat("a", 63) + `/` + strings.Repeat("b", 63) + `"}`,
	} {
		if c := decode(codec.Options{}, bare(value)); c.Len() != 1 {
			t.Errorf("%.100q: %s", value, dump(c))
		}
	}
}

func TestHeadersThatRefuse(t *testing.T) {
	for _, tc := range []struct{ headers, reason, detail string }{
		{"content-type=application/cloudevents+avro", schemas.RejectEncoding, "cloudevents+json"},
		{"content-type=application/cloudevents-batch+json", schemas.RejectEncoding, "cloudevents+json"},
		{"ce_specversion=2.0 ce_type=verdin.outcome.v1", schemas.RejectEncoding, "version 1.0"},
		{"ce_specversion=1.0", schemas.RejectEventType, "ce_type"},
		{"ce_specversion=1.0 ce_type=verdin.outcome.v1 content-type=application/xml", schemas.RejectEncoding, "application/json"},
		{"ce_specversion=1.0 ce_type=verdin.outcome.v1 __value_schema_id=7", schemas.RejectEncoding, "no schema registry"},
		{"ce_specversion=1.0 ce_type=verdin.outcome.v1 ce_time=now", schemas.RejectTime, "ce_time"},
		{"ce_specversion=1.0 ce_type=verdin.outcome.v1 ce_subject=A", "", ""},
		{"__value_schema_id=7", schemas.RejectEncoding, "no schema registry"},
	} {
		r := bare(`{"unit_id":"u","name":"n"}`)
		r.Timestamp = noon
		for _, h := range strings.Fields(tc.headers) {
			k, v, _ := strings.Cut(h, "=")
			r.Headers = append(r.Headers, codec.Header{Key: k, Value: []byte(v)})
		}
		c := decode(codec.Options{}, r)
		if tc.reason == "" {
			if c.Len() != 1 {
				t.Errorf("%s: %s", tc.headers, dump(c))
			}
			continue
		}
		if len(c.Rejected) != 1 || c.Rejected[0].Reason != tc.reason || !strings.Contains(c.Rejected[0].Detail, tc.detail) {
			t.Errorf("%s: %s, want %s", tc.headers, dump(c), tc.reason)
		}
	}
}
