package nats_test

import (
	"context"
	"sync"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"verdin/publish/nats"
	"verdin/schemas"
)

func (b *bed) lease(ttl time.Duration, holder string, opts ...natsgo.Option) *nats.Lease {
	b.t.Helper()
	nc, err := nats.Connect(nats.Config{URL: b.srv.ClientURL()}, func(error) {}, append(opts, natsgo.ReconnectWait(10*time.Millisecond))...)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(nc.Close)
	if err := nats.SetupLeases(b.t.Context(), nc, ttl, 1); err != nil {
		b.t.Fatal(err)
	}
	l, err := nats.NewLease(b.t.Context(), nc, "prod", "recsys", holder)
	if err != nil {
		b.t.Fatal(err)
	}
	return l
}

func (b *bed) try(l *nats.Lease) bool {
	b.t.Helper()
	held, err := l.Try(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	return held
}

func TestALeaseHasOneHolder(t *testing.T) {
	b := newBed(t)
	leases := []*nats.Lease{b.lease(time.Minute, "a"), b.lease(time.Minute, "b"), b.lease(time.Minute, "c")}
	for round := range 3 {
		held := make([]bool, len(leases))
		var wg sync.WaitGroup
		for i, l := range leases {
			wg.Go(func() { held[i] = b.try(l) })
		}
		wg.Wait()
		holder, n := -1, 0
		for i, h := range held {
			if h {
				holder, n = i, n+1
			}
		}
		if n != 1 {
			t.Fatalf("round %d: held by %v, want one", round, held)
		}
		if !b.try(leases[holder]) {
			t.Error("a lease cannot be renewed")
		}
		if err := leases[holder].Release(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestALeaseOutlivesALostAnswer(t *testing.T) {
	b := newBed(t)
	net := &faults{}
	l := b.lease(time.Minute, "a", natsgo.SetCustomDialer(net))
	if !b.try(l) {
		t.Fatal("a free lease was not given")
	}
	net.loseAnswerTo("PUB $KV.VERDIN_LEASES")
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if held, err := l.Try(ctx); !held || err == nil {
		t.Errorf("without an answer: held %v, %v; want the last renewal to count", held, err)
	}
	net.cut()
	for {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		held, err := l.Try(ctx)
		cancel()
		if err != nil {
			<-time.After(5 * time.Millisecond)
			continue // not connected again yet
		}
		if !held {
			t.Error("the lease was lost with the answer")
		}
		return
	}
}

// A lease that ended while its holder slept, or was lost with its bucket's messages, is the
// holder's again unless somebody else took it.
func TestALeaseThatNobodyTookIsKept(t *testing.T) {
	b := newBed(t)
	first, second := b.lease(time.Minute, "a"), b.lease(time.Minute, "b")
	if !b.try(first) {
		t.Fatal("a free lease was not given")
	}
	js, err := jetstream.New(b.connect())
	if err != nil {
		t.Fatal(err)
	}
	lose := func() {
		s, err := js.Stream(t.Context(), "KV_"+schemas.BucketLeases)
		if err == nil {
			err = s.Purge(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	lose()
	if !b.try(first) {
		t.Error("the holder gave up a lease that nobody else has")
	}
	if b.try(second) {
		t.Error("it has two holders")
	}
	lose()
	if !b.try(second) || b.try(first) {
		t.Error("a lease that another took in time is not the other's alone")
	}
}

func TestALeaseEndsWithItsHolder(t *testing.T) {
	b := newBed(t)
	const ttl = 300 * time.Millisecond
	first, second := make(chan bool, 10), make(chan bool, 10)
	run := func(holder string, changed chan bool) (stop func()) {
		ctx, cancel := context.WithCancel(t.Context())
		l, ended := b.lease(ttl, holder), make(chan struct{})
		go func() {
			defer close(ended)
			l.Run(ctx, func(held bool) { changed <- held }, nil)
		}()
		return func() { cancel(); <-ended }
	}
	stopFirst := run("a", first)
	if !<-first {
		t.Fatal("a free lease was not given")
	}
	stopSecond := run("b", second)
	defer stopSecond()
	stopFirst() // releases it
	if !<-second {
		t.Error("a released lease was not given")
	}
	dead := b.lease(ttl, "c")
	for !b.try(dead) { // not while b renews it
		stopSecond()
	}
	stopThird := run("d", first) // c renews it no more
	defer stopThird()
	if !<-first {
		t.Error("the lease of a dead holder was not given")
	}
}
