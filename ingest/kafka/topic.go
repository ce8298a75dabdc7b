package kafka

import (
	"context"
	"errors"
	"fmt"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol/createtopics"
	"github.com/segmentio/kafka-go/protocol/metadata"
)

// EnsureTopic makes sure that a topic exists with at least the given number of
// partitions, and returns when all of them have a leader: brokers know a topic
// some moments after they have acknowledged its creation. A topic that exists
// is left as it is; it is an error if it has fewer partitions.
func EnsureTopic(ctx context.Context, cfg Config, topic string, partitions int) error {
	d, err := newDialer(cfg)
	if err != nil {
		return err
	}
	const tries = 12 // about 20 s with the pauses
	created := false
	for try := 1; try <= tries; try++ {
		var ready bool
		if ready, err = d.led(ctx, topic, partitions); ready {
			return nil
		}
		if err == nil && !created {
			err = d.createTopic(ctx, topic, partitions)
			created = err == nil
		}
		if err != nil && !(errors.As(err, new(kafka.Error)) && passing(err)) {
			return fmt.Errorf("making sure of kafka topic %q: %w", topic, err)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		pause(ctx, backoff(try))
	}
	if err == nil {
		err = kafka.LeaderNotAvailable
	}
	return fmt.Errorf("kafka topic %q is not ready: %w", topic, err)
}

// led tells whether every partition of a topic has a leader; false without an
// error if the topic does not exist.
func (d *dialer) led(ctx context.Context, topic string, partitions int) (ready bool, err error) {
	err = d.ask(ctx, d.cfg.Brokers, func(c *conn) error {
		l, err := layoutOf(c, []string{topic})
		if err != nil {
			return err
		}
		if l.failed[topic] == kafka.UnknownTopicOrPartition {
			return nil
		}
		if err := l.check(c.addr, []string{topic}); err != nil {
			return err
		}
		n := len(l.leader[topic])
		if n < partitions {
			return fmt.Errorf("kafka topic %q has %d partitions, %d are needed: add partitions, or use another topic: %w",
				topic, n, partitions, kafka.InvalidPartitionNumber)
		}
		ready = true
		for i := range n {
			ready = ready && l.led(topic, int32(i)) >= 0
		}
		return nil
	})
	return ready, err
}

// createTopic asks the controller for a topic with the cluster's default
// replication. One that somebody else has just made is fine.
func (d *dialer) createTopic(ctx context.Context, topic string, partitions int) error {
	var controller string
	err := d.ask(ctx, d.cfg.Brokers, func(c *conn) error {
		res, err := timed[*metadata.Response](c, &metadata.Request{TopicNames: []string{}})
		if err != nil {
			return err
		}
		controller = c.addr
		for _, b := range res.Brokers {
			if b.NodeID == res.ControllerID {
				controller = address(b)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return d.ask(ctx, []string{controller}, func(c *conn) error {
		const clusterDefault = -1
		res, err := timed[*createtopics.Response](c, &createtopics.Request{
			TimeoutMs: int32(produceWait.Milliseconds()),
			Topics:    []createtopics.RequestTopic{{Name: topic, NumPartitions: int32(partitions), ReplicationFactor: clusterDefault}},
		})
		if err != nil {
			return err
		}
		for _, t := range res.Topics {
			if e := kafka.Error(t.ErrorCode); e != 0 && e != kafka.TopicAlreadyExists {
				return fmt.Errorf("%w: %s", e, t.ErrorMessage)
			}
		}
		return nil
	})
}
