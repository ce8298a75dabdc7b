package kafka_test

import (
	"context"
	"fmt"
	"log"

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
