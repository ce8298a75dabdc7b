package pump

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"verdin/ingest/kafka"
	"verdin/schemas"
)

// reading runs a Reader in a bubble over one topic of predictions and one of outcomes.
type reading struct {
	*Reader
	in       chan *kafka.Records
	out      chan Batch
	stop     context.CancelFunc
	gone     chan struct{}
	log      bytes.Buffer
	rejected []schemas.Rejection
}

func readInBubble(t *testing.T, test func(*testing.T, *reading), set ...func(*Reader)) {
	synctest.Test(t, func(t *testing.T) {
		r := &reading{in: make(chan *kafka.Records), out: make(chan Batch), gone: make(chan struct{})}
		r.Reader = &Reader{
			Topics: &Topics{Shards: [][]schemas.Log{
				{{Topic: "p", Kinds: p}, {Topic: "o", Kinds: o}},
				{{Topic: "p", Partition: 1, Kinds: p}, {Topic: "o", Partition: 1, Kinds: o}}}},
			Layout:   &schemas.Layout{},
			Now:      func() schemas.Time { return begin.Add(time.Minute) },
			Log:      slog.New(slog.NewTextHandler(&r.log, nil)),
			Rejected: func(topic string, q schemas.Rejection) { r.rejected = append(r.rejected, q) },
		}
		for _, f := range set {
			f(r.Reader)
		}
		var ctx context.Context
		ctx, r.stop = context.WithCancel(context.Background())
		go func() {
			defer close(r.gone)
			r.Run(ctx, r.in, r.out)
		}()
		test(t, r)
		r.stop()
		<-r.gone
	})
}

// run is a run of records of partition 1, all alike, from an offset on.
func run(topic string, offset int64, values ...[]byte) *kafka.Records {
	in := &kafka.Records{Topic: topic, Partition: 1, First: offset, HighWatermark: 99}
	for _, v := range values {
		in.Records = append(in.Records, kafka.Record{Offset: offset, Timestamp: int64(begin.Add(time.Second) / 1e6), Value: v})
		offset++
	}
	in.Next = offset
	return in
}

func good(id string) []byte { return answer(id, "stable", begin).AppendJSON(nil) }

// A run becomes the batch of its shard and log, with the positions that it accounts for.
func TestRecordsBecomeABatchOfTheirLog(t *testing.T) {
	readInBubble(t, func(t *testing.T, r *reading) {
		r.in <- run("p", 7, good("a"), good("b"))
		b := <-r.out
		if b.Shard != 1 || b.Log != 0 || b.Chunk.Log != 0 || b.Chunk.Len() != 2 || b.Chunk.Next != 9 || b.High != 99 || len(b.Gaps) != 0 {
			t.Errorf("%+v of %d rows, next %d", b, b.Chunk.Len(), b.Chunk.Next)
		}
		outcome := &schemas.Outcome{PredictionID: "a", Name: "correct", Value: schemas.Num(1)}
		r.in <- run("o", 3, outcome.AppendJSON(nil))
		if b := <-r.out; b.Shard != 1 || b.Log != 1 || b.Chunk.Kind[0] != schemas.KindOutcome || b.Chunk.TS[0] != begin.Add(time.Second) {
			t.Errorf("%+v: want an outcome at its record's own time", b)
		}
	})
}

// What becomes no row is told with its offset and reason, and the position goes on.
func TestRejectedRecordsAreToldNotLost(t *testing.T) {
	readInBubble(t, func(t *testing.T, r *reading) {
		in := run("p", 7, good("a"), []byte("no json"), nil)
		in.Oversize, in.Next = []int64{10, 11}, 12
		r.in <- in
		b := <-r.out
		if b.Chunk.Len() != 1 || b.Chunk.Next != 12 {
			t.Errorf("%d rows, next %d; want 1 and 12", b.Chunk.Len(), b.Chunk.Next)
		}
		var got []string
		for _, q := range r.rejected {
			got = append(got, string(rune('0'+q.Offset-7))+" "+q.Reason)
		}
		if want := "1 unknown_encoding, 2 unknown_encoding, 3 size, 4 size"; strings.Join(got, ", ") != want {
			t.Errorf("rejected %q, want %q", got, want)
		}
		if len(b.Gaps) != 0 {
			t.Error("a record that cannot be used is not a lost one")
		}
	})
}

// Offsets that are lost mark the batch, up to the first record that may stand behind
// them, and are told by range.
func TestGapsMarkTheBatch(t *testing.T) {
	for name, c := range map[string]struct {
		gaps []kafka.Gap
		lost int64
	}{
		"before the run":          {[]kafka.Gap{{From: 3, To: 7, Reason: kafka.GapExpired}}, 7},
		"within":                  {[]kafka.Gap{{From: 8, To: 20, Reason: kafka.GapCorrupt}, {From: 22, To: 30, Reason: kafka.GapTooLarge}}, 30},
		"a log that was cut off":  {[]kafka.Gap{{From: 7, To: 500, Reason: kafka.GapTruncated}}, 7},
		"a log that begins again": {[]kafka.Gap{{From: 0, To: 500, Reason: kafka.GapTruncated}}, 1},
	} {
		readInBubble(t, func(t *testing.T, r *reading) {
			in := run("p", 7, good("a"))
			in.Gaps = c.gaps
			r.in <- in
			b := <-r.out
			if all := b.lost(0); all[len(all)-1].To != c.lost || len(all) != len(c.gaps) || b.Chunk.Len() != 1 {
				t.Errorf("%s: lost %v, the last before %d", name, all, c.lost)
			}
			if got := r.log.String(); !strings.Contains(got, "offsets lost") || !strings.Contains(got, "reason="+string(c.gaps[0].Reason)) {
				t.Errorf("%s: told %q", name, got)
			}
		})
	}
}

