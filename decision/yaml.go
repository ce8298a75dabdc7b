package decision

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// node is a value of a YAML document and its place. The loader works on nodes,
// so that every complaint can point at the text that caused it.
type node struct {
	kind      nodeKind
	text      string // of scalars, without quotes
	quoted    bool
	line, col int
	keys      []*node // of a mapping
	vals      []*node // of a mapping or a list
	shape     *shape  // of a node that is drawn on, nil of one that is read
}

type nodeKind string

const (
	textNode   nodeKind = "text"
	numberNode nodeKind = "a number"
	boolNode   nodeKind = "true or false"
	nullNode   nodeKind = "nothing"
	listNode   nodeKind = "a list"
	mapNode    nodeKind = "a mapping"
)

// Bounds of a spec file: the YAML parser's time grows with the square of the depth.
const (
	maxSpecBytes = 64 << 10
	maxSpecDepth = 32
)

// document is a parsed file and its lines.
type document struct {
	file  string
	lines []string
	root  *node
}

// fail makes a complaint; a place beyond the text is moved to its end.
func (d *document) fail(line, col int, remedy, format string, args ...any) *SpecError {
	line = min(max(1, line), len(d.lines))
	source := strings.TrimSuffix(d.lines[line-1], "\r")
	return &SpecError{File: d.file, Line: line, Column: min(max(1, col), utf8.RuneCountInString(source)+1),
		Message: fmt.Sprintf(format, args...), Remedy: remedy, Source: source}
}

// readYAML parses one YAML document strictly: no duplicate fields, anchors,
// aliases, merges or tags.
func readYAML(data []byte, file string) (d *document, err error) {
	d = &document{file: file, lines: strings.Split(string(data), "\n")}
	if e := d.bounds(data); e != nil {
		return nil, e
	}
	defer func() { // a fault of the YAML parser is a bad spec, not our end
		if r := recover(); r != nil {
			d, err = nil, d.fail(1, 1, "simplify it: plain mappings and lists are enough", "cannot be read as YAML")
		}
	}()
	f, perr := parser.ParseBytes(data, 0, parser.AllowDuplicateMapKey())
	if perr != nil {
		return nil, d.syntax(perr)
	}
	var docs []*ast.DocumentNode
	for _, doc := range f.Docs {
		if doc.Body != nil && doc.Body.Type() != ast.CommentType {
			docs = append(docs, doc)
		}
	}
	if len(docs) == 0 {
		return nil, d.fail(1, 1, "begin with apiVersion: "+apiVersion, "the spec is empty")
	}
	if len(docs) > 1 {
		second, e := d.convert(docs[1].Body, 0)
		if e != nil {
			return nil, e
		}
		return nil, d.fail(second.line, second.col, "keep one rollout per file", "a second document begins here")
	}
	root, e := d.convert(docs[0].Body, 0)
	if e != nil {
		return nil, e
	}
	d.root = root
	return d, nil
}

// bounds refuses what the YAML parser should not see.
func (d *document) bounds(data []byte) *SpecError {
	if len(data) > maxSpecBytes {
		return d.fail(1, 1, fmt.Sprintf("keep it below %d", maxSpecBytes), "the spec has %d bytes", len(data))
	}
	depth := 0
	for i, line := range d.lines {
		if !utf8.ValidString(line) {
			return d.fail(i+1, 1, "save the file as UTF-8", "the line is not valid UTF-8")
		}
		col := 0
		for _, r := range line {
			col++
			switch r {
			case '[', '{':
				depth++
			case ']', '}':
				depth = max(0, depth-1)
			}
			if depth > maxSpecDepth {
				return d.fail(i+1, col, "a spec needs no more than 5 levels", "brackets are nested deeper than %d", maxSpecDepth)
			}
		}
	}
	return nil
}

// syntax turns the parser's complaint into ours.
func (d *document) syntax(err error) *SpecError {
	var at interface {
		GetMessage() string
		GetToken() *token.Token
	}
	line, col, msg := 1, 1, err.Error()
	if errors.As(err, &at) {
		msg = at.GetMessage()
		if t := at.GetToken(); t != nil && t.Position != nil {
			line, col = t.Position.Line, t.Position.Column
		}
	}
	msg, _, _ = strings.Cut(msg, "\n")
	return d.fail(line, col, "look at brackets, quotes and indentation here and just before", "not valid YAML: %s", msg)
}

func (d *document) convert(n ast.Node, depth int) (*node, *SpecError) {
	out := &node{line: 1, col: 1}
	if t := n.GetToken(); t != nil && t.Position != nil {
		out.line, out.col = t.Position.Line, t.Position.Column
	}
	if depth > maxSpecDepth {
		return nil, d.fail(out.line, out.col, "a spec needs no more than 5 levels", "nested deeper than %d", maxSpecDepth)
	}
	switch n := n.(type) {
	case *ast.MappingNode:
		return d.mapping(out, n.Values, n.IsFlowStyle, depth)
	case *ast.MappingValueNode:
		return d.mapping(out, []*ast.MappingValueNode{n}, false, depth)
	case *ast.SequenceNode:
		out.kind = listNode
		for _, v := range n.Values {
			item, err := d.convert(v, depth+1)
			if err != nil {
				return nil, err
			}
			out.vals = append(out.vals, item)
		}
		return out, nil
	}
	return d.scalar(out, n)
}

func (d *document) mapping(out *node, values []*ast.MappingValueNode, flow bool, depth int) (*node, *SpecError) {
	out.kind = mapNode
	first := map[string]int{}
	for _, v := range values {
		key, err := d.convert(v.Key, depth+1)
		if err != nil {
			return nil, err
		}
		if key.kind == listNode || key.kind == mapNode {
			return nil, d.fail(key.line, key.col, "use plain words", "a field name must be text")
		}
		if line, ok := first[key.text]; ok {
			return nil, d.fail(key.line, key.col, "remove one of them", "field %q was given before, on line %d", key.text, line)
		}
		first[key.text] = key.line
		val, err := d.convert(v.Value, depth+1)
		if err != nil {
			return nil, err
		}
		if val.kind == nullNode {
			val.line, val.col = key.line, key.col
		}
		out.keys, out.vals = append(out.keys, key), append(out.vals, val)
	}
	if !flow && len(out.keys) > 0 {
		out.line, out.col = out.keys[0].line, out.keys[0].col
	}
	return out, nil
}

func (d *document) scalar(out *node, n ast.Node) (*node, *SpecError) {
	switch n := n.(type) {
	case *ast.StringNode:
		out.kind, out.text = textNode, n.Value
		out.quoted = n.Token.Type == token.SingleQuoteType || n.Token.Type == token.DoubleQuoteType
		if _, err := strconv.ParseFloat(out.text, 64); err == nil && !out.quoted {
			out.kind = numberNode
		}
	case *ast.LiteralNode:
		out.kind, out.text, out.quoted = textNode, n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		out.kind, out.text = numberNode, n.GetToken().Value
	case *ast.BoolNode:
		out.kind, out.text = boolNode, strconv.FormatBool(n.Value)
	case *ast.NullNode:
		out.kind = nullNode
	default:
		return nil, d.fail(out.line, out.col, "write the value out", "anchors, aliases, merges and tags are not supported")
	}
	return out, nil
}
