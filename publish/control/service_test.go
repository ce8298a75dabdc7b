package control_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"verdin/publish/control"
	"verdin/schemas"
)

func TestPlainRequestsGiveOrders(t *testing.T) {
	c := newClock()
	d := newDesk(c)
	srv := natsServer(t, plain())
	r := seated(t, d, c, "prod", "recsys")
	svc, err := control.Listen(dial(t, srv), r.seat, control.ListenOptions{Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	nc := dial(t, srv)
	for payload, actor := range map[string]string{``: "nats/unnamed", `{"reason":"bad answers","actor":"ann"}`: "nats/ann", `{"actor":"x/y\n"}`: "nats/x_y_"} {
		m, err := nc.Request("verdin.v1.ctl.prod.recsys.pause", []byte(payload), 10*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		var got control.Receipt
		if err := json.Unmarshal(m.Data, &got); err != nil || !got.Accepted || got.Principal != actor || got.Cut == 0 {
			t.Errorf("%s: %s %v", payload, m.Data, err)
		}
		if cmd := <-r.got; cmd.Actor != actor {
			t.Errorf("journalled as %q, want %q", cmd.Actor, actor)
		}
	}
	m, err := nc.Request("verdin.v1.ctl.prod.recsys.kill", []byte(`{"raeson":"x"}`), 10*time.Second)
	if err != nil || m.Header.Get("Nats-Service-Error-Code") != control.CodeBadRequest || !strings.Contains(string(m.Data), `"accepted":false`) {
		t.Errorf("a misspelt request: %v %s %v", m.Header, m.Data, err)
	}
	client := &control.Client{NC: nc, Actor: "ann"}
	all, err := client.List(t.Context())
	if err != nil || len(all) != 1 || all[0].Name() != "prod/recsys" || all[0].Engine != "engine-1" {
		t.Errorf("the list is %+v %v", all, err)
	}
	if got, err := client.Order(t.Context(), "prod", "recsys", "kill", "bad"); err != nil || got.Code != control.CodeDecided {
		t.Errorf("kill: %+v %v", got, err)
	}
	if _, err := client.Order(t.Context(), "prod", "absent", "kill", "bad"); !errors.Is(err, control.ErrNobody) {
		t.Errorf("a rollout nobody runs: %v", err)
	}
	svc.Stop()
	if _, err := client.Status(t.Context(), "prod", "recsys"); !errors.Is(err, control.ErrNobody) {
		t.Errorf("a service that has stopped answers: %v", err)
	}
	if all, err := client.List(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("a service that has stopped is listed: %+v %v", all, err)
	}
}

func TestAnEngineThatWasFencedKeepsSilent(t *testing.T) {
	c := newClock()
	d, other := newDesk(c), newDesk(c)
	srv := natsServer(t, plain())
	live, fenced := seated(t, d, c, "prod", "recsys"), seated(t, other, c, "prod", "recsys")
	fenced.seat.Saw(control.Status{Phase: schemas.PhaseRunning, Fenced: true, Wall: noon}, nil)
	for _, r := range []*rollout{fenced, live} {
		svc, err := control.Listen(dial(t, srv), r.seat, control.ListenOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer svc.Stop()
	}
	client := &control.Client{NC: dial(t, srv)}
	for range 5 {
		if got, err := client.Order(t.Context(), "prod", "recsys", "pause", ""); err != nil || !got.Accepted {
			t.Fatalf("%+v %v", got, err)
		}
	}
	if len(fenced.got) > 0 || len(live.got) != 5 {
		t.Errorf("orders came to the fenced engine %d times, to the other %d times", len(fenced.got), len(live.got))
	}
}

// Where operators are listed, only what one of them signed, for this rollout, this verb
// and this moment counts, and only once.
func TestSignedOrdersProveTheirPrincipal(t *testing.T) {
	c := newClock()
	d := newDesk(c)
	srv := natsServer(t, plain())
	r := seated(t, d, c, "prod", "recsys")
	ann, annID := userKey(t)
	bob, bobID := userKey(t)
	eve, _ := userKey(t)
	path := filepath.Join(t.TempDir(), "operators")
	if err := os.WriteFile(path, []byte("ann operate prod "+annID+"\nbob operate staging "+bobID+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	operators, err := control.OpenAccess(path)
	if err != nil {
		t.Fatal(err)
	}
	svc, err := control.Listen(dial(t, srv), r.seat, control.ListenOptions{Operators: operators})
	if err != nil {
		t.Fatal(err)
	}
	defer svc.Stop()
	nc := dial(t, srv)
	good := &control.Client{NC: nc, Actor: "mallory", Key: ann, Now: c.now}
	if got, err := good.Order(t.Context(), "prod", "recsys", "pause", "why"); err != nil || !got.Accepted || got.Principal != "ann" {
		t.Fatalf("a signed order: %+v %v", got, err)
	}
	<-r.got
	late, early := func() schemas.Time { return noon.Add(-31 * time.Second) }, func() schemas.Time { return noon.Add(31 * time.Second) }
	for name, bad := range map[string]*control.Client{
		"unsigned":          {NC: nc, Actor: "ann"},
		"unknown key":       {NC: nc, Key: eve, Now: c.now},
		"another namespace": {NC: nc, Key: bob, Now: c.now},
		"too old":           {NC: nc, Key: ann, Now: late},
		"of the future":     {NC: nc, Key: ann, Now: early},
	} {
		if got, err := bad.Order(t.Context(), "prod", "recsys", "pause", ""); err != nil || got.Accepted || got.Code != control.CodeNotAllowed {
			t.Errorf("%s: %+v %v", name, got, err)
		}
	}
	if got, err := good.Order(t.Context(), "prod", "recsys", "promote", ""); err != nil || got.Code != control.CodeNotAllowed {
		t.Errorf("operate promotes: %+v %v", got, err)
	}
	replayed(t, nc, r, ann, c.now())
}

// replayed gives an order again, and gives its signature to another verb.
func replayed(t *testing.T, nc *natsgo.Conn, r *rollout, key nkeys.KeyPair, now schemas.Time) {
	t.Helper()
	data, err := json.Marshal(control.Request{Reason: "again", At: now})
	if err != nil {
		t.Fatal(err)
	}
	id, sig, err := control.Sign(key, control.Subject("prod", "recsys", "pause"), data)
	if err != nil {
		t.Fatal(err)
	}
	send := func(verb string) control.Receipt {
		m := natsgo.NewMsg(control.Subject("prod", "recsys", verb))
		m.Data = data
		m.Header[schemas.HeaderKeyID], m.Header[schemas.HeaderSignature] = []string{id}, []string{sig}
		reply, err := nc.RequestMsg(m, 10*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		var got control.Receipt
		if err := json.Unmarshal(reply.Data, &got); err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := send("kill"); got.Accepted || !strings.Contains(got.Message, "signature") {
		t.Errorf("the signature of a pause kills: %+v", got)
	}
	if got := send("pause"); !got.Accepted {
		t.Errorf("the order itself: %+v", got)
	}
	if got := send("pause"); got.Accepted || !strings.Contains(got.Message, "given before") {
		t.Errorf("the same order again: %+v", got)
	}
	<-r.got
	if len(r.got) > 0 {
		t.Errorf("a refused order reached the rollout: %+v", <-r.got)
	}
}
