package nats_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nkeys"

	"verdin/publish/nats"
	"verdin/schemas"
)

func TestOneWriteFeedsEveryReader(t *testing.T) {
	b := newBed(t)
	nc := b.connect()
	plain, err := nc.SubscribeSync("verdin.v1.verdict.>")
	if err != nil {
		t.Fatal(err)
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	p, all := b.publisher("a"), chain(5)
	for i, payload := range all {
		if r := b.publish(p, payload); r != nats.Acked {
			t.Fatalf("verdict %d: %s", i+1, r)
		}
	}
	for i, payload := range all {
		m, err := plain.NextMsg(5 * time.Second)
		if err != nil {
			t.Fatal(err)
		}
		if m.Subject != "verdin.v1.verdict.prod.recsys" || string(m.Data) != string(payload) {
			t.Errorf("plain subscriber, verdict %d: %s %s", i+1, m.Subject, m.Data)
		}
		checkHeaders(t, m.Header, payload, b.key.ID)
	}
	js, _ := jetstream.New(nc)
	if got := collect(t, js, schemas.StreamAudit, len(all)); !slices.EqualFunc(got, all, func(a, b []byte) bool { return string(a) == string(b) }) {
		t.Errorf("the audit stream holds %d verdicts, want all %d in order", len(got), len(all))
	}
	kv, err := js.KeyValue(t.Context(), schemas.BucketRoutes)
	if err != nil {
		t.Fatal(err)
	}
	if e, err := kv.Get(t.Context(), "prod.recsys"); err != nil || string(e.Value()) != string(all[4]) {
		t.Errorf("key prod.recsys: %v", err)
	}
}

func checkHeaders(t *testing.T, h natsgo.Header, payload []byte, keyID string) {
	t.Helper()
	v, _ := schemas.ParseVerdict(payload)
	for name, want := range map[string]string{
		"ce-specversion": "1.0", "ce-id": v.ID(), "ce-type": "verdin.verdict.v1", "ce-source": "verdin/a", "ce-time": "2026-03-01T12:00:00Z",
		"Verdin-Epoch": "1", "Verdin-Engine": "a", "Verdin-Key-Id": keyID,
	} {
		if got := h.Get(name); got != want {
			t.Errorf("header %s: %q, want %q", name, got, want)
		}
	}
	key, err := nkeys.FromPublicKey(keyID)
	if err != nil {
		t.Fatal(err)
	}
	sig, _ := base64.RawURLEncoding.DecodeString(h.Get("Verdin-Signature"))
	if err := key.Verify([]byte("verdin.verdict.v1\nprod/recsys\n"+string(payload)), sig); err != nil {
		t.Errorf("signature: %v", err)
	}
}

// collect reads the first n messages of a stream.
func collect(t *testing.T, js jetstream.JetStream, stream string, n int) (all [][]byte) {
	t.Helper()
	c, err := js.OrderedConsumer(t.Context(), stream, jetstream.OrderedConsumerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	batch, err := c.Fetch(n, jetstream.FetchMaxWait(10*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	for m := range batch.Messages() {
		all = append(all, m.Data())
	}
	return all
}

func TestOfTwoEnginesOneIsFenced(t *testing.T) {
	b := newBed(t)
	engines := []*nats.Publisher{b.publisher("a"), b.publisher("b"), b.publisher("c"), b.publisher("d")}
	var head []byte
	for round := range 25 {
		payloads := make([][]byte, len(engines))
		results := make([]nats.Result, len(engines))
		var wg sync.WaitGroup
		for i, p := range engines {
			payloads[i] = next(head, because(fmt.Sprintf("engine_%d", i)))
			wg.Go(func() {
				for { // an error means: not known yet
					r, err := p.Publish(context.Background(), payloads[i])
					if err == nil {
						results[i] = r
						return
					}
				}
			})
		}
		wg.Wait()
		won := slices.Index(results, nats.Acked)
		if won < 0 || slices.Contains(results[won+1:], nats.Acked) {
			t.Fatalf("round %d: %v, want exactly one acked", round, results)
		}
		head = payloads[won]
		if h, err := engines[0].Head(t.Context(), "prod", "recsys"); err != nil || h.Digest != schemas.Digest(head) {
			t.Fatalf("round %d: the bucket does not hold what was acked: %v", round, err)
		}
	}
}

func TestTwoEnginesWithTheSameBytesWriteEachOnce(t *testing.T) {
	b := newBed(t)
	engines := []*nats.Publisher{b.publisher("a"), b.publisher("b")}
	all := chain(10)
	for _, payload := range all {
		var wg sync.WaitGroup
		acked := make([]bool, len(engines))
		for i, p := range engines {
			wg.Go(func() {
				for {
					r, err := p.Publish(context.Background(), payload)
					if err != nil {
						continue
					}
					acked[i] = r == nats.Acked // else the other took over before its bytes stood there
					return
				}
			})
		}
		wg.Wait()
		if !slices.Contains(acked, true) {
			t.Fatal("nobody wrote it")
		}
	}
	if n := b.count(schemas.WriteSubject("prod", "recsys")); n != len(all) {
		t.Errorf("%d verdicts in the bucket, want %d", n, len(all))
	}
}

func TestLostAckIsFoundAgain(t *testing.T) {
	b := newBed(t)
	p, all := b.publisher("a"), chain(3)
	for _, payload := range append(all, all...) { // after a crash an engine sends all again
		if r := b.publish(p, payload); r != nats.Acked {
			t.Fatalf("got %s", r)
		}
	}
	if r := b.publish(p, next(all[0], because("another"))); r != nats.Fenced {
		t.Errorf("another verdict in an old place: %s, want fenced", r)
	}
	if r := b.publish(p, next(all[1], because("another"))); r != nats.Fenced {
		t.Errorf("another verdict in the place of the head: %s, want fenced", r)
	}
	fork := next(all[2], func(v *schemas.Verdict) { v.PrevDigest = schemas.Digest(nil) })
	if r := b.publish(p, fork); r != nats.Fenced {
		t.Errorf("a verdict after another head: %s, want fenced", r)
	}
}

func TestGapIsRefusedButForARollback(t *testing.T) {
	b := newBed(t)
	p, all := b.publisher("a"), chain(4)
	b.publish(p, all[0])
	if _, err := p.Publish(t.Context(), all[2]); !errors.Is(err, nats.ErrBehind) {
		t.Errorf("a gap: %v, want ErrBehind", err)
	}
	if r, err := p.Check(t.Context(), all[2]); r != "" || err != nil {
		t.Errorf("check of an unsent verdict: %s, %v", r, err)
	}
	if r := b.publish(p, next(all[2], rollback)); r != nats.Acked {
		t.Errorf("a rollback across a gap: %s", r)
	}
	if r := b.publish(p, next(nil, func(v *schemas.Verdict) { v.Generation = 2 })); r != nats.Acked {
		t.Errorf("a new generation: %s", r)
	}
}

func TestRefillAfterTheBucketLostVerdicts(t *testing.T) {
	b := newBed(t)
	p, all := b.publisher("a"), chain(4)
	for _, payload := range all {
		b.publish(p, payload)
	}
	nc := b.connect()
	js, _ := jetstream.New(nc)
	if err := js.DeleteStream(t.Context(), schemas.StreamRoutes); err != nil {
		t.Fatal(err)
	}
	if err := nats.Setup(t.Context(), nc, 1); err != nil {
		t.Fatal(err)
	}
	last := next(all[3], nil)
	if _, err := p.Publish(t.Context(), last); !errors.Is(err, nats.ErrBehind) {
		t.Fatalf("got %v, want ErrBehind", err)
	}
	for range 2 { // the second time there is nothing to do
		if err := p.Refill(t.Context(), "prod", "recsys", all); err != nil {
			t.Fatal(err)
		}
	}
	if r := b.publish(p, last); r != nats.Acked {
		t.Errorf("after the refill: %s", r)
	}
	if err := p.Refill(t.Context(), "prod", "recsys", all); err == nil {
		t.Error("a head that is not in the log was refilled over")
	}
}

func TestHeadContinuesAChain(t *testing.T) {
	b := newBed(t)
	p := b.publisher("a")
	if h, err := p.Head(t.Context(), "prod", "recsys"); err != nil || h.Verdict != nil || h.StreamSeq != 0 {
		t.Errorf("empty bucket: %+v, %v", h, err)
	}
	all := chain(2)
	b.publish(p, all[0])
	b.publish(p, all[1])
	h, err := p.Head(t.Context(), "prod", "recsys")
	if err != nil || h.Verdict.Sequence != 2 || h.Digest != schemas.Digest(all[1]) || h.StreamSeq != 3 || h.Epoch != 1 || h.Engine != "a" { // the first message is the claim
		t.Errorf("head %+v, %v", h, err)
	}
	js, _ := jetstream.New(b.connect())
	kv, _ := js.KeyValue(t.Context(), schemas.BucketRoutes)
	if err := kv.Delete(t.Context(), "prod.recsys"); err != nil { // a marker, not a verdict
		t.Fatal(err)
	}
	if r := b.publish(p, next(nil, func(v *schemas.Verdict) { v.Generation = 2 })); r != nats.Acked {
		t.Errorf("after a deleted key: %s", r)
	}
}

func TestPublishRefusesWhatIsNoVerdict(t *testing.T) {
	b := newBed(t)
	if _, err := b.publisher("a").Publish(t.Context(), []byte(`{}`)); err == nil {
		t.Error("an empty object was published")
	}
	if _, err := nats.NewPublisher(b.connect(), b.key, nats.Options{Engine: "a.b"}); err == nil {
		t.Error("an engine id of two tokens passed")
	}
}
