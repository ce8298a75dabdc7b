package engine_test

import (
	"testing"
	"time"

	"verdin/schemas"
	"verdin/stats"
)

const segmentMetrics = `  metrics:
    - {name: errors, kind: proportion, field: error_type, worse: higher, role: guardrail, margin: {absolute: 0.1}}
    - {name: right, kind: proportion, on: outcome, field: right, worse: lower, role: signal, margin: {absolute: 0.1}, missing: exclude}
  segments: [{by: tags.country, values: {de: 60%, fr: 30%}, role: signal}]
`

// In segments one value of a tag may suffer where the whole does not show it; the
// answer is a hold that names it. Rows of no listed value are in the whole alone.
func TestASegmentThatSuffersIsNamed(t *testing.T) {
	world := func(hurt string, inLabels bool) story {
		return story{spec: with(segmentMetrics), length: 30 * time.Minute, rate: 40, answer: func(r *request) []schemas.Event {
			country := []string{"de", "de", "de", "de", "de", "de", "fr", "fr", "fr", "it"}[r.rng.IntN(10)]
			r.p.Tags = schemas.Members{{Name: "country", Value: schemas.Str(country)}}
			bad := r.canary && country == hurt
			if r.one(0.03) || bad && !inLabels && r.one(0.25) {
				r.p.ErrorType = "timeout"
			}
			o := &schemas.Outcome{PredictionID: r.p.PredictionID, Name: "right", Value: schemas.Num(1), EventTime: r.at.Add(time.Second).Std()}
			if r.one(0.2) || bad && inLabels && r.one(0.3) {
				o.Value = schemas.Num(0)
			}
			return []schemas.Event{&r.p, o}
		}}
	}
	good := world("", false).run(t, 1)
	if good.phase != schemas.PhaseCompleted {
		t.Errorf("harmless: %s (%s)", good.phase, good.reason)
	}
	var n [2]int64
	for _, segment := range []string{"tags.country=de", "tags.country=fr"} {
		e := good.find(t, "errors/harm "+segment, segment)
		n[0], n[1] = n[0]+e.N[0], n[1]+e.N[1]
		if e.Result != stats.Unknown || e.Role != "signal" {
			t.Errorf("harmless: %+v", e)
		}
	}
	if all := good.find(t, "errors/harm", "").N; n[0] >= all[0] || n[0] < all[0]*8/10 || n[1] >= all[1] || n[1] < all[1]*8/10 {
		t.Errorf("the segments have %v of %v observations, want 90 %%", n, all)
	}
	for _, c := range []struct {
		labels bool
		metric string
	}{{false, "errors"}, {true, "right"}} {
		bad := world("fr", c.labels).run(t, 2)
		if e := bad.find(t, c.metric+"/harm tags.country=fr", "tags.country=fr"); bad.reason != "signal" || e.Result != stats.Harm {
			t.Errorf("%s: %s (%s), %+v", c.metric, bad.phase, bad.reason, e)
		}
		if e := bad.find(t, c.metric+"/harm tags.country=de", "tags.country=de"); e.Result == stats.Harm {
			t.Errorf("%s: the segment that is well is blamed: %+v", c.metric, e)
		}
	}
}
