package router_test

import (
	"context"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"verdin/publish/nats"
	"verdin/publish/router"
	"verdin/schemas"
)

var noon = schemas.TimeOf(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))

// bed is a server with an engine's publisher and one router.
type bed struct {
	t      *testing.T
	srv    *server.Server
	dir    string
	key    *nats.Key
	pub    *nats.Publisher
	nc     *natsgo.Conn // the engine's
	r      *router.Router
	change chan router.Status
	errs   chan error
	now    atomic.Int64
}

func newBed(t *testing.T) *bed {
	t.Helper()
	b := &bed{t: t, dir: t.TempDir(), change: make(chan router.Status, 1000), errs: make(chan error, 1000)}
	b.now.Store(int64(noon))
	b.start(server.RANDOM_PORT)
	b.nc = b.connect()
	if err := nats.Setup(t.Context(), b.nc, 1); err != nil {
		t.Fatal(err)
	}
	key, _, err := nats.OpenKey(filepath.Join(t.TempDir(), "engine.nk"))
	if err != nil {
		t.Fatal(err)
	}
	b.key = key
	if b.pub, err = nats.NewPublisher(b.nc, key, nats.Options{Engine: "a", Epoch: 1}); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *bed) start(port int) {
	b.t.Helper()
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: port, JetStream: true, StoreDir: b.dir, SyncAlways: true, NoLog: true, NoSigs: true})
	if err != nil {
		b.t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(20 * time.Second) {
		b.t.Fatal("the server does not start")
	}
	b.srv = s
	b.t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
}

func (b *bed) connect() *natsgo.Conn {
	b.t.Helper()
	nc, err := nats.Connect(nats.Config{URL: b.srv.ClientURL()}, nil, natsgo.ReconnectWait(10*time.Millisecond))
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(nc.Close)
	return nc
}

// route starts the router and runs it until the test ends.
func (b *bed) route() {
	b.t.Helper()
	r, err := router.New(router.Config{ID: "edge-1", Rollouts: []string{"prod/recsys", "prod/search"}, Trusted: []string{b.key.ID},
		Now: func() schemas.Time { return schemas.Time(b.now.Load()) }, OnChange: func(s router.Status) { b.change <- s }, OnError: func(err error) { b.errs <- err }})
	if err != nil {
		b.t.Fatal(err)
	}
	b.r = r
	nc := b.connect()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- r.Run(ctx, nc) }()
	b.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			b.t.Error(err)
		}
	})
}

// until waits for a status for which ok holds.
func (b *bed) until(what string, ok func(router.Status) bool) {
	b.t.Helper()
	late := time.After(30 * time.Second)
	for {
		select {
		case s := <-b.change:
			if ok(s) {
				return
			}
		case <-late:
			s, _ := b.r.Status("prod/recsys")
			b.t.Fatalf("%s: did not happen; %+v, %+v", what, s, b.r.Counters())
		}
	}
}

func serves(seq uint64, weight int) func(router.Status) bool {
	return func(s router.Status) bool { return s.Served == seq && s.WeightBps == weight }
}

func (b *bed) publish(payloads ...[]byte) {
	b.t.Helper()
	for _, p := range payloads {
		if r, err := b.pub.Publish(context.Background(), p); err != nil || r != nats.Acked {
			b.t.Fatalf("%s, %v", r, err)
		}
	}
}

func step(prev []byte, weight int, edits ...func(*schemas.Verdict)) []byte {
	v := &schemas.Verdict{
		Namespace: "prod", Rollout: "recsys", Verdict: schemas.VerdictAdvance, Phase: schemas.PhaseRunning, Generation: 1, Sequence: 1,
		Routes: []schemas.Route{{Arm: schemas.ArmCanary, ModelVersion: "v2", WeightBps: weight},
			{Arm: schemas.ArmStable, ModelVersion: "v1", WeightBps: schemas.WeightTotal - weight}},
		ValidUntil: noon.Add(15 * time.Minute), OnExpiry: schemas.ExpiryStable, Actor: "auto", Time: noon,
	}
	if prev != nil {
		p, err := schemas.ParseVerdict(prev)
		if err != nil {
			panic(err) // the test's own bytes
		}
		v.Generation, v.Sequence, v.PrevDigest = p.Generation, p.Sequence+1, schemas.Digest(prev)
	}
	for _, edit := range edits {
		edit(v)
	}
	return v.AppendJSON(nil)
}

func rollback(v *schemas.Verdict) {
	v.Verdict, v.Phase = schemas.VerdictRollback, schemas.PhaseRolledBack
}

func TestRouterFollowsAndAcknowledges(t *testing.T) {
	b := newBed(t)
	acks := make(chan schemas.Ack, 10)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- nats.FollowAcks(ctx, b.connect(), func(a schemas.Ack) { acks <- a }, nil) }()
	defer func() { cancel(); <-ended }()

	first := step(nil, 1000)
	b.publish(first)
	b.route()
	b.until("the verdict that stood there at the start", serves(1, 1000))
	second := step(first, 2500)
	b.publish(second)
	b.until("a step", serves(2, 2500))
	b.now.Store(int64(noon.Add(time.Second)))
	b.publish(step(second, 0, rollback))
	b.until("a rollback", serves(3, 0))
	for seq := uint64(0); seq < 3; {
		select {
		case a := <-acks:
			if a.Sequence <= seq || a.Router != "edge-1" || a.Rollout != "recsys" || a.Sequence == 3 && a.At != noon.Add(time.Second) {
				t.Errorf("acknowledgement %+v after %d", a, seq)
			}
			seq = a.Sequence // one that was overtaken need not come
		case <-time.After(20 * time.Second):
			t.Fatalf("no acknowledgement after %d", seq)
		}
	}
}

