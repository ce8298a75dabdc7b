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
//
// Its round is: receive the answer under way, send the next fetch, digest the
// answer. So one fetch is under way while the answer before it is decoded. The
// next fetch asks from where the answer is expected to end; if decoding ends
// elsewhere, what comes back for that partition is dropped and asked for again.
// Between receive and send nothing is under way: there other requests go out.
type reader struct {
	c    *Consumer
	id   int32
	addr string
	wake chan struct{} // holds a token after something has changed

	d       decoder
	known   map[string]map[int32]*partition // those that were ever asked for
	ready   []*partition                    // scratch memory
	sent    []*partition                    // in the fetch under way
	arrived []*partition                    // with an answer to digest
	wanted  wantFunc                        // want
}

func newReader(c *Consumer, id int32, addr string) *reader {
	b := &reader{
		c: c, id: id, addr: addr, wake: make(chan struct{}, 1),
		d: decoder{maxRun: c.budget.run}, known: map[string]map[int32]*partition{},
	}
	b.wanted = b.want
	return b
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
	if err := b.rounds(cn); err != nil {
		b.abandon()
		b.c.lose(b, err)
	}
}

func (b *reader) rounds(cn *conn) error {
	for turn := 0; b.c.ctx.Err() == nil; turn++ {
		if err := b.receive(cn); err != nil {
			return err
		}
		owned, err := b.send(cn, turn)
		if err != nil {
			return err
		}
		if owned == 0 {
			return nil
		}
		if len(b.sent)+len(b.arrived) == 0 {
			select {
			case <-b.wake:
			case <-b.c.ctx.Done():
			}
		}
		b.digest()
	}
	return nil
}

// send asks for all partitions that have a free buffer. It tells how many
// partitions this reader owns.
func (b *reader) send(cn *conn, turn int) (owned int, err error) {
	ready, owned := b.c.ready(b)
	asked := b.sent[:0]
	for _, p := range ready {
		if err := b.settle(cn, p); err != nil {
			b.sent = asked
			return owned, err
		}
		if p.unsettled() || len(p.free) == 0 {
			continue
		}
		p.fly = <-p.free
		p.fly.reset(p.ask)
		asked = append(asked, p)
		b.know(p)
	}
	if b.sent = asked; len(asked) == 0 {
		return owned, nil
	}
	wait := int32(idleWait)
	if len(asked) < owned {
		wait = busyWait
	}
	return owned, cn.sendFetch(asked, turn, wait)
}

func (b *reader) know(p *partition) {
	if b.known[p.topic] == nil {
		b.known[p.topic] = map[int32]*partition{}
	}
	b.known[p.topic][p.id] = p
}

// want finds the buffer for a partition of the answer; a second time in one
// answer it is passed over.
func (b *reader) want(topic []byte, id int32) *Records {
	p := b.known[string(topic)][id]
	if p == nil || p.fly == nil || p.fly.answered {
		return nil
	}
	return p.fly
}

// receive reads the answer under way, if there is one, and deals with all of it
// but the record sets.
func (b *reader) receive(cn *conn) error {
	if len(b.sent) == 0 {
		return nil
	}
	if err := cn.readFetch(b.wanted); err != nil {
		return err
	}
	now := time.Now()
	for _, p := range b.sent {
		r := p.fly
		p.fly, r.FetchedAt = nil, now
		switch {
		case p.leaving != nil:
			b.c.orphan(p, p.drop(r, p.leaving))
		case r.First != p.at: // the answer before it ended elsewhere
			p.free <- r
		case !r.answered:
			b.c.orphan(p, p.drop(r, p.errorf("broker %s left it out of its answer", b.addr)))
		case r.answer.code == 0:
			p.got = r
			p.ask, p.known = foresee(r.raw, r.First, r.answer.highWatermark)
			b.arrived = append(b.arrived, p)
		case kafka.Error(r.answer.code) == kafka.OffsetOutOfRange:
			p.free <- r
			p.outside = true
		default:
			b.c.orphan(p, p.drop(r, p.refusal(kafka.Error(r.answer.code))))
		}
	}
	b.sent = b.sent[:0]
	return nil
}

// digest decodes what has arrived and hands it to the receiver.
func (b *reader) digest() {
	for _, p := range b.arrived {
		if r := p.got; r != nil {
			p.got = nil
			b.take(p, r)
		}
	}
	b.arrived = b.arrived[:0]
}

func (b *reader) take(p *partition, r *Records) {
	rest, err := b.d.decode(r, r.raw, &r.answer, p.compacted)
	if isFormat(err) {
		b.c.fail(p.errorf("offset %d: %w", r.Next, err))
		p.free <- r
		return
	}
	if err != nil {
		err = p.retryOrGap(r, rest, err)
	} else {
		p.fit(len(r.raw), len(rest))
	}
	p.deliver(r, err)
	p.ask, p.known = p.at, true
	switch {
	case err == nil:
	case p.fly != nil: // not before that answer is in
		p.leaving = err
	default:
		b.c.orphan(p, err)
	}
}

// abandon takes back all buffers after the connection has failed.
func (b *reader) abandon() {
	for _, p := range append(b.sent, b.arrived...) {
		for _, r := range []*Records{p.fly, p.got} {
			if r != nil {
				p.free <- r
			}
		}
		p.fly, p.got, p.leaving, p.outside = nil, nil, nil, false
	}
	b.sent, b.arrived = nil, nil
}
