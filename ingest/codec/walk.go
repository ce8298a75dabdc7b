package codec

import (
	"math"

	"verdin/schemas"
)

// object walks over the object at the current position.
func (d *Decoder) object(sh *shape) bool {
	o, ok := d.open(sh)
	for ok {
		sl := d.member(&o)
		if sl == nil {
			return d.reason == ""
		}
		d.peek()
		n, from := len(d.trail), d.pos
		ok = d.value(&sl.meaning)
		d.trace(n, from, &sl.meaning)
	}
	return false
}

// value steps over the value of a member and puts it where it belongs. It
// returns false only if the walk must end.
func (d *Decoder) value(m *meaning) bool {
	switch c := d.peek(); {
	case c == '"':
		b, ok := d.text()
		return ok && d.putText(m, b)
	case c == '-' || isDigit(c):
		if x, end := quick(d.src, d.pos); end > d.pos {
			d.pos = end
			return d.putNumber(m, x)
		}
		return d.scanner.number() && d.putScanned(m)
	case c == '{':
		if !d.accepts(m, record) {
			return d.skip()
		}
		return d.inside(m)
	case c == '[':
		if !d.accepts(m, array) || m.to != toEvaluations {
			return d.skip()
		}
		return d.evaluationList()
	}
	kind, _, ok := d.scalar()
	if !ok || !d.accepts(m, 1<<kind) || m.col < 0 && (kind == schemas.Null || m.to == toNothing) {
		return ok
	}
	return d.store(m, schemas.Cell{Kind: kind}, nil)
}

// putScanned puts the number just stepped over.
func (d *Decoder) putScanned(m *meaning) bool {
	if !d.accepts(m, number) || m.to == toNothing && m.col < 0 {
		return true
	}
	x, ok := d.float()
	if !ok {
		return d.tooBig(m)
	}
	return d.store(m, schemas.Cell{Kind: schemas.Number, Num: x}, nil)
}

// store puts a scalar of the right type into its column and brings it to its target.
func (d *Decoder) store(m *meaning, c schemas.Cell, b []byte) bool {
	if c.Kind == schemas.String {
		if m.to.isID() && len(b) > maxID {
			d.complain(schemas.RejectSize, m.path+": an id above 128 bytes")
			return true
		}
		if m.col >= 0 {
			c.Text = d.chunk.Intern(b)
		}
	}
	if m.col >= 0 {
		d.row.set(m.col, c)
	}
	return m.to == toNothing || d.take(m, c, b)
}

func (d *Decoder) tooBig(m *meaning) bool {
	d.complain(schemas.RejectNumber, m.path+": a number beyond 1e15 in size")
	return true
}

// accepts tells whether a value of type t may stand here, and complains if not.
func (d *Decoder) accepts(m *meaning, t types) bool {
	if m.want&t != 0 {
		return true
	}
	d.complain(schemas.RejectType, m.path+": want "+(m.want&^null).String()+", got "+t.String())
	return false
}

// inside walks over an object that the contract knows.
func (d *Decoder) inside(m *meaning) bool {
	switch m.to {
	case toMembers:
		return d.object(m.in)
	case toData:
		return d.eventData()
	case toPosition:
		return d.object(d.position) && d.checkPosition()
	}
	return d.skip()
}

// take brings a scalar of the right type to its target.
func (d *Decoder) take(m *meaning, c schemas.Cell, b []byte) bool {
	if c.Kind == schemas.Null {
		return true
	}
	switch m.to {
	case toRollout:
		d.row.text[toRollout] = d.repeated(d.chunk.Rollout, b)
	case toArm:
		d.row.text[toArm] = d.repeated(d.chunk.Arm, b)
	case toName:
		d.row.text[toName] = d.repeated(d.chunk.Name, b)
	case toKey, toUnit, toIdentifier, toSubject:
		d.row.text[m.to] = d.chunk.Intern(b)
	case toTime:
		d.takeTime(m, &d.row.ts, c, b)
	case toEnvelopeTime:
		d.takeTime(m, &d.row.sent, c, b)
	case toArrival:
		d.takeTime(m, &d.row.at, c, b)
	case toRevision:
		d.row.revision = int32(d.whole(m, c, math.MinInt32, math.MaxInt32))
	case toGeneration:
		d.row.generation = uint32(d.whole(m, c, 0, math.MaxUint32))
	case toStage:
		d.row.stage = int32(d.whole(m, c, 0, math.MaxInt32))
	case toRate:
		d.row.rate = int32(d.whole(m, c, 1, math.MaxInt32))
	case toEnvelopeRate:
		d.takeRate(m, c, b)
	case toType:
		return d.takeType(b)
	case toVersion:
		return d.takeVersion(b)
	case toBase64:
		return d.fail(schemas.RejectEncoding, "data_base64: send the event as JSON in data")
	case toEvaluationName, toEvaluationScore, toEvaluationLabel:
		d.takeEvaluation(m.to, c, b)
	case toTopic, toPartition, toOffset:
		d.takePosition(m, c, b)
	}
	return true
}

// repeated keeps a text for a column: once where one of the few rows before has the same.
func (d *Decoder) repeated(column []schemas.Text, b []byte) schemas.Text {
	const few = 4
	for i := len(column) - 1; i >= max(0, len(column)-few); i-- {
		if string(d.chunk.Bytes(column[i])) == string(b) {
			return column[i]
		}
	}
	return d.chunk.Intern(b)
}

// whole returns a number that must be whole and in [low, high].
func (d *Decoder) whole(m *meaning, c schemas.Cell, low, high float64) int64 {
	if c.Num != math.Trunc(c.Num) || c.Num < low || c.Num > high {
		d.complain(schemas.RejectNumber, m.path+": want a whole number in its range")
		return 0
	}
	return int64(c.Num)
}

// takeRate reads an envelope's sampling rate, which is a text in headers.
func (d *Decoder) takeRate(m *meaning, c schemas.Cell, b []byte) {
	if c.Kind == schemas.String {
		n, ok := digits(b)
		if c.Num = float64(n); !ok || len(b) > len("2147483647") {
			c.Num = 0
		}
	}
	d.row.sentRate = int32(d.whole(m, c, 1, math.MaxInt32))
}

// takeTime reads an RFC 3339 time or whole Unix milliseconds.
func (d *Decoder) takeTime(m *meaning, t *schemas.Time, c schemas.Cell, b []byte) {
	ok := false
	if c.Kind == schemas.String {
		*t, ok = d.clock.parse(b)
	} else if c.Num == math.Trunc(c.Num) && c.Num >= 0 && c.Num < latest {
		*t, ok = schemas.Time(int64(c.Num)*1e6), true
	}
	if !ok {
		d.complain(schemas.RejectTime, m.path+": want RFC 3339 or whole Unix milliseconds, 1970 to 2199")
	}
}

// isID tells whether a target holds an id or a name, with the limit of one.
func (t target) isID() bool { return t > toNothing && t < ids || t == toEvaluationName || t == toTopic }
