package codec

import (
	"encoding/binary"
	"math"

	"verdin/schemas"
)

// avroEvent decodes an event in Avro's binary encoding along the plan of its
// writer's schema.
func (d *Decoder) avroEvent(w *avroWriter) bool {
	kind, ok := w.called.kind(d)
	if !ok {
		return d.refuse(schemas.RejectEventType, unknownWriter)
	}
	d.start(kind)
	if !d.avroRecord(w.plan(d, kind)) {
		return false
	}
	if d.pos < len(d.src) {
		return d.syntax("bytes after the event")
	}
	return true
}

// avroRecord reads the fields of a record whose plan is known.
func (d *Decoder) avroRecord(n *avroNode) bool {
	if !d.deeper(maxDepth) || !d.spend(1+len(n.fields)) {
		return false
	}
	for i := range n.fields {
		f := &n.fields[i]
		if f.later && d.pos == len(d.src) {
			break
		}
		if !d.avroValue(f.node, &f.meaning) {
			return false
		}
	}
	d.depth--
	return true
}

// avroValue reads a value and puts it where it belongs. It returns false only if
// the walk must end.
func (d *Decoder) avroValue(n *avroNode, m *meaning) bool {
	for n.kind == avroUnion {
		if n = d.avroBranch(n); n == nil {
			return false
		}
	}
	switch n.kind {
	case avroNull:
		return d.putNull(m)
	case avroBoolean:
		return d.avroTruth(m)
	case avroInt, avroLong:
		return d.avroWhole(n, m)
	case avroFloat, avroDouble:
		x, ok := d.avroReal(n.kind)
		return ok && d.putNumber(m, x)
	case avroString, avroBytes, avroFixed, avroEnum:
		return d.avroText(n, m)
	case avroArray:
		if !d.accepts(m, array) || m.to != toEvaluations {
			return d.avroSkip(n)
		}
		return d.avroEvaluations(n)
	case avroMap:
		if !d.accepts(m, record) || m.to != toMembers {
			return d.avroSkip(n)
		}
		return d.avroMembers(n, m)
	}
	if !d.accepts(m, record) || !n.bound {
		return d.avroSkip(n)
	}
	return d.avroRecord(n)
}

// avroMembers reads a map of scalars.
func (d *Decoder) avroMembers(n *avroNode, m *meaning) bool {
	if !d.deeper(maxDepth) {
		return false
	}
	m.in.begin()
	o, b := object{shape: m.in, last: -1}, avroBlocks{end: -1}
	for d.avroNext(&b) {
		size, ok := d.avroLong()
		if !ok {
			return false
		}
		name, ok := d.takeBytes(size)
		if !ok {
			return false
		}
		sl := d.named(&o, name)
		if sl == nil || !d.avroValue(n.items, &sl.meaning) {
			return false
		}
	}
	d.depth--
	return d.reason == ""
}

// avroEvaluations reads an array of evaluations.
func (d *Decoder) avroEvaluations(n *avroNode) bool {
	if !d.deeper(maxDepth) {
		return false
	}
	b := avroBlocks{end: -1}
	for d.avroNext(&b) {
		item := n.items
		for item != nil && item.kind == avroUnion {
			item = d.avroBranch(item)
		}
		switch {
		case item == nil:
			return false
		case !item.bound:
			d.complain(schemas.RejectType, "evaluations: want objects in the array")
			if !d.avroSkip(item) {
				return false
			}
		default:
			mark := len(d.chunk.Arena)
			d.judged = judgement{}
			if !d.avroRecord(item) {
				return false
			}
			if !d.storeEvaluation() {
				d.chunk.Arena = d.chunk.Arena[:mark]
			}
		}
	}
	d.depth--
	return d.reason == ""
}

// avroSkip steps over a value and checks it.
func (d *Decoder) avroSkip(n *avroNode) bool {
	switch n.kind {
	case avroUnion:
		b := d.avroBranch(n)
		return b != nil && d.avroSkip(b)
	case avroArray, avroMap:
		if !d.deeper(maxDepth) {
			return false
		}
		b := avroBlocks{end: -1}
		for d.avroNext(&b) {
			if n.kind == avroMap {
				if _, ok := d.avroString(); !ok {
					return false
				}
			}
			if !d.avroSkip(n.items) {
				return false
			}
		}
		d.depth--
		return d.reason == ""
	case avroRecord:
		if !d.deeper(maxDepth) || !d.spend(1+len(n.fields)) {
			return false
		}
		for i := range n.fields {
			if !d.avroSkip(n.fields[i].node) {
				return false
			}
		}
		d.depth--
		return true
	}
	return d.avroValue(n, &skipped)
}

// avroBranch reads which branch of a union follows.
func (d *Decoder) avroBranch(n *avroNode) *avroNode {
	if d.pos < len(d.src) && d.src[d.pos]&0x81 == 0 { // most have few branches
		if i := int(d.src[d.pos] >> 1); i < len(n.branches) {
			d.pos++
			return n.branches[i]
		}
	}
	i, ok := d.avroLong()
	if !ok {
		return nil
	}
	if i < 0 || i >= int64(len(n.branches)) {
		d.syntax("a branch that the union does not have")
		return nil
	}
	return n.branches[i]
}

// avroBlocks is the walk over the blocks of an array or a map: a count of items,
// 0 at the end; a negative one is followed by the size of the block in bytes.
type avroBlocks struct {
	left int64
	end  int // of the block, -1 = not said
}

// avroNext moves to the next item. It returns false after the last and on failure.
func (d *Decoder) avroNext(b *avroBlocks) bool {
	for b.left == 0 {
		if b.end >= 0 && d.pos != b.end {
			return d.syntax("a block of another size than it says")
		}
		n, ok := d.avroLong()
		if !ok || n == 0 {
			return false
		}
		b.end, b.left = -1, n
		if n < 0 {
			size, ok := d.avroLong()
			if !ok {
				return false
			}
			if size < 0 || size > int64(len(d.src)-d.pos) || n == math.MinInt64 {
				return d.syntax("a block that is longer than the record")
			}
			b.end, b.left = d.pos+int(size), -n
		}
	}
	b.left--
	return d.spend(1)
}

// avroLong reads a zigzag number of at most 64 bits.
func (d *Decoder) avroLong() (int64, bool) {
	if d.pos < len(d.src) && d.src[d.pos] < 0x80 { // most are of one byte
		v := uint64(d.src[d.pos])
		d.pos++
		return int64(v>>1) ^ -int64(v&1), true
	}
	v, n := binary.Varint(d.src[d.pos:])
	if n <= 0 {
		return 0, d.syntax("a number that does not end")
	}
	d.pos += n
	return v, true
}

// takeBytes returns the next n bytes.
func (d *Decoder) takeBytes(n int64) ([]byte, bool) {
	if n < 0 || n > int64(len(d.src)-d.pos) {
		return nil, d.syntax("a length beyond the end of the record")
	}
	b := d.src[d.pos : d.pos+int(n)]
	d.pos += int(n)
	return b, true
}
