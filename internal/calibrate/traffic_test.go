package calibrate

import (
	"math"
	"testing"
)

// A history tells the traffic of both arms and what shares and means read.
func TestTrafficOfAHistory(t *testing.T) {
	const n = 4000
	h, spec := history(t, "request", n)
	got := h.Traffic(spec)
	if want := n / h.To.Sub(h.From).Minutes(); math.Abs(got.PerMinute-want) > 1e-9 {
		t.Errorf("%v predictions a minute, want %v of both arms", got.PerMinute, want)
	}
	for name, want := range map[string]float64{"errors": 0.02, "right": 0.8} {
		if b, known := got.Base[name]; !known || math.Abs(b.Value-want) > 0.02 {
			t.Errorf("%s reads %+v, want about %v", name, b, want)
		}
	}
	if b, known := got.Base["latency"]; known {
		t.Errorf("a quantile reads %+v", b)
	}
}
