package kafka

import "errors"

// abortedTxn is a rolled-back transaction: the records of producer from offset
// first up to its next abort marker do not count.
type abortedTxn struct{ producer, first int64 }

// answer is what a broker says about one partition beside its records.
type answer struct {
	code          int16
	highWatermark int64
	lastStable    int64 // the broker sends nothing from here on: a transaction is open
	logStart      int64
	aborted       []abortedTxn // sorted by first offset
}

// A run ends after the batch that takes it beyond one of these, so that many
// small bombs in one answer do not add up; the rest is fetched again. With many
// partitions each has less (see budget).
const (
	runBytes   = 12 << 20
	runRecords = 128 << 10
)

// decoder turns record sets into Records. It holds scratch memory only.
type decoder struct {
	unpacker
	maxRun   int            // bytes after which a run ends; 0 = runBytes
	aborting map[int64]bool // producers whose transaction is being passed over
}

// decode appends the batches of set, the records of a partition from offset
// r.Next on, to r. It stops at the first batch that it cannot take with
// errPartial, errCorrupt or ErrFormat; what it took before stays in r, r.Next
// is where the trouble begins, and rest starts with its bytes. Without an
// error, rest is what the run had no more room for.
func (d *decoder) decode(r *Records, set []byte, a *answer, compacted bool) (rest []byte, err error) {
	clear(d.aborting)
	aborted := a.aborted
	limit := d.maxRun
	if limit == 0 {
		limit = runBytes
	}
	for begin := r.Next; len(set) > 0 && len(r.arena) < limit && len(r.Records) < runRecords; {
		b, after, err := split(set)
		if err != nil {
			if errors.As(err, new(errPartial)) && r.Next > begin {
				return nil, nil // brokers cut the last batch short; it comes whole with the next fetch
			}
			return set, err
		}
		if b.last >= a.highWatermark { // either the mark was taken before the data, or the base offset is wrong
			if r.Next > begin {
				return nil, nil
			}
			return set, errCorrupt
		}
		for len(aborted) > 0 && aborted[0].first <= b.last {
			d.abort(aborted[0].producer)
			aborted = aborted[1:]
		}
		d.take(r, &b, a.logStart, compacted)
		if set = after; len(set) == 0 && r.Next == begin {
			return nil, errCorrupt // all of it lies before what was asked for
		}
	}
	return set, nil
}

func (d *decoder) abort(producer int64) {
	if d.aborting == nil {
		d.aborting = map[int64]bool{}
	}
	d.aborting[producer] = true
}

// take accounts for one batch with a right checksum.
func (d *decoder) take(r *Records, b *batch, logStart int64, compacted bool) {
	skipped := b.transactional() && d.aborting[b.producer]
	if b.control() && isAbort(b.body) {
		delete(d.aborting, b.producer)
	}
	if b.last < r.Next {
		return // seen before
	}
	if b.base > r.Next {
		r.hole(b.base, logStart, compacted)
	}
	r.Epoch = epochOf(b.epoch)
	n := b.last + 1 - r.Next
	switch {
	case b.badDelta:
		r.gap(r.Next, b.last+1, GapMalformed)
	case b.control():
		r.Skipped.Control += n
		r.Next += n
	case skipped:
		r.Skipped.Aborted += n
		r.Next += n
	default:
		d.takeRecords(r, b, logStart, compacted)
	}
}

// takeRecords appends the records of a batch, all or none of them.
func (d *decoder) takeRecords(r *Records, b *batch, logStart int64, compacted bool) {
	body := b.body
	before := r.mark()
	if b.codec() != None && len(body) > 0 {
		start := len(r.arena)
		out, err := d.unpack(r.arena, b.codec(), body)
		if r.arena = out; err != nil {
			r.arena = out[:start]
			why := GapMalformed
			if errors.Is(err, errTooLarge) {
				why = GapTooLarge
			}
			r.gap(r.Next, b.last+1, why)
			return
		}
		body = out[start:]
	}
	if b.records > MaxBatchRecords && int64(b.records) <= int64(len(body)/minRecordBytes) {
		r.gap(r.Next, b.last+1, GapTooLarge)
		return
	}
	if !r.fill(b, body, logStart, compacted) {
		r.rewind(before)
		r.gap(r.Next, b.last+1, GapMalformed)
		return
	}
	if r.Next <= b.last {
		r.hole(b.last+1, logStart, compacted)
	}
}

// fill appends the records of body; false if it is not exactly what b says.
func (r *Records) fill(b *batch, body []byte, logStart int64, compacted bool) bool {
	if b.records < 0 || int64(b.records) > int64(len(body)/minRecordBytes) {
		return false
	}
	c := cursor{b: body, headers: MaxBatchRecords}
	previous := int64(-1)
	for range b.records {
		rec, headers, oversize := c.record(b, r.headers)
		if c.bad || rec.Offset <= previous {
			return false
		}
		previous = rec.Offset
		if rec.Offset < r.Next {
			continue // before what was asked for
		}
		if rec.Offset > r.Next {
			r.hole(rec.Offset, logStart, compacted)
		}
		r.Next++
		if oversize {
			r.Oversize = append(r.Oversize, rec.Offset)
			continue
		}
		r.headers = headers
		r.Records = append(r.Records, rec)
	}
	return len(c.b) == 0
}

// hole accounts for offsets [r.Next, to) that the log does not have.
func (r *Records) hole(to, logStart int64, compacted bool) {
	if r.Next < logStart {
		r.gap(r.Next, min(logStart, to), GapExpired)
	}
	switch n := to - r.Next; {
	case n == 0:
	case compacted:
		r.Skipped.Compacted += n
		r.Next = to
	default:
		r.gap(r.Next, to, GapMissing)
	}
}

// mark is a state of a run to which it can be rewound.
type mark struct {
	next                             int64
	records, oversize, gaps, headers int
	lastGap                          Gap
	skipped                          Skipped
}

func (r *Records) mark() mark {
	m := mark{r.Next, len(r.Records), len(r.Oversize), len(r.Gaps), len(r.headers), Gap{}, r.Skipped}
	if m.gaps > 0 {
		m.lastGap = r.Gaps[m.gaps-1]
	}
	return m
}

func (r *Records) rewind(m mark) {
	r.Next, r.Skipped = m.next, m.skipped
	r.Records, r.Oversize, r.Gaps, r.headers = r.Records[:m.records], r.Oversize[:m.oversize], r.Gaps[:m.gaps], r.headers[:m.headers]
	if m.gaps > 0 {
		r.Gaps[m.gaps-1] = m.lastGap
	}
}
