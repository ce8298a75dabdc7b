package kafka

import (
	"sync/atomic"
	"time"
)

// Limits on what one log may make this process hold (invariant K3).
const (
	MaxRecordBytes  = 256 << 10 // one record: key, value and headers; larger ones are reported in Oversize
	MaxBatchBytes   = 32 << 20  // one batch after decompression; a larger one becomes a gap
	MaxBatchRecords = 1 << 20   // records of one batch, and headers of one batch; more become a gap
)

// Records is a run of one partition's log. Its slices are valid until Release.
type Records struct {
	Topic     string
	Partition int32

	First   int64    // the offset at which this run begins
	Next    int64    // the offset after everything that this run accounts for
	Records []Record // in offset order

	Oversize []int64 // offsets of records above MaxRecordBytes, which are not in Records
	Skipped  Skipped // offsets that hold no committed record
	Gaps     []Gap   // offsets whose content is lost or cannot be read

	// Epoch names the history that the last offset before Next belongs to; 0 =
	// unknown. Given back in Assignment.Epoch, it tells a log that was cut off
	// and has grown again from the one that was read.
	Epoch int32

	HighWatermark int64     // end of the log when it was read
	FetchedAt     time.Time // when the answer had arrived: no record in it is younger

	arena   []byte   // holds decompressed batches
	headers []Header // holds the headers of Records
	raw     []byte   // the answer's bytes
	answer  answer   // what it says beside them
	owner   *partition
	held    atomic.Bool // by the receiver

	answered bool // raw and answer are of the fetch that was sent
}

// Record is one record.
type Record struct {
	Offset    int64
	Timestamp int64 // Unix milliseconds
	LogAppend bool  // Timestamp was set by the broker on arrival, not by the producer
	Key       []byte
	Value     []byte // nil is a tombstone
	Headers   []Header
}

// Header is a key and value beside a record.
type Header struct{ Key, Value []byte }

// Skipped counts offsets that hold no committed record, by reason.
type Skipped struct {
	Control   int64 // transaction markers
	Aborted   int64 // records of transactions that were rolled back
	Compacted int64 // removed by log compaction
}

// Total is the number of skipped offsets.
func (s Skipped) Total() int64 { return s.Control + s.Aborted + s.Compacted }

// Gap is a range of offsets [From, To) that could not be read.
type Gap struct {
	From, To int64
	Reason   GapReason
}

// GapReason says why offsets could not be read. The codes are stable.
type GapReason string

const (
	GapExpired   GapReason = "expired"   // the log's start has moved past them
	GapMissing   GapReason = "missing"   // the log goes on behind them, though the topic is not compacted
	GapCorrupt   GapReason = "corrupt"   // wrong checksum or framing, also when fetched again
	GapMalformed GapReason = "malformed" // right checksum, but no valid batch within
	GapTooLarge  GapReason = "too_large" // a batch above MaxBatchBytes or MaxBatchRecords

	// GapTruncated: the log is shorter than it was: [From, To) had been read
	// (or promised) and now ends at From. Reading goes on at From, where new
	// records take offsets that older ones had: what was derived from the old
	// ones must be given up.
	GapTruncated GapReason = "truncated"

	// GapRecreated is the same for a topic that was deleted and created anew:
	// From is where the new one begins, and nothing of the old one is left.
	GapRecreated GapReason = "recreated"
)

// Rewinds tells whether a gap takes Next back to its From, instead of behind its To.
func (r GapReason) Rewinds() bool { return r == GapTruncated || r == GapRecreated }

// Release hands the run back: its slices may be overwritten from now on.
func (r *Records) Release() {
	if r.held.CompareAndSwap(true, false) {
		r.owner.give(r)
	}
}

// keptBytes is how much buffer is kept for reuse; a single huge batch must not
// hold its memory for ever.
const keptBytes = 16 << 20

// reset empties r for the run that starts at first.
func (r *Records) reset(first int64) {
	clear(r.Records) // so that a dropped arena can be collected
	r.First, r.Next = first, first
	r.Records, r.Oversize, r.Gaps = r.Records[:0], r.Oversize[:0], r.Gaps[:0]
	r.Skipped, r.Epoch, r.HighWatermark, r.FetchedAt = Skipped{}, 0, 0, time.Time{}
	r.answered = false
	r.arena, r.headers, r.raw = r.arena[:0], r.headers[:0], r.raw[:0]
	if cap(r.arena) > keptBytes {
		r.arena = nil
	}
	if cap(r.raw) > keptBytes {
		r.raw = nil
	}
	if cap(r.Records) > MaxBatchRecords/4 {
		r.Records = nil
	}
	if cap(r.headers) > MaxBatchRecords/4 {
		r.headers = nil
	}
}

// empty tells whether the run accounts for nothing at all.
func (r *Records) empty() bool { return r.Next == r.First && len(r.Gaps) == 0 }

// gap declares [from, to) unreadable and moves Next behind it. A range that
// continues the last one extends it.
func (r *Records) gap(from, to int64, why GapReason) {
	if n := len(r.Gaps); n > 0 && r.Gaps[n-1].To == from && r.Gaps[n-1].Reason == why {
		r.Gaps[n-1].To = to
	} else {
		r.Gaps = append(r.Gaps, Gap{from, to, why})
	}
	r.Next = to
}