// The arrival bound is the broker's time where the broker set it, else the clock.
func TestTheArrivalBoundIsTheBrokersTime(t *testing.T) {
	readInBubble(t, func(t *testing.T, r *reading) {
		in := run("p", 0, good("a"), good("b"))
		in.Records[1].LogAppend = true
		r.in <- in
		b := <-r.out
		if got := b.Chunk.At; got[0] != begin.Add(time.Minute) || got[1] != begin.Add(time.Second) {
			t.Errorf("arrival bounds %v, want the clock's and the record's", got)
		}
	})
}

// Headers travel with their record: a CloudEvent in binary form is read by them.
func TestHeadersTravelWithTheirRecord(t *testing.T) {
	readInBubble(t, func(t *testing.T, r *reading) {
		in := run("p", 0, good("a"), good("b"), good("c"))
		h := func(k, v string) kafka.Header { return kafka.Header{Key: []byte(k), Value: []byte(v)} }
		in.Records[1].Headers = []kafka.Header{h("ce_specversion", "1.0"), h("ce_id", "1"), h("ce_source", "s"), h("ce_type", "some.other.type")}
		r.in <- in
		b := <-r.out
		if b.Chunk.Len() != 2 || len(r.rejected) != 1 || r.rejected[0].Offset != 1 {
			t.Errorf("%d rows, rejected %+v: want the one of another type refused", b.Chunk.Len(), r.rejected)
		}
	})
}

// With every chunk of a log out the reader decodes no more of it, and goes on with the
// others; a chunk given back lets it go on, and the context frees it wherever it waits.
func TestALogWaitsForItsChunksAlone(t *testing.T) {
	fill := func(r *reading) (out []Batch) {
		for i := range int64(chunksOfLog) {
			r.in <- run("p", i, good("a"))
			out = append(out, <-r.out)
		}
		return out
	}
	none := func(t *testing.T, r *reading) {
		t.Helper()
		synctest.Wait()
		select {
		case b := <-r.out:
			t.Fatalf("a batch of log %d without a chunk", b.Log)
		default:
		}
	}
	readInBubble(t, func(t *testing.T, r *reading) {
		held := fill(r)
		r.in <- run("p", 90, good("z")) // taken, but there is no chunk for it
		none(t, r)
		r.in <- run("o", 3, (&schemas.Outcome{PredictionID: "a", Name: "correct", Value: schemas.Num(1)}).AppendJSON(nil))
		if b := <-r.out; b.Log != 1 {
			t.Errorf("a batch of log %d, want the outcomes'", b.Log)
		}
		none(t, r)
		held[1].Done()
		if b := <-r.out; b.Chunk != held[1].Chunk || b.First != 90 || b.Chunk.Next != 91 {
			t.Errorf("next %d: want the chunk that was given back", b.Chunk.Next)
		}
	})
	for name, wait := range map[string]func(*reading){
		"for records":  func(*reading) {},
		"for a chunk":  func(r *reading) { fill(r); r.in <- run("p", 90, good("z")) },
		"for the pump": func(r *reading) { r.in <- run("p", 90, good("z")) },
	} {
		readInBubble(t, func(t *testing.T, r *reading) {
			wait(r)
			synctest.Wait()
			r.stop()
			synctest.Wait()
			select {
			case <-r.gone:
			default:
				t.Errorf("waiting %s: the context does not free it", name)
			}
		})
	}
}

// The consumer's end is the reader's.
func TestTheReaderEndsWithItsConsumer(t *testing.T) {
	readInBubble(t, func(t *testing.T, r *reading) {
		close(r.in)
		<-r.gone
	})
}

// What comes within a second has one arrival bound, which is no earlier than when it
// came: the journal names it once for all of it.
func TestArrivalBoundsAreWholeSeconds(t *testing.T) {
	now := begin
	readInBubble(t, func(t *testing.T, r *reading) {
		for i, c := range []struct{ at, want time.Duration }{
			{0, 0}, {1, time.Second}, {300 * time.Millisecond, time.Second}, {time.Second, time.Second}, {1001 * time.Millisecond, 2 * time.Second},
		} {
			now = begin.Add(c.at)
			r.in <- run("p", int64(i), good("a"))
			b := <-r.out
			if got := b.At.Sub(begin); got != c.want || b.Chunk.At[0] != b.At {
				t.Errorf("at %v: the bound is %v and that of the row %v, want %v", c.at, got, b.Chunk.At[0].Sub(begin), c.want)
			}
			b.done()
		}
	}, func(r *Reader) { r.Now = func() schemas.Time { return now } })
}
