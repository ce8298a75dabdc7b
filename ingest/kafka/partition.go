package kafka

import (
	"fmt"

	"github.com/segmentio/kafka-go"
)

const (
	buffers        = 3        // per partition: with the receiver, being decoded, being filled
	setBytes       = 1 << 20  // asked for per partition and fetch, at most
	leastSet       = 64 << 10 // and at least
	fetchBytes     = 16 << 20 // asked for per fetch
	corruptRetries = 3
)

// budget is what one partition may hold, so that all partitions together stay
// within what one consumer may.
type budget struct {
	set int32 // bytes to ask for
	run int   // bytes of decompressed batches after which a run ends
}

func budgetFor(partitions int) budget {
	const (
		allSets  = 64 << 20
		allRuns  = 256 << 20
		leastRun = 1 << 20
	)
	n := partitions * buffers
	return budget{set: int32(min(max(allSets/n, leastSet), setBytes)), run: min(max(allRuns/n, leastRun), runBytes)}
}

// partition is one partition being read. While a broker leads it, it belongs
// to that broker's reader, otherwise to the manager; mu of the consumer is
// held where it changes hands.
type partition struct {
	c         *Consumer
	topic     string
	id        int32
	compacted bool

	at          int64 // everything before it was handed to the receiver
	ask         int64 // the next offset to fetch: at, or beyond it while an answer is being decoded
	known       bool  // ask is where that answer is expected to end
	epoch       int32 // of the last offset before at, as in Records.Epoch
	leaderEpoch int32 // the leader's, which it must confirm with each answer
	maxBytes    int32 // to ask for
	badAt       int64 // offset of an unreadable batch …
	bad         int   // … and how often it was met

	free    chan *Records // buffers that nobody holds
	fly     *Records      // to be filled by the fetch under way; nil if none
	got     *Records      // holds an answer to decode; nil if none
	leaving error         // orphan it for this as soon as the fetch under way is back

	// What the reader has to clear up before it asks for more.
	outside bool // at lies outside of the log
	verify  bool // the log may have been cut off before at
	restart bool // the topic was deleted and created anew

	// Guarded by Consumer.mu.
	leader int32 // broker id, -1 = none known
	fails  int   // attempts that failed in a row
	reborn bool  // sets restart
	status Status
}

func newPartition(c *Consumer, a Assignment, compacted bool) *partition {
	p := &partition{
		c: c, topic: a.Topic, id: a.Partition, compacted: compacted,
		known: true, epoch: a.Epoch, leaderEpoch: -1, maxBytes: c.budget.set,
		free: make(chan *Records, buffers), badAt: -1, leader: -1,
		status: Status{Topic: a.Topic, Partition: a.Partition},
	}
	p.start(a.Offset)
	for range buffers {
		p.free <- &Records{Topic: a.Topic, Partition: a.Partition, owner: p}
	}
	return p
}

// start sets where reading begins.
func (p *partition) start(at int64) { p.at, p.ask, p.status.Next = at, at, at }

func (p *partition) errorf(format string, args ...any) error {
	return fmt.Errorf("kafka topic %q partition %d: %w", p.topic, p.id, fmt.Errorf(format, args...))
}

// refusal says what a broker's code means for the reading of a partition.
func (p *partition) refusal(code kafka.Error) error {
	if code == kafka.TopicAuthorizationFailed {
		return p.errorf("this user may not read it: grant it Read on the topic: %w", code)
	}
	return p.errorf("%w", code)
}

// drop gives a buffer back unread, for the reason that it returns.
func (p *partition) drop(r *Records, why error) error {
	p.free <- r
	p.leaving = nil
	return why
}

// ready tells whether more can be asked for, now or after clearing up.
func (p *partition) ready() bool { return p.fly == nil && p.known && len(p.free) > 0 }

func (p *partition) unsettled() bool { return p.outside || p.verify || p.restart }

// give takes a buffer back from the receiver and wakes the reader.
func (p *partition) give(r *Records) {
	p.free <- r
	p.c.mu.Lock()
	defer p.c.mu.Unlock()
	if b := p.c.readers[p.leader]; b != nil {
		b.poke()
	}
}

// deliver hands a buffer to the receiver if it accounts for anything, and notes
// how the partition stands; err says why not all of the answer could be taken.
func (p *partition) deliver(r *Records, err error) {
	p.at = r.Next
	if r.Epoch != 0 {
		p.epoch = r.Epoch
	}
	r.Epoch = p.epoch
	r.HighWatermark = max(r.answer.highWatermark, r.Next)
	p.c.mu.Lock()
	p.status.note(r)
	if err == nil {
		p.fails, p.status.Err = 0, nil
	}
	p.c.mu.Unlock()
	if r.empty() {
		p.free <- r
		return
	}
	r.held.Store(true)
	p.c.out <- r
}

// fit adapts what is asked for to what one run can take: of an answer of set
// bytes, rest did not fit.
func (p *partition) fit(set, rest int) {
	most := p.c.budget.set
	switch {
	case rest > 0:
		p.maxBytes = max(int32(min(set-rest, int(most))), leastSet)
	case set > 0:
		p.maxBytes = min(p.maxBytes+p.maxBytes/8, most)
	}
}

// retryOrGap handles a batch that could not be taken: nil if the fetch can
// go on, else the reason to try again after a pause.
func (p *partition) retryOrGap(r *Records, rest []byte, err error) error {
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
	r.gap(r.Next, corruptEnd(rest, r.Next, r.answer.highWatermark), GapCorrupt)
	return nil
}
