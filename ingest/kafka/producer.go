package kafka

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/produce"
)

// ByKey as a Message's Partition chooses the partition by the key, as Java
// producers do; messages without a key go round.
const ByKey int32 = -1

// Message is a record to write.
type Message struct {
	Partition int32 // or ByKey
	Key       []byte
	Value     []byte // nil is a tombstone
	Headers   []Header
	Time      time.Time // zero = now
}

// Producer writes records and waits until all in-sync replicas have them. A
// write whose answer is lost is repeated, so a record may be written twice.
// It is safe for concurrent use; writes go out one after the other.
type Producer struct {
	Codec Codec // compression of the batches; set it before the first Produce

	d      *dialer
	mu     sync.Mutex
	conns  map[int32]*conn // by broker id; each lives until it fails or Close
	layout *layout         // nil = ask again
	topic  string          // that layout knows
	byKey  kafka.Murmur2Balancer
	round  kafka.RoundRobin
	ctx    context.Context // of the connections
	cancel context.CancelFunc
}

// NewProducer checks the configuration; connections are made when needed.
func NewProducer(cfg Config) (*Producer, error) {
	d, err := newDialer(cfg)
	if err != nil {
		return nil, err
	}
	p := &Producer{d: d, conns: map[int32]*conn{}}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	return p, nil
}

// Close ends the connections.
func (p *Producer) Close() {
	p.cancel()
	p.mu.Lock()
	defer p.mu.Unlock()
	for id := range p.conns {
		p.hangUp(id)
	}
}

const (
	produceWait  = 10 * time.Second // for the replicas, per request
	produceTries = 10               // per call; together with the pauses about 15 s
	batchBytes   = 512 << 10        // per batch before compression; brokers take 1 MiB by default
)

// Produce writes messages to a topic, in order within each partition, and
// returns when all are acknowledged. Moved leaders, lost connections and a
// topic that not every broker knows yet are tried again for some seconds.
func (p *Producer) Produce(ctx context.Context, topic string, msgs []Message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var err error
	var todo map[int32][]Message
	for try := 1; try <= produceTries; try++ {
		if err = p.locate(ctx, topic); err == nil {
			if todo == nil {
				if todo, err = p.place(topic, msgs); err != nil {
					return err
				}
			}
			if err = p.send(ctx, topic, todo); err == nil {
				return nil
			}
		}
		if ctx.Err() != nil || !passing(err) {
			break
		}
		p.layout = nil
		pause(ctx, backoff(try))
	}
	return fmt.Errorf("writing %d records to kafka topic %q: %w", len(msgs), topic, err)
}

// passing tells whether trying again may help: not after a refusal, but after a
// lost connection, or an answer that brokers give while things move.
func passing(err error) bool {
	var code kafka.Error
	if errors.As(err, &code) {
		return code.Temporary() || code == kafka.UnknownTopicOrPartition
	}
	return !errors.Is(err, ErrCredentials) && !errors.Is(err, context.Canceled)
}

// locate makes sure that the topic's leaders are known.
func (p *Producer) locate(ctx context.Context, topic string) error {
	if p.layout != nil && p.topic == topic {
		return nil
	}
	return p.d.ask(ctx, p.d.cfg.Brokers, func(c *conn) error {
		l, err := layoutOf(c, []string{topic})
		if err == nil {
			err = l.check(c.addr, []string{topic})
		}
		if err == nil {
			p.layout, p.topic = l, topic
		}
		return err
	})
}

// place sorts messages by partition.
func (p *Producer) place(topic string, msgs []Message) (map[int32][]Message, error) {
	n := len(p.layout.leader[topic])
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	placed := map[int32][]Message{}
	for i, m := range msgs {
		switch {
		case m.Partition == ByKey && m.Key != nil:
			m.Partition = int32(p.byKey.Balance(kafka.Message{Key: m.Key}, all...))
		case m.Partition == ByKey:
			m.Partition = int32(p.round.Balance(kafka.Message{}, all...))
		case m.Partition < 0 || int(m.Partition) >= n:
			return nil, fmt.Errorf("message %d: kafka topic %q has no partition %d: it has %d, numbered from 0", i, topic, m.Partition, n)
		}
		placed[m.Partition] = append(placed[m.Partition], m)
	}
	return placed, nil
}

// send writes what is left, batch by batch, and takes off what was acknowledged.
func (p *Producer) send(ctx context.Context, topic string, todo map[int32][]Message) error {
	for part, msgs := range todo {
		for len(msgs) > 0 {
			n := prefix(msgs)
			if err := p.sendBatch(ctx, topic, part, msgs[:n]); err != nil {
				return err
			}
			msgs = msgs[n:]
			todo[part] = msgs
		}
		delete(todo, part)
	}
	return nil
}

// prefix is how many messages fit into one batch, at least one.
func prefix(msgs []Message) int {
	size := 0
	for i := range msgs {
		size += len(msgs[i].Key) + len(msgs[i].Value) + 20
		for _, h := range msgs[i].Headers {
			size += len(h.Key) + len(h.Value)
		}
		if size > batchBytes && i > 0 {
			return i
		}
	}
	return len(msgs)
}

func (p *Producer) sendBatch(ctx context.Context, topic string, part int32, msgs []Message) error {
	id := p.layout.led(topic, part)
	if id < 0 {
		return fmt.Errorf("partition %d: %w", part, kafka.LeaderNotAvailable)
	}
	c, err := p.connect(ctx, id)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { c.Conn.Close() })
	res, err := timed[*produce.Response](c, p.request(topic, part, msgs))
	if !stop() || err != nil {
		p.hangUp(id)
	}
	if err != nil {
		return err
	}
	if len(res.Topics) == 0 || len(res.Topics[0].Partitions) == 0 {
		return fmt.Errorf("partition %d: broker %s left it out of its answer", part, c.addr)
	}
	switch code := kafka.Error(res.Topics[0].Partitions[0].ErrorCode); code {
	case 0:
		return nil
	case kafka.TopicAuthorizationFailed:
		return fmt.Errorf("partition %d: this user may not write to it: grant it Write on the topic: %w", part, code)
	default:
		return fmt.Errorf("partition %d: %w", part, code)
	}
}

func (p *Producer) request(topic string, part int32, msgs []Message) *produce.Request {
	records := make([]protocol.Record, len(msgs))
	now := time.Now()
	for i, m := range msgs {
		at := m.Time
		if at.IsZero() {
			at = now
		}
		records[i] = protocol.Record{Time: at, Key: protocol.NewBytes(m.Key), Value: protocol.NewBytes(m.Value)}
		for _, h := range m.Headers {
			records[i].Headers = append(records[i].Headers, protocol.Header{Key: string(h.Key), Value: h.Value})
		}
	}
	const allReplicas = -1
	return &produce.Request{
		Acks: allReplicas, Timeout: int32(produceWait / time.Millisecond),
		Topics: []produce.RequestTopic{{Topic: topic, Partitions: []produce.RequestPartition{{
			Partition: part,
			RecordSet: protocol.RecordSet{Attributes: protocol.Attributes(p.Codec), Records: protocol.NewRecordReader(records...)},
		}}}},
	}
}

func (p *Producer) connect(ctx context.Context, id int32) (*conn, error) {
	if c := p.conns[id]; c != nil {
		return c, nil
	}
	c, err := p.d.dialFor(ctx, p.ctx, p.layout.broker[id])
	if err != nil {
		return nil, err
	}
	p.conns[id] = c
	return c, nil
}

func (p *Producer) hangUp(id int32) {
	if c := p.conns[id]; c != nil {
		c.Close()
		delete(p.conns, id)
	}
}
