package kafka

import (
	"time"

	"github.com/segmentio/kafka-go"
)

// Brokers hold an answer back until there is data, for at most this long:
// short while a partition waits for its receiver, so that it is asked for soon
// after the receiver has released a buffer.
const (
	idleWait = 250 // milliseconds
	busyWait = 5   // milliseconds
)

// reader fetches all partitions that one broker leads, over one connection.
type reader struct {
	c    *Consumer
	id   int32
	addr string
	wake chan struct{} // holds a token after something has changed

	d     decoder
	asked map[string]map[int32]*partition // of the fetch under way
	seek  []*partition                    // whose offset is out of range
}

func newReader(c *Consumer, id int32, addr string) *reader {
	return &reader{c: c, id: id, addr: addr, wake: make(chan struct{}, 1), asked: map[string]map[int32]*partition{}}
}

func (b *reader) poke() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// run fetches until the connection fails or nothing is left to read here.
func (b *reader) run() {
	defer b.c.wg.Done()
	cn, err := b.c.d.dial(b.c.ctx, b.addr)
	if err != nil {
		b.c.lose(b, err)
		return
	}
	defer cn.Close()
	for turn := 0; b.c.ctx.Err() == nil; turn++ {
		ready, owned := b.c.ready(b)
		if owned == 0 {
			return
		}
		if len(ready) == 0 {
			select {
			case <-b.wake:
			case <-b.c.ctx.Done():
			}
			continue
		}
		wait := int32(idleWait)
		if len(ready) < owned {
			wait = busyWait
		}
		if err := b.fetch(cn, ready, turn, wait); err != nil {
			b.c.lose(b, err)
			return
		}
	}
}

// fetch asks for the given partitions once and deals with the answer.
func (b *reader) fetch(cn *conn, ps []*partition, turn int, wait int32) error {
	clear(b.asked)
	for _, p := range ps {
		if b.asked[p.topic] == nil {
			b.asked[p.topic] = map[int32]*partition{}
		}
		b.asked[p.topic][p.id] = p
	}
	b.seek = b.seek[:0]
	if err := cn.sendFetch(fetchRequest(ps, turn, wait)); err != nil {
		return err
	}
	if err := cn.readFetch(b.want, b.take); err != nil {
		return err
	}
	for _, p := range b.seek {
		if err := b.findRange(cn, p); err != nil {
			b.c.orphan(p, err)
		}
	}
	return nil
}

// want finds the buffer for a partition of the answer.
func (b *reader) want(topic []byte, id int32) ([]byte, bool) {
	p := b.asked[string(topic)][id]
	if p == nil {
		return nil, false
	}
	return p.cur.raw[:0], true
}

// take deals with one partition of the answer.
func (b *reader) take(topic []byte, id int32, a *answer, set []byte) {
	p := b.asked[string(topic)][id]
	delete(b.asked[p.topic], id) // a second time in one answer is passed over
	p.cur.raw = set
	switch kafka.Error(a.code) {
	case 0:
	case kafka.OffsetOutOfRange:
		b.seek = append(b.seek, p)
		return
	default:
		b.c.orphan(p, p.errorf("%w", kafka.Error(a.code)))
		return
	}
	now := time.Now()
	rest, err := b.d.decode(p.cur, set, a, p.compacted)
	if isFormat(err) {
		b.c.fail(p.errorf("offset %d: %w", p.cur.Next, err))
		return
	}
	if err != nil {
		err = p.retryOrGap(rest, a.highWatermark, err)
	} else if len(set) > 0 {
		p.maxBytes = setBytes
	}
	p.deliver(a.highWatermark, now)
	if err != nil {
		b.c.orphan(p, err)
		return
	}
	b.c.recovered(p)
}

// findRange declares what lies between the wanted offset and the log as a gap.
func (b *reader) findRange(cn *conn, p *partition) error {
	first, err := cn.listOffset(p.topic, p.id, Earliest)
	if err != nil {
		return err
	}
	end, err := cn.listOffset(p.topic, p.id, Latest)
	if err != nil {
		return err
	}
	switch r := p.cur; {
	case p.at < first:
		r.gap(p.at, first, GapExpired)
	case p.at > end:
		r.Gaps = append(r.Gaps, Gap{From: end, To: p.at, Reason: GapTruncated})
		r.Next = end
	default: // the log has changed since
		return p.errorf("offset %d: %w", p.at, kafka.OffsetOutOfRange)
	}
	p.deliver(end, time.Now())
	return nil
}
