package decision

import (
	"encoding/json"
	"strings"
)

// JSONSchema is the JSON Schema (2020-12) of a rollout spec, for editors: drawn from
// the loader, so both accept the same fields, words and types. What the loader checks
// beyond that, such as weights that grow, no schema can say.
func JSONSchema() []byte {
	s := newPainter().schema(drawn(), "")
	s.Schema, s.ID, s.Title = "https://json-schema.org/draft/2020-12/schema", "urn:verdin:rollout:v1alpha1", "rollout"
	s.Description = "The spec of a rollout."
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(s); err != nil {
		panic(err) // text and numbers of our own
	}
	return []byte(b.String())
}

// jsonSchema holds the keywords that a spec needs.
type jsonSchema struct {
	Schema      string                 `json:"$schema,omitempty"`
	ID          string                 `json:"$id,omitempty"`
	Title       string                 `json:"title,omitempty"`
	Description string                 `json:"description,omitempty"`
	Default     any                    `json:"default,omitempty"`
	Type        string                 `json:"type,omitempty"`
	Enum        []string               `json:"enum,omitempty"`
	Pattern     string                 `json:"pattern,omitempty"`
	Minimum     *int                   `json:"minimum,omitempty"`
	Required    []string               `json:"required,omitempty"`
	Properties  map[string]*jsonSchema `json:"properties,omitempty"`
	Additional  any                    `json:"additionalProperties,omitempty"`
	Items       *jsonSchema            `json:"items,omitempty"`
	AnyOf       []*jsonSchema          `json:"anyOf,omitempty"`
}

const (
	percentPattern  = `^[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?%$`
	durationPattern = `^[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|ms|s|m|h)(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|ms|s|m|h))*$`
)

func (p painter) schema(s *shape, path string) *jsonSchema {
	out := p.bare(s, path)
	var others []*jsonSchema
	if len(s.also) > 0 {
		others = append(others, &jsonSchema{Type: "string", Enum: s.also})
	}
	switch s.lone {
	case "text":
		others = append(others, &jsonSchema{Type: "string"})
	case "item":
		others = append(others, p.schema(s.item, path+"[]"))
	case "list":
		others = append(others, &jsonSchema{Type: "array", Items: &jsonSchema{Type: "string", Enum: s.enum}})
	}
	if len(others) > 0 {
		out = &jsonSchema{AnyOf: append([]*jsonSchema{out}, others...)}
	}
	out.Description, out.Default = help[path], p.usual(path)
	return out
}

func (p painter) bare(s *shape, path string) *jsonSchema {
	none := 0
	switch s.kind {
	case "number":
		return &jsonSchema{AnyOf: []*jsonSchema{{Type: "number"}, {Type: "string", Pattern: percentPattern}}}
	case "whole":
		return &jsonSchema{Type: "integer", Minimum: &none}
	case "flag":
		return &jsonSchema{Type: "boolean"}
	case "duration":
		return &jsonSchema{Type: "string", Pattern: durationPattern}
	case "list":
		return &jsonSchema{Type: "array", Items: p.schema(s.item, path+"[]")}
	case "map":
		if s.open {
			return &jsonSchema{Type: "object", Additional: p.schema(s.item, path+".NAME")}
		}
		m := &jsonSchema{Type: "object", Additional: false, Required: s.required, Properties: map[string]*jsonSchema{}}
		for _, f := range s.props {
			m.Properties[f.name] = p.schema(f, join(path, f.name))
		}
		return m
	}
	return &jsonSchema{Type: "string", Enum: s.enum}
}

func join(path, name string) string { return strings.TrimPrefix(path+"."+name, ".") }

// usual is the value that a field has when nothing is said, nil = none: read off the
// effective form of a spec that says as little as it can.
func (p painter) usual(path string) any {
	n := p.least
	for _, step := range strings.Split(path, ".") {
		name, item := strings.CutSuffix(step, "[]")
		if n = n.field(name); n != nil && item {
			if len(n.vals) == 0 {
				return nil
			}
			n = n.vals[0]
		}
		if n == nil {
			return nil
		}
	}
	if said(path) {
		return nil
	}
	switch n.kind {
	case numberNode:
		return json.Number(n.text)
	case boolNode:
		return n.text == "true"
	case textNode:
		return n.text
	}
	return nil
}

func (n *node) field(name string) *node {
	for i, k := range n.keys {
		if k.text == name {
			return n.vals[i]
		}
	}
	return nil
}

// said tells whether the least spec names a field itself: then it is no default.
func said(path string) bool {
	for _, p := range []string{"metadata.name", "kind", "spec.arms.stable", "spec.arms.canary", "spec.assignment", "spec.stages[].weight", "spec.stages[].bake"} {
		if p == path {
			return true
		}
	}
	for _, list := range []string{"spec.metrics[].", "spec.drift[]."} {
		if f, ok := strings.CutPrefix(path, list); ok {
			return contains([]string{"name", "kind", "field", "role", "worse", "of[]", "method", "tolerance", "margin"}, f)
		}
	}
	return false
}

// painter puts shapes into words; least is the effective form of the least spec, with
// one check of each sort.
type painter struct{ least *node }

func newPainter() painter {
	s, err := Parse([]byte(`apiVersion: `+apiVersion+`
kind: Rollout
metadata: {name: r}
spec:
  arms: {stable: v1, canary: v2}
  assignment: request
  metrics: [{name: m, kind: proportion, field: error_type, worse: higher, role: observe}]
  drift: [{name: d, of: prediction_score, method: psi}]
`), "least.yaml")
	if err != nil {
		panic(err)
	}
	doc, bad := readYAML(s.YAML(), "least.yaml")
	if bad != nil {
		panic(bad)
	}
	return painter{doc.root}
}
