package schemas_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"testing"
	"time"
	"unicode/utf8"

	"verdin/schemas"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 250_000_000, time.UTC)

// full has an event of each kind with every member set.
func full() []schemas.Event {
	return []schemas.Event{
		&schemas.Prediction{
			PredictionID: "p-1", Rollout: "prod/recsys", Arm: "canary", EventTime: noon,
			UnitID: "u \"7\"\n", ModelVersion: "v42", LatencySeconds: schemas.Num(0.0125),
			TTFTSeconds: schemas.Num(0), StatusCode: 200, ErrorType: "timeout",
			PredictionLabel: schemas.Str("böse"), PredictionScore: schemas.Num(0.7), PredictionValue: schemas.Num(-3e-9),
			Scores:      schemas.Members{{"cat", schemas.Num(0.25)}, {"dog", schemas.Num(0.75)}},
			Items:       []schemas.Item{{ItemID: "i1", Score: schemas.Num(1)}, {ItemID: "i2"}},
			Features:    schemas.Members{{"age", schemas.Num(31)}, {"vip", schemas.Bool(true)}, {"city", schemas.Str("")}},
			Metrics:     schemas.Members{{"tokens", schemas.Num(512)}},
			Evaluations: []schemas.Evaluation{{Name: "judge", Score: schemas.Num(0.9), Label: schemas.Str("good"), AnnotatorKind: "LLM", Identifier: "j1"}},
			Tags:        schemas.Members{{"country", schemas.Str("AT")}},
			Generation:  3, Stage: schemas.Num(0),
		},
		&schemas.Outcome{
			PredictionID: "p-1", UnitID: "u7", Name: "revenue", Value: schemas.Num(12.5), Label: schemas.Str("paid"),
			EventTime: noon, Revision: 2, Final: true, Rollout: "recsys", Arm: "stable", Unit: "EUR",
			AnnotatorKind: "HUMAN", Identifier: "till",
		},
		&schemas.Resource{
			Rollout: "recsys", Arm: "stable", Instance: "pod-0", EventTime: noon, CPUCores: schemas.Num(1.5),
			MemoryBytes: schemas.Num(3e9), GPUUtilizationRatio: schemas.Num(0.4), Requests: schemas.Num(100),
			Metrics: schemas.Members{{"gpu_memory_bytes", schemas.Num(1e22)}},
		},
	}
}

// The struct tags and AppendJSON are two descriptions of one format.
func TestAppendJSONWritesWhatTheTagsSay(t *testing.T) {
	for _, ev := range full() {
		got := ev.AppendJSON(nil)
		back := reflect.New(reflect.TypeOf(ev).Elem()).Interface()
		if err := json.Unmarshal(got, back); err != nil {
			t.Fatalf("%s: %v\n%s", ev.Kind(), err, got)
		}
		if !reflect.DeepEqual(back, ev) {
			t.Errorf("%s: read back\n%+v, want\n%+v", ev.Kind(), back, ev)
		}
		var want bytes.Buffer
		if err := json.NewEncoder(&want).Encode(ev); err != nil {
			t.Fatal(err)
		}
		var a, b any
		if json.Unmarshal(got, &a) != nil || json.Unmarshal(want.Bytes(), &b) != nil || !reflect.DeepEqual(a, b) {
			t.Errorf("%s: appended\n%s, by the tags\n%s", ev.Kind(), got, want.Bytes())
		}
	}
}

func TestAbsentMembersAreLeftOut(t *testing.T) {
	got := (&schemas.Prediction{PredictionID: "p", Rollout: "r", Arm: "stable", LatencySeconds: schemas.Num(math.NaN())}).AppendJSON(nil)
	want := `{"prediction_id":"p","rollout":"r","arm":"stable","latency_seconds":null}`
	if string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// Text that is not UTF-8 must not make a line that no reader accepts.
func TestAnyTextMakesValidJSON(t *testing.T) {
	for _, s := range []string{"\xff", "a\xc3", "\x00\x1f", `"\`, "\u2028", "é\xed\xa0\x80"} {
		got := (&schemas.Outcome{UnitID: "u", Name: s}).AppendJSON(nil)
		var back schemas.Outcome
		if err := json.Unmarshal(got, &back); err != nil || !utf8.Valid(got) { // the package lets bad UTF-8 pass
			t.Errorf("%q: %q, %v", s, got, err)
		}
		if want := string([]rune(s)); back.Name != want {
			t.Errorf("%q: read back %q, want %q", s, back.Name, want)
		}
	}
}

func TestAppendingAllocatesNothing(t *testing.T) {
	events, buf := full(), make([]byte, 0, 4096)
	for _, ev := range events {
		if n := testing.AllocsPerRun(100, func() { buf = ev.AppendLine(buf[:0]) }); n != 0 {
			t.Errorf("%s: %v allocations", ev.Kind(), n)
		}
	}
}

func ExamplePrediction_AppendLine() {
	p := schemas.Prediction{
		PredictionID: "p-1", Rollout: "recsys", Arm: "canary", EventTime: noon,
		LatencySeconds: schemas.Num(0.031),
		Features:       schemas.Members{{"age", schemas.Num(31)}},
	}
	fmt.Print(string(p.AppendLine(nil)))
	// Output: {"type":"prediction","prediction_id":"p-1","rollout":"recsys","arm":"canary","event_time":"2026-03-01T12:00:00.25Z","latency_seconds":0.031,"features":{"age":31}}
}
