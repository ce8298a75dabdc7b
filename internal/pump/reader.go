package pump

import (
	"context"
	"log/slog"

	"verdin/ingest/codec"
	"verdin/ingest/kafka"
	"verdin/schemas"
)

// chunksInFlight bounds the decoded chunks between reader and engine: enough to
// keep both busy, few enough to bound memory. When all are out the reader waits,
// and with it the fetch.
const chunksInFlight = 16

// Reader decodes what a consumer fetches into batches for the engine.
type Reader struct {
	Topics   *Topics
	Layout   *schemas.Layout
	Now      func() schemas.Time // the arrival bound of records without a broker's time
	Log      *slog.Logger
	Rejected func(topic string, r schemas.Rejection) // may be nil

	free    chan *schemas.Chunk
	headers []codec.Header
}

// Run decodes until the consumer stops or the context ends, and hands batches to out.
func (r *Reader) Run(ctx context.Context, in <-chan *kafka.Records, out chan<- Batch) {
	r.free = make(chan *schemas.Chunk, chunksInFlight)
	for range chunksInFlight {
		r.free <- new(schemas.Chunk)
	}
	decoders := r.Topics.decoders(r.Layout)
	for {
		select {
		case <-ctx.Done():
			return
		case records, ok := <-in:
			if !ok {
				return
			}
			b, ok := r.decode(ctx, records, decoders)
			records.Release()
			if !ok {
				return
			}
			select {
			case out <- b:
			case <-ctx.Done():
				return
			}
		}
	}
}

// decode turns one run of records into a batch.
func (r *Reader) decode(ctx context.Context, in *kafka.Records, decoders [][]*codec.Decoder) (Batch, bool) {
	var chunk *schemas.Chunk
	select {
	case chunk = <-r.free:
	case <-ctx.Done():
		return Batch{}, false
	}
	shard, log := r.Topics.Find(in.Topic, in.Partition)
	chunk.Reset(log, r.Layout)
	d, now := decoders[shard][log], r.Now()
	for i := range in.Records {
		d.Append(chunk, r.record(&in.Records[i], now))
	}
	for _, offset := range in.Oversize {
		chunk.Rejected = append(chunk.Rejected, schemas.Rejection{Offset: offset, Reason: schemas.RejectSize, Detail: "record above 256 KiB"})
	}
	chunk.Next = in.Next
	for _, g := range in.Gaps {
		r.Log.Error("offsets lost", "topic", in.Topic, "partition", in.Partition, "from", g.From, "to", g.To, "reason", string(g.Reason))
	}
	r.note(in.Topic, chunk)
	return Batch{Shard: shard, Log: log, Chunk: chunk, High: in.HighWatermark, Lost: lostBefore(in.Gaps),
		Done: func() { r.free <- chunk }}, true
}

// lostBefore is the offset of the first record that may stand behind every gap, 0 =
// there is none. A log that was cut off goes on where it was cut.
func lostBefore(gaps []kafka.Gap) (before int64) {
	for _, g := range gaps {
		to := g.To
		if g.Reason.Rewinds() {
			to = g.From
		}
		before = max(before, to, 1)
	}
	return before
}

func (r *Reader) record(in *kafka.Record, now schemas.Time) codec.Record {
	ts := schemas.Time(in.Timestamp * 1e6)
	out := codec.Record{Offset: in.Offset, Timestamp: ts, At: now, Value: in.Value}
	if in.LogAppend {
		out.At = ts
	}
	r.headers = r.headers[:0]
	for _, h := range in.Headers {
		r.headers = append(r.headers, codec.Header{Key: string(h.Key), Value: h.Value})
	}
	out.Headers = r.headers
	return out
}

// note counts what became no row.
func (r *Reader) note(topic string, c *schemas.Chunk) {
	if r.Rejected == nil {
		return
	}
	for _, q := range c.Rejected {
		r.Rejected(topic, q)
	}
}
