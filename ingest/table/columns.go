package table

import (
	"fmt"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"verdin/ingest/arrowipc"
	"verdin/ingest/recording"
	"verdin/schemas"
)

// kind is the type of a column.
type kind uint8

const (
	number kind = iota + 1
	text
	truth
	instant // RFC 3339 in a row, a timestamp in Arrow and Parquet
	mixed   // JSON text: arrays, objects, or values of several types
)

// Columns are the columns of a file, in the order in which rows first had them.
type Columns struct {
	paths []string
	kinds []kind
	index map[string]int
}

// Note makes room for the cells of a row.
func (c *Columns) Note(r *Row) error {
	if c.index == nil {
		c.index = map[string]int{}
	}
	for _, cell := range r.Cells {
		k := cell.kind()
		i, ok := c.index[cell.Path]
		switch {
		case !ok && len(c.paths) == arrowipc.MaxColumns:
			return fmt.Errorf("more than %d columns, the next one is %.80q: leave fields out, or keep the recording in NDJSON", arrowipc.MaxColumns, cell.Path)
		case !ok:
			c.index[cell.Path] = len(c.paths)
			c.paths, c.kinds = append(c.paths, cell.Path), append(c.kinds, k)
		case c.kinds[i] != k:
			c.kinds[i] = mixed
		}
	}
	return nil
}

func (c Cell) kind() kind {
	switch {
	case c.JSON:
		return mixed
	case c.Path == "event_time" || c.Path == "@at":
		return instant
	case c.Value.Kind == schemas.Number:
		return number
	case c.Value.Kind == schemas.String:
		return text
	}
	return truth
}

// json returns a cell's value as JSON text.
func (c Cell) json() string {
	if c.JSON {
		return c.Value.Text
	}
	b, _ := c.Value.MarshalJSON() // fails for no value
	return string(b)
}

// plain returns a cell's value as text for people: texts without quotes.
func (c Cell) plain() string {
	if c.Value.Kind == schemas.String {
		return c.Value.Text
	}
	return c.json()
}

// schema describes the columns to Arrow.
func (c *Columns) schema() *arrow.Schema {
	fields := make([]arrow.Field, len(c.paths))
	for i, path := range c.paths {
		f := arrow.Field{Name: path, Nullable: true}
		switch c.kinds[i] {
		case number:
			f.Type = arrow.PrimitiveTypes.Float64
		case truth:
			f.Type = arrow.FixedWidthTypes.Boolean
		case instant:
			f.Type = arrow.FixedWidthTypes.Timestamp_ns
		case mixed:
			f.Metadata = arrow.NewMetadata([]string{recording.EncodingKey}, []string{recording.EncodingJSON})
			fallthrough
		default:
			f.Type = arrow.BinaryTypes.String
		}
		fields[i] = f
	}
	return arrow.NewSchema(fields, nil)
}

// textFields, numberFields and jsonFields are those that the contract gives a
// type; features and fields of the user's own may be anything.
var (
	textFields = []string{
		"type", "prediction_id", "rollout", "arm", "unit_id", "model_version", "error_type", "prediction_label",
		"name", "label", "unit", "annotator_kind", "identifier", "instance", "@topic",
	}
	numberFields = []string{
		"latency_seconds", "ttft_seconds", "status_code", "prediction_score", "prediction_value", "stage", "generation", "sampledrate",
		"revision", "cpu_cores", "memory_bytes", "gpu_utilization_ratio", "requests", "@partition", "@offset",
	}
	jsonFields = []string{"items"}
)

// contract returns the type that a path's values must have, 0 if they may differ.
func contract(path string) kind {
	object, _ := split(path)
	for k, list := range map[kind][]string{text: textFields, number: numberFields, mixed: jsonFields} {
		for _, f := range list {
			if f == path {
				return k
			}
		}
	}
	switch {
	case object == "tags":
		return text
	case object == "metrics" || object == "scores":
		return number
	case object == evaluations && strings.HasSuffix(path, ".score"):
		return number
	case object == evaluations:
		return text
	case path == "final":
		return truth
	}
	return 0
}

// Type is what the contract wants of a field's values.
type Type uint8

const (
	Anything Type = iota
	Number
	Text
	Truth
)

// TypeOf returns the type that the contract gives to a field, Anything if the
// values may differ: features, the value of an outcome, fields of the user's own.
func TypeOf(path string) Type {
	return map[kind]Type{number: Number, text: Text, truth: Truth}[contract(path)]
}
