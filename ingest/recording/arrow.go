package recording

import (
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"verdin/ingest/arrowipc"
	"verdin/ingest/codec"
	"verdin/schemas"
)

// A recording in Arrow IPC has one row an event and one column a field, named by
// its path: "type", "event_time", "prediction_id", "features.age", "@at". A
// missing value is an absent field. A column whose values differ in their JSON
// type holds them as JSON text, which its metadata says.
const (
	TypeColumn   = "type"
	EncodingKey  = "verdin.encoding" // in a column's metadata
	EncodingJSON = "json"
)

// arrowRows decodes a recording in Arrow IPC, straight into the columns of a chunk.
type arrowRows struct {
	src     *source
	in      *arrowipc.Reader
	decoder *codec.Decoder
	columns []*arrowColumn // those that somebody reads
	kinds   *array.String  // of the current batch
	rows    int            // of the current batch
	row     int            // next row in it
	offset  int64          // of the next row
}

// arrowColumn is a column of the current batch.
type arrowColumn struct {
	index   int
	json    bool
	members [schemas.Kinds]*codec.Member // nil = rows of that kind do not use it
	values  arrow.Array
	put     func(m *codec.Member, row int)
}

var errNoType = errors.New("no text column named type: a table of another system needs --map or --field, or verdin convert")

func openArrow(src *source, text io.Reader, layout *schemas.Layout, opt codec.Options) (*arrowRows, error) {
	in, err := arrowipc.NewReader(text)
	if err != nil {
		return nil, cut(err)
	}
	a := &arrowRows{src: src, in: in, decoder: codec.New(layout, opt)}
	if i := in.Schema().FieldIndices(TypeColumn); len(i) != 1 || in.Schema().Field(i[0]).Type.ID() != arrow.STRING {
		return nil, errNoType
	}
	for i, f := range in.Schema().Fields() {
		c := &arrowColumn{index: i}
		if v, ok := f.Metadata.GetValue(EncodingKey); ok && v == EncodingJSON && f.Type.ID() == arrow.STRING {
			c.json = true
		}
		wanted := false
		for k := range schemas.Kind(schemas.Kinds) {
			if m, ok := a.decoder.Member(k, f.Name); ok {
				c.members[k], wanted = m, true
			}
		}
		if wanted {
			a.columns = append(a.columns, c)
		}
	}
	return a, nil
}

// fill decodes rows until the chunk is full or the recording ends.
func (a *arrowRows) fill(c *schemas.Chunk, full func() bool) error {
	for !full() {
		if a.row == a.rows {
			if err := a.load(); err != nil {
				return err
			}
			continue
		}
		a.decode(c)
		a.row++
		a.offset++
	}
	return nil
}

// load moves to the next batch.
func (a *arrowRows) load() error {
	rec, err := a.in.Next()
	if err == io.EOF {
		return err
	}
	if err != nil {
		return fmt.Errorf("read recording %s: %w", a.src.path, cut(err))
	}
	a.rows, a.row = int(rec.NumRows()), 0
	a.kinds = rec.Column(a.in.Schema().FieldIndices(TypeColumn)[0]).(*array.String)
	for _, c := range a.columns {
		c.values = rec.Column(c.index)
		c.put = c.putter(a.decoder)
	}
	return nil
}

// decode makes the current row a row or a rejection of c.
func (a *arrowRows) decode(c *schemas.Chunk) {
	kind, ok := codec.KindNamed(a.kinds.Value(a.row))
	if !ok || a.kinds.IsNull(a.row) {
		c.Rejected = append(c.Rejected, schemas.Rejection{Offset: a.offset, Reason: schemas.RejectEventType, Detail: "type: want prediction, outcome or resource"})
		c.Next = a.offset + 1
		return
	}
	a.decoder.Begin(c, kind, a.offset)
	for _, col := range a.columns {
		if m := col.members[kind]; m != nil && col.values.IsValid(a.row) {
			col.put(m, a.row)
		}
	}
	a.decoder.End()
}

// putter returns what puts a value of the column into the event.
func (c *arrowColumn) putter(d *codec.Decoder) func(*codec.Member, int) {
	number := func(at func(i int) float64) func(*codec.Member, int) {
		return func(m *codec.Member, i int) { d.Put(m, schemas.Number, at(i), nil) }
	}
	switch v := c.values.(type) {
	case *array.String:
		text := v.ValueBytes()
		if c.json {
			return func(m *codec.Member, i int) {
				d.PutJSON(m, text[v.ValueOffset(i)-v.ValueOffset(0):v.ValueOffset(i+1)-v.ValueOffset(0)])
			}
		}
		return func(m *codec.Member, i int) {
			d.Put(m, schemas.String, 0, text[v.ValueOffset(i)-v.ValueOffset(0):v.ValueOffset(i+1)-v.ValueOffset(0)])
		}
	case *array.LargeString:
		return func(m *codec.Member, i int) { d.Put(m, schemas.String, 0, []byte(v.Value(i))) }
	case *array.Boolean:
		return func(m *codec.Member, i int) { d.Put(m, schemas.Bool(v.Value(i)).Kind, 0, nil) }
	case *array.Timestamp:
		unit := v.DataType().(*arrow.TimestampType).Unit.Multiplier()
		return func(m *codec.Member, i int) {
			t := int64(v.Value(i)) * int64(unit)
			if t/int64(unit) != int64(v.Value(i)) {
				t = -1 // beyond what nanoseconds can tell: refused
			}
			d.PutTime(m, schemas.Time(t))
		}
	case *array.Float64:
		return number(v.Value)
	case *array.Float32:
		return number(func(i int) float64 { return float64(v.Value(i)) })
	case *array.Int8:
		return number(func(i int) float64 { return float64(v.Value(i)) })
	case *array.Int16:
		return number(func(i int) float64 { return float64(v.Value(i)) })
	case *array.Int32:
		return number(func(i int) float64 { return float64(v.Value(i)) })
	case *array.Int64:
		return number(func(i int) float64 { return float64(v.Value(i)) })
	case *array.Uint8:
		return number(func(i int) float64 { return float64(v.Value(i)) })
	case *array.Uint16:
		return number(func(i int) float64 { return float64(v.Value(i)) })
	case *array.Uint32:
		return number(func(i int) float64 { return float64(v.Value(i)) })
	case *array.Uint64:
		return number(func(i int) float64 { return float64(v.Value(i)) })
	}
	return func(*codec.Member, int) {}
}
