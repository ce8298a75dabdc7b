package table

import (
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/compress"
	"github.com/apache/arrow/go/v17/parquet/file"
	"github.com/apache/arrow/go/v17/parquet/schema"

	"verdin/ingest/arrowipc"
)

// parquetWriter writes a Parquet file: one row group for each 8 batches of rows.
type parquetWriter struct {
	*batches
	out   *file.Writer
	group []arrow.Record
}

const groupBatches = 8

func newParquetWriter(out io.Writer, columns *Columns, c arrowipc.Compression) (*parquetWriter, error) {
	codec, ok := map[arrowipc.Compression]compress.Compression{
		arrowipc.ZSTD: compress.Codecs.Zstd, arrowipc.None: compress.Codecs.Uncompressed,
	}[c]
	if !ok {
		return nil, fmt.Errorf("compression %q of Parquet: use zstd or none", c)
	}
	root, err := parquetSchema(columns)
	if err != nil {
		return nil, err
	}
	w := &parquetWriter{}
	w.out = file.NewParquetWriter(noClose{out}, root, file.WithWriterProps(parquet.NewWriterProperties(
		parquet.WithCompression(codec), parquet.WithCreatedBy("verdin"))))
	w.batches = newBatches(columns, w.gather)
	return w, nil
}

// noClose keeps the library from closing a file that is not its own.
type noClose struct{ io.Writer }

func parquetSchema(columns *Columns) (*schema.GroupNode, error) {
	var nodes schema.FieldList
	for i, path := range columns.paths {
		t, logical := parquet.Types.ByteArray, schema.LogicalType(schema.StringLogicalType{})
		switch columns.kinds[i] {
		case number:
			t, logical = parquet.Types.Double, nil
		case truth:
			t, logical = parquet.Types.Boolean, nil
		case instant:
			t, logical = parquet.Types.Int64, schema.NewTimestampLogicalType(true, schema.TimeUnitNanos)
		case mixed:
			logical = schema.JSONLogicalType{}
		}
		node, err := schema.NewPrimitiveNodeLogical(path, parquet.Repetitions.Optional, logical, t, -1, -1)
		if err != nil {
			return nil, fmt.Errorf("column %.80q: %w", path, err)
		}
		nodes = append(nodes, node)
	}
	return schema.NewGroupNode("schema", parquet.Repetitions.Required, nodes, -1)
}

// gather keeps a batch until its row group is full.
func (w *parquetWriter) gather(rec arrow.Record) error {
	rec.Retain()
	w.group = append(w.group, rec)
	if len(w.group) == groupBatches {
		return w.writeGroup()
	}
	return nil
}

// writeGroup writes the batches that are kept, column by column.
func (w *parquetWriter) writeGroup() error {
	if len(w.group) == 0 {
		return nil
	}
	g := w.out.AppendRowGroup()
	for i, path := range w.columns.paths {
		c, err := g.NextColumn()
		for _, rec := range w.group {
			if err == nil {
				err = writeColumn(c, rec.Column(i))
			}
		}
		if err == nil {
			err = c.Close()
		}
		if err != nil {
			return fmt.Errorf("column %.80q: %w", path, err)
		}
	}
	for _, rec := range w.group {
		rec.Release()
	}
	w.group = w.group[:0]
	return g.Close()
}

// writeColumn writes the values of a batch and which rows have one.
func writeColumn(out file.ColumnChunkWriter, in arrow.Array) error {
	defs := make([]int16, in.Len())
	for i := range defs {
		if in.IsValid(i) {
			defs[i] = 1
		}
	}
	var err error
	switch in := in.(type) {
	case *array.Float64:
		_, err = out.(*file.Float64ColumnChunkWriter).WriteBatch(present(in, in.Value), defs, nil)
	case *array.Boolean:
		_, err = out.(*file.BooleanColumnChunkWriter).WriteBatch(present(in, in.Value), defs, nil)
	case *array.Timestamp:
		_, err = out.(*file.Int64ColumnChunkWriter).WriteBatch(present(in, func(i int) int64 { return int64(in.Value(i)) }), defs, nil)
	case *array.String:
		_, err = out.(*file.ByteArrayColumnChunkWriter).WriteBatch(present(in, func(i int) parquet.ByteArray { return parquet.ByteArray(in.Value(i)) }), defs, nil)
	}
	return err
}

// present are the values of the rows that have one.
func present[T any](in arrow.Array, at func(int) T) []T {
	values := make([]T, 0, in.Len())
	for i := range in.Len() {
		if in.IsValid(i) {
			values = append(values, at(i))
		}
	}
	return values
}

// Close writes what is left and the end of the file.
func (w *parquetWriter) Close() error {
	return errors.Join(w.flush(), w.writeGroup(), w.out.Close())
}
