package decision

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// reader takes values out of nodes. It keeps the first complaint and goes on, so
// that the code that reads a spec needs no error handling of its own.
type reader struct {
	doc    *document
	err    *SpecError
	absent *SpecError // the first field that is missing: told if nothing else is wrong, for a misspelt name is the better complaint
}

// complaint is what is wrong, nil if nothing is.
func (r *reader) complaint() *SpecError {
	if r.err == nil {
		return r.absent
	}
	return r.err
}

func (r *reader) fail(n *node, remedy, format string, args ...any) {
	if r.err == nil && n.shape == nil {
		r.err = r.doc.fail(n.line, n.col, remedy, format, args...)
	}
}

// fields is a mapping that is being read: what was asked for is what it may hold.
type fields struct {
	*reader
	node  *node
	known []string
}

// open begins to read a mapping; what names it in messages.
func (r *reader) open(n *node, what string) *fields {
	if !n.is("map") && n.kind != mapNode {
		r.fail(n, "write it as fields: name: value", "%s must be a mapping, not %s", what, n.describe())
		return &fields{reader: r, node: &node{kind: mapNode, line: n.line, col: n.col}}
	}
	return &fields{reader: r, node: n}
}

// sub opens a mapping inside; a missing one reads as empty.
func (f *fields) sub(key string) *fields {
	n := f.get(key)
	if n == nil {
		n = &node{kind: mapNode, line: f.node.line, col: f.node.col}
	}
	return f.open(n, key)
}

// get returns the value of a field, nil if it is not given.
func (f *fields) get(key string) *node {
	if !contains(f.known, key) {
		f.known = append(f.known, key)
	}
	if f.node.shape != nil {
		return canvas(f.node.shape.child(key))
	}
	for i, k := range f.node.keys {
		if k.text != key {
			continue
		}
		if f.node.vals[i].kind == nullNode {
			f.fail(k, "give it one, or remove the line", "%s has no value", key)
			return nil
		}
		return f.node.vals[i]
	}
	return nil
}

// need is get for a field without which the mapping makes no sense.
func (f *fields) need(key, remedy string) *node {
	n := f.get(key)
	if f.node.shape != nil {
		f.node.shape.required = append(f.node.shape.required, key)
	}
	if n == nil && f.absent == nil {
		f.absent = f.doc.fail(f.node.line, f.node.col, remedy, "%s is missing", key)
	}
	return n
}

// list returns the items of a list field.
func (f *fields) list(key string) []*node {
	n := f.get(key)
	switch {
	case n == nil:
		return nil
	case n.is("list"):
		if n.shape.item == nil {
			n.shape.item = &shape{}
		}
		return []*node{canvas(n.shape.item)}
	case n.kind != listNode:
		f.fail(n, "put its items under it, each after a dash", "%s must be a list, not %s", key, n.describe())
		return nil
	}
	return n.vals
}

// close refuses the fields that nobody asked for.
func (f *fields) close() {
	for _, k := range f.node.keys {
		if !contains(f.known, k.text) {
			remedy := "known here: " + strings.Join(f.known, ", ")
			if near := nearest(k.text, f.known); near != "" {
				remedy = fmt.Sprintf("did you mean %q?", near)
			}
			f.fail(k, remedy, "unknown field %q", k.text)
		}
	}
}

func (f *fields) text(key string, to *string) {
	if n := f.get(key); n != nil {
		f.asText(n, key, to)
	}
}

func (r *reader) asText(n *node, what string, to *string) {
	switch {
	case n.is("text"):
	case n.kind != textNode && (n.kind == numberNode || n.kind == boolNode):
		r.fail(n, "put it in quotes", "%s must be text, not %s", what, n.describe())
	case n.kind != textNode:
		r.fail(n, "give one word", "%s must be text, not %s", what, n.describe())
	case n.text == "" || len(n.text) > 128 || strings.ContainsFunc(n.text, control):
		r.fail(n, "use 1 to 128 printable bytes", "%s is empty, too long, or has control characters", what)
	default:
		*to = n.text
	}
}

