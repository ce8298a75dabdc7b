package table

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"time"

	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/file"
	"github.com/apache/arrow/go/v17/parquet/schema"

	"verdin/ingest/recording"
	"verdin/schemas"
)

// maxPage bounds the memory that a page of a Parquet file may ask for.
const maxPage = 128 << 20

// parquetRows reads a Parquet file with the library's column readers. What the
// library panics about is an error of the file.
type parquetRows struct {
	path    string
	file    *os.File
	size    int64
	in      *file.Reader
	group   int // next row group
	left    int64
	columns []*parquetColumn
	n       int64
	skipped []string
}

// parquetColumn is a column of the current row group, some rows of it in memory.
type parquetColumn struct {
	index int
	name  string
	max   int16 // definition level of a value
	defs  []int16
	at    int                                // next row of defs
	value int                                // next value
	load  func(n int64) (int64, error)       // reads up to n rows
	add   func(row *Row, path string, i int) // adds value i
}

// pages is the library's allocator with a bound on each request.
type pages struct{ memory.Allocator }

func (p pages) Allocate(n int) []byte {
	if n > maxPage {
		panic(fmt.Sprintf("a page of %d bytes: at most %d MiB are read", n, maxPage>>20))
	}
	return p.Allocator.Allocate(n)
}

func (p pages) Reallocate(n int, b []byte) []byte {
	if n > maxPage {
		panic(fmt.Sprintf("a page of %d bytes: at most %d MiB are read", n, maxPage>>20))
	}
	return p.Allocator.Reallocate(n, b)
}

func openParquet(path string) (p *parquetRows, err error) {
	if path == recording.Stdin {
		return nil, errors.New("read table: a Parquet file is read from its end: give a file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open table: %w", err)
	}
	p = &parquetRows{path: path, file: f}
	defer func() {
		p.recovered(recover(), &err)
		if err != nil {
			f.Close()
		}
	}()
	info, err := f.Stat()
	if err != nil {
		return p, fmt.Errorf("open table: %w", err)
	}
	p.size = info.Size()
	props := parquet.NewReaderProperties(pages{memory.NewGoAllocator()})
	props.BufferedStreamEnabled = true
	if p.in, err = file.NewParquetReader(f, file.WithReadProps(props)); err != nil {
		return p, fmt.Errorf("read table %s: %w", path, err)
	}
	sc := p.in.MetaData().Schema
	for i := range sc.NumColumns() {
		c := sc.Column(i)
		if c.MaxRepetitionLevel() > 0 || !readable(c) {
			p.skipped = append(p.skipped, c.Path())
			continue
		}
		p.columns = append(p.columns, &parquetColumn{index: i, name: c.Path(), max: c.MaxDefinitionLevel()})
	}
	return p, nil
}

// recovered turns a panic of the library into an error.
func (p *parquetRows) recovered(cause any, err *error) {
	if cause != nil {
		*err = fmt.Errorf("read table %s, after row %d: damaged Parquet: %.200v", p.path, p.n, cause)
	}
}

// LeftOut are the columns that are not read: lists, decimals and raw bytes.
func (p *parquetRows) LeftOut() []string { return p.skipped }

// Next reads the next row.
func (p *parquetRows) Next(row *Row) (err error) {
	defer func() { p.recovered(recover(), &err) }()
	for p.left == 0 {
		if p.group == p.in.NumRowGroups() {
			return io.EOF
		}
		if err := p.open(p.in.RowGroup(p.group)); err != nil {
			return err
		}
		p.group++
	}
	row.Cells = row.Cells[:0]
	for _, c := range p.columns {
		if err := c.next(row, p.left); err != nil {
			return fmt.Errorf("read table %s, row %d, column %s: %w", p.path, p.n+1, c.name, err)
		}
	}
	p.left--
	p.n++
	return nil
}

// open begins a row group.
func (p *parquetRows) open(g *file.RowGroupReader) error {
	p.left = g.NumRows()
	for _, c := range p.columns {
		r, err := g.Column(c.index)
		if err != nil {
			return fmt.Errorf("read table %s, column %s: %w", p.path, c.name, err)
		}
		c.defs, c.at, c.value = c.defs[:0], 0, 0
		c.begin(r)
	}
	return nil
}

