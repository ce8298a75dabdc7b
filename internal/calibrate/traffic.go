package calibrate

import (
	"math"

	"verdin/decision"
	"verdin/ingest/window"
	"verdin/internal/engine"
	"verdin/schemas"
)

// Traffic is what a spec may say of its traffic after this history: predictions of both
// arms in a minute, and what shares and means read. Outcomes that name no arm count
// whichever arm they belong to. It is the zero value if the history has no length.
func (h *History) Traffic(spec *decision.Spec) decision.Traffic {
	minutes := h.To.Sub(h.From).Minutes()
	if minutes <= 0 {
		return decision.Traffic{}
	}
	out := decision.Traffic{PerMinute: float64(h.Predictions) / minutes}
	plan := engine.Compile(spec, h.layout, 1, 0)
	for i := range spec.Metrics {
		m := &spec.Metrics[i]
		if m.Kind != decision.Proportion && m.Kind != decision.Mean {
			continue
		}
		for k := range plan.Metrics {
			if p := &plan.Metrics[k]; p.Name == m.Name && !p.Joins && p.Pair == window.Single {
				h.base(&out, m, p)
			}
		}
	}
	return out
}

// base adds what a metric reads to a traffic.
func (h *History) base(t *decision.Traffic, m *decision.Metric, p *window.Metric) {
	var n, mean, m2 float64
	for _, chunks := range h.chunks {
		for _, c := range chunks {
			for i := range c.Len() {
				if c.Kind[i] != p.On || p.On == schemas.KindOutcome && string(c.Bytes(c.Name[i])) != p.Outcome {
					continue
				}
				if x, ok, _ := p.Read(c, i); ok {
					x = math.Min(math.Max(x, p.Low), p.High)
					if m.Capped() {
						x = math.Min(x, m.Cap)
					}
					n++
					d := x - mean
					mean += d / n
					m2 += float64(d * (x - mean))
				}
			}
		}
	}
	if n < 2 {
		return
	}
	b := decision.Base{Value: digits(mean)}
	if m.Kind == decision.Mean {
		b.SD = digits(math.Sqrt(m2 / (n - 1)))
	}
	if t.Base == nil {
		t.Base = map[string]decision.Base{}
	}
	t.Base[m.Name] = b
}

// digits rounds to six digits: more than six would only look sure.
func digits(x float64) float64 {
	if x == 0 {
		return 0
	}
	scale := math.Pow(10, 5-math.Floor(math.Log10(math.Abs(x))))
	return math.Round(x*scale) / scale
}
