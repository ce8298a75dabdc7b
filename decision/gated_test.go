package decision_test

import (
	"strings"
	"testing"
	"time"

	"verdin/decision"
	"verdin/schemas"
)

// A step says what was shown, and that nothing was where no guardrail asks for anything.
func TestAStepSaysWhatWasShown(t *testing.T) {
	for _, guarded := range []bool{true, false} {
		s := spec(t)
		for i := range s.Metrics {
			if !guarded {
				s.Metrics[i].Role = decision.Signal
			}
		}
		for i := range s.Drift {
			if !guarded {
				s.Drift[i].Role = decision.Signal
			}
		}
		r := begun(t, s)
		v := r.look(good(s, time.Hour))
		if v == nil || v.Verdict != schemas.VerdictAdvance {
			t.Fatalf("guarded %v: %+v", guarded, v)
		}
		want := map[bool]string{true: "every guardrail is shown safe at", false: "nothing had to be shown safe, for no guardrail asks for it at"}[guarded]
		if s.Gated() != guarded || !strings.HasPrefix(v.Reason.Message, want) {
			t.Errorf("guarded %v, gated %v: %s", guarded, s.Gated(), v.Reason.Message)
		}
	}
}
