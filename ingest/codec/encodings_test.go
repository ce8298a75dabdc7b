package codec_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand"
	"os"
	"testing"
	"time"

	"github.com/bufbuild/protocompile"
	"github.com/twmb/avro"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"verdin/ingest/codec"
	"verdin/schemas"
)

// The contract's own schemas, as files.
const (
	avscFiles = "../../schemas/avro/"
	protoFile = "../../schemas/proto/verdin/v1/events.proto"
)

var kindNames = [schemas.Kinds]string{"prediction", "outcome", "resource"}

// text reads a file.
func text(t testing.TB, name string) string {
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// ours are the contract's schemas under the ids 1 to 4: Avro by kind, Protobuf.
func ours(t testing.TB) book {
	b := book{4: {Format: codec.FormatProtobuf, Text: text(t, protoFile)}}
	for k, name := range kindNames {
		b[uint32(k+1)] = &codec.Schema{Format: codec.FormatAvro, Text: text(t, avscFiles+name+".v1.avsc")}
	}
	return b
}

// writers encode events given as members by name, in the way of each library.
type writers struct {
	avro  [schemas.Kinds]*avro.Schema
	proto [schemas.Kinds]protoreflect.MessageDescriptor
}

func newWriters(t testing.TB) *writers {
	w := &writers{}
	file := compileProto(t, text(t, protoFile))
	for k, name := range kindNames {
		s, err := avro.Parse(text(t, avscFiles+name+".v1.avsc"))
		if err != nil {
			t.Fatal(err)
		}
		w.avro[k], w.proto[k] = s, file.Messages().Get(k)
	}
	return w
}

func compileProto(t testing.TB, source string) protoreflect.FileDescriptor {
	c := protocompile.Compiler{Resolver: protocompile.WithStandardImports(&protocompile.SourceResolver{
		Accessor: protocompile.SourceAccessorFromMap(map[string]string{"a.proto": source}),
	})}
	files, err := c.Compile(context.Background(), "a.proto")
	if err != nil {
		t.Fatal(err)
	}
	return files[0]
}

// object is an event or a part of one.
type object = map[string]any

// avroFrame is the event as Avro's library writes it, after its id.
func (w *writers) avroFrame(t testing.TB, k int, ev object) codec.Record {
	b, err := w.avro[k].Encode(ev)
	if err != nil {
		t.Fatalf("%v: %v", ev, err)
	}
	return frame(uint32(k+1), string(b))
}

// protoFrame is the event as Protobuf's library writes it, after id and index.
func (w *writers) protoFrame(t testing.TB, k int, ev object) codec.Record {
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(fill(t, dynamicpb.NewMessage(w.proto[k]), ev))
	if err != nil {
		t.Fatal(err)
	}
	return frame(4, "\x02"+string(byte(2*k))+string(b))
}

func jsonRecord(t testing.TB, ev object) codec.Record {
	b, err := json.Marshal(ev)
	if err != nil {
		t.Fatal(err)
	}
	return bare(string(b))
}

// fill sets the fields of a message by their names.
func fill(t testing.TB, m protoreflect.Message, ev object) proto.Message {
	for name, v := range ev {
		fd := m.Descriptor().Fields().ByName(protoreflect.Name(name))
		if fd == nil {
			t.Fatalf("%s has no field %s", m.Descriptor().FullName(), name)
		}
		switch {
		case fd.IsMap():
			entries := m.Mutable(fd).Map()
			for key, v := range v.(object) {
				entries.Set(protoreflect.ValueOfString(key).MapKey(), protoOf(t, fd.MapValue(), entries.NewValue, v))
			}
		case fd.IsList():
			list := m.Mutable(fd).List()
			for _, v := range v.([]any) {
				list.Append(protoOf(t, fd, list.NewElement, v))
			}
		default:
			m.Set(fd, protoOf(t, fd, func() protoreflect.Value { return m.NewField(fd) }, v))
		}
	}
	return m.Interface()
}

// protoOf is a value as a field takes it.
func protoOf(t testing.TB, fd protoreflect.FieldDescriptor, empty func() protoreflect.Value, v any) protoreflect.Value {
	switch fd.Kind() {
	case protoreflect.MessageKind:
		out := empty()
		switch x := v.(type) {
		case nil:
		case object:
			fill(t, out.Message(), x)
		case float64:
			fill(t, out.Message(), object{"number": x})
		case bool:
			fill(t, out.Message(), object{"truth": x})
		case string:
			if fd.Message().FullName() != "google.protobuf.Timestamp" {
				fill(t, out.Message(), object{"text": x})
				break
			}
			at, err := time.Parse(time.RFC3339Nano, x)
			if err != nil {
				t.Fatal(err)
			}
			fields := out.Message().Descriptor().Fields()
			out.Message().Set(fields.ByNumber(1), protoreflect.ValueOfInt64(at.Unix()))
			out.Message().Set(fields.ByNumber(2), protoreflect.ValueOfInt32(int32(at.Nanosecond())))
		}
		return out
	case protoreflect.Int32Kind:
		return protoreflect.ValueOfInt32(int32(v.(float64)))
	case protoreflect.Uint32Kind:
		return protoreflect.ValueOfUint32(uint32(v.(float64)))
	}
	return protoreflect.ValueOf(v)
}

// random makes events of the contract.
type random struct{ *rand.Rand }

func (r random) id() string {
	switch r.Intn(40) {
	case 0:
		return fmt.Sprintf("%0127d", 1)
	case 1:
		return fmt.Sprintf("%0128d", 1)
	}
	return []string{"", "p", "user-1", "böse ☂", "x\n\""}[r.Intn(5)]
}

func (r random) name() string {
	return []string{"age", "country", "income", "member", "cost_usd", "sport", "un", "gpu_memory_bytes", "", "ö"}[r.Intn(10)]
}

func (r random) number() any {
	switch r.Intn(12) {
	case 0:
		return 0.0
	case 1:
		return 2e15 * r.NormFloat64()
	case 2:
		return float64(r.Intn(1000))
	}
	return r.NormFloat64()
}

func (r random) scalar() any {
	return [](func() any){r.number, r.number, func() any { return r.Intn(2) == 0 }, func() any { return nil }, func() any { return r.id() }}[r.Intn(5)]()
}

func (r random) text() any { return r.id() }

// members is an object of up to five members.
func (r random) members(value func() any) object {
	o := object{}
	for range r.Intn(6) {
		o[r.name()] = value()
	}
	return o
}

func (r random) whole() any { return float64(r.Intn(5)) }

func (r random) time() any {
	return time.Unix(1_772_366_400+int64(r.Intn(70))-5, int64(r.Intn(1e6))*1e3).UTC().Format(time.RFC3339Nano)
}

func (r random) list(item func() any) func() any {
	return func() any {
		all := []any{}
		for range r.Intn(4) {
			all = append(all, item())
		}
		return all
	}
}

func (r random) evaluation() any {
	ev := object{"name": []string{"judge", "other"}[r.Intn(2)]}
	r.some(ev, object{"score": r.number, "label": r.text, "annotator_kind": r.text, "identifier": r.text})
	return ev
}

func (r random) item() any {
	ev := object{"item_id": r.id()}
	r.some(ev, object{"score": r.number})
	return ev
}

// some adds some of the members.
func (r random) some(ev, members object) {
	for name, value := range members {
		if f := value.(func() any); r.Intn(3) > 0 {
			ev[name] = f()
		}
	}
}

// event makes an event of kind k: the required members, some others.
func (r random) event(k int) object {
	fixed := func(v any) func() any { return func() any { return v } }
	of := func(value func() any) func() any { return func() any { return any(r.members(value)) } }
	switch k {
	case 0:
		ev := object{"prediction_id": r.id() + "p", "rollout": "prod/recsys", "arm": "canary"}
		r.some(ev, object{
			"event_time": r.time, "unit_id": r.text, "model_version": r.text, "latency_seconds": r.number, "ttft_seconds": r.number,
			"status_code": r.whole, "error_type": r.text, "prediction_label": r.text, "prediction_score": r.number,
			"prediction_value": r.number, "scores": of(r.number), "items": r.list(r.item), "features": of(r.scalar),
			"metrics": of(r.number), "evaluations": r.list(r.evaluation), "tags": of(r.text), "generation": r.whole, "stage": r.whole,
		})
		return ev
	case 1:
		ev := object{"name": r.id() + "n"}
		r.some(ev, object{
			"prediction_id": r.text, "unit_id": r.text, "value": []func() any{r.number, fixed(true), fixed(false)}[r.Intn(3)], "label": r.text,
			"event_time": r.time, "revision": r.whole, "final": fixed(true), "rollout": fixed("recsys"), "arm": fixed("stable"),
			"unit": r.text, "annotator_kind": r.text, "identifier": r.text,
		})
		return ev
	}
	ev := object{"rollout": "recsys", "arm": "stable", "instance": r.id() + "i"}
	r.some(ev, object{
		"event_time": r.time, "cpu_cores": r.number, "memory_bytes": r.number, "gpu_utilization_ratio": r.number,
		"requests": r.number, "metrics": of(r.number),
	})
	return ev
}

// Whatever a producer's library writes, JSON, Avro and Protobuf give the same row
// or none.
func TestAllEncodingsDecodeToTheSameRow(t *testing.T) {
	w, r := newWriters(t), random{rand.New(rand.NewSource(3))}
	var decoders [3][schemas.Kinds]*codec.Decoder
	for k := range kindNames {
		opt := codec.Options{DefaultKind: schemas.Kind(k), HasDefault: true, Schemas: ours(t)}
		for i := range decoders {
			decoders[i][k] = codec.New(layout, opt)
		}
	}
	rows, refused := 0, map[string]int{}
	for range 6000 {
		k := r.Intn(schemas.Kinds)
		ev := r.event(k)
		var got [3]string
		for i, rec := range []codec.Record{jsonRecord(t, ev), w.avroFrame(t, k, ev), w.protoFrame(t, k, ev)} {
			rec.Timestamp = noon
			c := new(schemas.Chunk)
			c.Reset(0, layout)
			decoders[i][k].Append(c, rec)
			got[i] = outcome(c)
			if i == 0 && c.Len() == 1 {
				rows++
			} else if i == 0 {
				refused[c.Rejected[0].Reason]++
			}
		}
		if got[0] != got[1] || got[0] != got[2] {
			t.Fatalf("%v\n    JSON %s\n    Avro %s\nProtobuf %s", ev, got[0], got[1], got[2])
		}
	}
	if rows < 1000 || len(refused) < 3 {
		t.Errorf("%d rows, refused %v: the events are too much alike", rows, refused)
	}
}

// outcome is what dump prints. An event with two faults is refused for the one
// that is met first, which depends on the order of its members.
func outcome(c *schemas.Chunk) string {
	if c.Len() == 1 {
		return dump(c)
	}
	return "refused"
}
