//go:build real

package kafka

import (
	"fmt"
	"slices"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// createOn makes a topic whose partitions have their replicas on the brokers
// named; the first of them is to lead.
func createOn(t *testing.T, cfg Config, name string, partitions int32, brokers ...int32) {
	t.Helper()
	rt := kmsg.NewCreateTopicsRequestTopic()
	rt.Topic, rt.NumPartitions, rt.ReplicationFactor = name, -1, -1
	for i := range partitions {
		a := kmsg.NewCreateTopicsRequestTopicReplicaAssignment()
		a.Partition, a.Replicas = i, brokers
		rt.ReplicaAssignment = append(rt.ReplicaAssignment, a)
	}
	create(t, cfg, rt, partitions)
}

// waitLed waits until a broker leads all partitions of a topic, and so many
// replicas are in sync.
func waitLed(t *testing.T, cfg Config, topic string, by int32, replicas int) {
	t.Helper()
	until(t, fmt.Sprintf("broker %d leads %s with %d replicas in sync", by, topic, replicas), func() bool {
		req := kmsg.NewPtrMetadataRequest()
		rt := kmsg.NewMetadataRequestTopic()
		rt.Topic = &topic
		req.Topics = append(req.Topics, rt)
		all := ask(t, cfg, req).(*kmsg.MetadataResponse).Topics[0].Partitions
		return !slices.ContainsFunc(all, func(p kmsg.MetadataResponseTopicPartition) bool {
			return p.Leader != by || len(p.ISR) != replicas
		})
	})
}

// elect gives the lead of each partition back to its first replica.
func elect(t *testing.T, cfg Config) {
	t.Helper()
	req := kmsg.NewPtrElectLeadersRequest()
	req.TimeoutMillis = 10_000
	ask(t, cfg, req)
}

// Leaders that move on their own accord, and because their broker dies, lose and
// double nothing, and no gap is declared.
func TestRealLeadersMove(t *testing.T) {
	const partitions, each = 3, 40
	first := newOwnBroker(t, 20)
	second := newOwnBroker(t, 30, "KAFKA_JOIN="+first.port)
	const topic = "moving"
	createOn(t, first.cfg, topic, partitions, 2, 1)
	waitLed(t, first.cfg, topic, 2, 2)

	var as []Assignment
	for i := range int32(partitions) {
		as = append(as, Assignment{Topic: topic, Partition: i})
	}
	c, err := Open(t.Context(), first.cfg, as) // starting a broker may take a minute
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	views := make([]view, partitions)
	rounds := 0
	round := func(what string) { // written while the leaders are where they are, and read to its end
		t.Helper()
		p := newTestProducer(t, first.cfg)
		var ms []Message
		for i := range partitions * each {
			ms = append(ms, Message{Partition: int32(i % partitions), Value: fmt.Append(nil, rounds*each+i/partitions)})
		}
		if err := p.Produce(within(t), topic, ms); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		rounds++
		for left := partitions; left > 0; {
			r, ok := <-c.Records()
			if !ok {
				t.Fatalf("%s: %v", what, c.Err())
			}
			v := &views[r.Partition]
			before := v.Next
			v.see(t, r)
			if r.Release(); before < int64(rounds*each) && v.Next >= int64(rounds*each) {
				left--
			}
		}
	}

	round("broker 2 leads")
	second.run("stop")
	waitLed(t, first.cfg, topic, 1, 1)
	round("broker 2 has stopped")
	second.run("start")
	waitLed(t, first.cfg, topic, 1, 2)
	round("broker 2 follows")
	elect(t, first.cfg)
	waitLed(t, first.cfg, topic, 2, 2)
	round("broker 2 leads again")
	second.run("kill")
	round("broker 2 was killed") // written and read while the controller finds out
	waitLed(t, first.cfg, topic, 1, 1)
	for i, v := range views {
		v.want(t, view{Offsets: upTo(int64(rounds * each)), Next: int64(rounds * each)})
		for at, value := range v.Values {
			if value != fmt.Sprint(at) {
				t.Fatalf("partition %d, offset %d: %q", i, at, value)
			}
		}
	}
}
