package pump

import (
	"context"
	"sync"

	"verdin/ingest/codec"
)

// Schemas is where a reader finds the schemas of framed records, and gets those
// that are not known yet.
type Schemas interface {
	codec.Schemas
	// Fetch waits until it is known what stands under an id. It fails only when
	// ctx ends.
	Fetch(ctx context.Context, id codec.SchemaID) error
}

// fetches are the schemas that logs wait for. A registry that does not answer
// stops the logs that need it, and no other; their fetch stands still meanwhile.
type fetches struct {
	sync.WaitGroup
	done chan int // numbers of logs that may go on; has room for every log
}

// fetch gets the schema for which the decoder of a log has put off a record.
func (r *Reader) fetch(ctx context.Context, number int) {
	seat := r.flat.seats[number]
	id := r.decoders[seat.shard][seat.log].Wanted()
	r.fetches.Go(func() {
		if r.Schemas.Fetch(ctx, id) == nil {
			r.fetches.done <- number
		}
	})
}
