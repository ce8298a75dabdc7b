package main

import (
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"verdin/publish/webhook"
)

const hookKey = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// A receiver hears of each verdict that stands, signed, by what the engine file says; an
// engine that is killed and started again tells no verdict under another id.
func TestRunTellsWebhooks(t *testing.T) {
	key, err := webhook.ParseKey(hookKey)
	must(t, err)
	came := make(chan string, 16)
	s := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		if err := key.Verify(req.Header, body, time.Now(), time.Minute); err != nil {
			t.Errorf("%v: %s", err, body)
		}
		came <- string(body)
	}))
	t.Cleanup(s.Close)
	r := newRig(t)
	r.spec(t, "a")
	write(t, r.dir, "hook.key", hookKey)
	must(t, os.Chmod(filepath.Join(r.dir, "hook.key"), 0o400))
	write(t, r.dir, "ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})))
	config := write(t, r.dir, "verdin.yaml", r.engineFile()+"webhooks:\n  hosts: [127.0.0.1]\n  loopback: true\n  to:\n"+
		"    - {name: chat, url: \""+s.URL+"\", keyFile: hook.key, ca: ca.pem}\n")
	p := launch(t, "run", "-c", config)
	p.await(t, "verdict acked", "default/a")
	answers(t, verdin(t, "rollback", "a", "--reason", "enough", "--nats", r.natsURL()), exitOK, "accepted")
	for _, want := range []string{`"verdict":"advance"`, `"verdict":"rollback"`} {
		select {
		case body := <-came:
			if !strings.Contains(body, want) || !strings.Contains(body, `"rollout":"default/a"`) {
				t.Errorf("came %s, want %s", body, want)
			}
		case <-time.After(time.Minute):
			t.Fatalf("nothing came, want %s", want)
		}
	}
	p.stop(t)
}

// What the engine file says wrongly of webhooks is shown where it stands.
func TestRunShowsWhatIsWrongOfWebhooks(t *testing.T) {
	r := newRig(t)
	hooks := func(target string) string {
		return write(t, r.dir, "verdin.yaml", r.engineFile()+"webhooks:\n  hosts: [example.com]\n  to:\n    - "+target+"\n")
	}
	for target, want := range map[string]string{
		`{name: chat, url: "http://example.com/", keyFile: k}`: `verdin.yaml:9:25: webhooks.to[0].url: example.com is not https`,
		`{name: chat, url: "https://example.org", keyFile: k}`: `verdin.yaml:9:25: webhooks.to[0].url: host example.org is not in webhooks.hosts`,
		`{name: chat, url: "https://example.com"}`:             `webhooks.to[0].keyFile: it is empty`,
		`{name: chat, uri: "https://example.com"}`:             `verdin.yaml:9:20: unknown field "uri"`,
	} {
		got := verdin(t, "run", "-c", hooks(target))
		if got.code != exitUsage || !strings.Contains(got.diag, want) || !strings.HasSuffix(got.diag, "^\n") {
			t.Errorf("%s: exit code %d: %s", target, got.code, got.diag)
		}
	}
	got := verdin(t, "run", "-c", hooks(`{name: chat, url: "https://example.com", keyFile: absent}`))
	if got.code != exitUsage || !strings.Contains(got.diag, "webhook key: ") {
		t.Errorf("exit code %d: %s", got.code, got.diag)
	}
}
