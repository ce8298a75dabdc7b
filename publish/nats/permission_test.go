package nats_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"verdin/publish/nats"
	"verdin/schemas"
)

// shipped is a server with deploy/nats/server.conf; login connects as one of its users.
func shipped(t *testing.T) (login func(role string) *natsgo.Conn) {
	t.Helper()
	seeds := map[string]string{}
	for _, role := range []string{"admin", "engine", "router", "operator"} {
		seeds[role] = filepath.Join(t.TempDir(), role+".nk")
		key, _, err := nats.OpenKey(seeds[role])
		if err != nil {
			t.Fatal(err)
		}
		t.Setenv(strings.ToUpper(role)+"_NKEY", key.ID)
	}
	opts, err := server.ProcessConfigFile("../../deploy/nats/server.conf")
	if err != nil {
		t.Fatal(err)
	}
	if !opts.SyncAlways {
		t.Error("the shipped server does not sync each write")
	}
	opts.Port, opts.HTTPPort, opts.StoreDir = server.RANDOM_PORT, 0, t.TempDir()
	srv := serveAny(t, opts)
	return func(role string) *natsgo.Conn {
		t.Helper()
		nc, err := nats.Connect(nats.Config{URL: srv.ClientURL(), NKeySeed: seeds[role], InboxPrefix: "_INBOX_" + role}, func(error) {})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(nc.Close)
		return nc
	}
}

// denied tells whether a user may not publish on a subject.
func denied(t *testing.T, nc *natsgo.Conn, subject string) bool {
	t.Helper()
	if err := nc.Publish(subject, nil); err != nil {
		t.Fatal(err)
	}
	if err := nc.Flush(); err != nil { // the server's refusal comes before its answer to this
		t.Fatal(err)
	}
	last := nc.LastError()
	return errors.Is(last, natsgo.ErrPermissionViolation) && strings.Contains(last.Error(), `"`+subject+`"`)
}

func TestNoRoleMayDoWhatIsNotItsJob(t *testing.T) {
	login := shipped(t)
	if err := nats.Setup(t.Context(), login("admin"), 1); err != nil {
		t.Fatal(err)
	}
	everybody := []string{"verdin.v1.verdict.prod.recsys", "verdin.v1.audit.prod.recsys", "$SYS.REQ.SERVER.PING"}
	users := append([]string{ // all but the admin
		"$KV.VERDIN_ROUTES.dev.recsys", "$KV.VERDIN_EPOCH.dev.recsys", "verdin.v1.hb.dev.a", "verdin.v1.ctl.dev.recsys.kill",
		"$JS.API.STREAM.CREATE.X", "$JS.API.CONSUMER.DURABLE.CREATE.VERDIN_AUDIT.x",
		"$JS.API.CONSUMER.CREATE.KV_VERDIN_ROUTES.c.$KV.VERDIN_ROUTES.dev.recsys", "$JS.API.CONSUMER.CREATE.VERDIN_AUDIT.c.verdin.v1.audit.dev.recsys",
	}, everybody...)
	for _, stream := range []string{schemas.StreamRoutes, schemas.StreamAudit, schemas.StreamAcks, schemas.StreamJournal} {
		for _, verb := range []string{"PURGE", "DELETE", "UPDATE", "MSG.DELETE", "SNAPSHOT", "RESTORE", "LEADER.STEPDOWN"} {
			users = append(users, "$JS.API.STREAM."+verb+"."+stream)
		}
	}
	write, epoch, beat := schemas.WriteSubject("prod", "recsys"), schemas.EpochSubject("prod", "recsys"), schemas.BeatSubject("prod", "a")
	journal, ack, other, ctl := schemas.JournalSubject("prod", "recsys"), schemas.AckSubject("prod", "recsys", "edge-1"), schemas.AckSubject("prod", "recsys", "edge-2"), "verdin.v1.ctl.prod.recsys.kill"
	for role, c := range map[string]struct{ may, mayNot []string }{
		"admin":    {[]string{"$JS.API.STREAM.UPDATE." + schemas.StreamRoutes}, slices.Concat(everybody, []string{write, epoch, beat, journal, ack, ctl})},
		"engine":   {[]string{write, epoch, beat, journal}, slices.Concat(users, []string{ack, ctl})},
		"router":   {[]string{ack}, slices.Concat(users, []string{write, epoch, beat, journal, other, ctl})},
		"operator": {[]string{ctl}, slices.Concat(users, []string{write, epoch, beat, journal, ack})},
	} {
		nc := login(role)
		for _, subject := range c.mayNot {
			if !denied(t, nc, subject) {
				t.Errorf("%s may publish on %s", role, subject)
			}
		}
		for _, subject := range c.may {
			if denied(t, nc, subject) {
				t.Errorf("%s may not publish on %s", role, subject)
			}
		}
	}
}

