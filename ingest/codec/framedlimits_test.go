package codec_test

import (
	bin "encoding/binary"
	"fmt"
	"math"
	"strings"
	"testing"

	"verdin/ingest/codec"
	"verdin/schemas"
)

// avroMap is a map of n members that are one byte each.
func avroMap(n int) string {
	b := string(bin.AppendVarint(nil, int64(n)))
	for i := range n {
		b += string(bin.AppendVarint(nil, int64(len(fmt.Sprint(i))))) + fmt.Sprint(i) + "\x00"
	}
	return b + "\x00"
}

// protoMap is the same in field 9.
func protoMap(n int) string {
	var b strings.Builder
	for i := range n {
		key := fmt.Sprint(i)
		b.WriteString("\x4a" + string(rune(len(key)+4)) + "\x0a" + string(rune(len(key))) + key + "\x10\x00")
	}
	return b.String()
}

// nested wraps a message in field 9 of itself.
func nested(levels int) string {
	b := ""
	for range levels {
		b = "\x4a" + string(bin.AppendUvarint(nil, uint64(len(b)))) + b
	}
	return b
}

// The last value inside each limit is accepted, the next refused.
func TestBinaryEncodingsHaveTheLimitsOfJSON(t *testing.T) {
	numbers := `{"type":"map","values":"int"}`
	tree := `["null",{"type":"record","name":"T","fields":[{"name":"t","type":["null","T"]}]}]`
	array := `{"type":"array","items":"null"}`
	text := func(n int) string { return string(bin.AppendVarint(nil, int64(n))) + strings.Repeat("x", n) }
	bytes := func(n int) string { return string(bin.AppendUvarint(nil, uint64(n))) + strings.Repeat("x", n) }
	pad := maxRecordBytes - 5 - len(start) - 3
	for _, tc := range []struct {
		what, field, at, beyond, reason string
	}{
		{"members", field("features", numbers), avroMap(512), avroMap(513), schemas.RejectSize},
		{"depth", field("other", tree), strings.Repeat("\x02", 7) + "\x00", strings.Repeat("\x02", 8) + "\x00", schemas.RejectDepth},
		{"string", field("other", `"string"`), text(4096), text(4097), schemas.RejectSize},
		{"name", field("features", numbers), "\x02" + text(4096) + "\x00\x00", "\x02" + text(4097) + "\x00\x00", schemas.RejectSize},
		{"id", field("unit_id", `"string"`), text(128), text(129), schemas.RejectSize},
		{"record", field("other", `"bytes"`), text(pad), text(pad + 1), schemas.RejectSize},
		{"values", field("other", array), string(bin.AppendVarint(nil, 1<<17)) + "\x00", string(bin.AppendVarint(nil, 1<<18)) + "\x00", schemas.RejectSize},

		{"members", "map<string, int32> features = 9;", protoMap(512), protoMap(513), schemas.RejectSize},
		{"depth", "P other = 9;", nested(23), nested(24), schemas.RejectDepth},
		{"string", "string other = 9;", "\x4a" + bytes(4096), "\x4a" + bytes(4097), schemas.RejectSize},
		{"id", "string unit_id = 9;", "\x4a" + bytes(128), "\x4a" + bytes(129), schemas.RejectSize},
	} {
		s, head := codec.Schema{Format: codec.FormatAvro, Text: tc.field}, start
		if strings.HasSuffix(tc.field, ";") {
			s = codec.Schema{Format: codec.FormatProtobuf, Text: `syntax = "proto3"; message P { string prediction_id = 1; string rollout = 2; string arm = 3; ` + tc.field + ` }`}
			head = "\x00\x0a\x01p\x12\x01r\x1a\x06stable"
		}
		for value, reason := range map[string]string{tc.at: "", tc.beyond: tc.reason} {
			r := frame(1, head+value)
			r.Timestamp = noon
			c := decode(predictionsOf(s), r)
			if reason == "" && c.Len() != 1 || reason != "" && (c.Len() != 0 || c.Rejected[0].Reason != reason) {
				t.Errorf("%s in %.60s: %.300swant %q", tc.what, tc.field, dump(c), reason)
			}
		}
	}
}

const maxRecordBytes = 256 << 10

// Records that have no bytes can be many all the same.
func TestEmptyRecordsDoNotMultiply(t *testing.T) {
	inner := `{"type":"record","name":"R0","fields":[]}`
	for i := 1; i < 6; i++ {
		var fields []string
		for j := range 100 {
			kind := fmt.Sprintf(`"R%d"`, i-1)
			if j == 0 {
				kind = inner
			}
			fields = append(fields, fmt.Sprintf(`{"name":"f%d","type":%s}`, j, kind))
		}
		inner = fmt.Sprintf(`{"type":"record","name":"R%d","fields":[%s]}`, i, strings.Join(fields, ","))
	}
	c := decode(predictionsOf(codec.Schema{Format: codec.FormatAvro, Text: field("other", inner)}), frame(1, start))
	if len(c.Rejected) != 1 || c.Rejected[0].Reason != schemas.RejectSize {
		t.Error(dump(c))
	}
}

func TestThereIsNoNegativeZero(t *testing.T) {
	zero := string(bin.LittleEndian.AppendUint64(nil, math.Float64bits(math.Copysign(0, -1))))
	score := layout.Column(schemas.KindPrediction, "prediction_score")
	r := frame(1, start+zero)
	r.Timestamp = noon
	c := decode(predictionsOf(codec.Schema{Format: codec.FormatAvro, Text: field("prediction_score", `"double"`)}), r)
	if c.Len() != 1 || math.Signbit(c.Values[schemas.KindPrediction][score][0].Num) {
		t.Error(dump(c))
	}
}

// D1: a name that was learned from JSON is no name of the contract.
func TestAnAliasIsFoundWhateverWasLearned(t *testing.T) {
	s := codec.Schema{Format: codec.FormatAvro, Text: strings.Replace(field("p_score", `"int"`), `"p_score"`, `"p_score","aliases":["q","prediction_score","status_code"]`, 1)}
	d, c := codec.New(layout, predictionsOf(s)), new(schemas.Chunk)
	c.Reset(0, layout)
	d.Append(c, bare(`{"specversion":"1.0","type":"verdin.prediction.v1","data":{"p_score":1,"q":2,`+prediction+`}}`))
	if c.Len() != 1 {
		t.Fatal(dump(c))
	}
	r := frame(1, start+"\x02")
	r.Timestamp = noon
	c.Reset(0, layout)
	d.Append(c, r)
	if got := dump(c); !strings.HasSuffix(got, " prediction_score=1\n") {
		t.Error(got)
	}
}
