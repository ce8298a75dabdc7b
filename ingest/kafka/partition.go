package kafka

import (
	"fmt"
	"time"
)

const (
	buffers        = 2        // per partition: one with the receiver, one being filled
	setBytes       = 1 << 20  // asked for per partition and fetch
	fetchBytes     = 16 << 20 // asked for per fetch
	corruptRetries = 3
)

// partition is one partition being read. While a broker leads it, it belongs
// to that broker's reader, otherwise to the manager; mu of the consumer is
// held where it changes hands.
type partition struct {
	c         *Consumer
	topic     string
	id        int32
	compacted bool

	at       int64         // the next offset to fetch
	maxBytes int32         // to ask for
	cur      *Records      // buffer being filled, nil if none
	free     chan *Records // buffers that nobody holds
	badAt    int64         // offset of an unreadable batch …
	bad      int           // … and how often it was met

	// Guarded by Consumer.mu.
	leader int32 // broker id, -1 = none known
	fails  int   // attempts that failed in a row
	status Status
}

func newPartition(c *Consumer, a Assignment, compacted bool) *partition {
	p := &partition{
		c: c, topic: a.Topic, id: a.Partition, compacted: compacted,
		at: a.Offset, maxBytes: setBytes, free: make(chan *Records, buffers), badAt: -1, leader: -1,
		status: Status{Topic: a.Topic, Partition: a.Partition, Next: a.Offset},
	}
	for range buffers {
		p.free <- &Records{Topic: a.Topic, Partition: a.Partition, owner: p}
	}
	return p
}

func (p *partition) errorf(format string, args ...any) error {
	return fmt.Errorf("kafka topic %q partition %d: %w", p.topic, p.id, fmt.Errorf(format, args...))
}

// ready tells whether a buffer is at hand to be filled.
func (p *partition) ready() bool {
	if p.cur == nil {
		select {
		case p.cur = <-p.free:
			p.cur.reset(p.at)
		default:
			return false
		}
	}
	return true
}

// give takes a buffer back from the receiver and wakes the reader.
func (p *partition) give(r *Records) {
	p.free <- r
	p.c.mu.Lock()
	defer p.c.mu.Unlock()
	if b := p.c.readers[p.leader]; b != nil {
		b.poke()
	}
}

// deliver hands the current buffer to the receiver if it accounts for
// anything, and notes that the partition could be read.
func (p *partition) deliver(highWatermark int64, now time.Time) {
	r := p.cur
	p.at = r.Next
	r.HighWatermark, r.FetchedAt = max(highWatermark, r.Next), now
	p.c.mu.Lock()
	p.status.Next, p.status.HighWatermark, p.status.FetchedAt = r.Next, r.HighWatermark, now
	p.c.mu.Unlock()
	if r.empty() {
		r.reset(p.at)
		return
	}
	p.cur = nil
	r.held.Store(true)
	p.c.out <- r
}

// retryOrGap handles a batch that could not be taken: nil if the fetch can
// go on, else the reason to try again after a pause.
func (p *partition) retryOrGap(rest []byte, highWatermark int64, err error) error {
	r := p.cur
	if more, ok := err.(errPartial); ok && int64(more) > int64(p.maxBytes) && more <= maxSet {
		p.maxBytes = int32(more)
		return nil
	}
	if p.badAt != r.Next {
		p.badAt, p.bad = r.Next, 0
	}
	if p.bad++; p.bad <= corruptRetries {
		return p.errorf("offset %d: %w", r.Next, err)
	}
	r.gap(r.Next, corruptEnd(rest, r.Next, highWatermark), GapCorrupt)
	return nil
}
