package codec

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"verdin/schemas"
)

var kindNames = [schemas.Kinds]string{"prediction", "outcome", "resource"}

// property is what the JSON Schema of an event says of one member.
type property struct {
	Type       any
	Additional json.RawMessage `json:"additionalProperties"`
}

func propertiesOf(t *testing.T, kind string) map[string]property {
	doc, _ := schemas.FindDocument(kind, schemas.FormJSONSchema)
	var s struct {
		Defs struct {
			Data struct{ Properties map[string]property }
		} `json:"$defs"`
	}
	if err := json.Unmarshal(doc.Text(), &s); err != nil {
		t.Fatal(err)
	}
	return s.Defs.Data.Properties
}

func typesOf(t any) (set types) {
	names := map[string]types{"null": null, "number": number, "integer": number, "string": text, "boolean": truth, "object": record, "array": array}
	if one, ok := t.(string); ok {
		return names[one]
	}
	for _, name := range t.([]any) {
		set |= names[name.(string)]
	}
	return set
}

// A field that is added to the decoder or to the schema alone turns this red.
func TestTheDecoderReadsWhatTheSchemaSays(t *testing.T) {
	for k, kind := range kindNames {
		said := propertiesOf(t, kind)
		var read []string
		for _, f := range fields[k] {
			read = append(read, f.name)
			p, ok := said[f.name]
			if !ok {
				continue
			}
			if got := typesOf(p.Type) | null; got != f.want { // null in a required field counts as absent
				t.Errorf("%s.%s: the schema has %s, the decoder %s", kind, f.name, got, f.want)
			}
			for _, c := range containers {
				if f.to != toMembers || c.name != f.name {
					continue
				}
				rest := anything
				if string(p.Additional) != "true" {
					var inner property
					if err := json.Unmarshal(p.Additional, &inner); err != nil {
						t.Fatal(err)
					}
					rest = typesOf(inner.Type)
				}
				if rest != c.rest {
					t.Errorf("%s.%s: values in the schema are %s, in the decoder %s", kind, f.name, rest, c.rest)
				}
			}
		}
		if slices.Sort(read); !slices.Equal(read, slices.Sorted(maps.Keys(said))) {
			t.Errorf("%s: the decoder reads %v, the schema has %v", kind, read, slices.Sorted(maps.Keys(said)))
		}
	}
}

// accepted tells whether the decoder makes a row of an event, all columns stored.
func accepted(k schemas.Kind, value []byte) (bool, string) {
	var l schemas.Layout
	for _, f := range fields[k] {
		if f.want&(record|array) == 0 {
			l.Fields[k] = append(l.Fields[k], f.name)
		}
	}
	slices.Sort(l.Fields[k])
	var c schemas.Chunk
	c.Reset(0, &l)
	New(&l, Options{DefaultKind: k, HasDefault: true, NoFuture: true}).Append(&c, Record{Timestamp: 1, Value: value})
	if len(c.Rejected) > 0 {
		return false, c.Rejected[0].Reason + ": " + c.Rejected[0].Detail
	}
	return true, ""
}

// samples are values at the edges of what some member may be.
var samples = []string{
	`null`, `true`, `false`, `0`, `-1`, `1.5`, `2147483647`, `2147483648`, `-2147483648`, `-2147483649`, `4294967295`, `4294967296`,
	`7258118399999`, `7258118400000`, `1e15`, `-1e15`, `1.1e15`, `""`, `"x"`, `"prod/recsys"`, `"Prod"`, `"a/b/c"`,
	`"2026-03-01T12:00:00.25Z"`, `"2026-03-01T12:00:00+01:00"`, `"2026-02-30T12:00:00Z"`, `"yesterday"`,
	`{}`, `{"a":null}`, `{"a":1}`, `{"a":"x"}`, `{"a":true}`, `{"a":[1]}`, `[]`, `[1]`, `[{"item_id":"a","name":"b","score":1}]`,
	long(128), long(129), long(4096), long(4097),
}

func long(n int) string { return `"` + string(bytes.Repeat([]byte("x"), n)) + `"` }

// stricter are members where the schema asks more of producers than the decoder
// insists on: it counts nothing by them.
var stricter = map[string]bool{"prediction.status_code": true, "prediction.items": true}

// Whatever stands in a member, the decoder takes the event if and only if the
// schema does; and the same with the member left out.
func TestDecoderAndSchemaAcceptTheSameEvents(t *testing.T) {
	for k, kind := range kindNames {
		schema := compileSchema(t, kind)
		golden, err := os.ReadFile("../../testdata/events/" + kind + ".json")
		if err != nil {
			t.Fatal(err)
		}
		var event map[string]json.RawMessage
		if err := json.Unmarshal(golden, &event); err != nil {
			t.Fatal(err)
		}
		for name := range propertiesOf(t, kind) {
			for _, sample := range append([]string{""}, samples...) {
				changed := maps.Clone(event)
				if changed[name] = json.RawMessage(sample); sample == "" {
					delete(changed, name)
				}
				value, err := json.Marshal(changed)
				if err != nil {
					t.Fatal(err)
				}
				doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(value))
				if err != nil {
					t.Fatal(err)
				}
				refused := schema.Validate(doc)
				ok, why := accepted(schemas.Kind(k), value)
				if ok != (refused == nil) && !(ok && stricter[kind+"."+name]) {
					t.Errorf("%s.%s = %.40s: decoder %v (%s), schema: %v", kind, name, sample, ok, why, refused)
				}
			}
		}
	}
}

func compileSchema(t *testing.T, kind string) *jsonschema.Schema {
	doc, _ := schemas.FindDocument(kind, schemas.FormJSONSchema)
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(doc.Text()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	id := fmt.Sprintf("urn:verdin:%s:v1", kind)
	if err := c.AddResource(id, v); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile(id)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
