package codec_test

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"verdin/ingest/codec"
	"verdin/schemas"
)

// columns appends a bare event through Begin, Put and End, its members taken
// apart by the standard library: scalars by Put, all else by PutJSON.
func columns(t testing.TB, c *schemas.Chunk, d *codec.Decoder, kind schemas.Kind, text string) {
	var members map[string]any
	if err := json.Unmarshal([]byte(text), &members); err != nil {
		t.Fatal(err)
	}
	d.Begin(c, kind, 7)
	var put func(path string, v any)
	put = func(path string, v any) {
		if inside, ok := v.(map[string]any); ok {
			for name, v := range inside {
				put(path+"."+name, v)
			}
			return
		}
		m, ok := d.Member(kind, path)
		if !ok {
			return
		}
		switch v := v.(type) {
		case nil:
			d.Put(m, schemas.Null, 0, nil)
		case bool:
			d.Put(m, schemas.Bool(v).Kind, 0, nil)
		case float64:
			d.Put(m, schemas.Number, v, nil)
		case string:
			d.Put(m, schemas.String, 0, []byte(v))
		}
	}
	for name, v := range members {
		if list, ok := v.([]any); ok && name == "evaluations" {
			for _, e := range list {
				e := e.(map[string]any)
				put(fmt.Sprintf("evaluations.%s", e["name"]), map[string]any{"score": e["score"], "label": e["label"]})
			}
			continue
		}
		put(name, v)
	}
	d.End()
}

// recorded sets the fields that a golden row has from its arrival bound: bare
// recordings have none, so it is the event time.
func recorded(line string) string {
	_, ts, _ := strings.Cut(line, " ts=")
	ts, _, _ = strings.Cut(ts, " ")
	before, after, _ := strings.Cut(line, " at=")
	_, after, _ = strings.Cut(after, " ")
	return before + " at=" + ts + " " + after
}

// D1: values put one by one give the row that the text gives.
func TestPutGivesTheRowOfTheText(t *testing.T) {
	for i, kind := range []string{"prediction", "outcome", "resource"} {
		c := new(schemas.Chunk)
		c.Reset(0, layout)
		d := codec.New(layout, codec.Options{Recording: true})
		columns(t, c, d, schemas.Kind(i), string(read(t, kind+".json")))
		if got, want := strings.TrimSuffix(dump(c), "\n"), recorded(goldenRows[kind]); got != want {
			t.Errorf("\n got %s\nwant %s", got, want)
		}
	}
}

func TestPutRefusesWhatAppendRefuses(t *testing.T) {
	put := func(path string, kind schemas.ValueKind, num float64, text string) func(*codec.Decoder) {
		return func(d *codec.Decoder) {
			m, _ := d.Member(schemas.KindPrediction, path)
			d.Put(m, kind, num, []byte(text))
		}
	}
	putJSON := func(path, text string) func(*codec.Decoder) {
		return func(d *codec.Decoder) {
			m, _ := d.Member(schemas.KindPrediction, path)
			d.PutJSON(m, []byte(text))
		}
	}
	for _, c := range []struct {
		what   string
		with   func(*codec.Decoder)
		reason string
	}{
		{"NaN", put("latency_seconds", schemas.Number, math.NaN(), ""), schemas.RejectNumber},
		{"a great number", put("latency_seconds", schemas.Number, 2e15, ""), schemas.RejectNumber},
		{"a text for a number", put("latency_seconds", schemas.String, 0, "fast"), schemas.RejectType},
		{"a number for a tag", put("tags.country", schemas.Number, 1, ""), schemas.RejectType},
		{"bytes that are no text", put("features.country", schemas.String, 0, "\xff"), schemas.RejectUTF8},
		{"a long text", put("features.country", schemas.String, 0, strings.Repeat("x", 5000)), schemas.RejectSize},
		{"a long id", put("unit_id", schemas.String, 0, strings.Repeat("x", 129)), schemas.RejectSize},
		{"a rollout with a space", put("rollout", schemas.String, 0, "a b"), schemas.RejectName},
		{"half a position", put("@topic", schemas.String, 0, "ml"), schemas.RejectMissing},
		{"an array for a feature", putJSON("features.age", "[1]"), schemas.RejectType},
		{"no JSON", putJSON("features.age", "1 2"), schemas.RejectSyntax},
		{"a time before 1970", func(d *codec.Decoder) {
			m, _ := d.Member(schemas.KindPrediction, "event_time")
			d.PutTime(m, -1)
		}, schemas.RejectTime},
	} {
		chunk := new(schemas.Chunk)
		chunk.Reset(0, layout)
		d := codec.New(layout, codec.Options{Recording: true})
		d.Begin(chunk, schemas.KindPrediction, 7)
		for path, v := range map[string]string{"prediction_id": "p", "rollout": "r", "arm": "stable"} {
			m, _ := d.Member(schemas.KindPrediction, path)
			d.Put(m, schemas.String, 0, []byte(v))
		}
		m, _ := d.Member(schemas.KindPrediction, "event_time")
		d.PutTime(m, noon)
		c.with(d)
		d.End()
		if chunk.Len() != 0 || len(chunk.Rejected) != 1 || chunk.Rejected[0].Reason != c.reason {
			t.Errorf("%s: %swant a rejection for %s", c.what, dump(chunk), c.reason)
		}
	}
}

