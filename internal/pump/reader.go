package pump

import (
	"context"
	"log/slog"
	"time"

	"verdin/ingest/codec"
	"verdin/ingest/kafka"
	"verdin/schemas"
)

const (
	// chunksInFlight bounds the decoded chunks that wait for the engine: enough to keep
	// both busy, few enough to bound memory.
	chunksInFlight = 16

	// chunksOfLog bounds the chunks of one log that are out. A log whose chunks are all
	// out is not decoded, and with it stands its fetch; the others go on, so whoever
	// waits for a certain log gets it.
	chunksOfLog = 2
)

// Reader decodes what a consumer fetches into batches for the engine.
type Reader struct {
	Topics   *Topics
	Layout   *schemas.Layout
	Now      func() schemas.Time // the arrival bound of records without a broker's time
	Arrivals *Arrivals           // bounds of records that were read before; nil = none
	Schemas  Schemas             // of framed records; nil = such records are refused
	Log      *slog.Logger
	Rejected func(topic string, r schemas.Rejection) // may be nil
	Read     func(c *schemas.Chunk)                  // hears of every chunk; may be nil
	Lost     func(topic string, partition int32, g kafka.Gap)

	flat     flat
	decoders [][]*codec.Decoder
	logs     []readLog
	free     []*schemas.Chunk
	back     chan returned
	ready    []Batch
	rec      codec.Record // being decoded
	fetches  fetches
}

// readLog is one log at the reader.
type readLog struct {
	out     int // chunks that were not given back
	waiting []*kafka.Records
	blocked bool // by a schema that is being fetched
}

type returned struct {
	log   int
	chunk *schemas.Chunk
}

// Run decodes until the consumer stops or the context ends, and hands batches to out.
func (r *Reader) Run(ctx context.Context, in <-chan *kafka.Records, out chan<- Batch) {
	r.flat = newFlat(r.Topics.Shards)
	r.decoders = r.Topics.decoders(r.Layout, r.Schemas)
	r.logs = make([]readLog, len(r.flat.seats))
	r.fetches = fetches{done: make(chan int, len(r.logs))}
	ctx, stop := context.WithCancel(ctx)
	defer r.fetches.Wait()
	defer stop()
	r.back = make(chan returned, chunksOfLog*len(r.logs)) // has room for every chunk: giving one back never waits
	for {
		send, next := (chan<- Batch)(nil), Batch{}
		if len(r.ready) > 0 {
			send, next = out, r.ready[0]
		}
		select {
		case <-ctx.Done():
			return
		case records, ok := <-in:
			if !ok {
				return
			}
			shard, log := r.Topics.Find(records.Topic, records.Partition)
			l := &r.logs[r.flat.number(shard, log)]
			l.waiting = append(l.waiting, records)
		case b := <-r.back:
			r.logs[b.log].out--
			r.free = append(r.free, b.chunk)
		case i := <-r.fetches.done:
			r.logs[i].blocked = false
		case send <- next:
			r.ready = r.ready[1:]
		}
		r.decode(ctx)
	}
}

// decode turns runs that wait into batches, as far as there are chunks and schemas.
func (r *Reader) decode(ctx context.Context) {
	for i := range r.logs {
		l := &r.logs[i]
		for len(l.waiting) > 0 && !l.blocked && l.out < chunksOfLog && len(r.ready) < chunksInFlight {
			b, ok := r.batch(i, l.waiting[0])
			if !ok {
				l.blocked = true
				r.free = append(r.free, b.Chunk)
				r.fetch(ctx, i)
				break
			}
			r.ready = append(r.ready, b)
			l.waiting[0].Release()
			l.waiting = l.waiting[1:]
			l.out++
		}
	}
}

func (r *Reader) chunk() *schemas.Chunk {
	n := len(r.free)
	if n == 0 {
		return new(schemas.Chunk)
	}
	c := r.free[n-1]
	r.free = r.free[:n-1]
	return c
}

// arrivalGrain is the grain of arrival bounds. Each stands in the journal with its
// offsets, so that a fine one would write a record for every fetch of every log.
const arrivalGrain = time.Second

// arrival is the bound of what comes now: not before now, and the same for all that comes
// within a grain.
func arrival(now schemas.Time) schemas.Time { return now.Add(arrivalGrain - 1).Floor(arrivalGrain) }

// batch decodes one run of a log; false if it needs a schema that is not known yet.
func (r *Reader) batch(number int, in *kafka.Records) (Batch, bool) {
	seat, chunk, now := r.flat.seats[number], r.chunk(), arrival(r.Now())
	chunk.Reset(seat.log, r.Layout)
	b := Batch{Shard: seat.shard, Log: seat.log, Chunk: chunk, First: in.First, Epoch: in.Epoch, High: in.HighWatermark,
		Done: func() { r.back <- returned{number, chunk} }}
	d := r.decoders[seat.shard][seat.log]
	for i := range in.Records {
		rec := &in.Records[i]
		decodable(&r.rec, rec, now)
		if !rec.LogAppend {
			b.At = now
			if at, ok := r.Arrivals.At(number, rec.Offset); ok {
				r.rec.At = at
			}
		}
		if !d.Append(chunk, r.rec) {
			return b, false
		}
	}
	for _, offset := range in.Oversize {
		chunk.Rejected = append(chunk.Rejected, schemas.Rejection{Offset: offset, Reason: schemas.RejectSize, Detail: "record above 256 KiB"})
	}
	chunk.Next = in.Next
	for _, g := range in.Gaps {
		b.Gaps = append(b.Gaps, r.gap(in, g))
	}
	r.note(in.Topic, chunk)
	return b, true
}

// gap tells of offsets that are lost. A log that was cut off goes on where it was cut.
func (r *Reader) gap(in *kafka.Records, g kafka.Gap) Gap {
	r.Log.Error("offsets lost", "topic", in.Topic, "partition", in.Partition, "from", g.From, "to", g.To, "reason", string(g.Reason))
	if r.Lost != nil {
		r.Lost(in.Topic, in.Partition, g)
	}
	if g.Reason.Rewinds() {
		return Gap{g.From, g.From}
	}
	return Gap{g.From, g.To}
}

// decodable makes out of a record what decoders take, in the memory of the record before.
// Now is its arrival bound unless the broker says when it came.
func decodable(out *codec.Record, in *kafka.Record, now schemas.Time) {
	ts := schemas.Time(in.Timestamp * 1e6)
	*out = codec.Record{Offset: in.Offset, Timestamp: ts, At: now, Value: in.Value, Headers: out.Headers[:0]}
	if in.LogAppend {
		out.At = ts
	}
	for _, h := range in.Headers {
		out.Headers = append(out.Headers, codec.Header{Key: string(h.Key), Value: h.Value})
	}
}

// note counts what became no row, and what did.
func (r *Reader) note(topic string, c *schemas.Chunk) {
	if r.Read != nil {
		r.Read(c)
	}
	if r.Rejected == nil {
		return
	}
	for _, q := range c.Rejected {
		r.Rejected(topic, q)
	}
}
