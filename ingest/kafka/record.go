package kafka

import (
	"encoding/binary"
	"math"
)

// minRecordBytes is the size of a record without key, value and headers: seven
// fields of one byte.
const minRecordBytes = 7

// cursor reads the fields of records. The first read beyond the end, or of a
// number that its type cannot hold, makes it bad; everything after is zero.
type cursor struct {
	b       []byte
	bad     bool
	headers int // how many more headers the batch may have
}

// varint reads a zigzag number of at most 64 bits.
func (c *cursor) varint() int64 {
	if len(c.b) > 0 && c.b[0] < 0x80 { // most are of one byte
		v := c.b[0]
		c.b = c.b[1:]
		return int64(v>>1) ^ -int64(v&1)
	}
	if len(c.b) > 1 && c.b[1] < 0x80 { // and the lengths of events are of two
		v := uint64(c.b[0]&0x7F) | uint64(c.b[1])<<7
		c.b = c.b[2:]
		return int64(v>>1) ^ -int64(v&1)
	}
	v, n := binary.Varint(c.b)
	if n <= 0 {
		c.bad, c.b = true, nil
		return 0
	}
	c.b = c.b[n:]
	return v
}

// take reads n bytes; n = -1 reads nothing and returns nil, if null is allowed.
func (c *cursor) take(n int64, null bool) []byte {
	if n == -1 && null {
		return nil
	}
	if n < 0 || n > int64(len(c.b)) {
		c.bad, c.b = true, nil
		return nil
	}
	v := c.b[:n:n]
	c.b = c.b[n:]
	return v
}

func (c *cursor) skip(n int) { c.take(int64(n), false) }

// record reads one record of batch b:
//
//	length · attributes int8 · timestamp delta · offset delta · key · value · headers
//
// where all but the attributes are varints, and bytes have their length before
// them. An oversize record is passed over: only its offset is read. Headers are
// appended to headers. Source: the Kafka documentation, "Record".
func (c *cursor) record(b *batch, headers []Header) (rec Record, all []Header, oversize bool) {
	in := cursor{b: c.take(c.varint(), false)}
	size := len(in.b)
	in.skip(1) // attributes, unused
	rec.Timestamp = b.firstTime + in.varint()
	delta := in.varint()
	if delta < 0 || delta > b.last-b.base {
		in.bad = true
	}
	rec.Offset = b.base + delta
	if rec.LogAppend = b.logAppend(); rec.LogAppend {
		rec.Timestamp = b.maxTime
	}
	if in.bad || c.bad {
		c.bad = true
		return rec, headers, false
	}
	if size > MaxRecordBytes {
		return rec, headers, true
	}
	rec.Key = in.take(in.varint(), true)
	rec.Value = in.take(in.varint(), true)
	start := len(headers)
	n := in.varint()
	if n < 0 || n > int64(len(in.b))/2 || n > int64(c.headers) { // a header has at least two bytes
		in.bad = true
		n = 0
	}
	c.headers -= int(n)
	for range n {
		h := Header{Key: in.take(in.varint(), false)}
		h.Value = in.take(in.varint(), true)
		headers = append(headers, h)
		if in.bad {
			break
		}
	}
	if n > 0 {
		rec.Headers = headers[start:len(headers):len(headers)]
	}
	c.bad = c.bad || in.bad || len(in.b) > 0
	return rec, headers, false
}

// isAbort tells whether the body of a control batch is the marker that rolls a
// transaction back. The marker's key is a version and a type, of int16 each.
func isAbort(body []byte) bool {
	c := cursor{b: body}
	rec, _, oversize := c.record(&batch{last: math.MaxInt32}, nil)
	return !c.bad && !oversize && len(rec.Key) >= 4 && binary.BigEndian.Uint16(rec.Key[2:]) == 0
}