func TestEachRoleCanDoItsJob(t *testing.T) {
	login := shipped(t)
	admin, engine, operator := login("admin"), login("engine"), login("operator")
	if err := errors.Join(nats.Setup(t.Context(), admin, 1), nats.SetupLeases(t.Context(), admin, time.Minute, 1)); err != nil {
		t.Fatal(err)
	}
	engineWorks(t, engine)
	operatorWorks(t, engine, operator)
	for _, nc := range []*natsgo.Conn{admin, engine, operator} {
		if err := nc.LastError(); err != nil {
			t.Error(err)
		}
	}
}

// engineWorks does all that an engine does.
func engineWorks(t *testing.T, nc *natsgo.Conn) {
	t.Helper()
	key, _, err := nats.OpenKey(filepath.Join(t.TempDir(), "engine.nk"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(nats.Setup(t.Context(), nc, 1), nats.SetupLeases(t.Context(), nc, time.Minute, 1)); err != nil {
		t.Fatalf("an engine verifies what an admin created: %v", err)
	}
	p, err := nats.NewPublisher(nc, key, nats.Options{Engine: "a", Trusted: []string{key.ID}, Timeout: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	l, err := nats.NewLease(t.Context(), nc, "prod", "recsys", "a")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if held, err := l.Try(t.Context()); !held || err != nil {
			t.Errorf("lease: %v, %v", held, err)
		}
	}
	rival, err := nats.NewLease(t.Context(), nc, "prod", "recsys", "b")
	if err != nil {
		t.Fatal(err)
	}
	if held, err := rival.Try(t.Context()); held || err != nil {
		t.Errorf("a rival's lease: %v, %v", held, err)
	}
	all := chain(2)
	for _, payload := range [][]byte{all[0], all[1], all[0]} { // the third is looked up in the history
		if r, err := p.Publish(t.Context(), payload); r != nats.Acked {
			t.Fatal(r, err)
		}
	}
	n, beats := 0, make(chan string, 10)
	stop, err := p.FollowBeats("prod", func(h *schemas.Heartbeat) { beats <- h.Engine })
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	err = errors.Join(
		l.Release(t.Context()),
		p.Beat(noon, []nats.Standing{{Namespace: "prod", BeatHead: schemas.BeatHead{Rollout: "recsys", Generation: 1, Sequence: 1}}}),
		p.AppendJournal(t.Context(), "prod", "recsys", 1, []byte("x")),
		p.ReadJournal(t.Context(), "prod", "recsys", 1, func(uint64, []byte) error { n++; return nil }))
	if err != nil || n != 1 {
		t.Errorf("%d records, %v", n, err)
	}
	select {
	case <-beats:
	case <-time.After(10 * time.Second):
		t.Error("an engine does not hear heartbeats")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := nats.FollowAcksFrom(ctx, nc, 1, func(uint64, schemas.Ack) {}, func(err error) { t.Error(err) }); err != nil {
		t.Error(err)
	}
}

// operatorWorks watches and commands.
func operatorWorks(t *testing.T, engine, nc *natsgo.Conn) {
	t.Helper()
	if _, err := engine.Subscribe("verdin.v1.ctl.prod.*.*", func(m *natsgo.Msg) { m.Respond([]byte("done: " + m.Subject)) }); err != nil {
		t.Fatal(err)
	}
	if err := engine.Flush(); err != nil {
		t.Fatal(err)
	}
	if m, err := nc.Request("verdin.v1.ctl.prod.recsys.kill", nil, 5*time.Second); err != nil || string(m.Data) != "done: verdin.v1.ctl.prod.recsys.kill" {
		t.Errorf("a command: %v", err)
	}
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	kv, err := js.KeyValue(t.Context(), schemas.BucketRoutes)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := kv.Get(t.Context(), "prod.recsys"); err != nil {
		t.Error(err)
	}
	w, err := kv.Watch(t.Context(), "prod.>")
	if err != nil {
		t.Fatal(err)
	}
	if e := <-w.Updates(); e == nil || e.Key() != "prod.recsys" {
		t.Error("nothing to watch")
	}
	w.Stop()
	for n := 0; n < 2; { // the server copies verdicts to the audit stream by itself
		n = 0
		if err := nats.ReadAudit(t.Context(), nc, "prod/recsys", func(nats.Audited) error { n++; return nil }); err != nil {
			t.Fatal(fmt.Errorf("audit: %w", err))
		}
	}
}
