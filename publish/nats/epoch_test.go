package nats_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"verdin/publish/nats"
	"verdin/schemas"
)

func (b *bed) claim(p *nats.Publisher) uint64 {
	b.t.Helper()
	epoch, err := p.Claim(b.t.Context(), "prod", "recsys")
	if err != nil {
		b.t.Fatal(err)
	}
	return epoch
}

func TestAStaleEngineIsRefusedForGood(t *testing.T) {
	b := newBed(t)
	a, z, all := b.publisher("a"), b.publisher("z"), chain(4)
	b.publish(a, all[0])
	if epoch := b.claim(z); epoch != 2 {
		t.Errorf("epoch %d after a's first, want 2", epoch)
	}
	for range 3 { // the very verdict that comes next, and not yet written by the new one
		if r := b.publish(a, all[1]); r != nats.Fenced {
			t.Fatalf("the stale engine: %s, want fenced", r)
		}
	}
	if r := b.publish(z, all[1]); r != nats.Acked {
		t.Errorf("the new engine: %s", r)
	}
	if r := b.publish(a, all[1]); r != nats.Acked {
		t.Errorf("what stands in the chain is acked, whoever wrote it: %s", r)
	}
	if r := b.publish(a, next(all[1], rollback)); r != nats.Fenced {
		t.Errorf("a rollback of the stale engine: %s, want fenced: the new one judges the same data", r)
	}
	if epoch := b.claim(a); epoch != 3 {
		t.Errorf("epoch %d, want 3", epoch)
	}
	if r := b.publish(a, all[2]); r != nats.Acked {
		t.Errorf("after it took over again: %s", r)
	}
	if r := b.publish(z, all[3]); r != nats.Fenced {
		t.Errorf("now the other is stale: %s", r)
	}
}

// A write that an engine made before it was overtaken, and that the network kept
// back, must not land.
func TestALateWriteFromBeforeTheClaimIsRefused(t *testing.T) {
	b := newBed(t)
	a, all := b.publisher("a"), chain(2)
	b.publish(a, all[0])
	h, err := a.Head(t.Context(), "prod", "recsys")
	if err != nil {
		t.Fatal(err)
	}
	b.claim(b.publisher("z"))
	js, err := jetstream.New(b.connect())
	if err != nil {
		t.Fatal(err)
	}
	m := natsgo.NewMsg(schemas.WriteSubject("prod", "recsys"))
	m.Data = all[1]
	_, err = js.PublishMsg(t.Context(), m, jetstream.WithExpectLastSequenceForSubject(h.StreamSeq, schemas.ChainFilter("prod", "recsys")))
	var api *jetstream.APIError
	if !errors.As(err, &api) || api.ErrorCode != jetstream.JSErrCodeStreamWrongLastSequence {
		t.Errorf("got %v, want wrong last sequence", err)
	}
}

func TestEpochsNeverGoBack(t *testing.T) {
	b := newBed(t)
	nc := b.connect()
	a, err := nats.NewPublisher(nc, b.key, nats.Options{Engine: "a", Epoch: 100, Version: "v1"})
	if err != nil {
		t.Fatal(err)
	}
	all := chain(2)
	b.publish(a, all[0])
	js, _ := jetstream.New(nc)
	if err := js.DeleteStream(t.Context(), schemas.StreamRoutes); err != nil {
		t.Fatal(err)
	}
	if err := nats.Setup(t.Context(), nc, 1); err != nil {
		t.Fatal(err)
	}
	if err := a.Refill(t.Context(), "prod", "recsys", all); err != nil {
		t.Fatal(err)
	}
	kv, _ := js.KeyValue(t.Context(), schemas.BucketRoutes)
	if _, err := kv.Get(t.Context(), "prod.recsys"); err != nil {
		t.Error(err)
	}
	h, err := a.Head(t.Context(), "prod", "recsys")
	if err != nil || h.Epoch != 101 || h.Digest != schemas.Digest(all[1]) {
		t.Errorf("head %+v, %v, want epoch 101", h, err)
	}
}

func TestOfManyClaimsEachHasItsOwnEpoch(t *testing.T) {
	b := newBed(t)
	var mu sync.Mutex
	seen := map[uint64]int{}
	var wg sync.WaitGroup
	for range 16 {
		p := b.publisher("same") // an id that was given twice by mistake
		wg.Go(func() {
			for {
				epoch, err := p.Claim(context.Background(), "prod", "recsys")
				if err != nil {
					continue // somebody was faster
				}
				mu.Lock()
				defer mu.Unlock()
				seen[epoch]++
				return
			}
		})
	}
	wg.Wait()
	for epoch, n := range seen {
		if n != 1 {
			t.Errorf("epoch %d was given %d times", epoch, n)
		}
	}
}

// What an outbox gives up must never appear later: its place in the chain is given
// to another verdict.
func TestAWithdrawnVerdictNeverArrives(t *testing.T) {
	b := newBed(t)
	all := chain(2)
	b.publish(b.publisher("first"), all[0])
	net := &faults{}
	nc, err := nats.Connect(nats.Config{URL: b.srv.ClientURL()}, nil, natsgo.ReconnectWait(10*time.Millisecond), natsgo.SetCustomDialer(net))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	p, err := nats.NewPublisher(nc, b.key, nats.Options{Engine: "a", Epoch: 1, Timeout: 300 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	b.claim(p)
	net.holdAfter("HPUB " + schemas.WriteSubject("prod", "recsys"))
	if r, err := p.Publish(t.Context(), all[1]); err == nil {
		t.Fatalf("a write that the network keeps back: %s", r)
	}
	late := net.cut()
	for {
		r, err := p.Withdraw(t.Context(), all[1])
		if err != nil {
			continue // not connected again yet
		}
		if r != nats.Expired {
			t.Fatalf("withdrawn: %s, want expired", r)
		}
		break
	}
	late() // the network delivers it after all
	again := next(all[0], func(v *schemas.Verdict) { v.Verdict, v.Reason.Code = schemas.VerdictHold, "fresh" })
	if r := b.publish(p, again); r != nats.Acked {
		t.Fatalf("the verdict in its place: %s", r)
	}
	if n := b.count(schemas.WriteSubject("prod", "recsys")); n != 2 {
		t.Errorf("%d verdicts stand in the bucket, want 2", n)
	}
	if r, err := p.Withdraw(t.Context(), again); r != nats.Acked || err != nil {
		t.Errorf("withdrawing what stands: %s, %v", r, err)
	}
	b.claim(b.publisher("z"))
	if r, err := p.Withdraw(t.Context(), next(again, nil)); r != nats.Fenced || err != nil {
		t.Errorf("withdrawing after another took over: %s, %v", r, err)
	}
}
