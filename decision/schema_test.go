package decision

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"verdin/schemas"
)

// rewrite is the flag of the package's other test files.
func rewrite() bool { return flag.Lookup("update").Value.String() == "true" }

// published compares a file of the repository with what the code says.
func published(t *testing.T, path, want string) {
	t.Helper()
	if rewrite() {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		t.Errorf("%s is not what the code says (%v): run go test ./decision -update", path, err)
	}
}

func TestTheSchemaOfASpecIsPublished(t *testing.T) {
	published(t, "../schemas/jsonschema/rollout.v1alpha1.json", string(JSONSchema()))
	if d, ok := schemas.FindDocument("rollout", schemas.FormJSONSchema); !ok || string(d.Text()) != string(JSONSchema()) {
		t.Error("the contract has no schema of a rollout")
	}
}

// walk visits every shape of the format by its path.
func walk(s *shape, path string, each func(*shape, string)) {
	each(s, path)
	for _, p := range s.props {
		walk(p, join(path, p.name), each)
	}
	switch {
	case s.open:
		walk(s.item, path+".NAME", each)
	case s.item != nil:
		walk(s.item, path+"[]", each)
	}
}

func TestEveryFieldIsExplained(t *testing.T) {
	seen := map[string]bool{}
	walk(drawn(), "", func(s *shape, path string) {
		seen[path] = true
		switch {
		case s.kind == "":
			t.Errorf("%s was asked for and never read", path)
		case help[path] == "" && s.name != "" && s.kind != "map":
			t.Errorf("%s has no help", path)
		}
	})
	for path := range help {
		if !seen[path] {
			t.Errorf("help explains %s, which no spec has", path)
		}
	}
}

// any is the value of a node as JSON knows it.
func (n *node) any() any {
	switch n.kind {
	case mapNode:
		m := map[string]any{}
		for i, k := range n.keys {
			m[k.text] = n.vals[i].any()
		}
		return m
	case listNode:
		l := []any{}
		for _, v := range n.vals {
			l = append(l, v.any())
		}
		return l
	case numberNode:
		return json.Number(n.text)
	case boolNode:
		return n.text == "true"
	case nullNode:
		return nil
	}
	return n.text
}

// complaints validates a value against a schema: "" = valid.
func (s *jsonSchema) complaints(v any, at string) string {
	if len(s.AnyOf) > 0 {
		if !slices.ContainsFunc(s.AnyOf, func(o *jsonSchema) bool { return o.complaints(v, at) == "" }) {
			return at + " fits nothing"
		}
	}
	switch s.Type {
	case "string":
		text, ok := v.(string)
		if !ok || s.Enum != nil && !slices.Contains(s.Enum, text) || s.Pattern != "" && !regexp.MustCompile(s.Pattern).MatchString(text) {
			return at + " is no such text"
		}
	case "number", "integer":
		n, ok := v.(json.Number)
		if !ok || s.Type == "integer" && strings.ContainsAny(string(n), ".eE-") {
			return at + " is no number"
		}
	case "boolean":
		if _, ok := v.(bool); !ok {
			return at + " is not true or false"
		}
	case "array":
		list, ok := v.([]any)
		if !ok {
			return at + " is no list"
		}
		for _, item := range list {
			if c := s.Items.complaints(item, at+"[]"); c != "" {
				return c
			}
		}
	case "object":
		return s.object(v, at)
	}
	return ""
}

func (s *jsonSchema) object(v any, at string) string {
	m, ok := v.(map[string]any)
	if !ok {
		return at + " is no mapping"
	}
	for _, name := range s.Required {
		if _, ok := m[name]; !ok {
			return at + " lacks " + name
		}
	}
	for _, name := range sortedKeys(m) {
		p, ok := s.Properties[name]
		if more, open := s.Additional.(*jsonSchema); !ok && open {
			p, ok = more, true
		}
		if !ok {
			return at + " has no field " + name
		}
		if c := p.complaints(m[name], join(at, name)); c != "" {
			return c
		}
	}
	return ""
}

// What the loader takes, the schema takes; and every spec that is refused for a field,
// a word or a type is refused by the schema as well.
func TestTheSchemaAgreesWithTheLoader(t *testing.T) {
	schema := newPainter().schema(drawn(), "")
	value := func(file string) (any, bool) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		doc, bad := readYAML(data, file)
		if bad != nil {
			return nil, false
		}
		return doc.root.any(), true
	}
	good, _ := filepath.Glob("../testdata/specs/good/*.yaml")
	for _, file := range good {
		if v, ok := value(file); !ok || schema.complaints(v, "") != "" {
			t.Errorf("%s: %s", file, schema.complaints(v, ""))
		}
	}
	structural := regexp.MustCompile(`unknown field|is unknown: allowed|must be (text|a list|a mapping|a whole number|true or false|a duration)|has no unit| is missing`)
	bad, _ := filepath.Glob("../testdata/specs/bad/*.yaml")
	n := 0
	for _, file := range bad {
		why, err := os.ReadFile(strings.TrimSuffix(file, ".yaml") + ".err")
		if err != nil {
			t.Fatal(err)
		}
		if v, ok := value(file); ok && structural.Match(why) {
			n++
			if schema.complaints(v, "") == "" {
				t.Errorf("%s: the schema takes it, the loader says %s", file, why)
			}
		}
	}
	if n < 12 {
		t.Errorf("only %d specs with a wrong field, word or type", n)
	}
}

// The schema is what it says: read back as JSON, it has the fields that a Spec has.
func TestTheSchemaIsJSON(t *testing.T) {
	var back map[string]any
	if err := json.Unmarshal(JSONSchema(), &back); err != nil || back["$schema"] != "https://json-schema.org/draft/2020-12/schema" {
		t.Fatal(err, back["$schema"])
	}
	spec := back["properties"].(map[string]any)["spec"].(map[string]any)["properties"].(map[string]any)
	for i := range reflect.TypeFor[Spec]().NumField() {
		name := reflect.TypeFor[Spec]().Field(i).Name
		lower := strings.ToLower(name[:1]) + name[1:]
		if _, ok := spec[lower]; !ok && !slices.Contains([]string{"Namespace", "Name", "Labels", "Baselines", "Digest"}, name) {
			t.Errorf("no field %s", lower)
		}
	}
}
