package engine_test

import (
	"testing"
	"time"

	"verdin/schemas"
	"verdin/stats"
)

const kindMetrics = `  holdBack: 20%
  metrics:
    - {name: slow, kind: slo, field: latency_seconds, within: 2, worse: higher, role: guardrail, margin: {absolute: 0.1}}
    - {name: cost, kind: ratio, field: metrics.cost, per: metrics.tokens, worse: higher, role: guardrail, margin: {relative: 40%}}
    - {name: clicks, kind: rate, on: outcome, field: clicked, worse: lower, role: guardrail, margin: {relative: 40%}}
    - {name: right, kind: proportion, on: outcome, expr: {equals: [prediction_label, outcome.truth]}, missing: exclude, worse: lower, role: guardrail, margin: {absolute: 0.15}}
    - {name: near, kind: mean, on: outcome, expr: {difference: [outcome.sold, prediction_value]}, missing: exclude, range: [-5, 5], cap: 4.5, worse: higher, role: guardrail, margin: {absolute: 1}}
    - {name: per_token, kind: mean, expr: {ratio: [latency_seconds, metrics.tokens]}, worse: higher, role: signal, margin: {relative: 80%}}
    - {name: german, kind: proportion, expr: {equals: [tags.country], text: de}, worse: lower, role: observe}
`

const sumMetric = `    - {name: spend, kind: sum, on: outcome, field: revenue, per: user_id, missing: exclude, worse: lower, role: guardrail, margin: {relative: 40%}}
`

// kindStory has a canary that is worse in one thing.
func kindStory(assignment, harm string) story {
	spec := with(kindMetrics)
	if assignment == "sticky" {
		spec = with(kindMetrics+sumMetric, "assignment: request", "assignment: sticky\n  unit: user_id")
	}
	s := story{spec: spec, length: 30 * time.Minute, rate: 40, answer: func(r *request) []schemas.Event {
		worse := func(what string, a, b float64) float64 {
			if r.canary && harm == what {
				return b
			}
			return a
		}
		out := []schemas.Event{&r.p}
		outcome := func(name string, x schemas.Value) {
			out = append(out, &schemas.Outcome{PredictionID: r.p.PredictionID, UnitID: r.unit, Name: name, Value: x, EventTime: r.at.Add(2 * time.Second).Std()})
		}
		r.p.LatencySeconds = schemas.Num(r.rng.ExpFloat64() * worse("slow", 0.7, 1.6))
		tokens := 50 + 100*r.rng.Float64()
		country := []string{"de", "fr"}[r.rng.IntN(2)]
		r.p.Tags = schemas.Members{{Name: "country", Value: schemas.Str(country)}}
		r.p.Metrics = schemas.Members{{Name: "tokens", Value: schemas.Num(tokens)}, {Name: "cost", Value: schemas.Num(tokens * (0.5 + r.rng.Float64()) * worse("cost", 1, 1.8))}}
		if r.one(worse("clicks", 0.3, 0.12)) {
			outcome("clicked", schemas.Num(1))
		}
		truth := []string{"buy", "leave"}[r.rng.IntN(2)]
		r.p.PredictionLabel = schemas.Str(truth)
		if !r.one(worse("right", 0.8, 0.5)) {
			truth = map[string]string{"buy": "leave", "leave": "buy"}[truth]
		}
		out = append(out, &schemas.Outcome{PredictionID: r.p.PredictionID, UnitID: r.unit, Name: "truth", Label: schemas.Str(truth), EventTime: r.at.Add(time.Second).Std()})
		sold := 3 + r.rng.Float64()
		r.p.PredictionValue = schemas.Num(sold - worse("near", 0.5, 2.5) - r.rng.Float64() + 0.5)
		outcome("sold", schemas.Num(sold))
		if r.one(0.5) {
			outcome("revenue", schemas.Num(10*r.rng.Float64()*worse("spend", 1, 0.3)))
		}
		return out
	}}
	if assignment == "sticky" {
		s.by = func(r *request) string { return r.unit }
	}
	return s
}

// Each kind of metric, and each expression, finds its own harm, and a harmless canary is
// promoted; figures are those of the world.
func TestEveryKindOfMetric(t *testing.T) {
	want := map[string]float64{"slow": 0.057, "cost": 1, "clicks": 0.3, "right": 0.8, "near": 0.5, "german": 0.5, "spend": 2.76} // 5 per purchase, half of the requests buy, 1.1 requests per active user
	for _, assignment := range []string{"request", "sticky"} {
		good := kindStory(assignment, "").run(t, 1)
		if good.phase != schemas.PhaseCompleted {
			t.Errorf("%s: harmless: %s (%s)", assignment, good.phase, good.reason)
		}
		for name, x := range want {
			if name == "spend" && assignment == "request" {
				continue
			}
			for a, got := range good.find(t, name+"/harm", "").Value {
				if got < x*0.8 || got > x*1.25 {
					t.Errorf("%s: %s of arm %d is %.3f, want %.3f", assignment, name, a, got, x)
				}
			}
		}
		for _, harm := range thin([]string{"slow", "cost", "clicks", "right", "near", "spend"}) {
			if harm == "spend" && assignment == "request" {
				continue
			}
			bad := kindStory(assignment, harm).run(t, 2)
			if e := bad.find(t, harm+"/harm", ""); bad.phase != schemas.PhaseRolledBack || e.Result != stats.Harm {
				t.Errorf("%s: %s: %s (%s), log E %.1f of %.1f, %v", assignment, harm, bad.phase, bad.reason, e.LogEMax, e.Threshold, e.Value)
			}
		}
	}
}
