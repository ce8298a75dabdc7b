package telemetry_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"verdin/internal/telemetry"
	"verdin/schemas"
)

func Example() {
	m, health := telemetry.New(), telemetry.NewHealth("kafka", "nats")
	m.Declare(telemetry.Rollout, "prod/ranker")
	m.Declare(telemetry.Arm, "stable", "canary")

	m.Events(schemas.KindPrediction, 64)
	m.Weight("prod/ranker", "canary", 0.25)
	m.Weight("prod/an-event-said-so", "canary", 0.25) // nobody declared it
	health.SetReady("kafka", true, "3 partitions")
	health.SetReady("nats", false, "connection refused")

	handler := telemetry.Handler(m, health)
	for _, path := range []string{"/readyz?verbose", "/metrics"} {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		for line := range strings.Lines(w.Body.String()) {
			if path != "/metrics" || strings.HasPrefix(line, "verdin_events") || strings.HasPrefix(line, "verdin_rollout") {
				fmt.Print(line)
			}
		}
	}
	// Output:
	// [+] kafka: 3 partitions
	// [-] nats: connection refused
	// not ready
	// verdin_events_total{kind="prediction"} 64
	// verdin_rollout_weight_ratio{arm="canary",rollout="other"} 0.25
	// verdin_rollout_weight_ratio{arm="canary",rollout="prod/ranker"} 0.25
}
