package http_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"verdin/publish/control"
	web "verdin/publish/http"
	"verdin/schemas"
)

// What one request costs the engine, without the network.
func BenchmarkRequest(b *testing.B) {
	desk := control.NewDesk("engine-1", now, func() bool { return true })
	seat := desk.Join("prod", "recsys", func(context.Context, schemas.Command) error { return nil }, nil)
	defer seat.Leave()
	seat.Saw(control.Status{Phase: schemas.PhaseRunning, Wall: noon, Canary: "v2"}, verdict(1, schemas.VerdictAdvance, schemas.PhaseRunning, 1000))
	desk.Acked("prod", "recsys", 1, 1)
	mux := http.NewServeMux()
	web.New(web.Options{Desk: desk}).Register(mux)
	for _, c := range []struct{ name, method, path, body string }{
		{"status", "GET", "/api/v1/rollouts/prod/recsys", ""},
		{"argo", "GET", "/gates/argo/prod/recsys?canary=v2&weight=10", ""},
		{"ofrep", "POST", "/ofrep/v1/evaluate/flags/prod.recsys", `{"context":{"targetingKey":"user-7"}}`},
		{"flagd", "GET", "/flagd/v1/flags.json", ""},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				w := httptest.NewRecorder()
				mux.ServeHTTP(w, httptest.NewRequest(c.method, c.path, strings.NewReader(c.body)))
				if w.Code != http.StatusOK {
					b.Fatal(w.Code, w.Body)
				}
			}
		})
	}
}
