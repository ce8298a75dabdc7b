package pump

import (
	"verdin/schemas"
)

// Batch is decoded input of one log.
type Batch struct {
	Shard, Log int
	Chunk      *schemas.Chunk
	Row        int          // rows before it were read already
	First      int64        // the first offset that the chunk accounts for
	Epoch      int32        // of the history that the last offset belongs to; 0 = not known
	High       int64        // offset after the log's last record on the broker
	At         schemas.Time // when it came, where the broker does not say; 0 = the broker says of every record
	Gaps       []Gap        // offsets that are missing, somewhere in the batch or before it
	Done       func()       // gives the chunk back
}

// Gap is a range of offsets [From, To) whose records are missing. A log that was cut
// off and goes on from there has a gap that ends where it begins.
type Gap struct{ From, To int64 }

// lost are the gaps that end after an offset.
func (b *Batch) lost(after int64) (gaps []Gap) {
	for _, g := range b.Gaps {
		switch {
		case g.To <= g.From:
			gaps = append(gaps, Gap{max(g.To, 1), max(g.To, 1)})
		case g.To > after:
			gaps = append(gaps, g)
		}
	}
	return gaps
}

// done gives the chunk back.
func (b *Batch) done() {
	if b.Done != nil {
		b.Done()
	}
}

// Tick is an instant at which the pump looks at the clock. A logical clock may ask
// the pump to read up to given offsets first, and waits on Done.
type Tick struct {
	Wall   schemas.Time
	Until  [][]int64 // per shard and log: offset to have read up to; nil = whatever came
	Lazy   bool      // cut only when a window was sealed, something was said, or a second has passed
	Settle bool      // Done waits for routers to acknowledge what the cut decided
	Done   chan<- struct{}
}

// Ack says that a router serves a verdict.
type Ack struct {
	Router               string
	Generation, Sequence uint64
	At                   schemas.Time
	Stream               uint64 // its place in the stream of acknowledgements; 0 = not from there
	Digest               string // of the verdict's payload; "" = not told
}

// flat numbers the logs of all shards in order, as the journal does.
type flat struct {
	seats []seat
	first []int // per shard: the number of its first log
}

// seat is the place of a log among the shards.
type seat struct{ shard, log int }

func newFlat(shards [][]schemas.Log) (f flat) {
	for s, logs := range shards {
		f.first = append(f.first, len(f.seats))
		for g := range logs {
			f.seats = append(f.seats, seat{s, g})
		}
	}
	return f
}

func (f flat) number(shard, log int) int { return f.first[shard] + log }
