package engine_test

import (
	"fmt"
	"testing"
	"time"

	"verdin/schemas"
)

const breachMetrics = `  metrics:
    - {name: memory, kind: mean, on: resource, field: memory_bytes, worse: higher, role: guardrail, margin: {relative: 30%}, breached: {windows: 3, of: 5}}
`

// pods has three pods of an arm; the canary's need more memory from a window on, for so
// many windows.
func pods(windows int) story {
	return story{spec: with(breachMetrics), length: 20 * time.Minute, rate: 10, answer: func(r *request) []schemas.Event {
		out := []schemas.Event{&r.p}
		n := int(r.at.Sub(sceneStart) / (10 * time.Second))
		for arm, name := range []string{"stable", "canary"} {
			x := 1e9 * (0.9 + 0.2*r.rng.Float64())
			if arm == 1 && n >= 6 && n < 6+windows {
				x *= 2
			}
			out = append(out, &schemas.Resource{Rollout: "story", Arm: name, Instance: fmt.Sprint(name, r.n%3), EventTime: r.at.Std(), MemoryBytes: schemas.Num(x)})
		}
		return out
	}}
}

// R38: a resource guardrail is a rule over windows, and says that it controls no error.
func TestAResourceBeyondItsMarginInTooManyWindows(t *testing.T) {
	for windows, phase := range map[int]string{0: schemas.PhaseCompleted, 2: schemas.PhaseCompleted, 4: schemas.PhaseRolledBack} {
		end := pods(windows).run(t, 1)
		e := end.find(t, "memory/harm", "")
		if end.phase != phase || e.Exact || e.P != 1 || len(e.Warnings) == 0 {
			t.Errorf("%d windows beyond the margin: %s (%s), %+v", windows, end.phase, end.reason, e)
		}
	}
}
