package kafka

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
)

// batch is the header of a record batch (message format v2) and what follows it.
//
//	base int64 · length int32 · epoch int32 · magic int8 · crc uint32 · attributes int16 ·
//	lastDelta int32 · firstTime int64 · maxTime int64 · producer int64 · producerEpoch int16 ·
//	sequence int32 · records int32 · body
//
// The CRC-32C covers everything from the attributes on. Source: the Kafka
// documentation, "Record Batch".
type batch struct {
	base       int64
	last       int64 // base + last offset delta; never below base
	epoch      int32 // of the leader that appended it
	attributes int16
	firstTime  int64
	maxTime    int64
	producer   int64
	records    int32
	body       []byte // as stored: perhaps compressed
	badDelta   bool   // the last offset delta is negative or overflows
}

const (
	lengthEnd  = 12 // bytes before those that the length counts
	headerSize = 61
	crcAt      = 17
	coveredAt  = 21 // where the covered bytes begin
)

func (b *batch) codec() Codec        { return Codec(b.attributes & 7) }
func (b *batch) logAppend() bool     { return b.attributes&(1<<3) != 0 }
func (b *batch) transactional() bool { return b.attributes&(1<<4) != 0 }
func (b *batch) control() bool       { return b.attributes&(1<<5) != 0 }

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// errPartial tells how many bytes the batch at the head of a set needs.
type errPartial int64

func (e errPartial) Error() string { return fmt.Sprintf("batch cut short, it has %d bytes", int64(e)) }

// errCorrupt: the bytes cannot be what the broker was given.
var errCorrupt = errors.New("batch with wrong checksum or framing")

// ErrFormat is wrapped by the error that ends a Consumer when a log holds
// messages from before Kafka 0.11, which have no batches.
var ErrFormat = errors.New("the log holds messages of format v0 or v1")

// split takes the first batch from set.
func split(set []byte) (b batch, rest []byte, err error) {
	if len(set) < lengthEnd+5 { // up to the magic byte
		return b, nil, errPartial(headerSize)
	}
	switch magic := set[lengthEnd+4]; magic {
	case 2:
	case 0, 1:
		return b, nil, fmt.Errorf("%w (v%d): rewrite the topic with a producer of Kafka 0.11 or later", ErrFormat, magic)
	default:
		return b, nil, errCorrupt
	}
	size := int64(int32(binary.BigEndian.Uint32(set[8:]))) + lengthEnd
	if size < headerSize {
		return b, nil, errCorrupt
	}
	if size > int64(len(set)) {
		return b, nil, errPartial(size)
	}
	one, rest := set[:size], set[size:]
	if binary.BigEndian.Uint32(one[crcAt:]) != crc32.Checksum(one[coveredAt:], castagnoli) {
		return b, nil, errCorrupt
	}
	b = header(one)
	b.body = one[headerSize:]
	if b.base < 0 {
		return b, nil, errCorrupt // the base offset is not covered by the checksum
	}
	return b, rest, nil
}

// header reads the fields of a batch of at least headerSize bytes.
func header(one []byte) batch {
	be := binary.BigEndian
	b := batch{
		base:       int64(be.Uint64(one)),
		epoch:      int32(be.Uint32(one[12:])),
		attributes: int16(be.Uint16(one[21:])),
		firstTime:  int64(be.Uint64(one[27:])),
		maxTime:    int64(be.Uint64(one[35:])),
		producer:   int64(be.Uint64(one[43:])),
		records:    int32(be.Uint32(one[57:])),
	}
	delta := int64(int32(be.Uint32(one[23:])))
	b.badDelta = delta < 0 || b.base > math.MaxInt64-delta-1
	b.last = b.base
	if !b.badDelta {
		b.last += delta
	}
	return b
}

// corruptEnd guesses where an unreadable batch at the head of set ends: after
// its last offset, if the header says something plausible about [at, high),
// else after one offset. A guess too short only means a second gap.
func corruptEnd(set []byte, at, high int64) int64 {
	if len(set) >= headerSize {
		if b := header(set); !b.badDelta && b.base <= at && b.last >= at && b.last < high {
			return b.last + 1
		}
	}
	return at + 1
}

// foresee guesses from the headers of a record set where decoding it from at
// will end, so that what follows can be asked for meanwhile. false: it has no
// whole batch. A wrong guess costs a fetch and nothing else.
func foresee(set []byte, at, high int64) (next int64, ok bool) {
	if len(set) == 0 {
		return at, true
	}
	next = at
	for len(set) >= headerSize && set[lengthEnd+4] == 2 {
		size := int64(int32(binary.BigEndian.Uint32(set[8:]))) + lengthEnd
		if size < headerSize || size > int64(len(set)) {
			break
		}
		b := header(set)
		if b.badDelta || b.base < 0 || b.last >= high {
			break
		}
		next = max(next, b.last+1)
		set = set[size:]
	}
	return next, next > at
}
