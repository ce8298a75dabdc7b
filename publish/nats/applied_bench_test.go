package nats_test

import (
	"context"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"

	"verdin/publish/nats"
	"verdin/publish/router"
	"verdin/schemas"
)

// BenchmarkPublishToApplied measures the whole way of a verdict: from the call of Publish
// until a router on another connection has checked its signature and its place in the
// chain and serves it. Servers sync each write to disk. Report: p50 and p99.
func BenchmarkPublishToApplied(b *testing.B) {
	b.Run("one server", func(b *testing.B) {
		one := newBed(b)
		p, err := nats.NewPublisher(one.connect(), one.key, nats.Options{Engine: "a"})
		if err != nil {
			b.Fatal(err)
		}
		publishToApplied(b, p, one.connect(), one.key.ID)
	})
	b.Run("three nodes", func(b *testing.B) {
		c := newCluster(b)
		publishToApplied(b, c.publisher(b, "a"), c.connect(b), c.key.ID)
	})
}

func publishToApplied(b *testing.B, p *nats.Publisher, nc *natsgo.Conn, trusted string) {
	type served struct {
		sequence uint64
		at       time.Time
	}
	serves := make(chan served, 64)
	r, err := router.New(router.Config{ID: "edge", Rollouts: []string{"prod/recsys"}, Trusted: []string{trusted}, StaleAfter: time.Hour,
		Now: func() schemas.Time { return noon }, OnChange: func(st router.Status) { serves <- served{st.Served, time.Now()} }})
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(b.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx, nc) }()
	defer func() { stop(); <-done }()
	applied := func(sequence uint64) time.Time {
		for {
			select {
			case s := <-serves:
				if s.sequence >= sequence {
					return s.at
				}
			case err := <-done:
				b.Fatal("the router ended: ", err)
			}
		}
	}
	prev := next(nil, nil)
	if r, err := p.Publish(b.Context(), prev); r != nats.Acked {
		b.Fatal(r, err)
	}
	applied(1) // it follows
	var all []time.Duration
	for sequence := uint64(2); b.Loop(); sequence++ {
		prev = next(prev, nil)
		start := time.Now()
		if r, err := p.Publish(b.Context(), prev); r != nats.Acked {
			b.Fatal(r, err)
		}
		all = append(all, applied(sequence).Sub(start))
	}
	report(b, "applied", all)
}
