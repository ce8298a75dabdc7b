package control_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	natsgo "github.com/nats-io/nats.go"

	"verdin/publish/control"
	"verdin/schemas"
)

var noon = schemas.TimeOf(time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC))

// clock is a clock that tests set.
type clock struct{ at atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.at.Store(int64(noon))
	return c
}

func (c *clock) now() schemas.Time     { return schemas.Time(c.at.Load()) }
func (c *clock) pass(by time.Duration) { c.at.Add(int64(by)) }

// rollout is a running rollout that cuts when it gets an order, and rolls back when
// the order says so.
type rollout struct {
	seat   *control.Seat
	orders chan schemas.Command
	got    chan schemas.Command // what it has obeyed
	acks   chan schemas.Ack
	cut    int64
	clock  *clock
}

func seated(t *testing.T, d *control.Desk, c *clock, ns, name string) *rollout {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	r := &rollout{orders: make(chan schemas.Command), got: make(chan schemas.Command, 64), acks: make(chan schemas.Ack, 8), clock: c}
	r.seat = d.Join(ns, name, func(ask context.Context, cmd schemas.Command) error {
		select {
		case r.orders <- cmd:
			return nil
		case <-ctx.Done():
			return control.ErrStopped
		case <-ask.Done():
			return ask.Err()
		}
	}, func(a schemas.Ack) { r.acks <- a })
	r.saw(schemas.PhaseRunning, nil)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case cmd := <-r.orders:
				r.obey(cmd)
			case <-ctx.Done():
				return
			}
		}
	}()
	t.Cleanup(func() { stop(); <-done })
	return r
}

func (r *rollout) obey(cmd schemas.Command) {
	phase, v := schemas.PhaseRunning, (*schemas.Verdict)(nil)
	switch cmd.Verb {
	case schemas.VerbRollback, schemas.VerbKill:
		phase, v = schemas.PhaseRolledBack, verdict(cmd.Namespace, cmd.Rollout, 2, schemas.VerdictRollback, schemas.PhaseRolledBack, 0, cmd.At)
		v.KillSwitch = cmd.Verb == schemas.VerbKill
	}
	r.saw(phase, v)
	r.seat.Obeyed(r.cut, cmd, v)
	r.got <- cmd
}

func (r *rollout) saw(phase string, v *schemas.Verdict) {
	r.cut++
	st := control.Status{Phase: phase, Generation: 1, Stages: []int{10, 100}, CanaryBps: 1000, Stable: "v1", Canary: "v2",
		EnteredAt: noon, Cut: r.cut, Wall: r.clock.now(), Mark: noon, Missing: []string{"bake: 1m of 5m", "samples: 3 of 100"}}
	r.seat.Saw(st, v)
}

func verdict(ns, name string, seq uint64, what, phase string, canaryBps int, at schemas.Time) *schemas.Verdict {
	return &schemas.Verdict{Namespace: ns, Rollout: name, Verdict: what, Phase: phase, Generation: 1, Sequence: seq,
		Routes: []schemas.Route{{Arm: schemas.ArmCanary, ModelVersion: "v2", WeightBps: canaryBps}, {Arm: schemas.ArmStable, ModelVersion: "v1", WeightBps: 10000 - canaryBps}},
		Reason: schemas.Reason{Code: "command", Message: "as ordered"}, OnExpiry: schemas.ExpiryStable, ValidUntil: at.Add(15 * time.Minute), Time: at, Actor: "auto"}
}

func newDesk(c *clock) *control.Desk {
	return control.NewDesk("engine-1", c.now, func() bool { return true })
}

func who(name string, s control.Scope, ns ...string) control.Principal {
	return control.Principal{Name: name, Scope: s, Namespaces: ns}
}

// plain are the options of a NATS server that lets everybody in.
func plain() *server.Options {
	return &server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoLog: true, NoSigs: true}
}

// natsServer is a NATS server in this process.
func natsServer(t testing.TB, opts *server.Options) *server.Server {
	t.Helper()
	s, err := server.NewServer(opts)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(20 * time.Second) {
		t.Fatal("the server does not start")
	}
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	return s
}

func dial(t testing.TB, s *server.Server) *natsgo.Conn {
	t.Helper()
	nc, err := natsgo.Connect(s.ClientURL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}
