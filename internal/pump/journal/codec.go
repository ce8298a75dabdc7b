package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"verdin/schemas"
)

// MaxRecord is the greatest record, in bytes of JSON.
const MaxRecord = 8 << 20

// ErrRecord is wrapped by every error of Parse.
var ErrRecord = errors.New("no record of a journal")

const head = `{"type":"`

// Append appends a record as one JSON object without a line end, its type first.
func Append(b []byte, r Record) []byte {
	out := bytes.NewBuffer(append(append(append(b, head...), r.kind()...), `",`...))
	mark := out.Len()
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(r); err != nil {
		panic(fmt.Sprintf("journal: a record of our own has no JSON: %v", err)) // a payload that is not JSON
	}
	b = out.Bytes()
	return append(b[:mark], b[mark+1:len(b)-1]...) // without its opening brace and the line end
}

// Kind is the type of a record, read from its beginning; "" = none.
func Kind(b []byte) string {
	rest, ok := bytes.CutPrefix(b, []byte(head))
	kind, _, found := bytes.Cut(rest, []byte(`",`))
	if !ok || !found {
		return ""
	}
	return string(kind)
}

// Parse reads a record. It takes what Append writes and nothing else.
func Parse(b []byte) (Record, error) {
	var r Record
	kind := Kind(b)
	switch kind {
	case "activation":
		r = new(Activation)
	case "cut":
		r = new(Cut)
	case "failure":
		r = new(Failure)
	case "intent":
		r = new(Intent)
	case "rewind":
		r = new(Rewind)
	case "end":
		r = new(End)
	default:
		return nil, fmt.Errorf("%w: type %.20q", ErrRecord, kind)
	}
	dec := json.NewDecoder(io.MultiReader(bytes.NewReader([]byte("{")), bytes.NewReader(b[len(head)+len(kind)+2:])))
	dec.DisallowUnknownFields()
	if err := dec.Decode(r); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrRecord, kind, err)
	}
	if !bytes.Equal(Append(nil, r), b) {
		return nil, fmt.Errorf("%w: %s: not in canonical form", ErrRecord, kind)
	}
	return r, check(r)
}

// check looks at what the JSON types do not say.
func check(r Record) error {
	switch r := r.(type) {
	case *Activation:
		if r.Format != Format {
			return fmt.Errorf("%w: format %d, this build reads %d: use the build that wrote it", ErrRecord, r.Format, Format)
		}
		for i, l := range r.Logs {
			if l.Shard < 0 || i > 0 && (l.Shard < r.Logs[i-1].Shard || l.Shard > r.Logs[i-1].Shard+1) || i == 0 && l.Shard != 0 {
				return fmt.Errorf("%w: log %d is of shard %d: shards count from 0, in order", ErrRecord, i, l.Shard)
			}
		}
	case *Cut:
		return r.check()
	case *Failure:
		if r.At == "" {
			return fmt.Errorf("%w: cut %d failed at nothing", ErrRecord, r.Cut)
		}
	case *Intent:
		if got := schemas.Digest(r.Payload); got != r.Digest {
			return fmt.Errorf("%w: the payload of verdict %d/%d has digest %s, not %s", ErrRecord, r.Generation, r.Sequence, got, r.Digest)
		}
	}
	return nil
}

// check tells whether every log that the cut names has a position in it.
func (c *Cut) check() error {
	named := func(log int) bool { return log >= 0 && log < len(c.Next) }
	for _, a := range c.Arrivals {
		if !named(a.Log) || a.From < 0 || a.To < a.From {
			return fmt.Errorf("%w: cut %d: arrival of [%d, %d) in log %d", ErrRecord, c.Seq, a.From, a.To, a.Log)
		}
	}
	for _, l := range c.Losses {
		if !named(l.Log) {
			return fmt.Errorf("%w: cut %d: loss in log %d of %d", ErrRecord, c.Seq, l.Log, len(c.Next))
		}
	}
	for _, i := range c.Idle {
		if !named(i.Log) {
			return fmt.Errorf("%w: cut %d: idle log %d of %d", ErrRecord, c.Seq, i.Log, len(c.Next))
		}
	}
	return nil
}
