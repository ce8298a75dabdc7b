package proxy

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"verdin/schemas"
)

// shadow is a proxy whose requests of users named shadow are copied. Stable echoes; the
// canary says what reached it and does as the test tells it to.
type shadow struct {
	*Proxy
	front   *httptest.Server
	events  chan *schemas.Prediction
	reached chan *http.Request // by the canary, its body in the header Body
	canary  func(w http.ResponseWriter, r *http.Request)
}

func newShadow(t *testing.T, m Mirror, canary func(w http.ResponseWriter, r *http.Request)) *shadow {
	t.Helper()
	s := &shadow{events: make(chan *schemas.Prediction, 10), reached: make(chan *http.Request, 10), canary: canary}
	at := func(h http.HandlerFunc) *url.URL {
		server := httptest.NewServer(h)
		t.Cleanup(server.Close)
		u, err := url.Parse(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	stable := at(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(w, r.Body)
		_, _ = io.WriteString(w, " by stable"+r.Header.Get(HeaderMirror))
	})
	shadowed := at(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Header.Set("Body", string(body))
		s.reached <- r
		s.canary(w, r)
	})
	var err error
	s.Proxy, err = New(Config{Router: &chooser{}, Rollout: "prod/recsys", Stable: stable, Canary: shadowed, UnitHeader: "X-User",
		Report: func(e *schemas.Prediction) { s.events <- e }, Mirror: m})
	if err != nil {
		t.Fatal(err)
	}
	s.front = httptest.NewServer(s.Proxy)
	t.Cleanup(s.front.Close)
	return s
}

// end waits for requests and their copies.
func (s *shadow) end() {
	s.front.Close()
	s.Wait(context.Background())
}

func (s *shadow) post(t *testing.T, body string) (answer string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.front.URL+"/predict?a=b", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-User", "shadow-1")
	r.Header.Set(HeaderMirror, "forged")
	resp, err := s.front.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || resp.Header.Get(HeaderArm) != "stable" {
		t.Errorf("%d from %s: %v", resp.StatusCode, resp.Header.Get(HeaderArm), err)
	}
	return string(text)
}

func TestACopyIsAnsweredUnseen(t *testing.T) {
	s := newShadow(t, Mirror{}, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	if got := s.post(t, "what is this?"); got != "what is this? by stable" {
		t.Errorf("the client sees %q", got)
	}
	r := <-s.reached
	if r.Header.Get("Body") != "what is this?" || r.URL.RequestURI() != "/predict?a=b" || r.Header.Get(HeaderMirror) != "copy" || r.Header.Get(HeaderArm) != "canary" {
		t.Errorf("%s with %v", r.URL, r.Header)
	}
	stable, canary := <-s.events, <-s.events
	if stable.PredictionID != canary.PredictionID || r.Header.Get(HeaderPrediction) != stable.PredictionID {
		t.Errorf("ids %s and %s", stable.PredictionID, canary.PredictionID)
	}
	if stable.Arm != "stable" || stable.ModelVersion != "v1" || stable.ErrorType != "" || stable.StatusCode != 200 {
		t.Errorf("%+v", stable)
	}
	if canary.Arm != "canary" || canary.ModelVersion != "v2" || canary.ErrorType != "status_503" || canary.Generation != 3 || canary.Stage != schemas.Num(0) || canary.UnitID != "shadow-1" {
		t.Errorf("%+v", canary)
	}
	s.end()
	if sent, lost := s.Mirrored(); sent != 1 || lost != 0 {
		t.Errorf("%d sent, %d lost", sent, lost)
	}
}

// A canary that hangs delays nobody: copies beyond the bound are lost, and counted, and
// those on their way end by their time.
func TestAHangingCanaryDelaysNobody(t *testing.T) {
	release := make(chan struct{})
	let := sync.OnceFunc(func() { close(release) })
	t.Cleanup(let)
	s := newShadow(t, Mirror{InFlight: 1, Timeout: time.Hour}, func(http.ResponseWriter, *http.Request) { <-release })
	for range 3 {
		if got := s.post(t, "x"); got != "x by stable" {
			t.Errorf("the client sees %q", got)
		}
	}
	<-s.reached
	if sent, lost := s.Mirrored(); sent != 1 || lost != 2 {
		t.Errorf("%d sent, %d lost", sent, lost)
	}
	let()
	s.end()
	arms := map[string]int{}
	for range 4 {
		arms[(<-s.events).Arm]++
	}
	if arms["stable"] != 3 || arms["canary"] != 1 {
		t.Errorf("%v: a lost copy is no answer", arms)
	}
}

func TestACopyThatTakesTooLongIsATimeout(t *testing.T) {
	s := newShadow(t, Mirror{Timeout: 20 * time.Millisecond}, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	s.post(t, "x")
	s.end()
	<-s.events
	if e := <-s.events; e.Arm != "canary" || e.ErrorType != "timeout" {
		t.Errorf("%+v", e)
	}
}

// At the end copies in flight are given up: the canary has not failed.
func TestCopiesAreGivenUpAtTheEnd(t *testing.T) {
	s := newShadow(t, Mirror{Timeout: time.Hour}, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	s.post(t, "x")
	<-s.reached
	s.front.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.Wait(ctx)
	if sent, lost := s.Mirrored(); sent != 0 || lost != 1 {
		t.Errorf("%d sent, %d lost", sent, lost)
	}
	if e := <-s.events; e.Arm != "stable" || len(s.events) > 0 {
		t.Errorf("%+v and %d more", e, len(s.events))
	}
}

func TestALongRequestIsNotCopied(t *testing.T) {
	s := newShadow(t, Mirror{Body: 10}, func(http.ResponseWriter, *http.Request) {})
	s.post(t, strings.Repeat("x", 10))
	if r := <-s.reached; len(r.Header.Get("Body")) != 10 {
		t.Errorf("%q", r.Header.Get("Body"))
	}
	s.post(t, strings.Repeat("x", 11))
	pipe, long := io.Pipe() // of unknown length
	go func() {
		for range 11 {
			_, _ = long.Write([]byte("x"))
		}
		_ = long.Close()
	}()
	r, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), http.MethodPost, s.front.URL, pipe)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-User", "shadow-2")
	resp, err := s.front.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	s.end()
	if sent, lost := s.Mirrored(); sent != 1 || lost != 2 {
		t.Errorf("%d sent, %d lost", sent, lost)
	}
}
