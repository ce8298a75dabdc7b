package table

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"

	"verdin/ingest/codec"
	"verdin/schemas"
)

// Events reads lines of a recording into rows of cells. Every line is decoded
// first, as replay would: what does not decode becomes no row.
type Events struct {
	decoder *codec.Decoder
	chunk   schemas.Chunk
	next    int64 // the offset that a reader of the rows would count

	LeftOut map[string]int64 // members that no path can name, by name
}

// NewEvents returns a reader of the lines of one recording.
func NewEvents() *Events {
	return &Events{decoder: codec.New(&schemas.Layout{}, codec.Options{Recording: true}), LeftOut: map[string]int64{}}
}

// rawMark begins a line of a recorder that keeps a record which is no JSON.
const rawMark = `{"@raw":`

func isRaw(line []byte) bool { return bytes.HasPrefix(line, []byte(rawMark)) && json.Valid(line) }

// Rejected says why a line is no event.
type Rejected schemas.Rejection

func (r Rejected) Error() string { return r.Reason + ": " + r.Detail }

// Read reads the line at an offset. The error is Rejected if it is no event.
func (e *Events) Read(line []byte, offset int64, row *Row) error {
	row.Cells = row.Cells[:0]
	if isRaw(line) {
		return Rejected{Offset: offset, Reason: schemas.RejectEncoding, Detail: "a record that is kept byte for byte (@raw) has no columns: keep this recording in NDJSON, which replay reads whole"}
	}
	e.chunk.Reset(0, &schemas.Layout{})
	e.decoder.Append(&e.chunk, codec.Record{Offset: offset, Value: line})
	if len(e.chunk.Rejected) > 0 {
		return Rejected(e.chunk.Rejected[0])
	}
	c := &e.chunk
	row.Add("type", schemas.Str(c.Kind[0].String()))
	row.Add("event_time", schemas.Str(c.TS[0].String()))
	if c.At[0] != c.TS[0] {
		row.Add("@at", schemas.Str(c.At[0].String()))
	}
	if err := e.members(line, row); err != nil {
		return err
	}
	if text := string(c.Bytes(c.Rollout[0])); text != "" && row.Get("rollout").Value.Kind == schemas.Absent {
		row.Add("rollout", schemas.Str(text)) // it was the subject of an envelope
	}
	if n := c.Rate[0]; n > 1 && row.Get("sampledrate").Value.Kind == schemas.Absent {
		row.Add("sampledrate", schemas.Num(float64(n))) // it was an attribute of an envelope
	}
	if c.Offset[0] != e.next && row.Get("@offset").Value.Kind == schemas.Absent {
		row.Add("@offset", schemas.Num(float64(c.Offset[0]))) // lines before were left out
	}
	e.next = c.Offset[0] + 1
	return nil
}

// members reads the members of an event; of an envelope, those of its data.
func (e *Events) members(line []byte, row *Row) error {
	var data jsontext.Value
	if !bytes.Contains(line, []byte("specversion")) && !bytes.Contains(line, []byte(`\u`)) {
		return object(line, func(name string, v jsontext.Value) error { return e.member(name, v, row) })
	}
	envelope := false
	err := object(line, func(name string, v jsontext.Value) error {
		switch {
		case name == "specversion":
			envelope = true
		case name == "data":
			data = bytes.Clone(v)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if !envelope {
		return object(line, func(name string, v jsontext.Value) error { return e.member(name, v, row) })
	}
	err = object(line, func(name string, v jsontext.Value) error {
		switch {
		case name == position:
			return e.member(name, v, row)
		case name != "data" && name != "specversion" && name != "type" && name != "time" && name != "subject" && name != "sampledrate" && name != "@at":
			e.LeftOut[name]++
		}
		return nil
	})
	if err != nil {
		return err
	}
	return object(data, func(name string, v jsontext.Value) error { return e.member(name, v, row) })
}

// member reads one member of an event into cells.
func (e *Events) member(name string, v jsontext.Value, row *Row) error {
	add := func(path string, v jsontext.Value) error { return value(v, path, row) }
	inside := func(prefix string) error {
		return object(v, func(member string, v jsontext.Value) error { return add(prefix+member, v) })
	}
	switch {
	case name == "type" || name == "event_time" || name == "@at":
		return nil // read already
	case v.Kind() == '{' && name == position:
		return object(v, func(member string, v jsontext.Value) error {
			if member == "topic" || member == "partition" || member == "offset" {
				return add("@"+member, v)
			}
			return nil
		})
	case v.Kind() == '{' && isObject(name):
		return inside(name + ".")
	case v.Kind() == '[' && name == evaluations:
		return e.evaluations(v, row, add)
	case strings.Contains(name, ".") || strings.HasPrefix(name, "@"):
		e.LeftOut[name]++
		return nil
	}
	return add(name, v)
}

func isObject(name string) bool {
	for _, o := range objects {
		if o == name {
			return true
		}
	}
	return false
}

// evaluations reads the elements: of several with one name the first value of
// each member counts, as in the decoder.
func (e *Events) evaluations(list jsontext.Value, row *Row, add func(string, jsontext.Value) error) error {
	d := decoders.Get().(*jsontext.Decoder)
	defer decoders.Put(d)
	d.Reset(bytes.NewBuffer(list))
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() == '{' {
		element, err := d.ReadValue()
		if err != nil {
			return err
		}
		element = bytes.Clone(element)
		name := ""
		err = object(element, func(member string, v jsontext.Value) error {
			if member == "name" && v.Kind() == '"' {
				text, err := jsontext.AppendUnquote(nil, v)
				name = string(text)
				return err
			}
			return nil
		})
		if err != nil {
			return err
		}
		err = object(element, func(member string, v jsontext.Value) error {
			path := evaluations + "." + name + "." + member
			switch {
			case member == "name" || row.Get(path).Value.Kind != schemas.Absent:
				return nil
			case name == "" || member == "" || strings.Contains(member, "."):
				e.LeftOut[evaluations]++
				return nil
			}
			return add(path, v)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

var decoders = sync.Pool{New: func() any { return new(jsontext.Decoder) }}

// object calls each for every member of a JSON object.
func object(text []byte, each func(name string, v jsontext.Value) error) error {
	d := decoders.Get().(*jsontext.Decoder)
	defer decoders.Put(d)
	d.Reset(bytes.NewBuffer(text))
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			return err
		}
		member := name.String()
		v, err := d.ReadValue()
		if err != nil {
			return err
		}
		if err := each(member, v); err != nil {
			return err
		}
	}
	if _, err := d.ReadToken(); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read an object: %w", short(err))
	}
	return nil
}