// next adds the next row's value, if it has one.
func (c *parquetColumn) next(row *Row, left int64) error {
	if c.at == len(c.defs) {
		n, err := c.load(min(left, 1024))
		if err == nil && n == 0 {
			err = errors.New("it ends before its row group")
		}
		if err != nil {
			return err
		}
		c.at, c.value = 0, 0
	}
	if c.defs[c.at] == c.max {
		c.add(row, c.name, c.value)
		c.value++
	}
	c.at++
	return nil
}

// begin chooses how the values of a column are read.
func (c *parquetColumn) begin(r file.ColumnChunkReader) {
	logical := r.Descriptor().LogicalType()
	switch r := r.(type) {
	case *file.BooleanColumnChunkReader:
		c.load, c.add = reads(c, r.ReadBatch, func(row *Row, path string, v bool) { row.Add(path, schemas.Bool(v)) })
	case *file.Int32ColumnChunkReader:
		c.load, c.add = reads(c, r.ReadBatch, func(row *Row, path string, v int32) { addInteger(row, path, int64(v), logical) })
	case *file.Int64ColumnChunkReader:
		c.load, c.add = reads(c, r.ReadBatch, func(row *Row, path string, v int64) { addInteger(row, path, v, logical) })
	case *file.Int96ColumnChunkReader:
		c.load, c.add = reads(c, r.ReadBatch, func(row *Row, path string, v parquet.Int96) { addTime(row, path, v.ToTime()) })
	case *file.Float32ColumnChunkReader:
		c.load, c.add = reads(c, r.ReadBatch, func(row *Row, path string, v float32) { row.addNumber(path, float64(v)) })
	case *file.Float64ColumnChunkReader:
		c.load, c.add = reads(c, r.ReadBatch, func(row *Row, path string, v float64) { row.addNumber(path, v) })
	case *file.ByteArrayColumnChunkReader:
		_, isJSON := logical.(schema.JSONLogicalType)
		c.load, c.add = reads(c, r.ReadBatch, func(row *Row, path string, v parquet.ByteArray) {
			if isJSON {
				addJSON(row, path, string(v))
				return
			}
			row.Add(path, schemas.Str(string(v)))
		})
	}
}

// reads binds the library's reader of one type to a column.
func reads[T any](c *parquetColumn, read func(int64, []T, []int16, []int16) (int64, int, error), add func(*Row, string, T)) (func(int64) (int64, error), func(*Row, string, int)) {
	var values []T
	load := func(n int64) (int64, error) {
		values = append(values[:0], make([]T, n)...)
		c.defs = append(c.defs[:0], make([]int16, n)...)
		total, _, err := read(n, values, c.defs, make([]int16, n))
		if err != nil {
			return 0, err
		}
		c.defs = c.defs[:total]
		return total, nil
	}
	return load, func(row *Row, path string, i int) { add(row, path, values[i]) }
}

// readable tells whether the values of a column can be cells.
func readable(c *schema.Column) bool {
	switch c.PhysicalType() {
	case parquet.Types.FixedLenByteArray, parquet.Types.Undefined:
		return false
	}
	_, decimal := c.LogicalType().(*schema.DecimalLogicalType)
	return !decimal
}

// addInteger adds an integer as what its logical type says it is.
func addInteger(row *Row, path string, v int64, logical schema.LogicalType) {
	switch l := logical.(type) {
	case *schema.TimestampLogicalType:
		unit := map[schema.TimeUnitType]int64{schema.TimeUnitMillis: 1e6, schema.TimeUnitMicros: 1e3}[l.TimeUnit()]
		if unit == 0 {
			unit = 1
		}
		if v > math.MaxInt64/unit || v < math.MinInt64/unit {
			row.addInteger(path, v) // no time that can be told
			return
		}
		addTime(row, path, time.Unix(0, v*unit))
		return
	case schema.DateLogicalType:
		row.Add(path, schemas.Str(time.Unix(0, 0).UTC().AddDate(0, 0, int(v)).Format(time.DateOnly)))
		return
	}
	row.addInteger(path, v)
}

func addTime(row *Row, path string, t time.Time) {
	row.Add(path, schemas.Str(t.UTC().Format(time.RFC3339Nano)))
}

// Where names the last row.
func (p *parquetRows) Where() string { return fmt.Sprintf("%s, row %d", p.path, p.n) }

// BytesRead estimates how much of the file was read, by its rows.
func (p *parquetRows) BytesRead() int64 {
	if rows := p.in.NumRows(); rows > 0 {
		return int64(float64(p.size) * float64(p.n) / float64(rows))
	}
	return p.size
}

// Close closes the file.
func (p *parquetRows) Close() error { return p.file.Close() }
