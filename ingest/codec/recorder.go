package codec

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"verdin/schemas"
)

// Recorder turns records of a log into lines of a recording that decode to the same
// rows. A record whose JSON can stand in a line as it is stays readable; every other
// one, and every one that is refused, is kept byte for byte ("@raw").
type Recorder struct {
	topic     string
	partition int32
	opt       Options
	live      *Decoder // of the record
	again     *Decoder // of the line
	a, b      schemas.Chunk
	layout    *schemas.Layout
}

// NewRecorder returns a recorder for one partition. Layout names the columns that must
// come back equal; opt are the options with which the log is read.
func NewRecorder(topic string, partition int32, layout *schemas.Layout, opt Options) *Recorder {
	again := opt
	again.Recording = true
	opt.Recording = false
	return &Recorder{topic: topic, partition: partition, opt: opt, layout: layout, live: New(layout, opt), again: New(layout, again)}
}

// Append appends the line of a record, with its newline. It returns false if the
// record's schema is not known yet: Wanted tells which, and nothing was appended.
func (r *Recorder) Append(dst []byte, rec Record) ([]byte, bool) {
	r.a.Reset(0, r.layout)
	if !r.live.Append(&r.a, rec) {
		return dst, false
	}
	from := len(dst)
	if r.a.Len() == 1 {
		if line, ok := r.readable(dst, rec); ok {
			r.b.Reset(0, r.layout)
			r.again.place = recorded{} // lines are tried, not read in order
			if r.again.Append(&r.b, Record{Value: bytes.TrimSuffix(line[from:], []byte("\n"))}) && sameRow(&r.a, &r.b) {
				return line, true
			}
		}
	}
	return appendRaw(dst[:from], r.topic, r.partition, rec), true
}

// Wanted is the schema that the last record waits for.
func (r *Recorder) Wanted() SchemaID { return r.live.Wanted() }

// readable appends a record's own JSON as a line, if it has JSON.
func (r *Recorder) readable(dst []byte, rec Record) ([]byte, bool) {
	switch {
	case isStructured(&rec):
		return r.object(dst, rec, rec.Value, "time", nil)
	case isBinary(&rec):
		return r.enveloped(dst, rec)
	case isFramed(&rec) || !isObject(&rec):
		return dst, false
	}
	var extra []byte
	if r.opt.HasDefault {
		extra = append(strconv.AppendQuote([]byte(`"type":`), r.opt.DefaultKind.String()), ',')
	}
	return r.object(dst, rec, rec.Value, "event_time", extra)
}

// object appends the members of an object behind what a recorder adds. The extra
// member is left out if the object has it, and so is the record's time.
func (r *Recorder) object(dst []byte, rec Record, value []byte, clock string, extra []byte) ([]byte, bool) {
	dec := jsontext.NewDecoder(bytes.NewReader(value))
	if t, err := dec.ReadToken(); err != nil || t.Kind() != '{' {
		return dst, false
	}
	var members []byte
	var names []string
	for dec.PeekKind() != '}' {
		name, err := dec.ReadToken()
		if err != nil {
			return dst, false
		}
		key := name.String()
		v, err := dec.ReadValue()
		if err != nil {
			return dst, false
		}
		if strings.HasPrefix(key, "@") || key == clock && string(v) == "null" {
			continue // what a recorder adds means nothing in a live record
		}
		if v.Compact() != nil { // a line has no line ends in it
			return dst, false
		}
		quoted, err := jsontext.AppendQuote(append(members, ','), key)
		if err != nil {
			return dst, false
		}
		members = append(append(quoted, ':'), v...)
		names = append(names, key)
	}
	dst = append(dst, '{')
	if len(extra) > 0 && !slices.Contains(names, "type") {
		dst = append(dst, extra...)
	}
	dst = appendPlace(dst, r.topic, r.partition, rec)
	if !slices.Contains(names, clock) && rec.Timestamp > 0 {
		dst = append(dst, `,"`+clock+`":`...)
		dst = strconv.AppendQuote(dst, rec.Timestamp.String())
	}
	return append(append(dst, members...), "}\n"...), true
}

// enveloped appends a CloudEvent in binary form with a body of JSON as one in
// structured form.
func (r *Recorder) enveloped(dst []byte, rec Record) ([]byte, bool) {
	event := []byte(`{`)
	for _, h := range rec.Headers {
		name, ok := strings.CutPrefix(h.Key, "ce_")
		if !ok {
			continue
		}
		text, err := json.Marshal(string(h.Value))
		if err != nil {
			return dst, false
		}
		event = append(append(append(strconv.AppendQuote(event, name), ':'), text...), ',')
	}
	if !json.Valid(rec.Value) {
		return dst, false
	}
	event = append(append(append(event, `"data":`...), rec.Value...), '}')
	return r.object(dst, rec, event, "time", nil)
}

