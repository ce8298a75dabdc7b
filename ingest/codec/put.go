package codec

import (
	"strconv"
	"unicode/utf8"

	"verdin/schemas"
)

// What the binary encodings share: their values reach the columns here, with the
// rules that the values of JSON have.

// putNull puts a null. In a field of a record or message it means that the event
// leaves the member out; among members of any name it is a value.
func (d *Decoder) putNull(m *meaning) bool {
	if m.optional || !d.accepts(m, null) || m.col < 0 {
		return true
	}
	return d.store(m, schemas.Cell{Kind: schemas.Null}, nil)
}

func (d *Decoder) putTruth(m *meaning, v bool) bool {
	if !d.accepts(m, truth) {
		return true
	}
	kind := schemas.False
	if v {
		kind = schemas.True
	}
	return d.store(m, schemas.Cell{Kind: kind}, nil)
}

// putNumber puts a number. There is no negative zero.
func (d *Decoder) putNumber(m *meaning, x float64) bool {
	if !d.accepts(m, number) || m.to == toNothing && m.col < 0 {
		return true
	}
	if !(x >= -maxNumber && x <= maxNumber) {
		d.complain(schemas.RejectNumber, m.path+": NaN, infinite or beyond 1e15 in size: leave it out")
		return true
	}
	return d.store(m, schemas.Cell{Kind: schemas.Number, Num: x + 0}, nil)
}

func (d *Decoder) putText(m *meaning, b []byte) bool {
	if !d.accepts(m, text) || m.to == toNothing && m.col < 0 {
		return true
	}
	return d.store(m, schemas.Cell{Kind: schemas.String}, b)
}

// putInstant puts an event time of ticks since 1970.
func (d *Decoder) putInstant(m *meaning, ticks, nanos int64) bool {
	if ticks < 0 || ticks >= latest*(1e6/nanos) {
		d.complain(schemas.RejectTime, m.path+": want a time of the years 1970 to 2199")
		return true
	}
	d.row.ts = schemas.Time(ticks * nanos)
	return true
}

// checkText checks a text as those of JSON are.
func (s *scanner) checkText(b []byte) bool {
	if len(b) > maxText {
		return s.tooLong()
	}
	var all byte
	for _, c := range b {
		all |= c
	}
	if all >= utf8.RuneSelf && !utf8.Valid(b) {
		return s.fail(schemas.RejectUTF8, "a string that is not UTF-8")
	}
	return true
}

// deeper steps into a record, a map, an array or a message.
func (d *Decoder) deeper(limit int) bool {
	if d.depth == limit {
		return d.fail(schemas.RejectDepth, "nested deeper than "+strconv.Itoa(limit)+" levels")
	}
	d.depth++
	return true
}

// spend bounds the work that values without bytes can cause.
func (d *Decoder) spend(values int) bool {
	if d.budget -= values; d.budget < 0 {
		return d.fail(schemas.RejectSize, "more values than a record may have")
	}
	return true
}
