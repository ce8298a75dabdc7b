package window

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// Batch holds the rows of one (rollout, lane, window, log, split) as columns.
// Rows are appended to reused slices; Record wraps them as an Arrow record
// without copying.
type Batch struct {
	arm    []int8   // 0 stable, 1 canary
	hash   []uint64 // keyed hash of the prediction's id
	nums   []numbers
	cats   [][]int32
	schema *arrow.Schema
}

// numbers is a nullable float64 column.
type numbers struct {
	values []float64
	valid  []byte // bitmap, least significant bit first
	nulls  int
}

func (n *numbers) add(x float64, ok bool) {
	i := len(n.values)
	n.values = append(n.values, x)
	if i%8 == 0 {
		n.valid = append(n.valid, 0)
	}
	if ok {
		n.valid[i/8] |= 1 << (i % 8)
	} else {
		n.nulls++
	}
}

func (n *numbers) reset() { n.values, n.valid, n.nulls = n.values[:0], n.valid[:0], 0 }

// NewBatch returns an empty batch, given the names of its nullable numbers and of its category codes.
func NewBatch(nums, cats []string) *Batch {
	fields := []arrow.Field{
		{Name: "arm", Type: arrow.PrimitiveTypes.Int8},
		{Name: "hash", Type: arrow.PrimitiveTypes.Uint64},
	}
	for _, n := range nums {
		fields = append(fields, arrow.Field{Name: n, Type: arrow.PrimitiveTypes.Float64, Nullable: true})
	}
	for _, c := range cats {
		fields = append(fields, arrow.Field{Name: c, Type: arrow.PrimitiveTypes.Int32})
	}
	return &Batch{
		nums:   make([]numbers, len(nums)),
		cats:   make([][]int32, len(cats)),
		schema: arrow.NewSchema(fields, nil),
	}
}

// Len is the number of rows.
func (b *Batch) Len() int { return len(b.arm) }

// Row begins a row; Number and Code fill it.
func (b *Batch) Row(arm int8, hash uint64) {
	b.arm = append(b.arm, arm)
	b.hash = append(b.hash, hash)
}

// Number sets the i-th number of the row just begun; !ok is null.
func (b *Batch) Number(i int, x float64, ok bool) { b.nums[i].add(x, ok) }

// Code sets the i-th category code of the row just begun; 0 is missing.
func (b *Batch) Code(i int, code int32) { b.cats[i] = append(b.cats[i], code) }

// Reset empties the batch for reuse. Records made from it must be released before.
func (b *Batch) Reset() {
	b.arm, b.hash = b.arm[:0], b.hash[:0]
	for i := range b.nums {
		b.nums[i].reset()
	}
	for i := range b.cats {
		b.cats[i] = b.cats[i][:0]
	}
}

// Record wraps the rows as one Arrow record. The record shares memory with the
// batch: release it before the batch is reset.
func (b *Batch) Record() arrow.Record {
	n := len(b.arm)
	cols := make([]arrow.Array, 0, 2+len(b.nums)+len(b.cats))
	cols = append(cols,
		wrap(arrow.PrimitiveTypes.Int8, n, 0, nil, arrow.Int8Traits.CastToBytes(b.arm)),
		wrap(arrow.PrimitiveTypes.Uint64, n, 0, nil, arrow.Uint64Traits.CastToBytes(b.hash)))
	for i := range b.nums {
		c := &b.nums[i]
		cols = append(cols, wrap(arrow.PrimitiveTypes.Float64, n, c.nulls, c.valid, arrow.Float64Traits.CastToBytes(c.values)))
	}
	for _, c := range b.cats {
		cols = append(cols, wrap(arrow.PrimitiveTypes.Int32, n, 0, nil, arrow.Int32Traits.CastToBytes(c)))
	}
	rec := array.NewRecord(b.schema, cols, int64(n))
	for _, c := range cols {
		c.Release()
	}
	return rec
}

func wrap(t arrow.DataType, n, nulls int, valid, values []byte) arrow.Array {
	var bitmap *memory.Buffer
	if nulls > 0 {
		bitmap = memory.NewBufferBytes(valid)
	}
	data := array.NewData(t, n, []*memory.Buffer{bitmap, memory.NewBufferBytes(values)}, nil, nulls, 0)
	defer data.Release()
	return array.MakeFromData(data)
}
