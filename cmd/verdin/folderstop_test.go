package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/fsnotify/fsnotify"

	"verdin/internal/pump/journal"
	"verdin/internal/telemetry"
)

// A rollout whose journal cannot be written has stopped: people are told what to do and
// that it is tried again, and readiness counts it no longer. Where the disk did not take
// what was written, the engine ends.
func TestARolloutThatCannotWriteItsJournalStops(t *testing.T) {
	for _, c := range []struct {
		why  error
		ends bool
	}{{journal.ErrWrite, false}, {journal.ErrSync, true}} {
		w, err := fsnotify.NewWatcher()
		must(t, err)
		var diag bytes.Buffer
		f := &folder{wires: &wires{health: telemetry.NewHealth("journal", "rollouts"), log: slog.New(slog.DiscardHandler), board: newBoard()}, diag: &diag,
			running: map[string]*running{"a.yaml": {name: "default/a", stop: func() {}}},
			refused: map[string]string{}, failed: make(chan failure), broken: map[string]bool{}}
		f.tellReady()
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			f.failed <- failure{"a.yaml", fmt.Errorf("journal state/default.a: %w: no space left on device", c.why)}
			cancel()
		}()
		again, err := f.rest(ctx, w)
		must(t, w.Close())
		if again || (err != nil) != c.ends {
			t.Errorf("%v: again %v, %v", c.why, again, err)
		}
		if c.ends {
			continue
		}
		if got := diag.String(); !containsAll(got, []string{"a.yaml: the rollout has stopped: ", "no space left", "make room", "tried again every 10s"}) {
			t.Errorf("people are told %q", got)
		}
		page := httptest.NewRecorder()
		telemetry.Handler(telemetry.New(), f.health).ServeHTTP(page, httptest.NewRequest(http.MethodGet, "/readyz?verbose", nil))
		if got := page.Body.String(); page.Code != http.StatusServiceUnavailable || !containsAll(got, []string{"[-] journal: ", "[-] rollouts: 0 running, 1 files refused"}) {
			t.Errorf("readiness: %d %s", page.Code, got)
		}
	}
}
