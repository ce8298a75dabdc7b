package kafka

import (
	"fmt"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol/listoffsets"
)

// Offsets of an Assignment that are resolved when it is opened. As in Kafka's
// protocol, they are also what a broker is asked for.
const (
	Latest   int64 = -1 // the high watermark: only what is written from now on
	Earliest int64 = -2 // the first record that the log still has
)

// listOffset asks the leader for the offset that which (Latest or Earliest) stands for.
func (c *conn) listOffset(topic string, partition int32, which int64) (int64, error) {
	res, err := timed[*listoffsets.Response](c, &listoffsets.Request{
		ReplicaID: -1,
		Topics: []listoffsets.RequestTopic{{Topic: topic, Partitions: []listoffsets.RequestPartition{{
			Partition: partition, CurrentLeaderEpoch: -1, Timestamp: which,
		}}}},
	})
	if err != nil {
		return 0, err
	}
	for _, t := range res.Topics {
		for _, p := range t.Partitions {
			if t.Topic != topic || p.Partition != partition {
				continue
			}
			if p.ErrorCode != 0 {
				return 0, fmt.Errorf("kafka topic %q partition %d: asking for offsets: %w", topic, partition, kafka.Error(p.ErrorCode))
			}
			return p.Offset, nil
		}
	}
	return 0, fmt.Errorf("kafka topic %q partition %d: broker %s left it out of its answer", topic, partition, c.addr)
}
