package codec

import (
	"math"

	"verdin/schemas"
)

// recorded is what "@pos" says of a line: where it stood in Kafka. One file
// holds one partition, in order, so the lines before bind the ones after. An
// offset alone says that lines before were left out.
type recorded struct {
	named     uint8 // members that this line has,
	seen      uint8 // and those of them that are right
	topic     string
	partition int64
	offset    int64
	bound     bool  // topic and partition stand for the whole file
	next      int64 // the offset after the last record
}

const (
	seenTopic = 1 << iota
	seenPartition
	seenOffset

	seenAll = seenTopic | seenPartition | seenOffset
)

// takePosition reads a member of "@pos".
func (d *Decoder) takePosition(m *meaning, c schemas.Cell, b []byte) {
	p := &d.place
	p.named |= seenTopic << (m.to - toTopic)
	switch m.to {
	case toTopic:
		if p.bound && string(b) != p.topic {
			d.complain(schemas.RejectSyntax, "@pos: another topic than in the lines before: one file holds one partition")
			return
		}
		if !p.bound {
			p.topic = string(b)
		}
		p.seen |= seenTopic
	case toPartition:
		n := d.whole(m, c, 0, math.MaxInt32)
		if p.bound && n != p.partition {
			d.complain(schemas.RejectSyntax, "@pos: another partition than in the lines before: one file holds one partition")
			return
		}
		p.partition = n
		p.seen |= seenPartition
	case toOffset:
		n := d.whole(m, c, 0, maxNumber)
		if n < p.next {
			d.complain(schemas.RejectSyntax, "@pos: an offset that the lines before have passed")
			return
		}
		p.offset = n
		p.seen |= seenOffset
	}
}

// checkPosition ends the walk over "@pos".
func (d *Decoder) checkPosition() bool {
	if !d.place.placed() {
		d.complain(schemas.RejectMissing, "@pos: want topic, partition and offset, or the offset alone")
	}
	return true
}

// placed tells whether the line says where it stood.
func (p *recorded) placed() bool {
	return p.seen == seenAll || p.seen == seenOffset && p.named == seenOffset
}

// offset is the offset of the record just decoded: the recorded one if the line
// has it, else the caller's, but never behind the records before.
func (d *Decoder) offset() int64 {
	if !d.opt.Recording {
		return d.in.Offset
	}
	offset := max(d.in.Offset, d.place.next)
	if d.place.placed() {
		offset = d.place.offset
	}
	d.place.bound = d.place.bound || d.place.seen == seenAll
	d.place.next = offset + 1
	return offset
}
