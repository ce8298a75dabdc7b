package engine_test

import (
	"hash/fnv"
	"math"
	"testing"
	"time"

	"verdin/schemas"
	"verdin/stats"
)

// Users come back to their arm and differ a lot: a tenth of them fails half of the time,
// each has a pace and a verbosity of its own.
const stickyMetrics = `  holdBack: 20%
  metrics:
    - {name: errors, kind: proportion, field: error_type, worse: higher, role: guardrail, margin: {absolute: 0.1}}
    - {name: latency, kind: quantile, quantile: 0.9, field: latency_seconds, worse: higher, role: guardrail, margin: {relative: 80%}}
    - {name: tokens, kind: mean, field: metrics.tokens, worse: higher, role: guardrail, margin: {relative: 30%}}
    - {name: right, kind: proportion, on: outcome, field: right, worse: lower, role: guardrail, margin: {absolute: 0.15}, missing: exclude}
  drift:
    - {name: scores, of: prediction_score, between: arms, method: ks, above: 0.2, role: guardrail}
    - {name: country, of: [{field: features.country, categories: [de, fr]}], between: arms, method: psi, above: 0.1, role: signal}
`

// nature is what a user is like, uniform in [0, 1).
func nature(unit string) float64 {
	h := fnv.New64a()
	h.Write([]byte(unit))
	x := h.Sum64()
	x = (x ^ x>>29) * 0xff51afd7ed558ccd
	return float64(x>>11) / (1 << 53)
}

func stickyStory(harm string) story {
	return story{
		spec: with(stickyMetrics, "assignment: request", "assignment: sticky"), length: 40 * time.Minute, rate: 40,
		by: func(r *request) string { return r.unit },
		answer: func(r *request) []schemas.Event {
			u := nature(r.unit)
			worse := func(what string) bool { return r.canary && harm == what }
			fails := 0.01
			if u < 0.1 {
				fails = 0.5
			}
			if worse("errors") {
				fails += 0.2
			}
			if r.one(fails) {
				r.p.ErrorType = "timeout"
			}
			pace := math.Exp(u)
			if worse("latency") {
				pace *= 2.5
			}
			tokens := 100 * (1 + u)
			if worse("tokens") {
				tokens *= 1.6
			}
			score := 0.5*u + 0.5*r.rng.Float64()
			if worse("scores") {
				score = math.Sqrt(math.Sqrt(score))
			}
			country := []string{"de", "fr", "it"}[int(u*3)]
			r.p.LatencySeconds, r.p.PredictionScore = schemas.Num(pace*r.rng.ExpFloat64()), schemas.Num(score)
			r.p.Metrics = schemas.Members{{Name: "tokens", Value: schemas.Num(tokens * (0.5 + r.rng.Float64()))}}
			r.p.Features = schemas.Members{{Name: "country", Value: schemas.Str(country)}}
			right := 0.6 + 0.3*u
			if worse("right") {
				right -= 0.35
			}
			if harm == "srm" && r.canary && u < 0.3 {
				return nil // some users of the canary are never reported
			}
			o := &schemas.Outcome{PredictionID: r.p.PredictionID, Name: "right", Value: schemas.Num(0), EventTime: r.at.Add(20 * time.Second).Std()}
			if r.one(right) {
				o.Value = schemas.Num(1)
			}
			return []schemas.Event{&r.p, o}
		},
	}
}

// Whatever the kind: where users come back, a harmless canary is promoted and each harm
// is found by its own check; an assignment that is off is a hold.
func TestStickyRollouts(t *testing.T) {
	if end := stickyStory("").run(t, 1); end.phase != schemas.PhaseCompleted {
		t.Errorf("harmless: %s (%s) after %v", end.phase, end.reason, end.at)
	} else {
		for _, e := range end.evidence {
			if e.Kind != "sample_ratio" && (e.Exact || e.Blocks == 0) {
				t.Errorf("%s: exact %v, %d blocks", e.Name, e.Exact, e.Blocks)
			}
		}
		for _, check := range []string{"scores/same", "scores/same_stage"} {
			if e := end.find(t, check, ""); e.Result != stats.Safe {
				t.Errorf("a step was taken, and %s is not shown: log E %.1f of %.1f", check, e.LogE, e.Threshold)
			}
		}
		if e := end.find(t, "sample_ratio", ""); !e.Exact || e.N[0]+e.N[1] > 2000 || e.N[1] == 0 {
			t.Errorf("the sample ratio counts %v units of 2000", e.N)
		}
	}
	for harm, check := range map[string]string{"errors": "errors/harm", "latency": "latency/harm", "tokens": "tokens/harm", "right": "right/harm", "scores": "scores/drift"} {
		end := stickyStory(harm).run(t, 2)
		if e := end.find(t, check, ""); end.phase != schemas.PhaseRolledBack || e.Result != stats.Harm {
			t.Errorf("%s: %s (%s) after %v, log E %.1f of %.1f", harm, end.phase, end.reason, end.at, e.LogEMax, e.Threshold)
		}
	}
	if end := stickyStory("srm").run(t, 3); end.reason != "assignment" {
		t.Errorf("users are missing: %s (%s)", end.phase, end.reason)
	}
}
