package kafka

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol/describeconfigs"
	"github.com/segmentio/kafka-go/protocol/metadata"
)

// TopicInfo describes a topic.
type TopicInfo struct {
	Partitions    int  // numbered from 0
	LogAppendTime bool // timestamps are set by the broker; false also where it does not let us see the setting
	Compacted     bool // old records of a key may vanish, so holes between offsets are normal; false likewise
	ID            TopicID
}

// Describe asks the cluster about topics. Each thing that can be wrong (no
// broker answers, refused credentials, missing or forbidden topic) is an error
// of one line with its remedy.
func Describe(ctx context.Context, cfg Config, topics []string) (map[string]TopicInfo, error) {
	d, err := newDialer(cfg)
	if err != nil {
		return nil, err
	}
	return d.describe(ctx, topics)
}

func (d *dialer) describe(ctx context.Context, topics []string) (map[string]TopicInfo, error) {
	info := map[string]TopicInfo{}
	err := d.ask(ctx, d.cfg.Brokers, func(c *conn) error {
		l, err := layoutOf(c, topics)
		if err != nil {
			return err
		}
		if err := l.check(c.addr, topics); err != nil {
			return err
		}
		ids, err := c.topicIDs(topics)
		if err != nil {
			return err
		}
		for _, t := range topics {
			info[t] = TopicInfo{Partitions: len(l.leader[t]), ID: ids[t]}
		}
		return readTopicConfigs(c, info)
	})
	if err != nil {
		return nil, err
	}
	return info, nil
}

// ask dials the brokers in turn and runs f on the first that answers.
func (d *dialer) ask(ctx context.Context, brokers []string, f func(*conn) error) error {
	var first error
	for _, addr := range brokers {
		c, err := d.dial(ctx, addr)
		if err == nil {
			defer c.Close()
			return f(c)
		}
		if first == nil {
			first = err
		}
		if errors.Is(err, ErrCredentials) || ctx.Err() != nil {
			break // the same everywhere
		}
	}
	if n := len(brokers); n > 1 && !errors.Is(first, ErrCredentials) {
		return fmt.Errorf("none of %d kafka brokers answers; the first: %w", n, first)
	}
	return first
}

// layout is where the partitions of some topics are led.
type layout struct {
	broker map[int32]string   // broker id → host:port
	leader map[string][]int32 // topic → partition → broker id, or -1
	epoch  map[string][]int32 // topic → partition → leader epoch
	failed map[string]kafka.Error
	id     map[string]TopicID // only where asked for
}

func layoutOf(c *conn, topics []string) (*layout, error) {
	res, err := timed[*metadata.Response](c, &metadata.Request{TopicNames: topics})
	if err != nil {
		if hungUp(err) {
			return nil, fmt.Errorf("%w: the broker hung up: check whether this listener expects kafka.sasl or kafka.tls", err)
		}
		return nil, err
	}
	l := &layout{broker: map[int32]string{}, leader: map[string][]int32{}, epoch: map[string][]int32{}, failed: map[string]kafka.Error{}}
	for _, b := range res.Brokers {
		l.broker[b.NodeID] = address(b)
	}
	for _, t := range res.Topics {
		if t.ErrorCode != 0 {
			l.failed[t.Name] = kafka.Error(t.ErrorCode)
			continue
		}
		leaders, epochs := make([]int32, len(t.Partitions)), make([]int32, len(t.Partitions))
		for i := range leaders {
			leaders[i], epochs[i] = -1, -1
		}
		for _, p := range t.Partitions {
			if i := int(p.PartitionIndex); i >= 0 && i < len(leaders) {
				leaders[i], epochs[i] = p.LeaderID, p.LeaderEpoch
			}
		}
		l.leader[t.Name], l.epoch[t.Name] = leaders, epochs
	}
	return l, nil
}

func address(b metadata.ResponseBroker) string {
	return net.JoinHostPort(b.Host, strconv.Itoa(int(b.Port)))
}

// check says what is wrong with topics, in one line.
func (l *layout) check(addr string, topics []string) error {
	var missing, forbidden []string
	for _, t := range topics {
		switch err := l.failed[t]; {
		case err == kafka.TopicAuthorizationFailed:
			forbidden = append(forbidden, strconv.Quote(t))
		case err == kafka.UnknownTopicOrPartition || err == kafka.InvalidTopic || err == 0 && len(l.leader[t]) == 0:
			missing = append(missing, strconv.Quote(t))
		case err != 0:
			return fmt.Errorf("kafka topic %q: %w", t, err)
		}
	}
	switch {
	case len(missing) > 0:
		return refusal{fmt.Sprintf("kafka topic %s does not exist on %s: create it, or correct the name in the spec's source.kafka",
			strings.Join(missing, ", "), addr), kafka.UnknownTopicOrPartition}
	case len(forbidden) > 0:
		return refusal{fmt.Sprintf("kafka topic %s may not be read by this user: grant it Read and Describe",
			strings.Join(forbidden, ", ")), kafka.TopicAuthorizationFailed}
	}
	return nil
}

// refusal says in our words what a code of Kafka means here.
type refusal struct {
	text string
	code kafka.Error
}

func (r refusal) Error() string { return r.text }
func (r refusal) Unwrap() error { return r.code }

// led returns the broker that leads a partition, or -1.
func (l *layout) led(topic string, partition int32) int32 {
	leaders := l.leader[topic]
	if partition < 0 || int(partition) >= len(leaders) {
		return -1
	}
	if _, ok := l.broker[leaders[partition]]; !ok {
		return -1
	}
	return leaders[partition]
}

// readTopicConfigs fills in what the topics' settings say. Settings that the
// user may not see stay at the strict default of TopicInfo.
func readTopicConfigs(c *conn, info map[string]TopicInfo) error {
	const topicResource = 2
	req := &describeconfigs.Request{}
	for t := range info {
		req.Resources = append(req.Resources, describeconfigs.RequestResource{
			ResourceType: topicResource, ResourceName: t,
			ConfigNames: []string{"message.timestamp.type", "cleanup.policy"},
		})
	}
	res, err := timed[*describeconfigs.Response](c, req)
	if err != nil {
		return err
	}
	for _, r := range res.Resources {
		t, ok := info[r.ResourceName]
		if !ok || r.ErrorCode != 0 {
			continue
		}
		for _, e := range r.ConfigEntries {
			switch e.ConfigName {
			case "message.timestamp.type":
				t.LogAppendTime = e.ConfigValue == "LogAppendTime"
			case "cleanup.policy":
				t.Compacted = slices.Contains(strings.Split(e.ConfigValue, ","), "compact")
			}
		}
		info[r.ResourceName] = t
	}
	return nil
}
