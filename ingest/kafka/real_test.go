//go:build real

package kafka

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// endsOf asks the independent client for the ends of a topic.
func endsOf(t *testing.T, cfg Config, topic string, partitions int) []int64 {
	t.Helper()
	req := kmsg.NewPtrListOffsetsRequest()
	rt := kmsg.NewListOffsetsRequestTopic()
	rt.Topic = topic
	for i := range partitions {
		p := kmsg.NewListOffsetsRequestTopicPartition()
		p.Partition, p.Timestamp = int32(i), -1
		rt.Partitions = append(rt.Partitions, p)
	}
	req.ReplicaID, req.Topics = -1, append(req.Topics, rt)
	ends := make([]int64, partitions)
	for _, shard := range kgoClient(t, cfg).RequestSharded(within(t), req) {
		if shard.Err != nil {
			t.Fatal(shard.Err)
		}
		for _, p := range shard.Resp.(*kmsg.ListOffsetsResponse).Topics[0].Partitions {
			ends[p.Partition] = p.Offset
		}
	}
	return ends
}

func TestRealRoundTripInEveryCodec(t *testing.T) {
	cfg := realBroker(t)
	const n = 10_000
	for name, codec := range codecs {
		t.Run(name, func(t *testing.T) {
			topic := realTopic(t, cfg, 2)
			p := newTestProducer(t, cfg)
			p.Codec = codec
			msgs := sample(n)
			if err := p.Produce(within(t), topic, msgs); err != nil {
				t.Fatal(err)
			}
			want := make([][]string, 2)
			for _, m := range msgs {
				i := m.Partition
				want[i] = append(want[i], show(int64(len(want[i])), m.Time.UnixMilli(), m.Key, m.Value, m.Headers))
			}
			ends := endsOf(t, cfg, topic, 2)
			if sum(ends) != n {
				t.Errorf("the log ends at %v, want %d in all", ends, n)
			}
			for who, got := range map[string][][]string{"ours": readAll(t, cfg, topic, ends), "kgo": readKgo(t, cfg, topic, ends)} {
				for i := range got {
					if !slices.Equal(got[i], want[i]) {
						t.Errorf("%s, partition %d: %d records, want %d", who, i, len(got[i]), len(want[i]))
					}
				}
			}
		})
	}
}

