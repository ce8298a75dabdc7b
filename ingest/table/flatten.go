package table

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"verdin/schemas"
)

// maxDepth bounds how deep objects of a table may lie in each other.
const maxDepth = 8

// Flatten reads a JSON object into cells: members of objects are named by dots,
// arrays stay JSON. It is how rows of other systems' logs are read.
func Flatten(text []byte, row *Row) error {
	d := jsontext.NewDecoder(bytes.NewReader(text))
	if d.PeekKind() != '{' {
		return fmt.Errorf("want a JSON object: %w", kindError(d))
	}
	if err := flatten(d, "", row, maxDepth); err != nil {
		return fmt.Errorf("not JSON: %w", short(err))
	}
	if _, err := d.ReadToken(); err != io.EOF {
		return fmt.Errorf("bytes after the object")
	}
	return nil
}

func kindError(d *jsontext.Decoder) error {
	tok, err := d.ReadToken()
	if err != nil {
		return short(err)
	}
	return fmt.Errorf("it is %s", tok.Kind())
}

// flatten reads the object that comes next.
func flatten(d *jsontext.Decoder, prefix string, row *Row, depth int) error {
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return err
		}
		path := prefix + name.String()
		if d.PeekKind() == '{' && depth > 1 {
			if err := flatten(d, path+".", row, depth-1); err != nil {
				return err
			}
			continue
		}
		raw, err := d.ReadValue()
		if err == nil {
			err = value(raw, path, row)
		}
		if err != nil {
			return err
		}
	}
	_, err := d.ReadToken()
	return err
}

// value reads a value into a cell.
func value(raw jsontext.Value, path string, row *Row) error {
	switch raw.Kind() {
	case 'n':
	case 't':
		row.Add(path, schemas.Bool(true))
	case 'f':
		row.Add(path, schemas.Bool(false))
	case '"':
		text, err := jsontext.AppendUnquote(nil, raw)
		if err != nil {
			return err
		}
		row.Add(path, schemas.Str(string(text)))
	case '0':
		x, err := strconv.ParseFloat(string(raw), 64)
		if err != nil || math.IsInf(x, 0) {
			row.AddJSON(path, string(raw))
			return nil
		}
		row.Add(path, schemas.Value{Kind: schemas.Number, Num: x + 0, Text: string(raw)})
	default:
		raw = raw.Clone()
		if err := raw.Compact(); err != nil {
			return err
		}
		row.AddJSON(path, string(raw))
	}
	return nil
}

// short keeps messages that quote their input to a readable length.
func short(err error) error {
	text := err.Error()
	if len(text) <= 160 {
		return err
	}
	return fmt.Errorf("%s … %s", strings.ToValidUTF8(text[:80], ""), strings.ToValidUTF8(text[len(text)-40:], ""))
}
