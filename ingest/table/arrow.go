package table

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"verdin/ingest/arrowipc"
	"verdin/ingest/recording"
	"verdin/schemas"
)

// arrowRows reads a file in Arrow IPC.
type arrowRows struct {
	path string
	src  *recording.Source
	in   *arrowipc.Reader
	rec  arrow.Record
	at   int   // next row of rec
	n    int64 // rows so far
}

func openArrow(path string) (*arrowRows, error) {
	src, err := recording.OpenSource(path)
	if err != nil {
		return nil, err
	}
	in, err := arrowipc.NewReader(src)
	if err != nil {
		src.Close()
		return nil, fmt.Errorf("read table %s: %w", path, ended(err))
	}
	return &arrowRows{path: path, src: src, in: in}, nil
}

// ended names the error of a file that ends too early.
func ended(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return recording.ErrTruncated
	}
	return err
}

// Next reads the next row.
func (a *arrowRows) Next(row *Row) error {
	for a.rec == nil || a.at == int(a.rec.NumRows()) {
		var err error
		if a.rec, err = a.in.Next(); err == io.EOF {
			return err
		} else if err != nil {
			return fmt.Errorf("read table %s, after row %d: %w", a.path, a.n, ended(err))
		}
		a.at = 0
	}
	row.Cells = row.Cells[:0]
	for i, f := range a.in.Schema().Fields() {
		if column := a.rec.Column(i); column.IsValid(a.at) {
			addArrow(row, f, column, a.at)
		}
	}
	a.at++
	a.n++
	return nil
}

// addArrow adds a value of a column.
func addArrow(row *Row, f arrow.Field, column arrow.Array, i int) {
	switch v := column.(type) {
	case *array.String:
		if encoding, _ := f.Metadata.GetValue(recording.EncodingKey); encoding == recording.EncodingJSON {
			addJSON(row, f.Name, v.Value(i))
			return
		}
		row.Add(f.Name, schemas.Str(v.Value(i)))
	case *array.LargeString:
		row.Add(f.Name, schemas.Str(v.Value(i)))
	case *array.Boolean:
		row.Add(f.Name, schemas.Bool(v.Value(i)))
	case *array.Timestamp:
		t := v.Value(i).ToTime(v.DataType().(*arrow.TimestampType).Unit)
		row.Add(f.Name, schemas.Str(t.UTC().Format(time.RFC3339Nano)))
	case *array.Float64:
		row.addNumber(f.Name, v.Value(i))
	case *array.Float32:
		row.addNumber(f.Name, float64(v.Value(i)))
	case *array.Int8:
		row.addNumber(f.Name, float64(v.Value(i)))
	case *array.Int16:
		row.addNumber(f.Name, float64(v.Value(i)))
	case *array.Int32:
		row.addNumber(f.Name, float64(v.Value(i)))
	case *array.Int64:
		row.addInteger(f.Name, v.Value(i))
	case *array.Uint8:
		row.addNumber(f.Name, float64(v.Value(i)))
	case *array.Uint16:
		row.addNumber(f.Name, float64(v.Value(i)))
	case *array.Uint32:
		row.addNumber(f.Name, float64(v.Value(i)))
	case *array.Uint64:
		row.addNumber(f.Name, float64(v.Value(i)))
	}
}

// Where names the last row.
func (a *arrowRows) Where() string { return fmt.Sprintf("%s, row %d", a.path, a.n) }

// BytesRead is how much of the file was read.
func (a *arrowRows) BytesRead() int64 { return a.src.BytesRead() }

// Close closes the file.
func (a *arrowRows) Close() error { return a.src.Close() }

// batchRows is the size of a batch that is written: large enough to pack well,
// small enough to read in small memory.
const batchRows = 8192

// batches gathers rows into batches of columns.
type batches struct {
	columns *Columns
	builder *array.RecordBuilder
	n       int
	write   func(arrow.Record) error
}

func newBatches(columns *Columns, write func(arrow.Record) error) *batches {
	return &batches{columns: columns, builder: array.NewRecordBuilder(memory.NewGoAllocator(), columns.schema()), write: write}
}

// Write adds a row.
func (b *batches) Write(row *Row) error {
	for _, c := range row.Cells {
		i := b.columns.index[c.Path]
		f := b.builder.Field(i)
		for f.Len() < b.n {
			f.AppendNull() // rows that do not have this field
		}
		switch f := f.(type) {
		case *array.Float64Builder:
			f.Append(c.Value.Num)
		case *array.BooleanBuilder:
			f.Append(c.Value.Kind == schemas.True)
		case *array.TimestampBuilder:
			t, err := time.Parse(time.RFC3339Nano, c.Value.Text)
			if err != nil {
				return fmt.Errorf("%s: %w", c.Path, err)
			}
			f.Append(arrow.Timestamp(t.UnixNano()))
		case *array.StringBuilder:
			if b.columns.kinds[i] == mixed {
				f.Append(c.json())
			} else {
				f.Append(c.Value.Text)
			}
		}
	}
	b.n++
	if b.n == batchRows {
		return b.flush()
	}
	return nil
}

// flush writes the rows that are gathered.
func (b *batches) flush() error {
	if b.n == 0 {
		return nil
	}
	for _, f := range b.builder.Fields() {
		for f.Len() < b.n {
			f.AppendNull()
		}
	}
	rec := b.builder.NewRecord()
	defer rec.Release()
	b.n = 0
	return b.write(rec)
}

// arrowWriter writes a file in Arrow IPC.
type arrowWriter struct {
	*batches
	out *arrowipc.Writer
}

func newArrowWriter(out io.Writer, columns *Columns, c arrowipc.Compression) (*arrowWriter, error) {
	w, err := arrowipc.NewWriter(out, columns.schema(), c)
	if err != nil {
		return nil, err
	}
	return &arrowWriter{newBatches(columns, w.Write), w}, nil
}

// Close writes what is left and the end of the file.
func (w *arrowWriter) Close() error {
	return errors.Join(w.flush(), w.out.Close())
}