func TestForgersInTheBucketAreIgnored(t *testing.T) {
	b := newBed(t)
	b.route()
	first := step(nil, 1000)
	b.publish(first)
	b.until("the first", serves(1, 1000))
	js, _ := jetstream.New(b.nc)
	kv, err := js.KeyValue(t.Context(), schemas.BucketRoutes)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := kv.Put(t.Context(), "prod.recsys", step(first, 9000)); err != nil { // rights, but no key
		t.Fatal(err)
	}
	stranger, _, err := nats.OpenKey(filepath.Join(t.TempDir(), "stranger.nk"))
	if err != nil {
		t.Fatal(err)
	}
	evil, err := nats.NewPublisher(b.nc, stranger, nats.Options{Engine: "a"})
	if err != nil {
		t.Fatal(err)
	}
	if r, err := evil.Publish(t.Context(), step(step(first, 9000), 9500)); r != nats.Acked || err != nil {
		t.Fatal(r, err)
	}
	if err := kv.Delete(t.Context(), "prod.recsys"); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		select {
		case err := <-b.errs:
			if !strings.Contains(err.Error(), "without the signature") {
				t.Error(err)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("only %d of 3 forgeries came", b.r.Counters().Forged)
		}
	}
	if s, _ := b.r.Status("prod/recsys"); s.Sequence != 1 || s.WeightBps != 1000 {
		t.Errorf("status %+v", s)
	}
	if c := b.r.Counters(); c.Forged != 3 || c.Applied != 1 {
		t.Errorf("counters %+v", c)
	}
}

func TestHeartbeatsReachTheRouter(t *testing.T) {
	b := newBed(t)
	b.route()
	first := step(nil, 1000, func(v *schemas.Verdict) { v.ValidUntil = noon.Add(-time.Hour) })
	b.publish(first)
	b.until("an expired step", func(s router.Status) bool { return s.Sequence == 1 && s.Waiting && s.WeightBps == 0 })
	beat := []nats.Standing{{Namespace: "prod", BeatHead: schemas.BeatHead{Rollout: "recsys", Generation: 1, Sequence: 1, Digest: schemas.Digest(first), LeaseSeconds: 60}}}
	if err := b.pub.Beat(noon, beat); err != nil {
		t.Fatal(err)
	}
	b.until("a heartbeat", serves(1, 1000))
	if s, _ := b.r.Status("prod/recsys"); s.Deadline != noon.Add(time.Minute) {
		t.Errorf("deadline %s", s.Deadline)
	}
	b.now.Store(int64(noon.Add(time.Minute + 1)))
	if s, _ := b.r.Status("prod/recsys"); s.WeightBps != 0 || !s.Expired {
		t.Errorf("after the deadline: %+v", s)
	}
}

func TestRouterGoesOnAfterARestartOfTheServer(t *testing.T) {
	b := newBed(t)
	b.route()
	first := step(nil, 1000)
	b.publish(first)
	b.until("the first", serves(1, 1000))
	var all [][]byte
	for prev, weight := first, 2000; weight <= 6000; weight += 1000 {
		prev = step(prev, weight)
		all = append(all, prev)
	}
	port := b.srv.Addr().(*net.TCPAddr).Port
	b.srv.Shutdown()
	b.srv.WaitForShutdown()
	b.start(port)
	b.publishWhenBack(all)
	b.until("the last of five after a restart of the server", serves(6, 6000))
	if c := b.r.Counters(); c.Broken != 0 || c.Forged != 0 {
		t.Errorf("counters %+v", c)
	}
}

func (b *bed) publishWhenBack(payloads [][]byte) {
	b.t.Helper()
	for _, p := range payloads {
		for {
			r, err := b.pub.Publish(context.Background(), p)
			if err == nil && r == nats.Acked {
				break
			}
			if b.t.Context().Err() != nil || r == nats.Fenced {
				b.t.Fatalf("%s, %v", r, err)
			}
		}
	}
}

func TestRouterWaitsForTheBucket(t *testing.T) {
	b := newBed(t)
	js, _ := jetstream.New(b.nc)
	if err := js.DeleteStream(t.Context(), schemas.StreamRoutes); err != nil {
		t.Fatal(err)
	}
	b.route()
	if err := nats.Setup(t.Context(), b.nc, 1); err != nil {
		t.Fatal(err)
	}
	b.publish(step(nil, 1000))
	b.until("the first verdict of a new bucket", serves(1, 1000))
	if c := b.r.Choose("prod/recsys", "x"); !slices.Contains([]string{schemas.ArmStable, schemas.ArmCanary}, c.Arm) || c.Generation != 1 {
		t.Errorf("choice %+v", c)
	}
}
