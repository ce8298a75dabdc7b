package schemas_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/twmb/avro"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"verdin/schemas"
)

// golden holds an example of each type in all forms; its README tells which.
const golden = "../testdata/events"

var events = []string{"prediction", "outcome", "resource"}

func example(t testing.TB, file string) []byte {
	b, err := os.ReadFile(filepath.Join(golden, file))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// compileSchema compiles a JSON Schema of the contract, or a part of it.
func compileSchema(t testing.TB, name, part string) *jsonschema.Schema {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(document(t, name, schemas.FormJSONSchema).Text()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	id := "urn:verdin:" + name + ":v1"
	if err := c.AddResource(id, doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile(id + part)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func valid(t testing.TB, s *jsonschema.Schema, text []byte) error {
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return s.Validate(v)
}

func TestExamplesFitTheirJSONSchema(t *testing.T) {
	for _, name := range names() {
		if err := valid(t, compileSchema(t, name, ""), example(t, name+".json")); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range events {
		var structured, binary struct{ Data, Value json.RawMessage }
		if json.Unmarshal(example(t, name+".structured.json"), &structured) != nil || json.Unmarshal(example(t, name+".binary.json"), &binary) != nil {
			t.Fatalf("%s: not JSON", name)
		}
		inside := compileSchema(t, name, "#/$defs/data")
		for _, text := range [][]byte{structured.Data, binary.Value} {
			if err := valid(t, inside, text); err != nil {
				t.Errorf("%s inside a CloudEvent: %v", name, err)
			}
		}
	}
}

// The examples have every member, so that nothing escapes the tests that use them.
func TestExamplesHaveEveryMember(t *testing.T) {
	for _, name := range names() {
		var v any
		if err := json.Unmarshal(example(t, name+".json"), &v); err != nil {
			t.Fatal(err)
		}
		have := map[string]bool{}
		members(v, "", have)
		for _, path := range published().read(t, document(t, name, schemas.FormJSONSchema)).paths() {
			if path != "" && !have[path] {
				t.Errorf("%s.json has no %s", name, path)
			}
		}
	}
}

// members marks the paths of a value; a map's values stand under each name and under "{}".
func members(v any, path string, have map[string]bool) {
	have[path] = true
	switch v := v.(type) {
	case map[string]any:
		for name, x := range v {
			members(x, strings.TrimPrefix(path+"."+name, "."), have)
			have[path+"{}"] = true
		}
	case []any:
		for _, x := range v {
			members(x, path+"[]", have)
		}
	}
}

// What engines, routers and operators write is what they read.
func TestExamplesSurviveTheirParsers(t *testing.T) {
	for name, parse := range map[string]func([]byte) (interface{ AppendJSON([]byte) []byte }, error){
		"verdict":   func(b []byte) (interface{ AppendJSON([]byte) []byte }, error) { return schemas.ParseVerdict(b) },
		"heartbeat": func(b []byte) (interface{ AppendJSON([]byte) []byte }, error) { return schemas.ParseHeartbeat(b) },
		"command":   func(b []byte) (interface{ AppendJSON([]byte) []byte }, error) { return schemas.ParseCommand(b) },
		"ack": func(b []byte) (interface{ AppendJSON([]byte) []byte }, error) {
			return schemas.ParseAck(schemas.AckSubject("prod", "recsys", "edge-1"), b)
		},
	} {
		text := example(t, name+".json")
		v, err := parse(text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var want bytes.Buffer
		if err := json.Compact(&want, text); err != nil {
			t.Fatal(err)
		}
		if got := v.AppendJSON(nil); !bytes.Equal(got, want.Bytes()) {
			t.Errorf("%s: in\n%s\nout\n%s", name, want.Bytes(), got)
		}
	}
}

// schemaID is the id under which the examples know a schema.
func schemaID(name, form string) uint32 {
	id := uint32(slices.Index(names(), name) + 1)
	if form == schemas.FormProto {
		id += 100
	}
	return id
}

// framed puts the head of the Confluent wire format before a body.
// Source: Confluent Schema Registry, serdes wire format; the index list of a
// first message is the single byte 0.
func framed(id uint32, index int, body []byte) []byte {
	b := binary.BigEndian.AppendUint32([]byte{0}, id)
	switch {
	case index == 0:
		b = append(b, 0)
	case index > 0:
		b = binary.AppendVarint(binary.AppendVarint(b, 1), int64(index))
	}
	return append(b, body...)
}

func TestExamplesAreTheSameInAvro(t *testing.T) {
	for _, name := range names() {
		s, err := avro.Parse(string(document(t, name, schemas.FormAvro).Text()))
		if err != nil {
			t.Fatal(err)
		}
		var v any
		if err := json.Unmarshal(example(t, name+".json"), &v); err != nil {
			t.Fatal(err)
		}
		body, err := s.Encode(v)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		head := framed(schemaID(name, schemas.FormAvro), -1, nil)
		decode := func(b []byte) any {
			var got any
			rest, err := s.Decode(b, &got)
			if err != nil || len(rest) > 0 {
				t.Errorf("%s: %v, %d bytes left", name, err, len(rest))
			}
			return got
		}
		same(t, name+".avro.bin", head, body, func(b []byte) bool { return reflect.DeepEqual(decode(b), decode(body)) })
	}
}

func TestExamplesAreTheSameInProtobuf(t *testing.T) {
	for _, name := range names() {
		file, err := compileProto(published(), document(t, name, schemas.FormProto).Path)
		if err != nil {
			t.Fatal(err)
		}
		d := file.Messages().ByName(protoreflect.Name(strings.ToUpper(name[:1]) + name[1:]))
		want := dynamicpb.NewMessage(d)
		if err := protojson.Unmarshal(protoText(t, name), want); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		body, err := proto.MarshalOptions{Deterministic: true}.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		head := framed(schemaID(name, schemas.FormProto), d.Index(), nil)
		same(t, name+".protobuf.bin", head, body, func(b []byte) bool {
			got := dynamicpb.NewMessage(d)
			if err := proto.Unmarshal(b, got); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			return proto.Equal(got, want)
		})
	}
}

// protoText is an example in the JSON form of Protobuf: the scalars of features
// and the value of an outcome become messages.
func protoText(t *testing.T, name string) []byte {
	var v map[string]any
	if err := json.Unmarshal(example(t, name+".json"), &v); err != nil {
		t.Fatal(err)
	}
	wrap := func(x any) any {
		switch x.(type) {
		case float64:
			return map[string]any{"number": x}
		case string:
			return map[string]any{"text": x}
		case bool:
			return map[string]any{"truth": x}
		}
		return map[string]any{}
	}
	if name == "outcome" {
		v["value"] = wrap(v["value"])
	}
	for k, x := range object(v["features"]) {
		object(v["features"])[k] = wrap(x)
	}
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// same checks that a golden file has the head and an equal body; with -update it
// is written anew if not.
func same(t *testing.T, file string, head, body []byte, equal func(body []byte) bool) {
	path := filepath.Join(golden, file)
	got, err := os.ReadFile(path)
	rest, ok := bytes.CutPrefix(got, head)
	switch {
	case err == nil && ok && equal(rest):
	case *update:
		accept(t, path, string(head)+string(body))
	default:
		t.Errorf("%s is not its example in JSON (%v): if that is wanted, go test ./schemas -run Examples -update", file, err)
	}
}