func TestRealTransactions(t *testing.T) {
	cfg := realBroker(t)
	topic := realTopic(t, cfg, 1)
	ctx := within(t)
	a := kgoClient(t, cfg, kgo.TransactionalID(topic+"-a"), kgo.DefaultProduceTopic(topic))
	b := kgoClient(t, cfg, kgo.TransactionalID(topic+"-b"), kgo.DefaultProduceTopic(topic))
	for i := range 20 { // two transactions interleaved in each round
		for _, cl := range []*kgo.Client{a, b} {
			if err := cl.BeginTransaction(); err != nil {
				t.Fatal(err)
			}
		}
		for j := range 10 {
			for k, cl := range []*kgo.Client{a, b} {
				if err := cl.ProduceSync(ctx, kgo.StringRecord(fmt.Sprint(i, " ", j, " ", k))).FirstErr(); err != nil {
					t.Fatal(err)
				}
			}
		}
		for k, cl := range []*kgo.Client{a, b} {
			if err := cl.EndTransaction(ctx, kgo.TransactionEndTry((i+k)%3 != 0)); err != nil {
				t.Fatal(err)
			}
		}
	}
	end := endsOf(t, cfg, topic, 1)[0]
	v := readTo(t, cfg, Assignment{Topic: topic}, end)
	if v.Skipped.Control != 40 || v.Skipped.Aborted+int64(len(v.Values)) != 400 || len(v.Gaps) > 0 || v.Skipped.Aborted == 0 {
		t.Errorf("%d values, skipped %+v, gaps %v", len(v.Values), v.Skipped, v.Gaps)
	}
	var theirs []string
	cl := kgoClient(t, cfg, kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	for len(theirs) < len(v.Values) {
		cl.PollFetches(ctx).EachRecord(func(r *kgo.Record) { theirs = append(theirs, string(r.Value)) })
		if ctx.Err() != nil {
			break
		}
	}
	if !slices.Equal(theirs, v.Values) {
		t.Errorf("%d values, kgo has %d", len(v.Values), len(theirs))
	}
}

func TestRealExpiredAndTruncatedOffsets(t *testing.T) {
	cfg := realBroker(t)
	topic := realTopic(t, cfg, 1)
	write(t, newTestProducer(t, cfg), topic, 0, 100)
	req := kmsg.NewPtrDeleteRecordsRequest()
	rt := kmsg.NewDeleteRecordsRequestTopic()
	rt.Topic, rt.Partitions = topic, []kmsg.DeleteRecordsRequestTopicPartition{{Partition: 0, Offset: 60}}
	req.Topics, req.TimeoutMillis = append(req.Topics, rt), 5000
	if _, err := req.RequestWith(within(t), kgoClient(t, cfg)); err != nil {
		t.Fatal(err)
	}
	readTo(t, cfg, Assignment{Topic: topic, Offset: 10}, 100).want(t,
		view{Offsets: upTo(100)[60:], Gaps: []Gap{{10, 60, GapExpired}}, Next: 100})
	c, err := Open(within(t), cfg, []Assignment{{Topic: topic, Offset: 500}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if r := <-c.Records(); len(r.Gaps) != 1 || r.Gaps[0] != (Gap{100, 500, GapTruncated}) {
		t.Errorf("gaps %v", r.Gaps)
	}
}

func TestRealCompaction(t *testing.T) {
	cfg := realBroker(t)
	topic := realTopic(t, cfg, 1, "cleanup.policy", "compact", "segment.ms", "100", "segment.bytes", "1048576",
		"min.cleanable.dirty.ratio", "0.01", "max.compaction.lag.ms", "100", "min.compaction.lag.ms", "0")
	p := newTestProducer(t, cfg)
	n := 0
	ctx := within(t)
	for ctx.Err() == nil { // until the cleaner has been there
		msgs := make([]Message, 50)
		for i := range msgs {
			msgs[i] = Message{Key: fmt.Append(nil, "key", n%7), Value: fmt.Append(nil, n)}
			n++
		}
		if err := p.Produce(ctx, topic, msgs); err != nil {
			t.Fatal(err)
		}
		if v := readTo(t, cfg, Assignment{Topic: topic}, int64(n)); v.Skipped.Compacted > 0 {
			if len(v.Gaps) > 0 {
				t.Errorf("gaps %v in a compacted topic", v.Gaps)
			}
			t.Logf("%d of %d offsets compacted", v.Skipped.Compacted, n)
			return
		}
		pause(ctx, 300*time.Millisecond)
	}
	t.Error("the cleaner removed nothing")
}

func TestRealTopicSettings(t *testing.T) {
	cfg := realBroker(t)
	topic := realTopic(t, cfg, 3, "message.timestamp.type", "LogAppendTime", "cleanup.policy", "compact,delete")
	got, err := Describe(within(t), cfg, []string{topic})
	if want := (TopicInfo{Partitions: 3, LogAppendTime: true, Compacted: true, ID: got[topic].ID}); err != nil || got[topic] != want || want.ID == (TopicID{}) {
		t.Errorf("%+v, %v", got, err)
	}
	before := time.Now().UnixMilli()
	if err := newTestProducer(t, cfg).Produce(within(t), topic, []Message{{Key: []byte("k"), Time: time.UnixMilli(5)}}); err != nil {
		t.Fatal(err)
	}
	c, err := Open(within(t), cfg, []Assignment{{Topic: topic}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if r := (<-c.Records()).Records[0]; !r.LogAppend || r.Timestamp < before {
		t.Errorf("%+v", r)
	}
	_, err = Describe(within(t), cfg, []string{topic + "-none"})
	oneLine(t, err, "does not exist", "create it")
}
