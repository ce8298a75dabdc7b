package nats_test

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"

	"verdin/publish/nats"
)

func monitor(t *testing.T, s *server.Server) string {
	t.Helper()
	return fmt.Sprintf("http://127.0.0.1:%d", s.MonitorAddr().Port)
}

func TestAServerThatDoesNotSyncIsNamed(t *testing.T) {
	with := func(jetstream, always bool) string {
		return monitor(t, serveAny(t, &server.Options{ServerName: "n1", Port: server.RANDOM_PORT, HTTPHost: "127.0.0.1", HTTPPort: server.RANDOM_PORT,
			JetStream: jetstream, SyncAlways: always, StoreDir: t.TempDir()}))
	}
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close() // nobody listens there now
	for _, c := range []struct{ url, want string }{
		{with(true, true), ""},
		{with(true, false), "n1 syncs to disk every 2m0s: set \"jetstream { sync_interval: always }\""},
		{with(false, false), "n1 has no JetStream"},
		{other.URL, "404"},
		{"http://" + l.Addr().String(), "nats.monitor"},
		{"\x7f", "nats.monitor"},
	} {
		if err := nats.CheckSync(t.Context(), c.url); (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %q", c.url, err, c.want)
		}
	}
	if err := nats.CheckSync(t.Context(), ""); !errors.Is(err, nats.ErrSyncUnseen) {
		t.Errorf("without a URL: %v", err)
	}
}
