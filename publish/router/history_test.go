package router

import (
	"context"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"verdin/schemas"
)

// history is a bucket with the given verdicts, all signed by the engine.
func history(t *testing.T, b *bench, payloads ...[]byte) jetstream.JetStream {
	t.Helper()
	srv, err := server.NewServer(&server.Options{DontListen: true, JetStream: true, StoreDir: t.TempDir(), NoLog: true, NoSigs: true})
	if err != nil {
		t.Fatal(err)
	}
	srv.Start()
	t.Cleanup(func() { srv.Shutdown(); srv.WaitForShutdown() })
	if !srv.ReadyForConnections(20 * time.Second) {
		t.Fatal("the server does not start")
	}
	nc, err := nats.Connect("", nats.InProcessServer(srv))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.CreateKeyValue(t.Context(), jetstream.KeyValueConfig{Bucket: schemas.BucketRoutes, History: 64}); err != nil {
		t.Fatal(err)
	}
	for _, p := range payloads {
		m := &nats.Msg{Subject: schemas.WriteSubject("prod", "recsys"), Data: p, Header: nats.Header(sign(b.key, schemas.VerdictMessage("prod", "recsys", p)))}
		if _, err := js.PublishMsg(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	return js
}

func TestGapIsClosedFromTheHistory(t *testing.T) {
	b := newBench(t)
	all := [][]byte{b.make(1000), b.make(2000), b.make(3000), b.make(4000)}
	js := history(t, b, all...)
	b.deliver(all[0])
	if got := b.deliver(all[3]); got != gap {
		t.Fatalf("outcome %d, want gap", got)
	}
	b.l.expect()
	if err := b.r.fetch(context.Background(), js, b.l); err != nil {
		t.Fatal(err)
	}
	b.serves("after reading the history", 4000)
	if c := b.r.Counters(); c.Broken != 0 || b.l.lacks() {
		t.Errorf("counters %+v", c)
	}
}

func TestGapThatTheHistoryDoesNotCloseChangesNothing(t *testing.T) {
	b := newBench(t)
	all := [][]byte{b.make(1000), b.make(2000), b.make(3000), b.make(4000)}
	js := history(t, b, all[0], all[1], all[3])
	b.deliver(all[0])
	b.l.expect()
	if err := b.r.fetch(context.Background(), js, b.l); err != nil {
		t.Fatal(err)
	}
	b.serves("up to the gap", 2000)
	if c := b.r.Counters(); c.Broken != 1 {
		t.Errorf("counters %+v", c)
	}
}

// A router that starts must not run through old weights.
func TestFirstReadTakesTheLastVerdictOnly(t *testing.T) {
	b := newBench(t)
	all := [][]byte{b.make(9000), b.make(0, rollback), b.make(1000, generation(2)), b.make(2000)}
	js := history(t, b, all...)
	b.l.expect()
	if err := b.r.fetch(context.Background(), js, b.l); err != nil {
		t.Fatal(err)
	}
	b.serves("after the first read", 2000)
	if c := b.r.Counters(); c.Applied != 1 || c.Older != 0 {
		t.Errorf("counters %+v", c)
	}
}
