package engine_test

import (
	"testing"
	"time"

	"verdin/internal/engine"
	"verdin/schemas"
)

// A limit needs no baseline: whatever kind of metric bears it, a canary that breaks it is
// taken back while stable is silent, or was never there. One that keeps it is not, and
// without a baseline it is not promoted either.
func TestALimitDecidesWithoutABaseline(t *testing.T) {
	const never = time.Hour
	for name, metric := range map[string]string{
		"share":    "{name: m, kind: proportion, field: error_type, worse: higher, role: guardrail, margin: {absolute: 0.03}, limit: 0.05}",
		"quantile": "{name: m, kind: quantile, quantile: 0.9, field: latency_seconds, worse: higher, role: guardrail, margin: {relative: 20%}, limit: 0.5}",
		"slo":      "{name: m, kind: slo, field: latency_seconds, within: 0.5, worse: higher, role: guardrail, margin: {absolute: 0.05}, limit: 0.1}",
	} {
		for when, c := range map[string]struct{ silent, bad time.Duration }{
			"silent from the second minute": {time.Minute, 2 * time.Minute},
			"absent":                        {0, 0},
			"absent, a good canary":         {0, never},
		} {
			t.Run(name+", stable "+when, func(t *testing.T) {
				var promoted bool
				end := story{spec: with("  metrics:\n    - " + metric + "\n"), length: 20 * time.Minute, rate: 20,
					each: func(o engine.Outcome) { promoted = promoted || o.State.Stage > 0 },
					answer: func(r *request) []schemas.Event {
						age := r.at.Sub(sceneStart)
						if !r.canary && age >= c.silent {
							return nil
						}
						r.p.LatencySeconds = schemas.Num(0.1 + 0.1*r.rng.Float64())
						if r.canary && age >= c.bad && r.one(0.4) {
							r.p.ErrorType, r.p.LatencySeconds = "timeout", schemas.Num(2)
						}
						return []schemas.Event{&r.p}
					}}.run(t, 3)
				e := end.find(t, "m/limit", "")
				if c.bad == never {
					if end.phase != schemas.PhaseHeld || end.reason != "no_baseline" || e.LogE >= 0 {
						t.Errorf("%s (%s), limit %+v", end.phase, end.reason, e)
					}
				} else if end.phase != schemas.PhaseRolledBack || end.reason != "limit_exceeded" || end.at > c.bad+2*time.Minute {
					t.Errorf("%s (%s) after %v, limit %+v", end.phase, end.reason, end.at, e)
				}
				if promoted {
					t.Error("a step forward without a baseline")
				}
			})
		}
	}
}
