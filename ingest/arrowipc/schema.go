package arrowipc

import (
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"
)

// Types of a field, as Schema.fbs numbers them.
const (
	typeInt       = 2
	typeFloat     = 3
	typeUtf8      = 5
	typeBool      = 6
	typeTimestamp = 10
	typeLargeUtf8 = 20
)

var typeNames = map[int64]string{
	1: "null", 4: "binary", 7: "decimal", 8: "date", 9: "time", 11: "interval", 12: "list", 13: "struct", 14: "union",
	15: "fixed-size binary", 16: "fixed-size list", 17: "map", 18: "duration", 19: "large binary", 21: "large list",
	22: "run-end encoded", 23: "binary view", 24: "string view", 25: "list view", 26: "large list view",
}

// readSchema reads the columns from a schema message's header.
func readSchema(t table) (*arrow.Schema, error) {
	if t.integer(0, 2) != 0 {
		return nil, fmt.Errorf("its numbers are big-endian: write it on a little-endian machine")
	}
	pos, n := t.vector(1, 4)
	if n > MaxColumns {
		return nil, fmt.Errorf("%d columns: at most %d are read", n, MaxColumns)
	}
	fields := make([]arrow.Field, 0, n)
	seen := map[string]bool{}
	for i := range n {
		f, err := readField(t.element(pos, i))
		if err != nil {
			return nil, err
		}
		if seen[f.Name] {
			return nil, fmt.Errorf("two columns are named %.80q", f.Name)
		}
		seen[f.Name] = true
		fields = append(fields, f)
	}
	meta := readMetadata(t, 2)
	return arrow.NewSchema(fields, &meta), nil
}

func readField(t table) (arrow.Field, error) {
	f := arrow.Field{Name: t.text(0), Nullable: t.integer(1, 1) != 0, Metadata: readMetadata(t, 6)}
	if d := t.child(4); d.b != nil {
		return f, fmt.Errorf("column %.80q is dictionary-encoded: write it as plain text (pandas: astype(str))", f.Name)
	}
	kind, of := t.integer(2, 1), t.child(3)
	switch kind {
	case typeBool:
		f.Type = arrow.FixedWidthTypes.Boolean
	case typeUtf8:
		f.Type = arrow.BinaryTypes.String
	case typeLargeUtf8:
		f.Type = arrow.BinaryTypes.LargeString
	case typeInt:
		f.Type = integerType(of.integer(0, 4), of.integer(1, 1) != 0)
	case typeFloat:
		f.Type = [...]arrow.DataType{nil, arrow.PrimitiveTypes.Float32, arrow.PrimitiveTypes.Float64}[of.integer(0, 2)&3%3]
	case typeTimestamp:
		ts := &arrow.TimestampType{Unit: arrow.TimeUnit(of.integer(0, 2) & 3), TimeZone: of.text(1)}
		if _, err := ts.GetToTimeFunc(); err != nil {
			return f, fmt.Errorf("column %.80q: time zone %.80q is not known: use UTC", f.Name, ts.TimeZone)
		}
		f.Type = ts
	}
	if f.Type == nil {
		return f, fmt.Errorf("column %.80q has a type that is not read (%s): write it as text, number, bool or timestamp, or leave it out",
			f.Name, typeNames[kind])
	}
	return f, nil
}

func integerType(bits int64, signed bool) arrow.DataType {
	p := arrow.PrimitiveTypes
	switch {
	case bits == 8 && signed:
		return p.Int8
	case bits == 16 && signed:
		return p.Int16
	case bits == 32 && signed:
		return p.Int32
	case bits == 64 && signed:
		return p.Int64
	case bits == 8:
		return p.Uint8
	case bits == 16:
		return p.Uint16
	case bits == 32:
		return p.Uint32
	case bits == 64:
		return p.Uint64
	}
	return nil
}

func readMetadata(t table, field int) arrow.Metadata {
	pos, n := t.vector(field, 4)
	keys, values := make([]string, n), make([]string, n)
	for i := range n {
		kv := t.element(pos, i)
		keys[i], values[i] = kv.text(0), kv.text(1)
	}
	return arrow.NewMetadata(keys, values)
}
