package kafka

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol/findcoordinator"
	"github.com/segmentio/kafka-go/protocol/offsetcommit"
)

// Committer tells a consumer group's coordinator how far reading has come, so
// that lag dashboards can show it. Nothing here reads such offsets back: where
// reading begins is in snapshots. It is safe for concurrent use.
type Committer struct {
	d     *dialer
	group string

	mu     sync.Mutex
	conn   *conn // to the coordinator; nil = not connected
	ctx    context.Context
	cancel context.CancelFunc
}

// NewCommitter checks the configuration; it connects when there is something to
// commit. No member may ever have joined the group: its offsets are ours alone.
func NewCommitter(cfg Config, group string) (*Committer, error) {
	d, err := newDialer(cfg)
	if err != nil {
		return nil, err
	}
	if group == "" {
		return nil, errors.New("kafka: the name of the consumer group is empty: name one that no consumer joins")
	}
	m := &Committer{d: d, group: group}
	m.ctx, m.cancel = context.WithCancel(context.Background())
	return m, nil
}

// Close ends the connection.
func (m *Committer) Close() {
	m.cancel()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.hangUp()
}

// Commit commits the Offset of each position, the next that will be read. A
// coordinator that has moved, and a lost connection, are tried again for about
// a second: whoever commits regularly may pass over an error.
func (m *Committer) Commit(ctx context.Context, positions []Assignment) error {
	const tries = 5
	m.mu.Lock()
	defer m.mu.Unlock()
	var err error
	for try := 1; try <= tries; try++ {
		if err = m.commit(ctx, positions); err == nil {
			return nil
		}
		if ctx.Err() != nil || !passing(err) {
			break
		}
		m.hangUp()
		pause(ctx, backoff(try))
	}
	return fmt.Errorf("committing offsets to kafka group %q: %w", m.group, err)
}

func (m *Committer) commit(ctx context.Context, positions []Assignment) error {
	if err := m.connect(ctx); err != nil {
		return err
	}
	c := m.conn
	stop := context.AfterFunc(ctx, func() { c.Conn.Close() })
	res, err := timed[*offsetcommit.Response](c, m.request(positions))
	if !stop() || err != nil {
		m.hangUp()
	}
	if err != nil {
		return err
	}
	for _, t := range res.Topics {
		for _, p := range t.Partitions {
			if p.ErrorCode != 0 {
				return m.refusal(t.Name, kafka.Error(p.ErrorCode))
			}
		}
	}
	return nil
}

func (m *Committer) request(positions []Assignment) *offsetcommit.Request {
	const noGeneration, noEpoch = -1, -1
	req := &offsetcommit.Request{GroupID: m.group, GenerationID: noGeneration, RetentionTimeMs: -1}
	at := map[string]int{}
	for _, a := range positions {
		i, ok := at[a.Topic]
		if !ok {
			i = len(req.Topics)
			at[a.Topic] = i
			req.Topics = append(req.Topics, offsetcommit.RequestTopic{Name: a.Topic})
		}
		epoch := int32(noEpoch)
		if a.Epoch > 0 {
			epoch = a.Epoch - 1
		}
		req.Topics[i].Partitions = append(req.Topics[i].Partitions, offsetcommit.RequestPartition{
			PartitionIndex: a.Partition, CommittedOffset: a.Offset, CommittedLeaderEpoch: epoch,
		})
	}
	return req
}

// connect dials the group's coordinator.
func (m *Committer) connect(ctx context.Context) error {
	if m.conn != nil {
		return nil
	}
	var addr string
	err := m.d.ask(ctx, m.d.cfg.Brokers, func(c *conn) error {
		res, err := timed[*findcoordinator.Response](c, &findcoordinator.Request{Key: m.group})
		if err != nil {
			return err
		}
		if res.ErrorCode != 0 {
			return m.refusal("", kafka.Error(res.ErrorCode))
		}
		addr = net.JoinHostPort(res.Host, strconv.Itoa(int(res.Port)))
		return nil
	})
	if err != nil {
		return err
	}
	m.conn, err = m.d.dialFor(ctx, m.ctx, addr)
	return err
}

func (m *Committer) hangUp() {
	if m.conn != nil {
		m.conn.Close()
		m.conn = nil
	}
}

// refusal says what a coordinator's code means.
func (m *Committer) refusal(topic string, code kafka.Error) error {
	switch code {
	case kafka.GroupAuthorizationFailed:
		return fmt.Errorf("this user may not use it: grant it Read on the group: %w", code)
	case kafka.TopicAuthorizationFailed:
		return fmt.Errorf("kafka topic %q: this user may not read it: grant it Read on the topic: %w", topic, code)
	case kafka.UnknownMemberId, kafka.IllegalGeneration, kafka.RebalanceInProgress:
		return fmt.Errorf("consumers have joined it: name a group of our own: %w", code)
	}
	if topic == "" {
		return code
	}
	return fmt.Errorf("kafka topic %q: %w", topic, code)
}
