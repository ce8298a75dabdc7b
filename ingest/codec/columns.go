package codec

import (
	"math"
	"strings"
	"unicode/utf8"

	"verdin/schemas"
)

// Member says where the values at one path of an event go. It serves readers of
// columnar files, which have values instead of text: they ask once a column and
// then put the values of each row.
//
//	arm, _ := d.Member(schemas.KindPrediction, "arm")
//	d.Begin(chunk, schemas.KindPrediction, offset)
//	d.Put(arm, schemas.String, 0, []byte("canary"))
//	d.End()
//
// The checks are those of Append, so both ways give the same row.
type Member struct{ meaning }

// Member finds the place of a path: of the contract ("prediction_id"), inside
// one of its objects ("features.age", "evaluations.judge.score"), or what a
// recorder adds ("@at", "@topic", "@partition", "@offset"). It is false if no
// one reads values at that path.
func (d *Decoder) Member(k schemas.Kind, path string) (*Member, bool) {
	m, ok := d.lookup(k, path)
	if !ok || m.to == toNothing && m.col < 0 {
		return nil, false
	}
	return &Member{m}, true
}

func (d *Decoder) lookup(k schemas.Kind, path string) (meaning, bool) {
	if name, ok := strings.CutPrefix(path, "@"); ok && path != "@at" {
		return d.position.find(name)
	}
	if strings.HasPrefix(path, "evaluations.") {
		return d.evaluationMember(k, path)
	}
	m, ok := d.bare[k].find(path)
	if ok {
		return m, m.to != toMembers && m.to != toEvaluations && m.to != toType && m.to != toVersion && m.to != toPosition
	}
	object, name, _ := strings.Cut(path, ".")
	if m, ok := d.bare[k].find(object); ok && m.to == toMembers {
		return m.in.find(name)
	}
	return meaning{}, false
}

func (d *Decoder) evaluationMember(k schemas.Kind, path string) (meaning, bool) {
	want := number | null
	if strings.HasSuffix(path, ".label") {
		want = text | null
	}
	for name, cols := range d.evaluations {
		for i, suffix := range [2]string{".score", ".label"} {
			if k == schemas.KindPrediction && cols[i] >= 0 && path == "evaluations."+name+suffix {
				return meaning{path: path, want: want, col: cols[i]}, true
			}
		}
	}
	return meaning{}, false
}

// find returns the meaning of a member of the contract or the layout.
func (sh *shape) find(name string) (meaning, bool) {
	i, ok := sh.index[name]
	if !ok {
		return meaning{}, false
	}
	return sh.slots[i].meaning, true
}

// Begin begins an event of kind k. Offset is its place in the log unless the
// event says otherwise with "@topic", "@partition" and "@offset".
func (d *Decoder) Begin(c *schemas.Chunk, k schemas.Kind, offset int64) {
	d.in, d.chunk, d.mark = Record{Offset: offset}, c, len(c.Arena)
	d.begin(k)
}

// Put gives the event a scalar: num where kind is Number, text where it is String.
func (d *Decoder) Put(m *Member, kind schemas.ValueKind, num float64, text []byte) {
	if !d.accepts(&m.meaning, 1<<kind) || kind == schemas.Null && m.col < 0 {
		return
	}
	c := schemas.Cell{Kind: kind}
	switch kind {
	case schemas.Number:
		if !(math.Abs(num) <= maxNumber) {
			d.tooBig(&m.meaning)
			return
		}
		c.Num = num + 0 // no negative zero
	case schemas.String:
		if len(text) > maxText {
			d.complain(schemas.RejectSize, m.path+": a string above 4 KiB")
			return
		}
		if !utf8.Valid(text) {
			d.complain(schemas.RejectUTF8, m.path+": a string that is not UTF-8")
			return
		}
	}
	d.store(&m.meaning, c, text)
}

// PutTime gives the event a time, where the contract has one.
func (d *Decoder) PutTime(m *Member, t schemas.Time) {
	if t < 0 || t >= latest*1e6 {
		d.complain(schemas.RejectTime, m.path+": want a time of the years 1970 to 2199")
		return
	}
	switch m.to {
	case toTime:
		d.row.ts = t
	case toArrival:
		d.row.at = t
	default:
		d.complain(schemas.RejectType, m.path+": want "+(m.want&^null).String()+", got a time")
	}
}

// PutJSON gives the event a value in JSON.
func (d *Decoder) PutJSON(m *Member, value []byte) {
	if d.reason != "" {
		return // the first fault stands
	}
	d.scanner.reset(value)
	if d.value(&m.meaning) {
		d.end()
	}
}

// End makes the event exactly one row or one rejection of the chunk.
func (d *Decoder) End() {
	if d.place.named != 0 {
		d.checkPosition()
	}
	d.settle(d.reason == "" && d.finish())
}
