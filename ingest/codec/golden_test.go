package codec_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"verdin/ingest/codec"
	"verdin/schemas"
)

const golden = "../../testdata/events/"

// goldenRows is what every form of a golden event decodes to.
var goldenRows = map[string]string{
	"prediction": `7 prediction row=0 ts=2026-03-01T12:00:00.25Z at=2026-03-01T12:00:00Z rollout=prod/recsys arm=canary key="p-0001" unit="user-17" name= by= rev=0 gen=3 stage=1 rate=30` +
		` error_type="" evaluations.judge.label="good" evaluations.judge.score=0.75 features.age=31 features.country="AT" features.income=null` +
		` features.member=true latency_seconds=0.0312 metrics.cost_usd=0.0031 prediction_label="sport" prediction_score=0.83 scores.sport=0.83` +
		` status_code=200 tags.country="AT"`,
	"outcome": `7 outcome row=0 ts=2026-03-01T12:05:00Z at=2026-03-01T12:00:00Z rollout=prod/recsys arm=canary key="p-0001" unit="user-17" name=revenue by=billing rev=1 gen=0 stage=-1` +
		` label="paid" value=12.5`,
	"resource": `7 resource row=0 ts=2026-03-01T12:00:10Z at=2026-03-01T12:00:00Z rollout=prod/recsys arm=stable key="recsys-v41-7c9f" unit="" name= by= rev=0 gen=0 stage=-1` +
		` memory_bytes=3.221225472e+09 metrics.gpu_memory_bytes=8.589934592e+09`,
}

func TestGoldenEventsDecodeTheSameInEveryForm(t *testing.T) {
	for i, kind := range []string{"prediction", "outcome", "resource"} {
		line := goldenRows[kind]
		bareOpt := codec.Options{DefaultKind: schemas.Kind(i), HasDefault: true, NoFuture: true}
		want(t, bareOpt, bare(string(read(t, kind+".json"))), line)

		opt := codec.Options{NoFuture: true}
		structured := bare(string(read(t, kind+".structured.json")))
		want(t, opt, structured, line) // as recordings hold it: the envelope tells
		for _, form := range []string{"application/cloudevents+json", "Application/CloudEvents+JSON; charset=UTF-8", "application/cloudevents"} {
			structured.Headers = []codec.Header{{Key: "content-type", Value: []byte(form)}}
			want(t, opt, structured, line)
		}
		want(t, opt, binary(t, kind), line)

		framed := codec.Options{NoFuture: true, Schemas: goldenSchemas(t)}
		want(t, framed, bare(string(read(t, kind+".avro.bin"))), line)
		want(t, framed, bare(string(read(t, kind+".protobuf.bin"))), line)

		// The same without a registry: a CloudEvent whose headers name type and form.
		headers := []string{"ce_specversion", "1.0", "ce_type", "verdin." + kind + ".v1", "content-type"}
		avro := bare(string(read(t, kind+".avro.bin")[5:]))
		want(t, opt, with(avro, append(headers, "application/avro")...), line)
		message := read(t, kind+".protobuf.bin")[5+min(1+i, 2):] // after id and index
		want(t, opt, with(bare(string(message)), append(headers, "application/protobuf")...), line)
	}
}

// goldenSchemas are the contract's schemas under the ids of the golden events.
func goldenSchemas(t testing.TB) book {
	b := ours(t)
	for k := range kindNames {
		b[uint32(101+k)] = b[4]
	}
	return b
}

// The structs know every member that the golden events have.
func TestGoldenEventsSurviveTheStructs(t *testing.T) {
	for kind, ev := range map[string]schemas.Event{
		"prediction": new(schemas.Prediction), "outcome": new(schemas.Outcome), "resource": new(schemas.Resource),
	} {
		text := read(t, kind+".json")
		if err := json.Unmarshal(text, ev); err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		var before, after map[string]any
		if json.Unmarshal(text, &before) != nil || json.Unmarshal(ev.AppendJSON(nil), &after) != nil {
			t.Fatalf("%s: not JSON", kind)
		}
		if before["error_type"] == "" {
			delete(before, "error_type") // empty means absent
		}
		if !reflect.DeepEqual(before, after) {
			t.Errorf("%s: in %v, out %v", kind, before, after)
		}
	}
}

func read(t testing.TB, name string) []byte {
	b, err := os.ReadFile(filepath.Join(golden, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// binary reads a golden event in binary form.
func binary(t testing.TB, kind string) codec.Record {
	var file struct {
		Headers map[string]string
		Value   json.RawMessage
	}
	if err := json.Unmarshal(read(t, kind+".binary.json"), &file); err != nil {
		t.Fatal(err)
	}
	r := bare(string(file.Value))
	for k, v := range file.Headers {
		r.Headers = append(r.Headers, codec.Header{Key: k, Value: []byte(v)})
	}
	return r
}

// D1: the order of members means nothing, wherever the kind and the envelope stand.
func TestTheOrderOfMembersMeansNothing(t *testing.T) {
	for _, kind := range []string{"prediction", "outcome", "resource"} {
		var event map[string]json.RawMessage
		if err := json.Unmarshal(read(t, kind+".structured.json"), &event); err != nil {
			t.Fatal(err)
		}
		names := slices.Sorted(maps.Keys(event))
		for range names {
			names = append(names[1:], names[0])
			var members [][]byte
			for _, name := range names {
				members = append(members, fmt.Appendf(nil, "%q:%s", name, event[name]))
			}
			text := "{" + string(bytes.Join(members, []byte(","))) + "}"
			want(t, codec.Options{NoFuture: true}, bare(text), goldenRows[kind])
			want(t, codec.Options{NoFuture: true, HasDefault: true, DefaultKind: schemas.KindOutcome}, bare(text), goldenRows[kind])
		}
	}
}
