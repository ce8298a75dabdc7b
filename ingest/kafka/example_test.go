package kafka_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"verdin/ingest/kafka"
)

// localBroker stands for a cluster in the examples.
func localBroker() (kafka.Config, func()) {
	k, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		log.Fatal(err)
	}
	return kafka.Config{Brokers: k.ListenAddrs()}, k.Close
}

func Example() {
	cfg, stop := localBroker()
	defer stop()
	ctx := context.Background()
	if err := kafka.EnsureTopic(ctx, cfg, "ml.predictions", 2); err != nil {
		log.Fatal(err)
	}
	p, err := kafka.NewProducer(cfg)
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	err = p.Produce(ctx, "ml.predictions", []kafka.Message{
		{Partition: 1, Key: []byte("u1"), Value: []byte(`{"arm":"stable"}`)},
		{Partition: 1, Key: []byte("u2"), Value: []byte(`{"arm":"canary"}`)},
	})
	if err != nil {
		log.Fatal(err)
	}
	c, err := kafka.Open(ctx, cfg, []kafka.Assignment{{Topic: "ml.predictions", Partition: 1, Offset: kafka.Earliest}})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	r := <-c.Records()
	for _, rec := range r.Records {
		fmt.Printf("%d %s %s\n", rec.Offset, rec.Key, rec.Value)
	}
	fmt.Println("next", r.Next)
	r.Release()
	// Output:
	// 0 u1 {"arm":"stable"}
	// 1 u2 {"arm":"canary"}
	// next 2
}

func ExampleDescribe() {
	cfg, stop := localBroker()
	defer stop()
	_, err := kafka.Describe(context.Background(), kafka.Config{Brokers: []string{"kafka-1"}}, []string{"ml.predictions"})
	fmt.Println(err)
	if err := kafka.EnsureTopic(context.Background(), cfg, "ml.predictions", 4); err != nil {
		log.Fatal(err)
	}
	info, err := kafka.Describe(context.Background(), cfg, []string{"ml.predictions"})
	fmt.Println(info["ml.predictions"].Partitions, err)
	// Output:
	// kafka.brokers[0] is "kafka-1": write it as host:port
	// 4 <nil>
}

func ExampleConfig_Validate() {
	cfg := kafka.Config{
		Brokers: []string{"kafka-1:9092"},
		SASL:    &kafka.SASLConfig{Mechanism: kafka.Plain, User: "verdin", Password: kafka.Secret{Env: "KAFKA_PASSWORD"}},
	}
	fmt.Println(cfg.Validate())
	// Output:
	// kafka.sasl.mechanism plain sends the password in clear: add a kafka.tls section, or use scram-sha-512
}

// A restart looks whether the log still holds what a snapshot stands at.
func ExampleRanges() {
	cfg, stop := localBroker()
	defer stop()
	ctx := context.Background()
	if err := kafka.EnsureTopic(ctx, cfg, "ml.predictions", 1); err != nil {
		log.Fatal(err)
	}
	snapshot := []kafka.Assignment{{Topic: "ml.predictions", Partition: 0, Offset: 1200}}
	ranges, err := kafka.Ranges(ctx, cfg, snapshot)
	if err != nil {
		log.Fatal(err)
	}
	for i, r := range ranges {
		switch at := snapshot[i].Offset; {
		case at < r.Start:
			fmt.Println("history is lost up to", r.Start)
		case at > r.End:
			fmt.Printf("the log was cut off at %d, %d was read\n", r.End, at)
		}
	}
	// Output: the log was cut off at 0, 1200 was read
}

func ExampleConsumer_Status() {
	cfg, stop := localBroker()
	defer stop()
	ctx := context.Background()
	if err := kafka.EnsureTopic(ctx, cfg, "ml.predictions", 1); err != nil {
		log.Fatal(err)
	}
	p, err := kafka.NewProducer(cfg)
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	if err := p.Produce(ctx, "ml.predictions", []kafka.Message{{Value: []byte("{}")}}); err != nil {
		log.Fatal(err)
	}
	c, err := kafka.Open(ctx, cfg, []kafka.Assignment{{Topic: "ml.predictions", Offset: kafka.Earliest}})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	r := <-c.Records()
	r.Release()
	now := time.Now()
	for _, s := range c.Status() {
		fmt.Println(s.Topic, s.Partition, "lag", s.Lag(), "healthy", s.Healthy(now), "idle", s.Idle(now, time.Minute))
	}
	for _, t := range c.Topics() {
		fmt.Println(t.Topic, t.Partitions, t.Err)
	}
	// Output:
	// ml.predictions 0 lag 0 healthy true idle false
	// ml.predictions 1 <nil>
}

func ExampleCommitter() {
	cfg, stop := localBroker()
	defer stop()
	ctx := context.Background()
	if err := kafka.EnsureTopic(ctx, cfg, "ml.predictions", 1); err != nil {
		log.Fatal(err)
	}
	m, err := kafka.NewCommitter(cfg, "verdin-prod")
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	fmt.Println(m.Commit(ctx, []kafka.Assignment{{Topic: "ml.predictions", Partition: 0, Offset: 1200}}))
	// Output: <nil>
}
