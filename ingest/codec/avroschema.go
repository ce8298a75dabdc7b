package codec

import (
	"errors"
	"fmt"

	"github.com/twmb/avro"

	"verdin/schemas"
)

// avroKind says how the bytes of a value are read.
type avroKind uint8

const (
	avroNull avroKind = iota
	avroBoolean
	avroInt
	avroLong
	avroFloat
	avroDouble
	avroBytes
	avroString
	avroFixed
	avroEnum
	avroArray
	avroMap
	avroUnion
	avroRecord
)

var avroKinds = map[string]avroKind{
	"null": avroNull, "boolean": avroBoolean, "int": avroInt, "long": avroLong, "float": avroFloat, "double": avroDouble,
	"bytes": avroBytes, "string": avroString, "fixed": avroFixed, "enum": avroEnum, "array": avroArray, "map": avroMap,
	"union": avroUnion, "record": avroRecord, "error": avroRecord,
}

// logic is what a logical type makes of a value.
type logic uint8

const (
	plain     logic = iota
	instant         // a point in time, scale nanoseconds a tick
	noTime          // a date, a time of day or a local time: no point in time
	decimal10       // an integer, scale digits of it after the point
	uuid
)

var avroLogic = map[string]struct {
	logic
	scale int
}{
	"timestamp-millis": {instant, 1e6}, "timestamp-micros": {instant, 1e3}, "timestamp-nanos": {instant, 1},
	"local-timestamp-millis": {logic: noTime}, "local-timestamp-micros": {logic: noTime}, "local-timestamp-nanos": {logic: noTime},
	"date": {logic: noTime}, "time-millis": {logic: noTime}, "time-micros": {logic: noTime},
	"decimal": {logic: decimal10}, "uuid": {logic: uuid},
}

// avroNode is a type of a writer's schema. Types that refer to themselves make it
// a graph with cycles; a node that is bound to the contract never lies on one.
type avroNode struct {
	kind     avroKind
	logic    logic
	scale    int
	size     int         // of fixed
	symbols  []string    // of enum
	items    *avroNode   // of array and map
	branches []*avroNode // of union
	fields   []avroField // of record
	bound    bool        // the fields know their meaning
}

// avroField is a field of a record.
type avroField struct {
	name    string
	aliases []string
	node    *avroNode
	later   bool    // of the contract's own schema: events that end before it are older
	meaning meaning // where the record is bound
}

// avroWriter is a writer's schema with one plan per kind, made when first needed.
type avroWriter struct {
	called
	root  *avroNode
	plans [schemas.Kinds]*avroNode
}

var errNoRecord = errors.New("want a record as the schema's root")

func newAvroWriter(s *Schema) (*avroWriter, error) {
	var cache avro.SchemaCache
	for _, r := range s.References {
		if _, err := cache.Parse(r.Text); err != nil {
			return nil, fmt.Errorf("a schema that it refers to: %w", err)
		}
	}
	parsed, err := cache.Parse(s.Text)
	if err != nil {
		return nil, err
	}
	b := avroBuilder{}
	tree := parsed.Root().ExpandReferences()
	root, err := b.node(tree, "")
	if err != nil {
		return nil, err
	}
	if root.kind != avroRecord {
		return nil, errNoRecord
	}
	return &avroWriter{called: called{name: fullName(tree)}, root: root}, nil
}

// avroBuilder turns the library's tree into nodes. It holds the named types.
type avroBuilder map[string]*avroNode

func (b avroBuilder) node(n *avro.SchemaNode, namespace string) (*avroNode, error) {
	kind, ok := avroKinds[n.Type]
	if !ok {
		for _, name := range []string{n.Type, namespace + "." + n.Type} {
			if known := b[name]; known != nil {
				return known, nil
			}
		}
		return nil, fmt.Errorf("a type %q that the schema does not define", n.Type)
	}
	if n.Name != "" {
		if known := b[fullName(n)]; known != nil {
			return known, nil
		}
		namespace = n.Namespace
	}
	out := &avroNode{kind: kind, size: n.Size, symbols: n.Symbols}
	out.interpret(n.LogicalType, n.Scale)
	if n.Name != "" {
		b[fullName(n)] = out
	}
	return out, b.children(out, n, namespace)
}

// children builds what is inside of a type.
func (b avroBuilder) children(out *avroNode, n *avro.SchemaNode, namespace string) (err error) {
	for _, inner := range []*avro.SchemaNode{n.Items, n.Values} {
		if inner != nil && err == nil && (out.kind == avroArray || out.kind == avroMap) {
			out.items, err = b.node(inner, namespace)
		}
	}
	for i := range n.Branches {
		child, e := b.node(&n.Branches[i], namespace)
		out.branches, err = append(out.branches, child), errors.Join(err, e)
	}
	if len(n.Fields) > maxMembers {
		return fmt.Errorf("a record of more than %d fields", maxMembers)
	}
	for i := range n.Fields {
		f := &n.Fields[i]
		child, e := b.node(&f.Type, namespace)
		if name, ok := f.Props["logicalType"].(string); ok && e == nil && child.logic == plain && f.Type.Name == "" {
			child.interpret(name, f.Type.Scale) // written beside the type, where the writer's library honours it too
		}
		out.fields, err = append(out.fields, avroField{name: f.Name, aliases: f.Aliases, node: child}), errors.Join(err, e)
	}
	return err
}

// interpret sets the logical type, where the type can have it.
func (n *avroNode) interpret(name string, scale int) {
	l := avroLogic[name]
	switch {
	case l.logic == instant && n.kind == avroLong,
		l.logic == noTime && (n.kind == avroLong || n.kind == avroInt),
		l.logic == uuid && n.kind == avroFixed && n.size == 16:
		n.logic, n.scale = l.logic, l.scale
	case l.logic == decimal10 && (n.kind == avroBytes || n.kind == avroFixed):
		n.logic, n.scale = decimal10, scale
	}
}

func fullName(n *avro.SchemaNode) string {
	if n.Namespace == "" {
		return n.Name
	}
	return n.Namespace + "." + n.Name
}
