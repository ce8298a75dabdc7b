package schemas_test

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// node is a JSON Schema. Its keywords are the ones that the contract uses: any
// other is an error, so that no constraint escapes the comparison.
type node struct {
	Schema      string           `json:"$schema"`
	ID          string           `json:"$id"`
	Title       string           `json:"title"`
	Description string           `json:"description"`
	Ref         string           `json:"$ref"`
	Defs        map[string]*node `json:"$defs"`

	Type       any              `json:"type"`
	Required   []string         `json:"required"`
	Properties map[string]*node `json:"properties"`
	Additional any              `json:"additionalProperties"`
	Items      *node            `json:"items"`
	Enum       []string         `json:"enum"`
	AnyOf      json.RawMessage  `json:"anyOf"`
	Format     string           `json:"format"`
	Pattern    string           `json:"pattern"`

	Minimum, Maximum             json.Number
	MinLength, MaxLength         json.Number
	MinItems, MaxItems           json.Number
	MaxProperties, MinProperties json.Number
}

func readJSONSchema(text string) (contract, error) {
	root, err := parseNode(text)
	if err != nil {
		return nil, err
	}
	c := contract{"": {kind: root.ID, present: true, limits: root.limits()}}
	return c, c.object(root, root, "")
}

func parseNode(text string) (*node, error) {
	root := &node{}
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	return root, d.Decode(root)
}

// object adds the members of an object, with those that it refers to.
func (c contract) object(root, n *node, path string) error {
	n, err := root.resolve(n)
	if err != nil {
		return err
	}
	if extra := n.limits(); path == "" && len(extra) > 0 {
		c[""] = member{kind: root.ID, present: true, limits: extra}
	}
	for name, p := range n.Properties {
		if err := c.member(root, p, path+name, slices.Contains(n.Required, name)); err != nil {
			return err
		}
	}
	return nil
}

func (c contract) member(root, n *node, path string, present bool) error {
	n, err := root.resolve(n)
	if err != nil {
		return err
	}
	types := n.types()
	m := member{present: present, enum: n.Enum, limits: n.limits()}
	if i := slices.Index(types, "null"); i >= 0 {
		m.null, types = true, slices.Delete(types, i, i+1)
	}
	if m.kind = n.kind(types); m.kind == "" {
		return fmt.Errorf("%s: no kind for the types %v", path, types)
	}
	c[path] = m
	switch m.kind {
	case "object":
		return c.object(root, n, path+".")
	case "list":
		return c.member(root, n.Items, path+"[]", true)
	case "map":
		if n.Additional == true {
			c[path+"{}"] = member{kind: "scalar", null: true, present: true}
			return nil
		}
		text, _ := json.Marshal(n.Additional)
		values, err := parseNode(string(text))
		if err != nil {
			return err
		}
		return c.member(root, values, path+"{}", true)
	}
	return nil
}

// resolve follows a reference within the document; "required" beside it adds up.
func (n *node) resolve(to *node) (*node, error) {
	if to.Ref == "" {
		return to, nil
	}
	def := n.Defs[strings.TrimPrefix(to.Ref, "#/$defs/")]
	if def == nil {
		return nil, fmt.Errorf("reference %s leads nowhere", to.Ref)
	}
	sum := *def
	sum.Required = append(slices.Clone(to.Required), def.Required...)
	return &sum, nil
}

func (n *node) types() []string {
	if s, ok := n.Type.(string); ok {
		return []string{s}
	}
	var all []string
	list, _ := n.Type.([]any)
	for _, s := range list {
		all = append(all, s.(string))
	}
	return all
}

func (n *node) kind(types []string) string {
	switch key := strings.Join(types, "|"); key {
	case "string|integer":
		return "time"
	case "string":
		if n.Format == "date-time" || strings.Contains(string(n.AnyOf), "date-time") {
			return "time"
		}
		return "text"
	case "number":
		return "double"
	case "number|boolean":
		return "number or bool"
	case "boolean":
		return "bool"
	case "integer":
		return integerKind(string(n.Minimum), string(n.Maximum))
	case "array":
		return "list"
	case "object":
		if n.Properties != nil {
			return "object"
		}
		return "map"
	}
	return ""
}

// integerKind is the smallest kind that holds [low, high].
func integerKind(low, high string) string {
	top, err := strconv.ParseUint(high, 10, 64)
	switch {
	case err != nil || low == "":
		return ""
	case top <= math.MaxInt32:
		return "int32"
	case top <= math.MaxUint32 && low == "0":
		return "uint32"
	case top <= math.MaxInt64:
		return "int64"
	}
	return "uint64"
}

func (n *node) limits() map[string]string {
	all := map[string]string{
		"minimum": string(n.Minimum), "maximum": string(n.Maximum), "minLength": string(n.MinLength), "maxLength": string(n.MaxLength),
		"minItems": string(n.MinItems), "maxItems": string(n.MaxItems), "minProperties": string(n.MinProperties),
		"maxProperties": string(n.MaxProperties), "pattern": n.Pattern, "format": n.Format, "anyOf": string(n.AnyOf),
	}
	if n.Additional == false {
		all["closed"] = "true"
	}
	for k, v := range all {
		if v == "" {
			delete(all, k)
		}
	}
	return all
}
