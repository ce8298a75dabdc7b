package nats_test

import (
	"errors"
	"os"
	"slices"
	"testing"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"verdin/publish/nats"
	"verdin/schemas"
)

// A server that comes back from a backup, or from a power failure, has lost the last
// verdicts and a claim. The engine's log fills the gap with the same bytes.
func TestAStreamThatLostItsTailIsRefilled(t *testing.T) {
	b := newBed(t)
	all := chain(6)
	first := b.publisher("a")
	for _, payload := range all[:3] {
		b.publish(first, payload)
	}
	port, backup := b.port(), t.TempDir()
	stop(b.srv)
	if err := os.CopyFS(backup, os.DirFS(b.dir)); err != nil {
		t.Fatal(err)
	}
	b.start(port)
	lost := make(chan struct{}, 10)
	nc, err := nats.Connect(nats.Config{URL: b.srv.ClientURL()}, func(error) {},
		natsgo.DisconnectErrHandler(func(*natsgo.Conn, error) { lost <- struct{}{} }))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	p, err := nats.NewPublisher(nc, b.key, nats.Options{Engine: "b"}) // it takes over: epoch 2
	if err != nil {
		t.Fatal(err)
	}
	for _, payload := range all[3:5] {
		if r := until(t, p, payload); r != nats.Acked {
			t.Fatal(r)
		}
	}
	stop(b.srv)
	<-lost
	b.dir = backup // verdicts 4 and 5 and the claim of b are gone
	b.start(port)
	for {
		if _, err = p.Publish(t.Context(), all[5]); !errors.Is(err, nats.ErrDown) {
			break
		}
	}
	if !errors.Is(err, nats.ErrBehind) {
		t.Fatalf("after the loss: %v, want ErrBehind", err)
	}
	expired := next(all[4], because("never sent")) // decided, expired, and decided again
	log := [][]byte{all[0], all[1], all[2], all[3], all[4], expired, all[5]}
	if err := p.Refill(t.Context(), "prod", "recsys", log); err != nil {
		t.Fatal(err)
	}
	if got := held(t, nc, "recsys", len(all)); !slices.EqualFunc(got, all, func(s string, b []byte) bool { return s == string(b) }) {
		t.Errorf("%d verdicts are held, want the %d of the chain", len(got), len(all))
	}
	if h, err := p.Head(t.Context(), "prod", "recsys"); err != nil || h.Epoch != 3 || h.Engine != "b" {
		t.Errorf("head %+v, %v: want b to hold the chain again, with an epoch that nobody had", h, err)
	}
	if r := b.publish(b.publisher("z"), all[2]); r != nats.Acked {
		t.Errorf("an old verdict of the chain: %s", r)
	}
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	if got := collect(t, js, schemas.StreamAudit, len(all)); len(got) != len(all) {
		t.Errorf("the audit stream holds %d verdicts, want %d", len(got), len(all))
	}
}
