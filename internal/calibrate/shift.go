package calibrate

import (
	"slices"

	"verdin/drift"
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
	{"scale", "half as far again from the mean", false, number, fault("scale", 0.5)},
	{"tail", "2 % of the rows move beyond the 99th percentile", false, number, fault("tail", 0.02)},
	{"one bin", "10 % of the rows become the median", false, number, fault("one bin", 0.1)},
	{"missing", "5 % of the rows", false, anything, lose},
	{"new value", "5 % of the rows, a name that history does not have", false, names, rename},
	{"new value", "5 % of the rows, beyond the range of history", false, number, fault("new value", part)},
	{"unit", "1,000 times as large", false, number, fault("unit", 1000)},
	{"delayed start", "half a standard deviation to the bad side, from the middle of the history on", true, number, worsen},
	{"delayed start", "10 % of the rows turn bad, from the middle of the history on", true, truth, spoil},
}

// fault puts an injection of the drift package into numbers.
func fault(name string, size float64) func(shape, field, value, float64) value {
	i := slices.IndexFunc(drift.Injections, func(in drift.Injection) bool { return in.Name == name })
	apply := drift.Injections[i].Apply
	return func(s shape, _ field, v value, u float64) value {
		y, missing := apply(s.profile, v.num, u, size)
		if missing {
			return value{}
		}
		v.num = y
		return v
	}
}

func lose(_ shape, _ field, v value, u float64) value {
	if u < part {
		return value{}
	}
	return v
}

func rename(_ shape, _ field, v value, u float64) value {
	if u < part {
		return value{kind: schemas.String, novel: true}
	}
	return v
}

var up, down = fault("mean", 0.5), fault("mean", -0.5)

// worsen moves a number to the bad side; a field that no metric reads moves up.
func worsen(s shape, f field, v value, u float64) value {
	if f.lower {
		return down(s, f, v, u)
	}
	return up(s, f, v, u)
}

func number(s shape, f field) bool { return !f.truth && s.numbers > s.names && s.profile.SD > 0 }
func names(s shape, f field) bool  { return !f.truth && s.names > s.numbers }
func truth(_ shape, f field) bool  { return f.truth }
func anything(s shape, f field) bool {
	return s.numbers+s.names > s.missing // a field that is mostly absent loses nothing
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
	col := slices.Clone(c.Values[k][in.field.column])
	c.Values[k] = slices.Clone(c.Values[k])
	c.Values[k][in.field.column] = col
	for i := range canary {
		if !canary[i] || c.Kind[i] != k || c.TS[i] < in.since || in.field.of != "" && string(c.Bytes(c.Name[i])) != in.field.of {
			continue
		}
		r := c.Row[i]
		was := value{kind: col[r].Kind, num: col[r].Num}
		if was.kind >= schemas.Number { // there is a value
			in.put(col, r, was, in.do(in.shape, in.field, was, uniform(^salt+uint64(c.Offset[i]), c.Bytes(c.Key[i]))), words(c)[wordNovel])
		}
	}
}

func (in *injected) put(col schemas.Column, r int32, was, now value, novel schemas.Text) {
	if now == was {
		return
	}
	if now.num-now.num != 0 {
		now.num = was.num // what no event can hold
	}
	col[r].Kind, col[r].Num, col[r].Text = now.kind, now.num, schemas.Text{}
	if now.novel {
		col[r].Text = novel
	}
}