// appendPlace appends the members that say where and when a record stood in Kafka.
func appendPlace(dst []byte, topic string, partition int32, rec Record) []byte {
	dst = append(dst, `"@pos":{"topic":`...)
	dst = strconv.AppendQuote(dst, topic) // Kafka's names are ASCII without quotes
	dst = append(dst, `,"partition":`...)
	dst = strconv.AppendInt(dst, int64(partition), 10)
	dst = append(dst, `,"offset":`...)
	dst = strconv.AppendInt(dst, rec.Offset, 10)
	dst = append(dst, `},"@at":`...)
	return strconv.AppendQuote(dst, rec.At.String())
}

// sameRow tells whether two chunks hold one equal row each.
func sameRow(a, b *schemas.Chunk) bool {
	if a.Len() != 1 || b.Len() != 1 {
		return false
	}
	text := func(f func(*schemas.Chunk) schemas.Text) bool {
		return bytes.Equal(a.Bytes(f(a)), b.Bytes(f(b)))
	}
	same := a.Kind[0] == b.Kind[0] && a.Offset[0] == b.Offset[0] && a.TS[0] == b.TS[0] && a.At[0] == b.At[0] &&
		a.Revision[0] == b.Revision[0] && a.Generation[0] == b.Generation[0] && a.Stage[0] == b.Stage[0] && a.Rate[0] == b.Rate[0] &&
		text(func(c *schemas.Chunk) schemas.Text { return c.Rollout[0] }) && text(func(c *schemas.Chunk) schemas.Text { return c.Arm[0] }) &&
		text(func(c *schemas.Chunk) schemas.Text { return c.Key[0] }) && text(func(c *schemas.Chunk) schemas.Text { return c.Unit[0] }) &&
		text(func(c *schemas.Chunk) schemas.Text { return c.Name[0] }) && text(func(c *schemas.Chunk) schemas.Text { return c.Identifier[0] })
	for i := range a.Values[a.Kind[0]] {
		x, y := a.Values[a.Kind[0]][i][0], b.Values[b.Kind[0]][i][0]
		same = same && x.Kind == y.Kind && x.Num == y.Num && bytes.Equal(a.Bytes(x.Text), b.Bytes(y.Text))
	}
	return same
}

// raw is a line that keeps a record byte for byte.
type raw struct {
	Raw     []byte      `json:"@raw"`
	Headers []rawHeader `json:"@headers"`
	Time    int64       `json:"@timestamp"` // the record's own, Unix milliseconds; ≤ 0 = none
	Pos     struct {
		Topic     string `json:"topic"`
		Partition int32  `json:"partition"`
		Offset    int64  `json:"offset"`
	} `json:"@pos"`
	At schemas.Time `json:"@at"`
}

type rawHeader struct {
	Key   string `json:"key"`
	Value []byte `json:"value"`
}

const rawMark = `{"@raw":`

func appendRaw(dst []byte, topic string, partition int32, rec Record) []byte {
	l := raw{Raw: rec.Value, Headers: []rawHeader{}, Time: int64(rec.Timestamp) / 1e6, At: rec.At}
	for _, h := range rec.Headers {
		l.Headers = append(l.Headers, rawHeader(h))
	}
	l.Pos.Topic, l.Pos.Partition, l.Pos.Offset = topic, partition, rec.Offset
	b, err := json.Marshal(l)
	if err != nil {
		panic("codec: bytes, texts and numbers have JSON: " + err.Error())
	}
	return append(append(dst, b...), '\n')
}

// isRaw tells whether a line of a recording keeps a record byte for byte.
func (d *Decoder) isRaw(value []byte) bool {
	return d.opt.Recording && bytes.HasPrefix(value, []byte(rawMark))
}

// unwrap appends the record that a line keeps, as it was decoded live.
func (d *Decoder) unwrap(c *schemas.Chunk, r Record) bool {
	var l raw
	dec := json.NewDecoder(bytes.NewReader(r.Value))
	dec.DisallowUnknownFields()
	err := dec.Decode(&l)
	if _, more := dec.Token(); err != nil || more != io.EOF || l.Pos.Offset < d.place.next {
		d.in, d.chunk, d.mark = r, c, len(c.Arena)
		d.begin(d.firstGuess())
		d.settle(d.fail(schemas.RejectSyntax, "@raw: want a line as a recorder writes it, in the order of offsets"))
		return true
	}
	if d.inner == nil {
		opt := d.opt
		opt.Recording = false
		d.inner = New(c.Layout, opt)
	}
	rec := Record{Offset: l.Pos.Offset, Timestamp: schemas.Time(l.Time * 1e6), At: l.At, Value: l.Raw}
	for _, h := range l.Headers {
		rec.Headers = append(rec.Headers, Header(h))
	}
	if !d.inner.Append(c, rec) {
		d.wanted = d.inner.wanted
		return false
	}
	d.place.next = l.Pos.Offset + 1
	return true
}
