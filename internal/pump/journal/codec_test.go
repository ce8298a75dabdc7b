package journal

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"verdin/schemas"
)

var noon = schemas.TimeOf(time.Date(2026, 1, 5, 12, 0, 0, 123456789, time.UTC))

// all holds one record of each type, with every field set.
var all = []Record{
	&Activation{Format: Format, Rollout: "prod/ranker", Generation: 2, Spec: "kind: Rollout # ü <&> \u2028\n", SpecDigest: "sha256:1", Rules: "1",
		Head: &Head{1, 7, "sha256:2"}, Wall: noon, Start: noon.Add(time.Second),
		Logs: []Log{{"p", 0, 1, 0, 5}, {"o", 0, 2, 0, 0}, {"p", 1, 1, 1, 9}}},
	&Cut{Seq: 3, Wall: noon, Due: noon, Upto: schemas.Never, CatchingUp: true, Foreign: true, Drained: true, Ended: true,
		Next: []int64{9, 3, 12}, Arrivals: []Arrival{{0, 5, 9, noon}}, Losses: []Loss{{2, 9, 10, 11}}, Idle: []Idle{{1, noon}},
		Acks: []Ack{{"edge", 2, 1, noon, 44, "sha256:4"}}, Applied: []Applied{{2, 1, noon}},
		Commands: []Command{{"pause", "ann", "lunch", noon}}, Results: []Result{{2, 1, "sha256:3", "acked", noon}}},
	&Intent{Generation: 2, Sequence: 1, Cut: 3, Digest: schemas.Digest([]byte(`{"a":"<&>"}`)), Payload: []byte(`{"a":"<&>"}`)},
	&Rewind{Cut: 2, Wall: noon},
	&End{Reason: "spec changed", Wall: noon},
	&Failure{Cut: 3, At: "index out of range [3] with length 2"},
}

func TestRecordsComeBackAsTheyWere(t *testing.T) {
	for _, r := range all {
		b := Append([]byte("x"), r)[1:]
		got, err := Parse(b)
		if err != nil || !reflect.DeepEqual(got, r) {
			t.Errorf("%s\n%+v, %v; want %+v", b, got, err, r)
		}
		if Kind(b) != r.kind() || bytes.ContainsAny(b, "\n") || !bytes.Equal(Append(nil, got), b) {
			t.Errorf("%q is not one line of its kind, or not canonical", b)
		}
	}
}

func TestParseTakesNothingLooser(t *testing.T) {
	cut := string(Append(nil, all[1]))
	for name, text := range map[string]string{
		"nothing":                "",
		"another type":           `{"type":"cake","seq":1}`,
		"type not first":         `{"seq":1,"type":"cut"}`,
		"space":                  strings.Replace(cut, ":", ": ", 1),
		"name in capitals":       strings.Replace(cut, `"seq"`, `"Seq"`, 1),
		"unknown field":          strings.Replace(cut, `"seq"`, `"sequel"`, 1),
		"more behind":            cut + "{}",
		"cut short":              cut[:len(cut)-1],
		"log without position":   strings.Replace(cut, `"log":2,"at"`, `"log":3,"at"`, 1),
		"negative log":           strings.Replace(cut, `"log":1,"to"`, `"log":-1,"to"`, 1),
		"range that ends before": strings.Replace(cut, `"to":9`, `"to":4`, 1),
		"a failure at nothing":   `{"type":"failure","cut":3,"at":""}`,
		"altered payload":        strings.Replace(string(Append(nil, all[2])), `<&>`, `<&&`, 1),
		"another format":         strings.Replace(string(Append(nil, all[0])), `"format":1`, `"format":2`, 1),
		"shards out of order":    strings.Replace(string(Append(nil, all[0])), `"shard":1`, `"shard":2`, 1),
	} {
		if _, err := Parse([]byte(text)); !errors.Is(err, ErrRecord) {
			t.Errorf("%s: %v, want ErrRecord", name, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, r := range all {
		f.Add(Append(nil, r))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := Parse(b)
		if err != nil {
			return
		}
		if again := Append(nil, r); !bytes.Equal(again, b) {
			t.Fatalf("%s came back as %s", b, again)
		}
	})
}
