package kafka

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go/protocol"
)

// ErrGrown is wrapped by the error of a topic to which partitions were added
// while others of it are read: what is written to the new ones is not read.
var ErrGrown = errors.New("partitions were added")

// TopicID tells a topic from others that had its name. It is zero where the
// brokers are older than Kafka 2.8.
type TopicID [16]byte

// topicState is what a consumer knows about a topic. Guarded by Consumer.mu.
type topicState struct {
	name  string
	id    TopicID
	first int // partitions when it was opened
	now   int
	err   error
}

// compareTopics notes what has become of the topics; Consumer.mu is held.
func (c *Consumer) compareTopics(l *layout) {
	for _, t := range c.topics {
		if err := l.check("the cluster", []string{t.name}); err != nil {
			if errors.As(err, new(refusal)) { // anything else is a moment of the cluster
				t.err = err
			}
			continue
		}
		t.err = nil
		switch t.now = len(l.leader[t.name]); {
		case t.now > t.first:
			t.err = fmt.Errorf("kafka topic %q has %d partitions, of which %d are known here: restart to read all of them: %w",
				t.name, t.now, t.first, ErrGrown)
		case t.now < t.first:
			t.err = fmt.Errorf("kafka topic %q has only %d partitions now, not %d: it was created anew with fewer: restart to read it as it is", t.name, t.now, t.first)
		}
		id := l.id[t.name]
		if id == (TopicID{}) || id == t.id {
			continue
		}
		for _, p := range c.parts {
			if p.topic == t.name && t.id != (TopicID{}) {
				p.reborn = true
			}
		}
		t.id = id
	}
	for _, b := range c.readers {
		b.poke()
	}
}

const idsVersion = 10 // of the metadata message, the first that has topic ids

// topicIDs asks for the ids of topics; those that do not exist are left out,
// and all are if the broker is too old. It is written out here because
// kafka-go knows the message up to version 8 only.
func (c *conn) topicIDs(topics []string) (map[string]TopicID, error) {
	ids := map[string]TopicID{}
	if !c.hasIDs {
		return ids, nil
	}
	if err := c.SetDeadline(time.Now().Add(requestTimeout)); err != nil {
		return nil, fmt.Errorf("kafka broker %s: %w", c.addr, err)
	}
	c.lastID++
	if _, err := c.Write(idsRequest(c.lastID, topics)); err != nil {
		return nil, fmt.Errorf("kafka broker %s: asking for topic ids: %w", c.addr, err)
	}
	f := frame{r: c, remain: 4}
	f.remain = int64(f.i32())
	if f.err == nil && (f.remain < 4 || f.remain > maxAnswer) {
		return nil, fmt.Errorf("kafka broker %s: topic ids: an answer of %d bytes", c.addr, f.remain)
	}
	f.ids(c.lastID, ids)
	f.discard(f.remain)
	if f.err != nil {
		return nil, fmt.Errorf("kafka broker %s: topic ids: %w", c.addr, f.err)
	}
	return ids, nil
}

func idsRequest(id int32, topics []string) []byte {
	be := binary.BigEndian
	b := make([]byte, 4, 256)
	b = be.AppendUint16(b, uint16(protocol.Metadata))
	b = be.AppendUint16(b, idsVersion)
	b = be.AppendUint32(b, uint32(id))
	b = be.AppendUint16(b, uint16(len(clientID)))
	b = append(b, clientID...)
	b = append(b, 0) // no tags
	b = binary.AppendUvarint(b, uint64(len(topics))+1)
	for _, t := range topics {
		b = append(b, make([]byte, len(TopicID{}))...) // by name, not by id
		b = binary.AppendUvarint(b, uint64(len(t))+1)
		b = append(b, t...)
		b = append(b, 0)
	}
	b = append(b, 0, 0, 0, 0) // create none, no operations of cluster and topics, no tags
	be.PutUint32(b, uint32(len(b)-4))
	return b
}

// ids reads the body of a metadata answer.
func (f *frame) ids(id int32, into map[string]TopicID) {
	if got := f.i32(); f.err == nil && got != id {
		f.err = fmt.Errorf("answer %d to request %d", got, id)
	}
	f.tags()
	f.i32() // throttle time
	for range f.compact(10) {
		f.i32() // broker id
		f.text()
		f.i32() // port
		f.text()
		f.tags()
	}
	f.text() // cluster
	f.i32()  // controller
	for range f.compact(24) {
		code := f.i16()
		name := f.text()
		var t TopicID
		copy(t[:8], f.bytes(8))
		copy(t[8:], f.bytes(8))
		f.bytes(1) // internal?
		for range f.compact(18) {
			f.i16()
			f.i32()
			f.i32()
			f.i32()
			for range 3 { // replicas, those in sync, those offline
				f.discard(4 * int64(f.compact(4)))
			}
			f.tags()
		}
		f.i32() // operations
		f.tags()
		if f.err != nil {
			return
		}
		if code == 0 {
			into[string(name)] = t
		}
	}
	f.i32() // operations
	f.tags()
}

// uvarint reads a number of the flexible versions of the protocol.
func (f *frame) uvarint() int64 {
	v := uint64(0)
	for shift := 0; shift < 35; shift += 7 {
		b := f.bytes(1)[0]
		v |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return int64(v)
		}
	}
	f.err = errShort
	return 0
}

// compact reads the length of an array whose elements have at least size bytes.
func (f *frame) compact(size int64) int64 {
	n := f.uvarint() - 1
	if n > 0 && n > f.remain/size {
		f.err = errShort
	}
	if f.err != nil {
		return 0
	}
	return max(n, 0)
}

func (f *frame) text() []byte { return f.into(nil, max(f.uvarint()-1, 0)) }

// tags passes over fields that later versions add.
func (f *frame) tags() {
	for n := f.uvarint(); n > 0 && f.err == nil; n-- {
		f.uvarint()
		f.discard(f.uvarint())
	}
}
