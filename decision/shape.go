package decision

// shape is what a value of a spec may be. The loader draws it: run over a node that
// has a shape instead of a value, it writes down what it would read there. The JSON
// Schema and the table of docs/spec.md are made of it, so neither can disagree with
// what is read.
type shape struct {
	name     string // of the field, "" for an item of a list
	kind     string // "text", "number", "whole", "flag", "duration", "list", "map", "" = not drawn
	enum     []string
	also     []string // words beside kind
	lone     string   // a scalar kind that may stand for the mapping or list
	props    []*shape // of a map, in the order of reading
	required []string
	item     *shape // of a list
	open     bool   // a map whose names are free; item is what they hold
}

// child is the shape of a field, made when it is first asked for.
func (s *shape) child(name string) *shape {
	for _, p := range s.props {
		if p.name == name {
			return p
		}
	}
	p := &shape{name: name}
	s.props = append(s.props, p)
	return p
}

// canvas is a node on which the loader draws.
func canvas(s *shape) *node { return &node{kind: mapNode, line: 1, col: 1, shape: s} }

// is writes down what a node may hold, and tells whether there is nothing to read.
func (n *node) is(kind string, enum ...string) (drawn bool) {
	if n.shape == nil {
		return false
	}
	if n.shape.kind == "" {
		n.shape.kind, n.shape.enum = kind, enum
	}
	return true
}

// drawn is the shape of a whole spec.
func drawn() *shape {
	root := &shape{}
	r := &reader{doc: &document{lines: []string{""}}}
	r.rollout(canvas(root)) // what it reads is nothing; what it draws stays
	return root
}
