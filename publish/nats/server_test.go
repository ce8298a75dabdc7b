package nats_test

import (
	"context"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"verdin/publish/nats"
	"verdin/schemas"
)

// bed is a NATS server in this process with JetStream, and a publisher.
type bed struct {
	t   testing.TB
	srv *server.Server
	dir string
	key *nats.Key
}

func newBed(t testing.TB) *bed {
	t.Helper()
	key, _, err := nats.OpenKey(filepath.Join(t.TempDir(), "engine.nk"))
	if err != nil {
		t.Fatal(err)
	}
	b := &bed{t: t, dir: t.TempDir(), key: key}
	b.start(server.RANDOM_PORT)
	if err := nats.Setup(t.Context(), b.connect(), 1); err != nil {
		t.Fatal(err)
	}
	return b
}

func serve(t testing.TB, opts *server.Options) *server.Server {
	t.Helper()
	opts.JetStream, opts.SyncAlways = true, true
	return serveAny(t, opts)
}

// serveCore is a server without JetStream.
func serveCore(t testing.TB) *server.Server {
	t.Helper()
	return serveAny(t, &server.Options{Port: server.RANDOM_PORT})
}

func serveAny(t testing.TB, opts *server.Options) *server.Server {
	t.Helper()
	opts.Host, opts.NoLog, opts.NoSigs = "127.0.0.1", true, true
	s, err := server.NewServer(opts)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(20 * time.Second) {
		t.Fatal("the server does not start")
	}
	t.Cleanup(func() { stop(s) })
	return s
}

func stop(s *server.Server) {
	s.Shutdown()
	s.WaitForShutdown()
}

func (b *bed) start(port int) { b.srv = serve(b.t, &server.Options{Port: port, StoreDir: b.dir}) }

func (b *bed) port() int { return b.srv.Addr().(*net.TCPAddr).Port }

func (b *bed) connect() *natsgo.Conn {
	b.t.Helper()
	nc, err := nats.Connect(nats.Config{URL: b.srv.ClientURL()}, nil, natsgo.ReconnectWait(10*time.Millisecond))
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(nc.Close)
	return nc
}

func (b *bed) publisher(engine string) *nats.Publisher {
	b.t.Helper()
	p, err := nats.NewPublisher(b.connect(), b.key, nats.Options{Engine: engine, Epoch: 1, Timeout: 2 * time.Second})
	if err != nil {
		b.t.Fatal(err)
	}
	return p
}

func (b *bed) publish(p *nats.Publisher, payload []byte) nats.Result {
	b.t.Helper()
	r, err := p.Publish(context.Background(), payload)
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

// count is how many messages the bucket holds on subjects that match.
func (b *bed) count(filter string) int {
	b.t.Helper()
	js, err := jetstream.New(b.connect())
	if err != nil {
		b.t.Fatal(err)
	}
	s, err := js.Stream(b.t.Context(), schemas.StreamRoutes)
	if err != nil {
		b.t.Fatal(err)
	}
	info, err := s.Info(b.t.Context(), jetstream.WithSubjectFilter(filter))
	if err != nil {
		b.t.Fatal(err)
	}
	n := 0
	for _, held := range info.State.Subjects {
		n += int(held)
	}
	return n
}

var noon = schemas.TimeOf(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))

// next is a verdict after another payload (nil = the first); edit may change it.
func next(prev []byte, edit func(*schemas.Verdict)) []byte {
	v := &schemas.Verdict{
		Namespace: "prod", Rollout: "recsys", Verdict: schemas.VerdictAdvance, Phase: schemas.PhaseRunning, Generation: 1, Sequence: 1,
		Routes:     []schemas.Route{{Arm: schemas.ArmCanary, ModelVersion: "v2"}, {Arm: schemas.ArmStable, ModelVersion: "v1", WeightBps: schemas.WeightTotal}},
		ValidUntil: noon.Add(15 * time.Minute), OnExpiry: schemas.ExpiryStable, Actor: "auto", Time: noon,
	}
	if prev != nil {
		p, err := schemas.ParseVerdict(prev)
		if err != nil {
			panic(err) // the test's own bytes
		}
		v.Generation, v.Sequence, v.PrevDigest = p.Generation, p.Sequence+1, schemas.Digest(prev)
	}
	if edit != nil {
		edit(v)
	}
	return v.AppendJSON(nil)
}

// chain is n verdicts, each after the one before.
func chain(n int) (all [][]byte) {
	var prev []byte
	for range n {
		prev = next(prev, nil)
		all = append(all, prev)
	}
	return all
}

func rollback(v *schemas.Verdict) {
	v.Verdict, v.Phase = schemas.VerdictRollback, schemas.PhaseRolledBack
}

func because(code string) func(*schemas.Verdict) {
	return func(v *schemas.Verdict) { v.Reason.Code = code }
}
