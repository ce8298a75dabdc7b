package control_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	natsgo "github.com/nats-io/nats.go"

	"verdin/publish/control"
	"verdin/publish/nats"
)

// With the rights of deploy/nats an operator of the namespace sees and orders, and a
// router may do neither.
func TestTheShippedRightsLetOperatorsOrder(t *testing.T) {
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
	opts.Host, opts.Port, opts.HTTPPort, opts.StoreDir, opts.NoLog, opts.NoSigs = "127.0.0.1", server.RANDOM_PORT, 0, t.TempDir(), true, true
	srv := natsServer(t, opts)
	login := func(role string) *natsgo.Conn {
		nc, err := nats.Connect(nats.Config{URL: srv.ClientURL(), NKeySeed: seeds[role], InboxPrefix: "_INBOX_" + role}, func(error) {})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(nc.Close)
		return nc
	}
	c := newClock()
	d := newDesk(c)
	r := seated(t, d, c, "prod", "recsys")
	svc, err := control.Listen(login("engine"), r.seat, control.ListenOptions{OnError: func(err error) { t.Error(err) }})
	if err != nil {
		t.Fatal(err)
	}
	defer svc.Stop()
	operator := &control.Client{NC: login("operator"), Actor: "ann"}
	if all, err := operator.List(t.Context()); err != nil || len(all) != 1 {
		t.Errorf("the operator sees %+v %v", all, err)
	}
	if got, err := operator.Order(t.Context(), "prod", "recsys", "kill", "bad"); err != nil || !got.Accepted {
		t.Errorf("the operator's order: %+v %v", got, err)
	}
	<-r.got
	router := &control.Client{NC: login("router"), Timeout: 200 * time.Millisecond}
	if got, err := router.Order(t.Context(), "prod", "recsys", "kill", "bad"); err == nil || got.Accepted || len(r.got) > 0 {
		t.Errorf("a router orders: %+v %v", got, err)
	}
}
