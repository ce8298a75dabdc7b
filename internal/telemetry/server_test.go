package telemetry

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
)

func get(h http.Handler, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w
}

func TestReadinessNeedsEveryCheck(t *testing.T) {
	h := NewHealth("kafka", "nats")
	mux := Handler(New(), h)
	for _, step := range []struct {
		do   func()
		code int
		text string
	}{
		{func() {}, 503, "[-] kafka: not reported yet\n[-] nats: not reported yet\nnot ready\n"},
		{func() { h.SetReady("kafka", true, "") }, 503, "[+] kafka\n[-] nats: not reported yet\nnot ready\n"},
		{func() { h.SetReady("nats", true, "") }, 200, "[+] kafka\n[+] nats\nready\n"},
		{func() { h.SetReady("kafka", false, "no\nbroker") }, 503, "[-] kafka: no broker\n[+] nats\nnot ready\n"},
		{func() { h.SetReady("kafka", true, "") }, 200, "[+] kafka\n[+] nats\nready\n"},
	} {
		step.do()
		if w := get(mux, "/readyz?verbose"); w.Code != step.code || w.Body.String() != step.text {
			t.Errorf("/readyz?verbose = %d %q, want %d %q", w.Code, w.Body, step.code, step.text)
		}
		if w := get(mux, "/readyz"); w.Code != step.code || strings.Contains(w.Body.String(), "kafka") {
			t.Errorf("/readyz = %d %q, want %d without names", w.Code, w.Body, step.code)
		}
	}
	if w := get(mux, "/livez"); w.Code != 200 {
		t.Errorf("/livez = %d while not ready is no reason to be killed, want 200", w.Code)
	}
	if w := get(Handler(New(), NewHealth()), "/readyz"); w.Code != 503 {
		t.Errorf("/readyz without a check = %d, want 503: unknown is not ready", w.Code)
	}
}

func TestMetricsPageAndHeaders(t *testing.T) {
	h := Secure(Handler(busy(), NewHealth()))
	w := get(h, "/metrics")
	if w.Code != 200 || !strings.Contains(w.Body.String(), "verdin_verdicts_total") {
		t.Errorf("/metrics = %d %.80q", w.Code, w.Body)
	}
	for key, want := range map[string]string{
		"X-Content-Type-Options":  "nosniff",
		"Cache-Control":           "no-store",
		"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
	} {
		if got := w.Header().Get(key); got != want {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
	}
	w = httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/readyz", nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST /readyz = %d, want 405", w.Code)
	}
}

func TestListenStaysOnTheLoopback(t *testing.T) {
	for _, addr := range []string{":0", "0.0.0.0:0", "[::]:0", "192.0.2.1:0", "example.test:0", "localhost.example.test:0"} {
		ln, err := Server{Addr: addr}.Listen(t.Context())
		if !errors.Is(err, ErrRemote) {
			t.Errorf("%s: %v, want ErrRemote", addr, err)
		}
		if ln != nil {
			ln.Close()
		}
	}
	for _, s := range []Server{{Addr: "127.0.0.1:0"}, {Addr: "localhost:0"}, {Addr: "127.8.8.8:0"}, {Addr: "0.0.0.0:0", AllowRemote: true}} {
		ln, err := s.Listen(t.Context())
		if err != nil {
			t.Errorf("%s: %v, want a listener", s.Addr, err)
			continue
		}
		ln.Close()
	}
	if !loopback("::1") || !loopback("::ffff:127.0.0.1") || loopback("") {
		t.Error("loopback addresses are not told from others")
	}
	if _, err := (Server{Addr: "nonsense"}).Listen(t.Context()); err == nil {
		t.Error("an address without a port was accepted")
	}
}

func TestShutdownLetsRequestsFinish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		release, served := make(chan struct{}), make(chan error, 1)
		s := Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			<-release
			io.WriteString(w, "finished")
		})}
		ln := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
		go func() { served <- s.Serve(ctx, ln) }()

		body := make(chan string, 1)
		go func() {
			client := http.Client{Transport: &http.Transport{DialContext: ln.dial, DisableKeepAlives: true}}
			resp, err := client.Get("http://pipe/")
			if err != nil {
				body <- err.Error()
				return
			}
			defer resp.Body.Close()
			b, _ := io.ReadAll(resp.Body)
			body <- string(b)
		}()
		synctest.Wait() // the request is in the handler
		stop()
		synctest.Wait() // the server is stopping
		select {
		case <-ln.closed:
		default:
			t.Error("the listener is still open")
		}
		select {
		case err := <-served:
			t.Errorf("Serve returned %v before the request had finished", err)
		default:
		}
		close(release)
		if got := <-body; got != "finished" {
			t.Errorf("request in flight got %q, want \"finished\"", got)
		}
		if err := <-served; err != nil {
			t.Errorf("Serve = %v, want nil after a clean stop", err)
		}
	})
}

func TestShutdownGivesUpAfterItsGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		release, served := make(chan struct{}), make(chan error, 1)
		ln := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
		s := Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release })}
		go func() { served <- s.Serve(ctx, ln) }()
		go func() {
			client := http.Client{Transport: &http.Transport{DialContext: ln.dial, DisableKeepAlives: true}}
			if resp, err := client.Get("http://pipe/"); err == nil {
				resp.Body.Close()
			}
		}()
		synctest.Wait()
		stop()
		if err := <-served; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Serve = %v, want the deadline when a request never ends", err)
		}
		close(release)
	})
}

// pipes is a listener in memory: synctest sees when its ends wait.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (p *pipes) dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	p.conns <- server
	return client, nil
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.closed) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

func TestLogIsJSONWhenNobodyLooks(t *testing.T) {
	var b bytes.Buffer
	log := NewLogger(&b, slog.LevelInfo)
	log.Debug("hidden")
	log.Info("verdict published", "rollout", "prod/ranker", "sequence", 3)
	got := b.String()
	if !strings.HasPrefix(got, `{"time":`) || !strings.HasSuffix(got, `"msg":"verdict published","rollout":"prod/ranker","sequence":3}`+"\n") {
		t.Errorf("log line %q, want one JSON object", got)
	}
}
