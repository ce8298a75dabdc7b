package telemetry

import (
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Health holds named readiness checks. The engine is ready when every one of
// them has said so.
type Health struct {
	mu     sync.Mutex
	names  []string
	checks map[string]readiness
}

type readiness struct {
	ok     bool
	detail string
}

// NewHealth returns checks that all wait for their first word.
func NewHealth(names ...string) *Health {
	h := &Health{checks: map[string]readiness{}}
	for _, n := range names {
		h.SetReady(n, false, "not reported yet")
	}
	return h
}

// SetReady says whether a named part is ready, and why not.
func (h *Health) SetReady(name string, ok bool, detail string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, known := h.checks[name]; !known {
		h.names = append(h.names, name)
	}
	h.checks[name] = readiness{ok, detail}
}

// Ready tells whether every check is ready, and lists them one a line.
func (h *Health) Ready() (ok bool, report string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	ok = len(h.names) > 0
	var b strings.Builder
	for _, n := range h.names {
		c, sign := h.checks[n], "+"
		if !c.ok {
			ok, sign = false, "-"
		}
		fmt.Fprintf(&b, "[%s] %s", sign, n)
		if c.detail != "" {
			fmt.Fprintf(&b, ": %s", strings.Join(strings.Fields(c.detail), " "))
		}
		b.WriteByte('\n')
	}
	return ok, b.String()
}

// Handler serves /metrics, /livez and /readyz. The page /readyz?verbose lists
// the checks by name. The result may be extended with other routes.
func Handler(m *Metrics, h *Health) *http.ServeMux {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.reg, promhttp.HandlerOpts{
		Registry: m.reg, EnableOpenMetrics: true, MaxRequestsInFlight: 4, // a scrape is heavy; four servers may scrape at once
	}))
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok\n") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ok, report := h.Ready()
		code, word := http.StatusOK, "ready\n"
		if !ok {
			code, word = http.StatusServiceUnavailable, "not ready\n"
		}
		if r.URL.Query().Has("verbose") {
			word = report + word
		}
		plain(w, code, word)
	})
	return mux
}

func plain(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(code)
	fmt.Fprint(w, text)
}
