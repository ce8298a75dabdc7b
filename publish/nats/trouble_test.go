package nats_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"verdin/publish/nats"
	"verdin/schemas"
)

func TestALostAnswerIsFoundAgain(t *testing.T) {
	b := newBed(t)
	net := &faults{}
	nc, err := nats.Connect(nats.Config{URL: b.srv.ClientURL()}, func(error) {}, natsgo.ReconnectWait(10*time.Millisecond), natsgo.SetCustomDialer(net))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	p, err := nats.NewPublisher(nc, b.key, nats.Options{Engine: "a", Timeout: 300 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	all := chain(3)
	for i, lost := range []string{schemas.EpochSubject("prod", "recsys"), schemas.WriteSubject("prod", "recsys"), schemas.WriteSubject("prod", "recsys")} {
		net.loseAnswerTo("HPUB " + lost)
		if r, err := p.Publish(t.Context(), all[i]); err == nil {
			t.Errorf("with a lost answer: %s", r)
		}
		net.cut()
		if r := until(t, p, all[i]); r != nats.Acked {
			t.Errorf("verdict %d: %s", i+1, r)
		}
	}
	if n := b.count(schemas.WriteSubject("prod", "recsys")); n != 3 {
		t.Errorf("%d verdicts are stored, want 3", n)
	}
}

func TestAFullStreamIsNamedAndVerdictsWait(t *testing.T) {
	b := newBed(t)
	p, all := b.publisher("a"), chain(2)
	b.publish(p, all[0])
	js, _ := jetstream.New(b.connect())
	s, err := js.Stream(t.Context(), schemas.StreamRoutes)
	if err != nil {
		t.Fatal(err)
	}
	roomy := s.CachedInfo().Config
	tight := roomy
	tight.MaxMsgs = 2 // the claim and the first verdict
	if _, err := js.UpdateStream(t.Context(), tight); err != nil {
		t.Fatal(err)
	}
	if err := nats.Setup(t.Context(), b.connect(), 1); err == nil || !strings.Contains(err.Error(), "--max-msgs=-1") {
		t.Errorf("at a start: %v", err)
	}
	failed := make(chan error, 100)
	done := make(chan nats.Outcome, 1)
	o := nats.NewOutbox(p, nats.OutboxOptions{Now: func() schemas.Time { return noon }, Done: func(x nats.Outcome) { done <- x },
		OnError: func(err error) { failed <- err }, MinWait: 10 * time.Millisecond, MaxWait: 20 * time.Millisecond})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); o.Run(ctx) }()
	defer func() { cancel(); <-ended }()
	if err := o.Add(all[1]); err != nil {
		t.Fatal(err)
	}
	if err := <-failed; !errors.Is(err, nats.ErrFull) || !strings.Contains(err.Error(), "max_file_store") {
		t.Errorf("while full: %v", err)
	}
	if _, err := js.UpdateStream(t.Context(), roomy); err != nil {
		t.Fatal(err)
	}
	if x := <-done; x.Result != nats.Acked || x.Digest != schemas.Digest(all[1]) {
		t.Errorf("with room again: %+v", x)
	}
}

func TestAForbiddenWriteIsNamed(t *testing.T) {
	srv := serve(t, &server.Options{Port: server.RANDOM_PORT, StoreDir: t.TempDir(), Users: []*server.User{
		{Username: "admin", Password: "x"},
		{Username: "blind", Password: "x", Permissions: &server.Permissions{Publish: &server.SubjectPermission{Allow: []string{"none"}}}},
		{Username: "reader", Password: "x", Permissions: &server.Permissions{Publish: &server.SubjectPermission{Allow: []string{"$JS.API.>"}}}},
	}})
	t.Setenv("VERDIN_TEST_PASSWORD", "x")
	b := newBed(t)
	login := func(user string) *natsgo.Conn {
		nc, err := nats.Connect(nats.Config{URL: srv.ClientURL(), User: user, PasswordEnv: "VERDIN_TEST_PASSWORD"}, func(error) {})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(nc.Close)
		return nc
	}
	if err := nats.Setup(t.Context(), login("admin"), 1); err != nil {
		t.Fatal(err)
	}
	for user, subject := range map[string]string{"blind": "$JS.API.STREAM.MSG.GET", "reader": "$KV.VERDIN_EPOCH.prod.recsys"} {
		p, err := nats.NewPublisher(login(user), b.key, nats.Options{Engine: "a", Timeout: 200 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		r, err := p.Publish(t.Context(), chain(1)[0])
		if !errors.Is(err, nats.ErrForbidden) || !strings.Contains(err.Error(), subject) {
			t.Errorf("%s: %s, %v; want one that names %s", user, r, err, subject)
		}
	}
}

func TestWhatNoTrustedKeySignedIsPassedOver(t *testing.T) {
	b := newBed(t)
	var reported []error
	p, err := nats.NewPublisher(b.connect(), b.key, nats.Options{Engine: "a", Trusted: []string{b.key.ID}, Timeout: 2 * time.Second,
		OnError: func(err error) { reported = append(reported, err) }})
	if err != nil {
		t.Fatal(err)
	}
	all := chain(3)
	b.publish(p, all[0])
	nc := b.connect()
	js, _ := jetstream.New(nc)
	for name, data := range map[string][]byte{"unsigned": all[1], "garbage": []byte("x"), "deleted": nil} {
		if _, err := js.Publish(t.Context(), schemas.WriteSubject("prod", "recsys"), data); err != nil {
			t.Fatal(name, err)
		}
	}
	if _, err := js.Publish(t.Context(), schemas.EpochSubject("prod", "recsys"), []byte("{}")); err != nil {
		t.Fatal(err)
	}
	h, err := p.Head(t.Context(), "prod", "recsys")
	if err != nil || h.Digest != schemas.Digest(all[0]) || len(reported) != 2 {
		t.Fatalf("head %+v, %v, reported %v", h, err, reported)
	}
	for _, payload := range all[1:] { // what is passed over is covered by what is signed
		if r := b.publish(p, payload); r != nats.Acked {
			t.Errorf("after a forgery: %s", r)
		}
	}
	reported = nil
	if h, err = p.Head(t.Context(), "prod", "recsys"); err != nil || h.Digest != schemas.Digest(all[2]) || len(reported) != 0 {
		t.Errorf("head %+v, %v, reported %v", h, err, reported)
	}
}

func TestAHeadOfAnUntrustedKeyDoesNotMoveTheEngine(t *testing.T) {
	b, other := newBed(t), newBed(t)
	all := chain(1)
	foreign, err := nats.NewPublisher(b.connect(), other.key, nats.Options{Engine: "thief"})
	if err != nil {
		t.Fatal(err)
	}
	b.publish(foreign, all[0])
	p, err := nats.NewPublisher(b.connect(), b.key, nats.Options{Engine: "a", Trusted: []string{b.key.ID}})
	if err != nil {
		t.Fatal(err)
	}
	if h, err := p.Head(t.Context(), "prod", "recsys"); err != nil || h.Verdict != nil {
		t.Errorf("head %+v, %v, want none", h, err)
	}
	both, err := nats.NewPublisher(b.connect(), b.key, nats.Options{Engine: "a", Trusted: []string{b.key.ID, other.key.ID}})
	if err != nil {
		t.Fatal(err)
	}
	if h, err := both.Head(t.Context(), "prod", "recsys"); err != nil || h.Digest != schemas.Digest(all[0]) {
		t.Errorf("with both keys: head %+v, %v", h, err)
	}
}
