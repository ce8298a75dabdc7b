package arrowipc

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// batch is the description of a record batch: how many rows, and where the
// buffers of its columns lie in its body.
type batch struct {
	rows    int64
	nodes   []int64   // rows of each column
	buffers [][]byte  // packed, one column's after the other's
	codec   unpackers // nil = not packed
}

// readBatch reads the header of a record batch and finds its buffers in body.
func (r *Reader) readBatch(t table, body []byte) (batch, error) {
	b := batch{rows: t.integer(0, 8)}
	if b.rows < 0 || b.rows > MaxRows {
		return b, fmt.Errorf("%d rows in a batch: want 0 to %d", b.rows, MaxRows)
	}
	pos, n := t.vector(1, 16)
	for i := range n {
		b.nodes = append(b.nodes, int64(binary.LittleEndian.Uint64(t.b[pos+16*i:])))
	}
	pos, n = t.vector(2, 16)
	for i := range n {
		from, size := binary.LittleEndian.Uint64(t.b[pos+16*i:]), binary.LittleEndian.Uint64(t.b[pos+16*i+8:])
		if from > uint64(len(body)) || size > uint64(len(body))-from {
			return b, errors.New("a buffer outside of its batch")
		}
		b.buffers = append(b.buffers, body[from:from+size])
	}
	if c := t.child(3); c.b != nil {
		codec := c.integer(0, 1)
		if codec < 0 || codec > 1 || c.integer(1, 1) != 0 {
			return b, errors.New("an unknown compression: use lz4 or zstd")
		}
		b.codec = r.unpackers[codec]
	}
	return b, nil
}

// record builds the columns of a batch. They are valid until the next call.
func (r *Reader) record(b batch) (arrow.Record, error) {
	if len(b.nodes) != r.schema.NumFields() {
		return nil, fmt.Errorf("%d columns in a batch, %d in the schema", len(b.nodes), r.schema.NumFields())
	}
	r.space.reset()
	columns := make([]arrow.Array, len(b.nodes))
	next := 0
	for i, rows := range b.nodes {
		f := r.schema.Field(i)
		n := buffersOf(f.Type)
		if rows != b.rows || len(b.buffers)-next < n {
			return nil, fmt.Errorf("column %.80q does not have the rows of its batch", f.Name)
		}
		column, err := r.column(f.Type, int(rows), b.buffers[next:next+n], b.codec)
		if err != nil {
			return nil, fmt.Errorf("column %.80q: %w", f.Name, err)
		}
		columns[i] = column
		next += n
	}
	if next != len(b.buffers) {
		return nil, errors.New("more buffers in a batch than its columns have")
	}
	return array.NewRecord(r.schema, columns, b.rows), nil
}

// buffersOf says how many buffers a column has: validity and values, and between
// them the offsets of texts.
func buffersOf(t arrow.DataType) int {
	switch t.ID() {
	case arrow.STRING, arrow.LARGE_STRING:
		return 3
	}
	return 2
}

var errShort = errors.New("a buffer is too short for its rows")

// column unpacks and checks the buffers of one column.
func (r *Reader) column(t arrow.DataType, rows int, packed [][]byte, codec unpackers) (arrow.Array, error) {
	buffers := make([]*memory.Buffer, len(packed))
	for i, p := range packed {
		b, err := r.unpack(p, codec)
		if err != nil {
			return nil, err
		}
		want := 0
		switch {
		case i == 0: // validity: left out if every row has a value
			if len(b) > 0 {
				want = (rows + 7) / 8
				break
			}
			continue
		case t.ID() == arrow.BOOL:
			want = (rows + 7) / 8
		case len(packed) == 2:
			want = rows * t.(arrow.FixedWidthDataType).Bytes()
		case i == 1 && rows > 0:
			want = (rows + 1) * offsetSize(t)
		}
		if len(b) < want {
			return nil, errShort
		}
		buffers[i] = memory.NewBufferBytes(b)
	}
	if len(packed) == 3 && !within(buffers[1].Bytes(), rows, offsetSize(t), buffers[2].Len()) {
		return nil, errors.New("a text outside of its column")
	}
	nulls := 0
	if buffers[0] != nil {
		nulls = array.UnknownNullCount
	}
	data := array.NewData(t, rows, buffers, nil, nulls, 0)
	return array.MakeFromData(data), nil
}

func offsetSize(t arrow.DataType) int {
	if t.ID() == arrow.LARGE_STRING {
		return 8
	}
	return 4
}

// within tells whether the offsets of texts never go back and end inside the data.
func within(offsets []byte, rows, size, data int) bool {
	if rows == 0 {
		return true
	}
	last := int64(0)
	for i := range rows + 1 {
		at := int64(0)
		if size == 8 {
			at = int64(binary.LittleEndian.Uint64(offsets[8*i:]))
		} else {
			at = int64(int32(binary.LittleEndian.Uint32(offsets[4*i:])))
		}
		if at < last {
			return false
		}
		last = at
	}
	return last <= int64(data)
}
