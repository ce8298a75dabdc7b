package router_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"verdin/publish/nats"
	"verdin/publish/router"
	"verdin/schemas"
)

// guarded is a server with the rights of ../nats/testdata/permissions.conf.
func guarded(t *testing.T) (login func(user string) *natsgo.Conn) {
	t.Helper()
	for _, user := range []string{"ADMIN", "ENGINE", "ROUTER"} {
		t.Setenv(user+"_PASSWORD", "p-"+strings.ToLower(user))
	}
	opts, err := server.ProcessConfigFile("../nats/testdata/permissions.conf")
	if err != nil {
		t.Fatal(err)
	}
	opts.Host, opts.Port, opts.JetStream, opts.StoreDir, opts.NoLog, opts.NoSigs = "127.0.0.1", server.RANDOM_PORT, true, t.TempDir(), true, true
	srv, err := server.NewServer(opts)
	if err != nil {
		t.Fatal(err)
	}
	srv.Start()
	t.Cleanup(func() { srv.Shutdown(); srv.WaitForShutdown() })
	if !srv.ReadyForConnections(20 * time.Second) {
		t.Fatal("the server does not start")
	}
	return func(user string) *natsgo.Conn {
		t.Helper()
		cfg := nats.Config{URL: srv.ClientURL(), User: user, PasswordEnv: strings.ToUpper(user) + "_PASSWORD", InboxPrefix: "_INBOX_" + user}
		nc, err := nats.Connect(cfg, func(err error) {
			if user != "router" {
				t.Errorf("%s: %v", user, err)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(nc.Close)
		return nc
	}
}

func TestTheShippedRightsAreEnoughAndNoMore(t *testing.T) {
	login := guarded(t)
	if err := nats.Setup(t.Context(), login("admin"), 1); err != nil {
		t.Fatal(err)
	}
	engine, edge := login("engine"), login("router")
	if err := nats.Setup(t.Context(), engine, 1); err != nil {
		t.Fatalf("an engine verifies what an admin created: %v", err)
	}
	key, _, err := nats.OpenKey(filepath.Join(t.TempDir(), "engine.nk"))
	if err != nil {
		t.Fatal(err)
	}
	pub, err := nats.NewPublisher(engine, key, nats.Options{Engine: "a", Timeout: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	acks := make(chan schemas.Ack, 10)
	changes := make(chan router.Status, 100)
	r, err := router.New(router.Config{ID: "edge-1", Rollouts: []string{"prod/recsys"}, Trusted: []string{key.ID},
		Now: func() schemas.Time { return noon }, OnChange: func(s router.Status) { changes <- s }, OnError: func(err error) { t.Error(err) }})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 2)
	go func() { ended <- nats.FollowAcks(ctx, engine, func(a schemas.Ack) { acks <- a }, nil) }()
	go func() { ended <- r.Run(ctx, edge) }()
	defer func() {
		cancel()
		for range 2 {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	}()
	first := step(nil, 1000)
	for _, payload := range [][]byte{first, step(first, 2000), first} { // the third is read back from the history
		if res, err := pub.Publish(t.Context(), payload); res != nats.Acked {
			t.Fatal(res, err)
		}
	}
	if err := pub.Beat(noon, []nats.Standing{{Namespace: "prod", BeatHead: schemas.BeatHead{Rollout: "recsys", Generation: 1, Sequence: 9}}}); err != nil {
		t.Fatal(err) // it names a verdict that does not exist: the router reads the history
	}
	for seq := uint64(0); seq < 2; {
		select {
		case a := <-acks:
			seq = a.Sequence
		case <-time.After(20 * time.Second):
			s, _ := r.Status("prod/recsys")
			t.Fatalf("no acknowledgement: %+v %+v", s, r.Counters())
		}
	}
	refused(t, edge)
}

// refused checks what a router must not do.
func refused(t *testing.T, edge *natsgo.Conn) {
	t.Helper()
	js, err := jetstream.New(edge, jetstream.WithDefaultTimeout(300*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	for _, subject := range []string{schemas.WriteSubject("prod", "recsys"), "verdin.v1.ack.prod.recsys.edge-2"} {
		if _, err := js.Publish(t.Context(), subject, []byte("{}"), jetstream.WithRetryAttempts(0)); err == nil {
			t.Errorf("a router wrote to %s", subject)
		}
	}
	if _, err := js.OrderedConsumer(t.Context(), schemas.StreamRoutes, jetstream.OrderedConsumerConfig{FilterSubjects: []string{schemas.WriteSubject("dev", "recsys")}}); err == nil {
		t.Error("a router of prod reads dev")
	}
	if err := js.DeleteStream(t.Context(), schemas.StreamRoutes); err == nil {
		t.Error("a router deleted the bucket")
	}
}
