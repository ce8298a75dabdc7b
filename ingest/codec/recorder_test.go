package codec_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"verdin/ingest/codec"
	"verdin/schemas"
)

// lineOf records one record and returns its line.
func lineOf(t testing.TB, opt codec.Options, r codec.Record) string {
	t.Helper()
	b, ok := codec.NewRecorder("ml.events", 3, layout, opt).Append([]byte("kept"), r)
	line, had := strings.CutPrefix(string(b), "kept")
	if !ok || !had || strings.Count(line, "\n") != 1 || !strings.HasSuffix(line, "\n") {
		t.Fatalf("%q became %q, %v", r.Value, line, ok)
	}
	return strings.TrimSuffix(line, "\n")
}

// same checks that a line decodes to what the record did.
func same(t testing.TB, opt codec.Options, r codec.Record, line string) {
	t.Helper()
	live := dump(decode(opt, r))
	opt.Recording = true
	if again := dump(decode(opt, codec.Record{Value: []byte(line)})); again != live {
		t.Errorf("%.200q was\n%sand became by %.300s\n%s", r.Value, live, line, again)
	}
}

func TestRecordedLinesDecodeToTheSameRows(t *testing.T) {
	predictions := codec.Options{DefaultKind: schemas.KindPrediction, HasDefault: true, Schemas: library}
	ce := []string{"ce_specversion", "1.0", "ce_type", "verdin.prediction.v1", "ce_id", "1", "ce_source", "/s"}
	timeless := `{"prediction_id":"p","rollout":"r","arm":"stable"}`
	for _, c := range []struct {
		what     string
		r        codec.Record
		readable bool
	}{
		{"bare, type by the topic", bare(`{` + prediction + `}`), true},
		{"bare, type at the end", bare(`{"prediction_id":"p","name":"n","value":true,"event_time":1772366400000,"type":"outcome"}`), true},
		{"bare, no time of its own", codec.Record{Offset: 9, At: noon, Timestamp: noon.Add(-5e9), Value: []byte(timeless)}, true},
		{"bare, null as time", codec.Record{Offset: 9, At: noon, Timestamp: noon, Value: []byte(`{"event_time":null,` + timeless[1:])}, true},
		{"bare, on several lines", bare("{\n" + prediction + ",\n\"features\": {\"age\": 1e0,\n \"income\":null}}\n"), true},
		{"members that only a recorder writes", bare(`{` + prediction + `,"@at":"2020-01-01T00:00:00Z","@pos":7,"@raw":1}`), true},
		{"escaped names", bare(`{` + strings.Replace(prediction, "arm", "\\u0061rm", 1) + `}`), true},
		{"structured", with(bare(`{"specversion":"1.0","id":"1","source":"/s","type":"verdin.prediction.v1","time":"2026-03-01T11:59:00Z","data":`+timeless+`}`), "content-type", "application/cloudevents+json"), true},
		{"structured, no time", with(codec.Record{Offset: 4, At: noon, Timestamp: noon.Add(-1e9), Value: []byte(`{"specversion":"1.0","id":"1","source":"/s","type":"verdin.prediction.v1","data":` + timeless + `}`)}, "content-type", "application/cloudevents+json; charset=utf-8"), true},
		{"binary", with(bare(timeless), append(ce, "ce_time", "2026-03-01T11:58:00Z", "content-type", "application/json")...), true},
		{"binary, time by the record", with(codec.Record{Offset: 4, At: noon, Timestamp: noon, Value: []byte(timeless)}, ce...), true},
		{"framed", frame(7, tinyValue), false},
		{"framed, unknown id", frame(1, ""), false},
		{"not JSON", bare("hello"), false},
		{"nothing", bare(""), false},
		{"bytes that are no text", bare("{\"prediction_id\":\"\xff\"}"), false},
		{"refused", bare(`{"prediction_id":"p"}`), false},
		{"twice the same member", bare(`{` + prediction + `,"x":1,"x":2}`), false},
		{"from the future", bare(strings.Replace(`{`+prediction+`}`, "12:00", "12:05", 1)), false},
		{"at the limit of size", bare(`{` + prediction + `,"x":["` + strings.Repeat(strings.Repeat("y", 4028)+`","`, 65) + `"]}`), false},
	} {
		line := lineOf(t, predictions, c.r)
		same(t, predictions, c.r, line)
		if readable := !strings.HasPrefix(line, `{"@raw":`); readable != c.readable {
			t.Errorf("%s: readable %v: %.200s", c.what, readable, line)
		}
		if strings.Count(line, `"@pos":{"topic":"ml.events","partition":3,"offset":`) != 1 {
			t.Errorf("%s: %.200s", c.what, line)
		}
	}
}

