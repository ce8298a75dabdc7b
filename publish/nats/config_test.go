package nats_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"verdin/publish/nats"
)

func TestConnectSaysWhatIsWrong(t *testing.T) {
	srv := serve(t, &server.Options{Port: server.RANDOM_PORT, StoreDir: t.TempDir(), Username: "engine", Password: "right"})
	secret := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(secret, []byte("right\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("VERDIN_TEST_PASSWORD", "wrong")
	for _, c := range []struct {
		cfg  nats.Config
		want string // "" = connects
	}{
		{nats.Config{URL: srv.ClientURL(), User: "engine", PasswordFile: secret}, ""},
		{nats.Config{URL: srv.ClientURL(), User: "engine", PasswordEnv: "VERDIN_TEST_PASSWORD"}, "refuses the login"},
		{nats.Config{URL: srv.ClientURL(), User: "engine", PasswordEnv: "VERDIN_TEST_ABSENT"}, "set nats.passwordFile"},
		{nats.Config{URL: srv.ClientURL(), User: "engine"}, "set nats.passwordFile"},
		{nats.Config{URL: "nats://127.0.0.1:1"}, "no server answers at nats://127.0.0.1:1"},
		{nats.Config{URL: "nats://a:hunter2@h:1"}, "move it to"},
		{nats.Config{URL: "nats://h\x7f:hunter2"}, "cannot be read"},
		{nats.Config{URL: srv.ClientURL(), NKeySeed: filepath.Join(t.TempDir(), "absent")}, "nats.nkeySeed"},
		{nats.Config{URL: srv.ClientURL(), TLS: nats.TLS{CA: "absent.pem"}}, "absent.pem"},
	} {
		nc, err := nats.Connect(c.cfg, nil)
		switch {
		case err == nil:
			nc.Close()
			if c.want != "" {
				t.Errorf("%+v: connected", c.cfg)
			}
		case c.want == "" || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "\n"):
			t.Errorf("%+v: %v, want one line with %q", c.cfg, err, c.want)
		}
	}
}

func TestForbiddenSubjectIsNamed(t *testing.T) {
	srv := serve(t, &server.Options{Port: server.RANDOM_PORT, StoreDir: t.TempDir(), Users: []*server.User{{
		Username: "router", Password: "x", Permissions: &server.Permissions{Publish: &server.SubjectPermission{Allow: []string{"allowed"}}}}}})
	t.Setenv("VERDIN_TEST_PASSWORD", "x")
	errs := make(chan error, 1)
	nc, err := nats.Connect(nats.Config{URL: srv.ClientURL(), User: "router", PasswordEnv: "VERDIN_TEST_PASSWORD"}, func(err error) { errs <- err })
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	if err := nc.Publish("verdin.v1.verdict.prod.recsys", nil); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-errs:
		if s := err.Error(); !strings.Contains(s, "forbids") || !strings.Contains(s, "verdin.v1.verdict.prod.recsys") {
			t.Errorf("error %v does not name the subject", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("no error came")
	}
}
