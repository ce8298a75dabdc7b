package engine_test

import (
	"testing"
	"time"

	"verdin/schemas"
	"verdin/stats"
)

const heldMetrics = `  metrics:
    - {name: errors, kind: proportion, field: error_type, worse: higher, role: guardrail, margin: {absolute: 0.05}, tolerance: {absolute: 0}}
    - {name: latency, kind: quantile, quantile: 0.9, field: latency_seconds, worse: higher, role: guardrail, margin: {relative: 60%}, tolerance: {relative: 10%}}
`

// breaks is a canary that is good for a long time after promotion, and then fails.
func breaks(after time.Duration, harm string) story {
	return story{
		spec: with(heldMetrics, "{weight: 100, bake: 3m, minSamples: 100}", "{weight: 100, bake: 30m, minSamples: 100}"), length: 45 * time.Minute, rate: 40,
		answer: func(r *request) []schemas.Event {
			bad := r.canary && r.at >= sceneStart.Add(after)
			if r.one(0.05) || bad && harm == "errors" && r.one(0.1) {
				r.p.ErrorType = "timeout"
			}
			r.p.LatencySeconds = schemas.Num(r.rng.ExpFloat64())
			if bad && harm == "latency" {
				r.p.LatencySeconds = schemas.Num(2 * r.rng.ExpFloat64())
			}
			return []schemas.Event{&r.p}
		}}
}

// R50: harm that begins long after promotion is found against the share that was held
// back, sooner than by the ordinary test; a good canary completes.
func TestHarmAfterPromotionIsFound(t *testing.T) {
	if end := breaks(100*time.Hour, "").run(t, 1); end.phase != schemas.PhaseCompleted {
		t.Errorf("harmless: %s (%s) after %v", end.phase, end.reason, end.at)
	}
	for _, harm := range []string{"errors", "latency"} {
		const begins = 29 * time.Minute
		end := breaks(begins, harm).run(t, 2)
		watch, plain := end.find(t, harm+"/holdback", ""), end.find(t, harm+"/harm", "")
		if end.phase != schemas.PhaseRolledBack || end.at < begins || watch.Result != stats.Harm {
			t.Errorf("%s: %s (%s) after %v, watch %.1f of %.1f", harm, end.phase, end.reason, end.at, watch.LogEMax, watch.Threshold)
		}
		if plain.Result == stats.Harm {
			t.Errorf("%s: the ordinary test was as fast: %.1f of %.1f", harm, plain.LogEMax, plain.Threshold)
		}
	}
}
