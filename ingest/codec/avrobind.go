package codec

import "verdin/schemas"

// plan is the writer's schema with the meaning of its fields for events of kind k.
func (w *avroWriter) plan(d *Decoder, k schemas.Kind) *avroNode {
	if w.plans[k] == nil {
		w.plans[k] = w.root.bindRecord(d.data[k], d)
	}
	return w.plans[k]
}

// bindRecord returns the record with the meaning that the shape's members have. A
// field is the member of its name, or else of its first alias that is one. The
// library has seen that no name and no alias stands twice.
func (n *avroNode) bindRecord(sh *shape, d *Decoder) *avroNode {
	out := *n
	out.bound = true
	out.fields = make([]avroField, len(n.fields))
	for i, f := range n.fields {
		m, ok := sh.member(f.name)
		for _, alias := range f.aliases {
			if !ok {
				m, ok = sh.member(alias)
			}
		}
		m.optional = true
		f.meaning, f.node = m, f.node.bind(&m, d)
		out.fields[i] = f
	}
	return &out
}

// bind returns the type as it is read where m stands.
func (n *avroNode) bind(m *meaning, d *Decoder) *avroNode {
	switch {
	case n.kind == avroUnion && (m.to == toMembers || m.to == toEvaluations):
		out := *n
		out.branches = make([]*avroNode, len(n.branches))
		for i, b := range n.branches {
			out.branches[i] = b.bind(m, d)
		}
		return &out
	case n.kind == avroRecord && m.to == toMembers:
		return n.bindRecord(m.in, d)
	case n.kind == avroArray && m.to == toEvaluations:
		out := *n
		out.items = n.items.bindElement(d)
		return &out
	}
	return n
}

// bindElement returns the type of an array's elements that are evaluations.
func (n *avroNode) bindElement(d *Decoder) *avroNode {
	switch n.kind {
	case avroRecord:
		return n.bindRecord(d.evaluation, d)
	case avroUnion:
		out := *n
		out.branches = make([]*avroNode, len(n.branches))
		for i, b := range n.branches {
			out.branches[i] = b
			if b.kind == avroRecord {
				out.branches[i] = b.bindElement(d)
			}
		}
		return &out
	}
	return n
}

// member is what a member of the contract or the layout means; what was learned
// from other events is none.
func (sh *shape) member(name string) (meaning, bool) {
	if i, ok := sh.index[name]; ok && int(i) < sh.known {
		return sh.slots[i].meaning, true
	}
	return sh.rest, false
}
