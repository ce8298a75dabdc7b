package registry

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/sr"
	"github.com/twmb/franz-go/pkg/sr/srfake"

	"verdin/ingest/codec"
)

const text = `{"type":"record","name":"Outcome","fields":[{"name":"name","type":"string"}]}`

// fake is a registry in this process that holds text under 7 and counts questions.
type fake struct {
	*srfake.Registry
	asked atomic.Int64
	mu    sync.Mutex
	trick srfake.Interceptor // goes first, if not nil
}

func newFake(t testing.TB) *fake {
	f := &fake{Registry: srfake.New()}
	t.Cleanup(f.Close)
	f.SeedSchema("outcomes-value", 1, 7, sr.Schema{Schema: text})
	f.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
		f.asked.Add(1)
		f.mu.Lock()
		defer f.mu.Unlock()
		return f.trick != nil && f.trick(w, r)
	})
	return f
}

// play sets what goes first.
func (f *fake) play(trick srfake.Interceptor) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.trick = trick
}

// says answers every question with a status and a body.
func says(status int, body string) srfake.Interceptor {
	return func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(status)
		w.Write([]byte(body))
		return true
	}
}

// shouted is a log that can be read while it is written.
type shouted struct {
	mu sync.Mutex
	bytes.Buffer
}

func (s *shouted) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Buffer.Write(b)
}

func (s *shouted) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Buffer.String()
}

// open opens a registry that is quick to ask again.
func open(t testing.TB, cfg Config) (*Registry, *shouted) {
	log := new(shouted)
	r, err := Open(cfg, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	r.pauses = pauses{first: time.Millisecond, last: 4 * time.Millisecond, doubt: time.Millisecond}
	return r, log
}

func fetch(t testing.TB, r *Registry, id codec.SchemaID) *codec.Schema {
	t.Helper()
	if err := r.Fetch(context.Background(), id); err != nil {
		t.Fatal(err)
	}
	s, ok := r.Schema(id)
	if !ok {
		t.Fatalf("schema %s is not known after it was fetched", id)
	}
	return s
}

func cacheFile(t testing.TB) string { return filepath.Join(t.TempDir(), "schemas.ndjson") }
