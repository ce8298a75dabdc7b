package codec

import "verdin/schemas"

// Options say what a log carries. The zero value reads records that name their
// kind themselves, of every kind.
type Options struct {
	DefaultKind schemas.Kind // of bare JSON without a "type" member,
	HasDefault  bool         // if there is such a default
	Kinds       uint8        // kinds that the log may carry, bit 1<<Kind; 0 = all
	NoFuture    bool         // accept event times ahead of the arrival bound

	// Schemas finds the schemas of records that a schema registry framed; nil = such
	// records are refused.
	Schemas Schemas

	// Recording honours what a recorder adds to a line: "@pos" gives the row's
	// offset and "@at" its arrival bound. Without "@at" the arrival bound is the
	// event time, so nothing is from the future.
	Recording bool
}

// Record is one record of a log.
type Record struct {
	Offset    int64
	Timestamp schemas.Time // the record's own time; ≤ 0 = none
	At        schemas.Time // arrival bound; not used with Options.Recording
	Value     []byte
	Headers   []Header
}

// Header is a header of a record.
type Header struct {
	Key   string
	Value []byte
}

// Decoder decodes the records of one log. It is not safe for concurrent use.
type Decoder struct {
	opt Options
	scanner

	bare, data  [schemas.Kinds]*shape // events by themselves, and inside an envelope
	envelope    *shape
	known       [schemas.Kinds]known // events by themselves, as texts
	position    *shape
	evaluation  *shape
	evaluations map[string][2]int // columns of score and label, by the evaluation's name
	errorType   int               // column of error_type, -1 = not stored

	writer  *writer // of the last framed record
	writers map[SchemaID]*writer
	own     [2][schemas.Kinds]*writer // the contract's own schemas: in Avro, in Protobuf
	budget  int                       // values that the record may still have
	wanted  SchemaID
	waiting bool // for the schema wanted

	in     Record
	chunk  *schemas.Chunk
	mark   int // of the arena before the record
	row    row
	clock  clock
	judged judgement
	place  recorded
	inner  *Decoder // of records that lines keep byte for byte; nil = none came yet

	complaint, complaintDetail string // the first value that the contract refuses
}

// New returns a decoder that stores the columns of layout.
func New(layout *schemas.Layout, opt Options) *Decoder {
	var recorder []field
	if opt.Recording {
		recorder = recordingFields
	}
	d := &Decoder{
		opt: opt, scanner: newScanner(),
		envelope:    newShape(skipped, append(envelopeFields[:len(envelopeFields):len(envelopeFields)], recorder...)...),
		position:    newShape(skipped, positionFields...),
		evaluation:  newShape(skipped, evaluateFields...),
		evaluations: evaluationColumns(layout),
		errorType:   layout.Column(schemas.KindPrediction, "error_type"),
		writers:     map[SchemaID]*writer{},
	}
	for k := range schemas.Kind(schemas.Kinds) {
		list := eventFields(layout, k)
		d.data[k] = newShape(skipped, list...)
		list = eventFields(layout, k) // shapes inside are not shared
		for _, fd := range append(bareFields[:len(bareFields):len(bareFields)], recorder...) {
			if !has(list, fd.name) {
				list = append(list, fd)
			}
		}
		d.bare[k] = newShape(skipped, list...)
	}
	return d
}

// Append decodes one record into exactly one row or one rejection of c, and
// sets c.Next. The chunk must have been reset for the decoder's layout; it must
// not take more than 4 GiB of text.
//
// It returns false if Options.Schemas does not know yet what stands under the
// record's schema id: then nothing was appended, Wanted tells the id, and the
// record must be appended again once it is known.
func (d *Decoder) Append(c *schemas.Chunk, r Record) bool {
	if d.isRaw(r.Value) {
		return d.unwrap(c, r)
	}
	d.in, d.chunk, d.mark, d.waiting = r, c, len(c.Arena), false
	ok := d.decode() && d.finish()
	if d.waiting {
		d.row.drop()
		c.Arena = c.Arena[:d.mark]
		return false
	}
	d.settle(ok)
	return true
}

// Wanted is the schema that the record waits for which Append has just put off.
func (d *Decoder) Wanted() SchemaID { return d.wanted }

// settle makes the event a row, or a rejection if it is not ok.
func (d *Decoder) settle(ok bool) {
	c, offset := d.chunk, d.offset()
	if ok {
		d.row.commit(c, offset)
	} else {
		d.row.drop()
		c.Arena = c.Arena[:d.mark]
		c.Rejected = append(c.Rejected, schemas.Rejection{Offset: offset, Reason: d.reason, Detail: d.detail})
	}
	c.Next = offset + 1
}

// begin prepares for a walk that takes the event to be of kind k.
func (d *Decoder) begin(k schemas.Kind) {
	d.scanner.reset(d.in.Value)
	d.chunk.Arena = d.chunk.Arena[:d.mark]
	d.row.begin(k, d.chunk)
	d.place.named, d.place.seen = 0, 0
	d.budget = maxRecord
	d.complaint, d.complaintDetail = "", ""
}

// complain notes a value that is good JSON but not what the contract says. The
// walk goes on: bad JSON further on is the graver fault, and a "type" member
// further on may yet change what the contract says.
func (d *Decoder) complain(reason, what string) {
	if d.complaint == "" {
		d.complaint, d.complaintDetail = reason, what
	}
}
