package codec

import (
	"cmp"

	"verdin/schemas"
)

// row is the event being decoded.
type row struct {
	kind       schemas.Kind
	named      schemas.Kind // the kind that the event names,
	typed      bool         // if it does
	enveloped  bool         // it is a CloudEvent in structured form
	hasData    bool         // the envelope has an event in it
	headed     bool         // the headers are the envelope
	text       [ids]schemas.Text
	ts         schemas.Time // Unknown = absent, as are the next two
	sent       schemas.Time // the envelope's time
	at         schemas.Time // the arrival bound
	revision   int32
	generation uint32
	stage      int32
	rate       int32            // 0 = absent, as is the next
	sentRate   int32            // the envelope's
	columns    []schemas.Column // of the chunk, for its kind: its cells go there at once,
	n          int32            // behind those of so many rows
}

// begin begins a row of kind k in c; one that was begun is dropped.
func (r *row) begin(k schemas.Kind, c *schemas.Chunk) {
	r.drop()
	*r = row{kind: k, ts: schemas.Unknown, sent: schemas.Unknown, at: schemas.Unknown, stage: -1, columns: c.Values[k]}
	for i := len(c.Kind) - 1; i >= 0; i-- {
		if c.Kind[i] == k {
			r.n = c.Row[i] + 1
			break
		}
	}
}

// set gives the row a cell.
func (r *row) set(col int, v schemas.Cell) {
	column := &r.columns[col]
	*column = append((*column)[:r.n], v)
}

// kindOf tells what a cell holds so far.
func (r *row) kindOf(col int) schemas.ValueKind {
	if column := r.columns[col]; len(column) > int(r.n) {
		return column[r.n].Kind
	}
	return schemas.Absent
}

// drop takes the row's cells out of the chunk again.
func (r *row) drop() {
	for i, column := range r.columns {
		if len(column) > int(r.n) {
			r.columns[i] = column[:r.n]
		}
	}
	r.columns = nil
}

// sampled is how many predictions the row stands for: as the event says, else its envelope.
func (r *row) sampled() int32 {
	if r.kind != schemas.KindPrediction {
		return 1
	}
	return max(1, cmp.Or(r.rate, r.sentRate))
}

// commit appends the row to c.
func (r *row) commit(c *schemas.Chunk, offset int64) {
	c.Kind = append(c.Kind, r.kind)
	c.Row = append(c.Row, r.n)
	c.Offset = append(c.Offset, offset)
	c.TS = append(c.TS, r.ts)
	c.At = append(c.At, r.at)
	c.Rollout = append(c.Rollout, r.text[toRollout])
	c.Arm = append(c.Arm, r.text[toArm])
	c.Key = append(c.Key, r.text[toKey])
	c.Unit = append(c.Unit, r.text[toUnit])
	c.Name = append(c.Name, r.text[toName])
	c.Identifier = append(c.Identifier, r.text[toIdentifier])
	c.Revision = append(c.Revision, r.revision)
	c.Generation = append(c.Generation, r.generation)
	c.Stage = append(c.Stage, r.stage)
	c.Rate = append(c.Rate, r.sampled())
	for i, column := range r.columns {
		if len(column) == int(r.n) {
			r.columns[i] = append(column, schemas.Cell{}) // absent
		}
	}
	r.columns = nil
}
