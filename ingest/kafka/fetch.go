package kafka

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

const (
	fetchVersion  = 11
	maxAnswer     = 256 << 20 // one answer; brokers send at most about MaxBytes and one batch
	maxSet        = 64 << 20  // one partition's record set within an answer
	readCommitted = 1
)

// frame reads the fields of one answer. The length before it bounds all reads;
// the first error makes everything after it zero.
type frame struct {
	r      io.Reader
	remain int64
	err    error
	word   [8]byte

	topic    []byte  // scratch memory of readAnswer
	unwanted Records // likewise
}

var errShort = errors.New("the answer ends within a field")

func (f *frame) bytes(n int64) []byte {
	if f.err == nil && n > f.remain {
		f.err = errShort
	}
	if f.err == nil {
		f.remain -= n
		_, f.err = io.ReadFull(f.r, f.word[:n])
	}
	if f.err != nil {
		f.word = [8]byte{}
	}
	return f.word[:n]
}

func (f *frame) i16() int16 { return int16(binary.BigEndian.Uint16(f.bytes(2))) }
func (f *frame) i32() int32 { return int32(binary.BigEndian.Uint32(f.bytes(4))) }
func (f *frame) i64() int64 { return int64(binary.BigEndian.Uint64(f.bytes(8))) }

// count reads the length of an array whose elements have at least size bytes.
func (f *frame) count(size int64) int32 {
	n := f.i32()
	if n > 0 && int64(n) > f.remain/size {
		f.err = errShort
	}
	if f.err != nil {
		return 0
	}
	return max(n, 0) // -1 is null
}

// into appends the next n bytes to dst, which grows with what arrives and not
// with what was promised.
func (f *frame) into(dst []byte, n int64) []byte {
	if f.err == nil && (n < 0 || n > f.remain) {
		f.err = errShort
	}
	const step = 1 << 20
	for n > 0 && f.err == nil {
		m := int(min(n, step))
		dst = slices.Grow(dst, m)
		part := dst[len(dst) : len(dst)+m]
		if _, f.err = io.ReadFull(f.r, part); f.err == nil {
			dst = dst[:len(dst)+m]
			n -= int64(m)
			f.remain -= int64(m)
		}
	}
	return dst
}

func (f *frame) discard(n int64) {
	if f.err == nil && (n < 0 || n > f.remain) {
		f.err = errShort
	}
	if f.err == nil && n > 0 {
		_, f.err = io.CopyN(io.Discard, f.r, n)
		f.remain -= n
	}
}

// readFetch reads the answer to the last fetch from the connection.
func (c *conn) readFetch(want wantFunc) error {
	if c.frame == nil {
		c.frame = &frame{r: c}
	}
	if err := c.frame.readAnswer(c.lastID, want); err != nil {
		return fmt.Errorf("kafka broker %s: fetch: %w", c.addr, err)
	}
	return nil
}

// wantFunc gives the buffer for what an answer says about a partition; nil
// passes over it.
type wantFunc func(topic []byte, partition int32) *Records

// readAnswer reads the answer to the fetch with the given correlation id into
// the buffers that want gives, without decoding the record sets.
func (f *frame) readAnswer(id int32, want wantFunc) error {
	f.remain = 4
	f.remain = int64(f.i32())
	if f.err == nil && (f.remain < 4 || f.remain > maxAnswer) {
		return fmt.Errorf("an answer of %d bytes: is this a Kafka broker?", f.remain)
	}
	if got := f.i32(); f.err == nil && got != id {
		return fmt.Errorf("answer %d to request %d", got, id)
	}
	f.i32() // throttle time: the broker has already waited
	code := f.i16()
	f.i32() // session: we use none
	if f.err == nil && code != 0 {
		return kafka.Error(code)
	}
	for range f.count(6) {
		f.topic = f.into(f.topic[:0], int64(f.i16()))
		for range f.count(38) {
			part := f.i32()
			if r := want(f.topic, part); r != nil {
				f.partition(r, true)
			} else {
				f.partition(&f.unwanted, false)
			}
		}
	}
	f.discard(f.remain)
	return f.err
}

// partition reads what follows a partition's number into r, with its record
// set if that is wanted.
func (f *frame) partition(r *Records, wanted bool) {
	a := &r.answer
	a.code = f.i16()
	a.highWatermark = f.i64()
	a.lastStable = f.i64()
	a.logStart = f.i64()
	a.aborted = a.aborted[:0]
	for range f.count(16) {
		if a.aborted = append(a.aborted, abortedTxn{f.i64(), f.i64()}); f.err != nil {
			return
		}
	}
	slices.SortStableFunc(a.aborted, func(x, y abortedTxn) int { return cmp.Compare(x.first, y.first) })
	f.i32() // preferred replica: we name no rack, so there is none
	size := int64(f.i32())
	if size < 0 && f.err == nil { // null
		size = 0
	}
	kept := min(size, maxSet)
	if !wanted {
		kept = 0
	}
	r.raw = f.into(r.raw[:0], kept)
	f.discard(size - kept)
	r.answered = f.err == nil
}

// appendFetch appends a request for the given partitions. Brokers fill an answer
// in the order of the request and may leave nothing for the last, so the order
// turns from one request to the next. It is written out here, as its answer is
// read here, because it is sent for ever and kafka-go allocates for each.
func appendFetch(dst []byte, id int32, ps []*partition, turn int, wait int32) []byte {
	be := binary.BigEndian
	dst = append(dst, 0, 0, 0, 0) // for the length
	dst = be.AppendUint16(dst, uint16(protocol.Fetch))
	dst = be.AppendUint16(dst, fetchVersion)
	dst = be.AppendUint32(dst, uint32(id))
	dst = appendText(dst, clientID)
	dst = be.AppendUint32(dst, math.MaxUint32) // -1: we are no replica
	dst = be.AppendUint32(dst, uint32(wait))
	dst = be.AppendUint32(dst, 1) // byte at least
	dst = be.AppendUint32(dst, fetchBytes)
	dst = append(dst, readCommitted)
	dst = be.AppendUint32(dst, 0)              // no session
	dst = be.AppendUint32(dst, math.MaxUint32) // and none to be made
	topics, partitions := len(dst), 0
	dst = append(dst, 0, 0, 0, 0)
	for i := range ps {
		p := ps[(i+turn)%len(ps)]
		if i == 0 || p.topic != ps[(i-1+turn)%len(ps)].topic {
			count(dst, topics)
			dst = appendText(dst, p.topic)
			partitions = len(dst)
			dst = append(dst, 0, 0, 0, 0)
		}
		count(dst, partitions)
		dst = be.AppendUint32(dst, uint32(p.id))
		dst = be.AppendUint32(dst, uint32(p.leaderEpoch))
		dst = be.AppendUint64(dst, uint64(p.ask))
		dst = be.AppendUint64(dst, math.MaxUint64) // -1: only replicas have a start of their log
		dst = be.AppendUint32(dst, uint32(p.maxBytes))
	}
	dst = append(dst, 0, 0, 0, 0) // nothing to forget
	dst = append(dst, 0, 0)       // no rack
	be.PutUint32(dst, uint32(len(dst)-4))
	return dst
}

func appendText(dst []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint16(dst, uint16(len(s))), s...)
}

// count adds one to the number of elements that stands at an offset of b.
func count(b []byte, at int) {
	binary.BigEndian.PutUint32(b[at:], binary.BigEndian.Uint32(b[at:])+1)
}
