package kafka

import (
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

// epochOf makes the token of Records.Epoch from a leader epoch: 0 is free to
// mean that there is none.
func epochOf(leaderEpoch int32) int32 { return max(leaderEpoch, -1) + 1 }

// epochEnd asks for the end of the history that a token names. Kafka answers
// with the end of the greatest epoch that is not above it; -1 if it knows none.
func (c *conn) epochEnd(p *partition) (int64, error) {
	res, err := timed[*epochResponse](c, &epochRequest{ReplicaID: -1, Topics: []epochTopic{{Topic: p.topic,
		Partitions: []epochPartition{{Partition: p.id, CurrentLeaderEpoch: p.leaderEpoch, LeaderEpoch: p.epoch - 1}}}}})
	if err != nil {
		return 0, err
	}
	for _, t := range res.Topics {
		for _, e := range t.Partitions {
			if t.Topic != p.topic || e.Partition != p.id {
				continue
			}
			if e.ErrorCode != 0 {
				return 0, fmt.Errorf("asking whether the log is the one that was read: %w", kafka.Error(e.ErrorCode))
			}
			return e.EndOffset, nil
		}
	}
	return 0, fmt.Errorf("broker %s left it out of its answer", c.addr)
}

// settle clears up what stands in the way of asking a partition for more. An
// error means that the connection is of no more use.
func (b *reader) settle(cn *conn, p *partition) error {
	var err error
	switch {
	case p.restart:
		err = b.beginAnew(cn, p)
	case p.verify:
		err = b.compareHistory(cn, p)
	case p.outside:
		err = b.findRange(cn, p)
	}
	if err == nil {
		return nil
	}
	if !errors.As(err, new(kafka.Error)) {
		return err
	}
	b.c.orphan(p, p.errorf("%w", err)) // the broker has answered: it is this partition alone
	return nil
}

// beginAnew goes on at the start of a topic that has replaced the one that was
// read: its offsets have nothing to do with those before.
func (b *reader) beginAnew(cn *conn, p *partition) error {
	start, end, err := cn.listRange(p)
	if err != nil {
		return err
	}
	if r := p.got; r != nil { // of the old topic or of the new, who knows
		p.got, p.known = nil, true
		p.free <- r
	}
	p.restart, p.verify, p.outside, p.epoch = false, false, false, 0
	b.rewind(p, start, start, end, GapRecreated)
	return nil
}

// compareHistory asks a leader that is new to the partition whether its log
// still holds what was read. One that was elected without having all of it
// (an unclean election) has another history from some offset on.
func (b *reader) compareHistory(cn *conn, p *partition) error {
	end, err := cn.epochEnd(p)
	if err != nil {
		return err
	}
	if end >= p.at {
		p.verify = false
		return nil
	}
	start, high, err := cn.listRange(p)
	if err != nil {
		return err
	}
	p.verify = false
	switch {
	case end >= 0:
	case p.epoch-1 > p.leaderEpoch: // a history that never had that epoch: nothing tells where it parted
		end = p.at
	case high >= p.at: // no later epoch has a record yet: the log ends within the one that was read
		return nil
	default:
		end = high
	}
	b.rewind(p, end, start, high, GapTruncated)
	return nil
}

// findRange declares what lies between the wanted offset and the log as a gap.
func (b *reader) findRange(cn *conn, p *partition) error {
	start, end, err := cn.listRange(p)
	if err != nil {
		return err
	}
	p.outside = false
	switch {
	case p.at < start:
		r := <-p.free
		r.reset(p.at)
		r.gap(p.at, start, GapExpired)
		p.jump(r, start, end)
	case p.at > end:
		b.rewind(p, end, start, end, GapTruncated)
	default: // the log has changed since
		return kafka.OffsetOutOfRange
	}
	return nil
}

// rewind declares that reading goes on at to, where another history than the
// one that was read begins.
func (b *reader) rewind(p *partition, to, start, end int64, why GapReason) {
	r := <-p.free
	r.reset(p.at)
	r.Gaps = append(r.Gaps, Gap{From: to, To: max(p.at, to), Reason: why})
	r.Next = to
	p.jump(r, start, end)
}

// jump delivers a run that holds no records, of a log that reaches from start to end.
func (p *partition) jump(r *Records, start, end int64) {
	r.answer = answer{highWatermark: end, lastStable: end, logStart: start, aborted: r.answer.aborted[:0]}
	r.FetchedAt = time.Now()
	p.deliver(r, nil)
	p.ask, p.known = p.at, true
}

// The message OffsetForLeaderEpoch in version 3 (Kafka 2.3), which kafka-go
// does not have.
type epochRequest struct {
	ReplicaID int32        `kafka:"min=v3,max=v3"`
	Topics    []epochTopic `kafka:"min=v3,max=v3"`
}

type epochTopic struct {
	Topic      string           `kafka:"min=v3,max=v3"`
	Partitions []epochPartition `kafka:"min=v3,max=v3"`
}

type epochPartition struct {
	Partition          int32 `kafka:"min=v3,max=v3"`
	CurrentLeaderEpoch int32 `kafka:"min=v3,max=v3"`
	LeaderEpoch        int32 `kafka:"min=v3,max=v3"`
}

type epochResponse struct {
	ThrottleTimeMs int32           `kafka:"min=v3,max=v3"`
	Topics         []epochEndTopic `kafka:"min=v3,max=v3"`
}

type epochEndTopic struct {
	Topic      string     `kafka:"min=v3,max=v3"`
	Partitions []epochEnd `kafka:"min=v3,max=v3"`
}

type epochEnd struct {
	ErrorCode   int16 `kafka:"min=v3,max=v3"`
	Partition   int32 `kafka:"min=v3,max=v3"`
	LeaderEpoch int32 `kafka:"min=v3,max=v3"`
	EndOffset   int64 `kafka:"min=v3,max=v3"`
}

func (*epochRequest) ApiKey() protocol.ApiKey  { return protocol.OffsetForLeaderEpoch }
func (*epochResponse) ApiKey() protocol.ApiKey { return protocol.OffsetForLeaderEpoch }

func init() { protocol.Register(&epochRequest{}, &epochResponse{}) }
