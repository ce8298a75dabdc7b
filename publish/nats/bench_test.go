package nats_test

import (
	"slices"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"verdin/publish/nats"
	"verdin/schemas"
)

// BenchmarkPublishToWatch measures the way of one verdict: from the call of Publish
// to its acknowledgement, and to the delivery to a watcher of the bucket on another
// connection. Servers sync each write to disk. Report: p50 and p99 of both.
func BenchmarkPublishToWatch(b *testing.B) {
	b.Run("one server", func(b *testing.B) {
		one := newBed(b)
		p, err := nats.NewPublisher(one.connect(), one.key, nats.Options{Engine: "a"})
		if err != nil {
			b.Fatal(err)
		}
		publishToWatch(b, p, one.connect())
	})
	b.Run("three nodes", func(b *testing.B) {
		c := newCluster(b)
		publishToWatch(b, c.publisher(b, "a"), c.connect(b))
	})
}

func publishToWatch(b *testing.B, p *nats.Publisher, nc *natsgo.Conn) {
	js, err := jetstream.New(nc)
	if err != nil {
		b.Fatal(err)
	}
	kv, err := js.KeyValue(b.Context(), schemas.BucketRoutes)
	if err != nil {
		b.Fatal(err)
	}
	w, err := kv.Watch(b.Context(), "prod.recsys", jetstream.UpdatesOnly())
	if err != nil {
		b.Fatal(err)
	}
	defer w.Stop()
	var acked, seen []time.Duration
	var prev []byte
	for b.Loop() {
		prev = next(prev, nil)
		start := time.Now()
		arrived := make(chan time.Time, 1)
		go func() {
			<-w.Updates()
			arrived <- time.Now()
		}()
		if r, err := p.Publish(b.Context(), prev); r != nats.Acked {
			b.Fatal(r, err)
		}
		acked = append(acked, time.Since(start))
		seen = append(seen, (<-arrived).Sub(start))
	}
	report(b, "ack", acked)
	report(b, "seen", seen)
}

func report(b *testing.B, what string, all []time.Duration) {
	slices.Sort(all)
	b.ReportMetric(all[len(all)/2].Seconds()*1e3, what+"-p50-ms")
	b.ReportMetric(all[len(all)*99/100].Seconds()*1e3, what+"-p99-ms")
}
