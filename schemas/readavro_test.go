package schemas_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/twmb/avro"
)

func readAvro(text string) (contract, error) {
	s, err := avro.Parse(text)
	if err != nil {
		return nil, err
	}
	root := s.Root()
	c := contract{"": {kind: root.Namespace + "." + root.Name, present: true}}
	return c, c.record(root, "")
}

func (c contract) record(n *avro.SchemaNode, path string) error {
	for i := range n.Fields {
		f := &n.Fields[i]
		if err := c.avroType(&f.Type, path+f.Name, !f.HasDefault); err != nil {
			return err
		}
	}
	return nil
}

func (c contract) avroType(n *avro.SchemaNode, path string, present bool) error {
	m := member{present: present}
	branches := []avro.SchemaNode{*n}
	if n.Type == "union" {
		branches = slices.Clone(n.Branches)
		if len(branches) > 0 && branches[0].Type == "null" {
			m.null, branches = true, branches[1:]
		}
	}
	var kinds []string
	for i := range branches {
		kinds = append(kinds, avroKind(&branches[i]))
	}
	switch key := strings.Join(kinds, "|"); key {
	case "double|bool":
		m.kind = "number or bool"
	case "double|text|bool":
		m.kind = "scalar"
	default:
		m.kind = key
	}
	if m.kind == "" || strings.Contains(m.kind, "|") {
		return fmt.Errorf("%s: no kind for type %s", path, n.Type)
	}
	c[path] = m
	switch n = &branches[0]; m.kind {
	case "object":
		return c.record(n, path+".")
	case "list":
		return c.avroType(n.Items, path+"[]", true)
	case "map":
		return c.avroType(n.Values, path+"{}", true)
	}
	return nil
}

func avroKind(n *avro.SchemaNode) string {
	if strings.HasPrefix(n.LogicalType, "timestamp-") {
		return "time"
	}
	return map[string]string{
		"string": "text", "double": "double", "boolean": "bool", "int": "int32", "long": "long",
		"record": "object", "array": "list", "map": "map",
	}[n.Type]
}
