package calibrate

import (
	"math"
	"slices"

	"verdin/schemas"
)

// Shift is a fault that is put into the canary's values of one field.
type Shift struct {
	Name string
	Size string // in words
	Half bool   // begins in the middle of the history
	on   func(shape, field) bool
	do   func(s shape, f field, v value, u float64) value
}

// value is one value of a column.
type value struct {
	kind  schemas.ValueKind
	num   float64
	novel bool // the text is one that history does not have
}

// part is the share of rows that partial faults hit.
const part = 0.05

// Shifts lists every fault. u is uniform on [0, 1), by row.
var Shifts = []Shift{
	{"mean", "half a standard deviation to the bad side", false, number, worsen},
	{"mean", "10 % of the rows turn bad", false, truth, spoil},
	{"scale", "half as much again, about the median", false, number, func(s shape, _ field, v value, _ float64) value {
		v.num = s.median + 1.5*(v.num-s.median)
		return v
	}},
	{"tail", "1 % of the rows as far again beyond the 99th percentile as that is from the median", false, number, func(s shape, _ field, v value, u float64) value {
		if u < 0.01 {
			v.num = math.Max(v.num, 2*s.tail-s.median)
		}
		return v
	}},
	{"one bin", "half of one decile moves to another", false, number, func(s shape, _ field, v value, u float64) value {
		if v.num >= s.decile[0] && v.num < s.decile[1] && u < 0.5 {
			v.num += s.jump
		}
		return v
	}},
	{"missing", "5 % of the rows", false, anything, func(_ shape, _ field, v value, u float64) value {
		if u < part {
			v = value{}
		}
		return v
	}},
	{"new value", "5 % of the rows, a name that history does not have", false, names, func(_ shape, _ field, v value, u float64) value {
		if u < part {
			v = value{kind: schemas.String, novel: true}
		}
		return v
	}},
	{"new value", "5 % of the rows, beyond the range of history", false, number, func(s shape, _ field, v value, u float64) value {
		if u < part {
			v.num = s.most + (s.most - s.least)
		}
		return v
	}},
	{"unit", "1,000 times as large", false, number, func(_ shape, _ field, v value, _ float64) value { v.num *= 1000; return v }},
	{"delayed start", "half a standard deviation to the bad side, from the middle of the history on", true, number, worsen},
	{"delayed start", "10 % of the rows turn bad, from the middle of the history on", true, truth, spoil},
}

func number(s shape, f field) bool { return !f.truth && s.numbers > s.names && s.spread > 0 }
func names(s shape, f field) bool  { return !f.truth && s.names > s.numbers }
func truth(_ shape, f field) bool  { return f.truth }
func anything(s shape, f field) bool {
	return s.numbers+s.names > s.missing // a field that is mostly absent loses nothing
}

// worsen moves a number to the bad side; a field that no metric reads moves up.
func worsen(s shape, f field, v value, _ float64) value {
	if f.lower {
		v.num -= s.spread / 2
	} else {
		v.num += s.spread / 2
	}
	return v
}

// spoil turns good rows bad. Which value is bad depends on what the column holds.
func spoil(s shape, f field, v value, u float64) value {
	switch {
	case u >= 2*part:
		return v
	case s.truths > 0 && f.lower:
		return value{kind: schemas.False}
	case s.truths > 0:
		return value{kind: schemas.True}
	case s.numbers > 0 && f.lower:
		return value{kind: schemas.Number}
	case s.numbers > 0:
		return value{kind: schemas.Number, num: 1}
	}
	return value{kind: schemas.String, novel: !f.lower} // empty text counts as 0
}

// injected is a shift of one field of one history.
type injected struct {
	*Shift
	field field
	shape shape
	since schemas.Time
}

// inject prepares a shift; it begins with the history, or in its middle.
func (h *History) inject(s *Shift, f field, sh shape) *injected {
	in := &injected{s, f, sh, h.From}
	if s.Half {
		in.since = h.From.Add(h.To.Sub(h.From) / 2)
	}
	return in
}

// apply puts the shift into the canary's rows of a chunk, whose column is replaced.
func (in *injected) apply(c *schemas.Chunk, canary []bool, salt uint64) {
	k := in.field.kind
	c.Values[k] = slices.Clone(c.Values[k])
	col := &c.Values[k][in.field.column]
	col.Kind, col.Num, col.Text = slices.Clone(col.Kind), slices.Clone(col.Num), slices.Clone(col.Text)
	for i := range canary {
		if !canary[i] || c.Kind[i] != k || c.TS[i] < in.since || in.field.of != "" && string(c.Bytes(c.Name[i])) != in.field.of {
			continue
		}
		r := c.Row[i]
		was := value{kind: col.Kind[r], num: col.Num[r]}
		if was.kind >= schemas.Number { // there is a value
			in.put(col, r, was, in.do(in.shape, in.field, was, uniform(^salt+uint64(c.Offset[i]), c.Bytes(c.Key[i]))), words(c)[wordNovel])
		}
	}
}

func (in *injected) put(col *schemas.Column, r int32, was, now value, novel schemas.Text) {
	if now == was {
		return
	}
	if now.num-now.num != 0 {
		now.num = was.num // what no event can hold
	}
	col.Kind[r], col.Num[r], col.Text[r] = now.kind, now.num, schemas.Text{}
	if now.novel {
		col.Text[r] = novel
	}
}