func TestReadableLinesNeedNoTopic(t *testing.T) {
	line := lineOf(t, codec.Options{DefaultKind: schemas.KindPrediction, HasDefault: true}, bare(`{`+prediction+`}`))
	want(t, codec.Options{Recording: true}, codec.Record{Value: []byte(line)}, predicted)
	if !strings.HasPrefix(line, `{"type":"prediction","@pos":`) {
		t.Error(line)
	}
}

func TestRawLinesAreReadInOrderAndOnlyAsWritten(t *testing.T) {
	opt := codec.Options{Recording: true}
	r := bare("hello")
	line := lineOf(t, all, r)
	before := lineOf(t, all, codec.Record{Offset: 3, At: noon, Value: []byte("x")})
	if got := dump(decode(opt, codec.Record{Value: []byte(before)}, codec.Record{Value: []byte(line)}, codec.Record{Value: []byte(before)})); !strings.Contains(got, "3 rejected unknown_encoding") ||
		!strings.Contains(got, "7 rejected unknown_encoding") || !strings.Contains(got, "8 rejected syntax: byte 0: @raw: want a line as a recorder writes it, in the order of offsets") {
		t.Error(got)
	}
	for _, bad := range []string{line[:len(line)-1], line + "{}", strings.Replace(line, `"@at"`, `"@when"`, 1), strings.Replace(line, `"@raw":"`, `"@raw":"*`, 1)} {
		if got := dump(decode(opt, codec.Record{Value: []byte(bad)})); !strings.Contains(got, "rejected syntax: byte 0: @raw") {
			t.Errorf("%s: %s", bad, got)
		}
	}
	if got := dump(decode(all, bare(line))); !strings.Contains(got, "rejected") || strings.Contains(got, "unknown_encoding") {
		t.Errorf("a live record that looks like a raw line: %s", got)
	}
}

// Whatever stands in a topic, its line gives the same row or the same refusal.
func FuzzRecorder(f *testing.F) {
	seed(f, func(v []byte) { f.Add(v, "", "", int64(0)) })
	f.Add([]byte(`{`+prediction+`}`), "ce_specversion", "1.0", int64(noon)/1e6)
	f.Add([]byte(`{"specversion":"1.0","type":"verdin.prediction.v1","data":{}}`), "content-type", "application/cloudevents", int64(5))
	f.Add(frame(7, tinyValue).Value, "k", "v", int64(1))
	opt := codec.Options{DefaultKind: schemas.KindPrediction, HasDefault: true, Schemas: library}
	f.Fuzz(func(t *testing.T, value []byte, key, text string, ms int64) {
		r := codec.Record{Offset: 7, At: noon, Timestamp: schemas.Time(ms % 4e12 * 1e6), Value: value}
		if key != "" {
			r = with(r, key, text)
		}
		if _, ok := codec.NewRecorder("t", 0, layout, opt).Append(nil, r); !ok {
			return // a schema that nobody knows yet
		}
		line := lineOf(t, opt, r)
		same(t, opt, r, line)
		if bytes.ContainsAny([]byte(line), "\n") {
			t.Fatalf("two lines: %q", line)
		}
	})
}

func ExampleRecorder() {
	layout := &schemas.Layout{}
	r := codec.NewRecorder("ml.predictions", 0, layout, codec.Options{DefaultKind: schemas.KindPrediction, HasDefault: true})
	line, _ := r.Append(nil, codec.Record{Offset: 41, At: noon, Timestamp: noon, Value: []byte(`{"prediction_id":"p","rollout":"r","arm":"canary"}`)})
	fmt.Printf("%s", line)
	// Output: {"type":"prediction","@pos":{"topic":"ml.predictions","partition":0,"offset":41},"@at":"2026-03-01T12:00:00Z","event_time":"2026-03-01T12:00:00Z","prediction_id":"p","rollout":"r","arm":"canary"}
}