func TestNobodyReadsPathsOutsideOfContractAndLayout(t *testing.T) {
	d := codec.New(layout, codec.Options{Recording: true})
	for path, want := range map[string]bool{
		"arm": true, "event_time": true, "@at": true, "@topic": true, "features.age": true, "evaluations.judge.score": true, "team": true,
		"model_version": false, "features": false, "features.height": false, "evaluations.other.score": false, "evaluations": false,
		"type": false, "@pos": false, "@else": false, "nothing": false, "": false,
	} {
		if _, got := d.Member(schemas.KindPrediction, path); got != want {
			t.Errorf("%q: found %v, want %v", path, got, want)
		}
	}
}

// PutJSON takes a value exactly if Append takes it as a member.
func FuzzPutJSON(f *testing.F) {
	for _, s := range []string{"1", `"x"`, "null", "[1]", `{"a":1}`, "1 2", "", "true", "1e400", "\"\xff\""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if strings.ContainsAny(value, ",}") {
			return // it could end the object
		}
		c := decode(codec.Options{Recording: true}, bare(event(`"features":{"age":`+value+`}`)))
		d := codec.New(layout, codec.Options{Recording: true})
		put := new(schemas.Chunk)
		put.Reset(0, layout)
		d.Begin(put, schemas.KindPrediction, 7)
		for path, v := range map[string]string{"prediction_id": "p", "rollout": "r", "arm": "stable", "event_time": "2026-03-01T12:00:00Z"} {
			m, _ := d.Member(schemas.KindPrediction, path)
			d.Put(m, schemas.String, 0, []byte(v))
		}
		m, _ := d.Member(schemas.KindPrediction, "features.age")
		d.PutJSON(m, []byte(value))
		d.End()
		if c.Len() != put.Len() || c.Len() == 1 && dump(c) != dump(put) {
			t.Errorf("%q: as a member %s, put %s", value, dump(c), dump(put))
		}
	})
}

func ExampleDecoder_Put() {
	layout := &schemas.Layout{Fields: [schemas.Kinds][]string{schemas.KindOutcome: {"value"}}}
	c := new(schemas.Chunk)
	c.Reset(0, layout)
	d := codec.New(layout, codec.Options{Recording: true})
	d.Begin(c, schemas.KindOutcome, 0)
	for path, v := range map[string]string{"prediction_id": "p-1", "name": "purchase", "event_time": "2026-03-01T12:00:00Z"} {
		m, _ := d.Member(schemas.KindOutcome, path)
		d.Put(m, schemas.String, 0, []byte(v))
	}
	value, _ := d.Member(schemas.KindOutcome, "value")
	d.Put(value, schemas.Number, 12.5, nil)
	d.End()
	fmt.Println(c.Len(), string(c.Bytes(c.Name[0])), c.Values[schemas.KindOutcome][0][0].Num)
	// Output: 1 purchase 12.5
}
