package codec_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"verdin/ingest/codec"
	"verdin/schemas"
)

// layout stores a column of every sort of field.
var layout = &schemas.Layout{Fields: [schemas.Kinds][]string{
	schemas.KindPrediction: {
		"error_type", "evaluations.judge.label", "evaluations.judge.score", "features.age", "features.country",
		"features.income", "features.member", "latency_seconds", "metrics.cost_usd", "prediction_label", "prediction_score",
		"scores.sport", "status_code", "tags.country", "team",
	},
	schemas.KindOutcome:  {"label", "value"},
	schemas.KindResource: {"memory_bytes", "metrics.gpu_memory_bytes"},
}}

var (
	noon = schemas.TimeOf(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	all  = codec.Options{}
)

// decode appends records to a new chunk.
func decode(opt codec.Options, records ...codec.Record) *schemas.Chunk {
	c := new(schemas.Chunk)
	c.Reset(0, layout)
	d := codec.New(layout, opt)
	for _, r := range records {
		d.Append(c, r)
	}
	return c
}

// bare is a record of bare JSON that arrives at noon.
func bare(value string) codec.Record { return codec.Record{Offset: 7, At: noon, Value: []byte(value)} }

// dump prints the rows and rejections of a chunk, without its arena.
func dump(c *schemas.Chunk) string {
	var b strings.Builder
	text := func(t schemas.Text) string { return string(c.Bytes(t)) }
	for i := range c.Len() {
		k := c.Kind[i]
		fmt.Fprintf(&b, "%d %s row=%d ts=%s at=%s rollout=%s arm=%s key=%q unit=%q name=%s by=%s rev=%d gen=%d stage=%d",
			c.Offset[i], k, c.Row[i], c.TS[i], c.At[i], text(c.Rollout[i]), text(c.Arm[i]), text(c.Key[i]), text(c.Unit[i]),
			text(c.Name[i]), text(c.Identifier[i]), c.Revision[i], c.Generation[i], c.Stage[i])
		if c.Rate[i] != 1 {
			fmt.Fprintf(&b, " rate=%d", c.Rate[i])
		}
		for j, path := range c.Layout.Fields[k] {
			v := c.Values[k][j][c.Row[i]]
			switch v.Kind {
			case schemas.Absent:
			case schemas.Number:
				fmt.Fprintf(&b, " %s=%v", path, v.Num)
			case schemas.String:
				fmt.Fprintf(&b, " %s=%q", path, text(v.Text))
			default:
				fmt.Fprintf(&b, " %s=%s", path, [...]string{schemas.Null: "null", schemas.True: "true", schemas.False: "false"}[v.Kind])
			}
		}
		b.WriteByte('\n')
	}
	for _, r := range c.Rejected {
		fmt.Fprintf(&b, "%d rejected %s: %s\n", r.Offset, r.Reason, r.Detail)
	}
	return b.String()
}

// want decodes one record and compares what dump prints.
func want(t *testing.T, opt codec.Options, r codec.Record, line string) {
	t.Helper()
	if got := strings.TrimSuffix(dump(decode(opt, r)), "\n"); got != line {
		t.Errorf("%s\n got %s\nwant %s", r.Value, got, line)
	}
}

const (
	prediction = `"prediction_id":"p","rollout":"r","arm":"stable","event_time":"2026-03-01T12:00:00Z"`
	predicted  = `7 prediction row=0 ts=2026-03-01T12:00:00Z at=2026-03-01T12:00:00Z rollout=r arm=stable key="p" unit="" name= by= rev=0 gen=0 stage=-1 error_type=""`
)

func TestTheTypeMemberNamesTheKindWhereverItStands(t *testing.T) {
	outcome := `"prediction_id":"p","name":"label","value":true,"event_time":1772366400000`
	judged := `7 outcome row=0 ts=2026-03-01T12:00:00Z at=2026-03-01T12:00:00Z rollout= arm= key="p" unit="" name=label by= rev=0 gen=0 stage=-1 value=true`
	predictions := codec.Options{DefaultKind: schemas.KindPrediction, HasDefault: true}
	for _, opt := range []codec.Options{all, predictions, {DefaultKind: schemas.KindResource, HasDefault: true}} {
		want(t, opt, bare(`{"type":"outcome",`+outcome+`}`), judged)
		want(t, opt, bare(`{`+outcome+`,"type":"verdin.outcome.v1"}`), judged)
		want(t, opt, bare(`{`+prediction+`,"type":"prediction"}`), predicted)
		// A resource's instance is the key; "value" would be wrong there only if it were known there.
		want(t, opt, bare(`{"type":"resource","rollout":"r","arm":"stable","instance":"i","event_time":1772366400000,"memory_bytes":5}`),
			`7 resource row=0 ts=2026-03-01T12:00:00Z at=2026-03-01T12:00:00Z rollout=r arm=stable key="i" unit="" name= by= rev=0 gen=0 stage=-1 memory_bytes=5`)
	}
	want(t, predictions, bare(`{`+prediction+`}`), predicted)
}

// "value" is a number for an outcome; what a prediction would make of a member
// must not matter once the event says that it is an outcome.
func TestAWrongGuessOfTheKindLeavesNoTrace(t *testing.T) {
	opt := codec.Options{DefaultKind: schemas.KindPrediction, HasDefault: true}
	want(t, opt, bare(`{"features":7,"latency_seconds":"slow","unit_id":"u","name":"n","event_time":1772366400000,"type":"outcome"}`),
		`7 outcome row=0 ts=2026-03-01T12:00:00Z at=2026-03-01T12:00:00Z rollout= arm= key="" unit="u" name=n by= rev=0 gen=0 stage=-1`)
}

func TestEventTimeFallsBackToTheRecord(t *testing.T) {
	event := `{"type":"prediction","prediction_id":"p","rollout":"r","arm":"stable"`
	r := bare(event + `,"event_time":null}`)
	r.Timestamp = noon
	want(t, all, r, predicted)
	r = bare(event + `}`)
	r.Timestamp = -1
	want(t, all, r, `7 rejected no_event_time: no event_time, no time of the envelope, no timestamp of the record`)
}

func TestEventsOfTheFutureAreRefusedBeyondAMinute(t *testing.T) {
	event := `{"type":"prediction","prediction_id":"p","rollout":"r","arm":"stable","event_time":%d}`
	edge := int64(noon)/1e6 + 60_000
	for ms, refused := range map[int64]bool{edge: false, edge + 1: true} {
		r := bare(fmt.Sprintf(event, ms))
		if got := len(decode(all, r).Rejected) == 1; got != refused {
			t.Errorf("%d ms after the arrival: refused %v", ms-int64(noon)/1e6, got)
		}
		if len(decode(codec.Options{NoFuture: true}, r).Rejected) != 0 {
			t.Errorf("refused although the rule is off")
		}
	}
}

func TestTextKeepsItsMeaningThroughEscapes(t *testing.T) {
	for in, out := range map[string]string{
		`"plain"`: "plain", `"böse"`: "böse", `"\u00e9\n\"\\\/\b\f\r\t"`: "é\n\"\\/\b\f\r\t",
		`"\ud83d\ude00 😀"`: "😀 😀", `"12345678\u0041"`: "12345678A", `""`: "",
	} {
		c := decode(all, bare(`{"type":"prediction",`+prediction+`,"prediction_label":`+in+`}`))
		if c.Len() != 1 {
			t.Fatalf("%s: %s", in, dump(c))
		}
		col := c.Values[0][layout.Column(schemas.KindPrediction, "prediction_label")]
		if got := string(c.Bytes(col[0].Text)); got != out {
			t.Errorf("%s: got %q, want %q", in, got, out)
		}
	}
}

// The name of a member is a string like any other: with an escape in it, it is
// still the same name.
func TestNamesMayBeEscaped(t *testing.T) {
	want(t, all, bare(`{"\u0074ype":"prediction",`+prediction+`,"features":{"a\u0067e":3}}`), predicted+` features.age=3`)
}

func TestOfTwoEvaluationsWithOneNameTheFirstCounts(t *testing.T) {
	want(t, all, bare(`{"type":"prediction",`+prediction+`,"evaluations":[{"name":"other","score":1},
		{"score":0.5,"label":"fine","name":"judge","explanation":"…"},{"name":"judge","score":0.9}]}`),
		predicted+` evaluations.judge.label="fine" evaluations.judge.score=0.5`)
}

func TestMembersThatTheContractDoesNotKnowAreSkipped(t *testing.T) {
	want(t, all, bare(`{"type":"prediction",`+prediction+`,"x":{"y":[1e999,{"z":null}]},"Arm":5,
		"features":{"embedding":[1,2],"age":3},"items":[{"item_id":"a"}],"team":true}`), predicted+` features.age=3 team=true`)
}

func TestErrorTypeAbsentOrNullIsNoError(t *testing.T) {
	want(t, all, bare(`{"type":"prediction",`+prediction+`,"error_type":null}`), predicted)
	want(t, all, bare(`{"type":"prediction",`+prediction+`,"error_type":"timeout"}`), strings.Replace(predicted, `error_type=""`, `error_type="timeout"`, 1))
}

// Chunks are reused and shared by all kinds: rows must number within their kind.
func TestRowsCountWithinTheirKind(t *testing.T) {
	var records []codec.Record
	for i, kind := range []string{"prediction", "outcome", "prediction", "bad", "outcome", "outcome"} {
		records = append(records, codec.Record{Offset: int64(i), At: noon, Value: fmt.Appendf(nil, `{"type":%q,"name":"n",%s}`, kind, prediction)})
	}
	c := decode(all, records...)
	if rows := fmt.Sprint(c.Row, c.Offset, c.Next); rows != "[0 0 1 1 2] [0 1 2 4 5] 6" {
		t.Errorf("rows, offsets, next: %s", rows)
	}
}

// What a decoder has learned from other events must not change what it makes of this one.
func TestLearnedNamesChangeNothing(t *testing.T) {
	events := []string{
		`{"type":"prediction",` + prediction + `,"features":{"age":1,"x":2,"y":3}}`,
		`{"type":"prediction",` + prediction + `,"features":{"y":1,"x":2,"age":3}}`,
		`{"type":"prediction",` + prediction + `,"features":{"age":1,"x":2,"age":3}}`,
		`{"type":"prediction",` + prediction + `,"features":{"x":1,"a\"b":2,"a\"b":3}}`,
		`{"type":"prediction",` + prediction + `,"features":{"a\"b":3,"age":3}}`,
		`{"type":"prediction",` + prediction + `,"features":{"a"b":3,"age":3}}`, // no JSON, whatever was learned
		`{"type":"outcome","name":"n","u":{"y":1,"y":2},` + prediction + `}`,
		`{"type":"outcome","name":"n","u":{"y":{"y":1}},` + prediction + `}`,
	}
	d, c := codec.New(layout, all), new(schemas.Chunk)
	for range 3 {
		for _, e := range slices.Concat(events, manyNames(), events) {
			c.Reset(0, layout)
			d.Append(c, bare(e))
			if got, alone := dump(c), dump(decode(all, bare(e))); got != alone {
				t.Fatalf("%.200s\n   got %s\nalone %s", e, got, alone)
			}
		}
	}
}

// manyNames are events whose features have other names each, so that a decoder
// must forget some.
func manyNames() []string {
	var events []string
	for i := range 4 {
		var b strings.Builder
		fmt.Fprintf(&b, `{"type":"prediction",%s,"features":{"age":%d`, prediction, i)
		for j := range 400 {
			fmt.Fprintf(&b, `,"f%d.%d":1`, i, j)
		}
		events = append(events, b.String()+"}}")
	}
	return events
}

func ExampleDecoder() {
	layout := &schemas.Layout{}
	layout.Fields[schemas.KindPrediction] = []string{"features.age", "latency_seconds"}
	var c schemas.Chunk
	c.Reset(0, layout)

	d := codec.New(layout, codec.Options{DefaultKind: schemas.KindPrediction, HasDefault: true})
	d.Append(&c, codec.Record{Offset: 41, Timestamp: noon, At: noon, Value: []byte(
		`{"prediction_id":"p-1","rollout":"recsys","arm":"canary","latency_seconds":0.031,"features":{"age":31}}`)})
	d.Append(&c, codec.Record{Offset: 42, Timestamp: noon, At: noon, Value: []byte(`{"prediction_id":7}`)})

	fmt.Println("rows:", c.Len(), "latency:", c.Values[schemas.KindPrediction][1][0].Num)
	fmt.Println("rejected:", c.Rejected[0].Offset, c.Rejected[0].Reason+":", c.Rejected[0].Detail)
	// Output:
	// rows: 1 latency: 0.031
	// rejected: 42 wrong_type: prediction_id: want a string, got a number
}