func control(c rune) bool {
	return c < 0x20 || c == 0x7f || c == 0x85 || c == 0x2028 || c == 0x2029 || c == 0xfeff
}

// choice reads one of the allowed words.
func (f *fields) choice(key string, to *string, allowed ...string) {
	n := f.get(key)
	if n == nil || n.is("text", allowed...) {
		return
	}
	if (n.kind != textNode && n.kind != boolNode) || !contains(allowed, n.text) {
		f.fail(n, "allowed: "+strings.Join(allowed, ", "), "%s %q is unknown", key, n.text)
		return
	}
	*to = n.text
}

func (f *fields) flag(key string, to *bool) {
	n := f.get(key)
	if n == nil || n.is("flag") {
		return
	}
	if n.kind != boolNode {
		f.fail(n, "write true or false", "%s must be true or false, not %s", key, n.describe())
		return
	}
	*to = n.text == "true"
}

func (f *fields) number(key string, to *float64) {
	if n := f.get(key); n != nil {
		f.asNumber(n, key, to)
	}
}

// asNumber reads a finite decimal number within ±1e15; "10%" is 0.1.
func (r *reader) asNumber(n *node, what string, to *float64) {
	if n.is("number") {
		return
	}
	text, percent := strings.CutSuffix(n.text, "%")
	x, err := strconv.ParseFloat(text, 64)
	scalar := n.kind == numberNode || n.kind == textNode && percent
	if !scalar || err != nil || strings.ContainsAny(text, "xXpP_") || !(math.Abs(x) <= 1e15) {
		r.fail(n, `write a decimal number such as 0.05, or a percentage such as 5%`, "%s must be a number, not %s", what, n.describe())
		return
	}
	if percent {
		x /= 100
	}
	*to = x + 0 // no negative zero
}

func (f *fields) whole(key string, to *int64) {
	n := f.get(key)
	if n == nil || n.is("whole") {
		return
	}
	x, err := strconv.ParseInt(n.text, 10, 64)
	if n.kind != numberNode || err != nil || x < 0 || x > 1e15 {
		f.fail(n, "write digits only, such as 2000", "%s must be a whole number, not %s", key, n.describe())
		return
	}
	*to = x
}

// maxDuration bounds every duration of a spec.
const longest = 365 * 24 * time.Hour

func (f *fields) duration(key string, to *time.Duration) {
	n := f.get(key)
	if n == nil || n.is("duration") {
		return
	}
	d, err := time.ParseDuration(n.text)
	switch {
	case n.kind == numberNode:
		f.fail(n, "write "+n.text+"s, "+n.text+"m or "+n.text+"h", "%s has no unit", key)
	case n.kind != textNode || err != nil:
		f.fail(n, "write a duration such as 30s, 10m or 1h30m", "%s must be a duration, not %s", key, n.describe())
	case d < 0 || d > longest || d%time.Millisecond != 0:
		f.fail(n, "use whole milliseconds, from 0 to 8760h", "%s %s is out of range", key, n.text)
	default:
		*to = d
	}
}

// says tells whether a field is one word in place of its usual value, such as never.
func (f *fields) says(key, word string) bool {
	n := f.get(key)
	if n != nil && n.shape != nil {
		n.shape.also = append(n.shape.also, word)
	}
	return n != nil && n.kind == textNode && n.text == word
}

// lone tells whether a value is a scalar or list where a mapping may stand as well.
func (n *node) lone(kind string) bool {
	if n.shape != nil {
		n.shape.lone = kind
		return false
	}
	return n.kind != mapNode
}

// names reads a mapping whose names are free, one value at a time.
func (f *fields) names(each func(name string, n *node)) {
	if s := f.node.shape; s != nil {
		s.open, s.item = true, &shape{}
		each("", canvas(s.item))
		return
	}
	for i, k := range f.node.keys {
		if f.get(k.text) != nil {
			each(k.text, f.node.vals[i])
		}
	}
}
