package webhook

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
)

// served is a receiver behind TLS and its certificate's file.
func served(t *testing.T, h http.HandlerFunc) (url, ca string) {
	t.Helper()
	s := httptest.NewTLSServer(h)
	t.Cleanup(s.Close)
	ca = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return s.URL, ca
}

func opened(t *testing.T, c Config, target Target) *Hook {
	t.Helper()
	target.Name, target.KeyFile = "chat", keyFile(t)
	c.Hosts, c.To = []string{"127.0.0.1"}, []Target{target}
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	h, err := New(&c, target, func(error) {})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.client.CloseIdleConnections)
	return h
}

// A note comes over TLS, whole, signed, and its data is the payload byte for byte.
func TestANoteComesOverTLS(t *testing.T) {
	got := make(chan error, 1)
	n := note(3)
	url, ca := served(t, func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		err := testKey(t).Verify(r.Header, body, time.Now(), time.Minute)
		if !strings.HasSuffix(string(body), `"data":`+string(n.Data)+"}") || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %s: %s", r.Method, r.Header, body)
		}
		got <- err
	})
	h := opened(t, Config{Networks: []string{"127.0.0.0/8"}}, Target{URL: url, CA: ca})
	if err := h.post(t.Context(), &n); err != nil {
		t.Fatal(err)
	}
	if err := <-got; err != nil {
		t.Error(err)
	}
}

// What must not happen does not: an address inside is not dialled unless it is listed, a
// stranger's certificate is not trusted, a redirect is not followed.
func TestWhatAHookRefuses(t *testing.T) {
	elsewhere := make(chan string, 4)
	url, ca := served(t, func(w http.ResponseWriter, r *http.Request) {
		elsewhere <- r.URL.Path
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	})
	inside := []string{"127.0.0.0/8"}
	for name, c := range map[string]struct {
		config Config
		ca     string
		want   string
	}{
		"address inside": {Config{}, ca, "127.0.0.1 is 127.0.0.1, an address inside: list its network in webhooks.networks"},
		"stranger":       {Config{Networks: inside}, "", "certificate"},
		"redirect":       {Config{Networks: inside}, ca, "307 Temporary Redirect, and redirects are not followed"},
	} {
		n := note(1)
		err := opened(t, c.config, Target{URL: url + "/secret", CA: c.ca}).post(t.Context(), &n)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the address is in %v", name, err)
		}
	}
	if len(elsewhere) != 1 {
		t.Errorf("%d requests came, want the first of the redirect only", len(elsewhere))
	}
}

// Plain http goes to this machine only, and only when told so.
func TestHTTPGoesToThisMachineOnly(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer s.Close()
	n := note(1)
	if err := opened(t, Config{Loopback: true}, Target{URL: s.URL}).post(t.Context(), &n); err != nil {
		t.Error(err)
	}
}
