package engine_test

import (
	"strings"
	"testing"
	"time"

	"verdin/schemas"
	"verdin/stats"
)

const heldMetrics = `  metrics:
    - {name: errors, kind: proportion, field: error_type, worse: higher, role: guardrail, margin: {absolute: 0.05}, tolerance: {absolute: 0}}
    - {name: latency, kind: quantile, quantile: 0.9, field: latency_seconds, worse: higher, role: guardrail, margin: {relative: 60%}, tolerance: {relative: 10%}}
    - {name: tokens, kind: mean, field: metrics.tokens, cap: 60, worse: higher, role: guardrail, margin: {relative: 40%}, tolerance: {relative: 5%}}
    - {name: price, kind: ratio, field: metrics.tokens, per: metrics.words, worse: higher, role: guardrail, margin: {relative: 40%}, tolerance: {relative: 5%}}
    - {name: answers, kind: rate, on: outcome, field: answered, worse: lower, role: guardrail, mode: gate, margin: {relative: 40%}, tolerance: {relative: 5%}}
`

// breaks is a canary that is good for a long time after promotion, and then fails.
func breaks(after time.Duration, harm string, by func(*request) string, replace ...string) story {
	return story{
		spec: with(strings.NewReplacer(replace...).Replace(heldMetrics), append(replace, "{weight: 100, bake: 3m, minSamples: 100}", "{weight: 100, bake: 40m, minSamples: 100}")...), length: 55 * time.Minute, rate: 40, by: by,
		answer: func(r *request) []schemas.Event {
			bad := r.canary && r.at >= sceneStart.Add(after)
			if r.one(0.05) || bad && harm == "errors" && r.one(0.15) {
				r.p.ErrorType = "timeout"
			}
			r.p.LatencySeconds = schemas.Num(r.rng.ExpFloat64())
			if bad && harm == "latency" {
				r.p.LatencySeconds = schemas.Num(2 * r.rng.ExpFloat64())
			}
			tokens, words := 10+20*r.rng.Float64(), 5+r.rng.Float64()
			if bad && harm == "tokens" {
				tokens *= 1.5
			}
			if bad && harm == "price" {
				words /= 1.5
			}
			r.p.Metrics = schemas.Members{{Name: "tokens", Value: schemas.Num(tokens)}, {Name: "words", Value: schemas.Num(words)}}
			events := []schemas.Event{&r.p}
			if r.one(0.5) && !(bad && harm == "answers" && r.one(0.4)) {
				events = append(events, &schemas.Outcome{PredictionID: r.p.PredictionID, Name: "answered", Value: schemas.Num(1), EventTime: r.at.Add(5 * time.Second).Std()})
			}
			return events
		}}
}

// R50: harm that begins long after promotion is found against the share that was held
// back, whatever the kind of the metric, sooner than by the ordinary test; a good canary
// completes.
func TestHarmAfterPromotionIsFound(t *testing.T) {
	if end := breaks(100*time.Hour, "", nil).run(t, 1); end.phase != schemas.PhaseCompleted {
		t.Errorf("harmless: %s (%s) after %v", end.phase, end.reason, end.at)
	}
	for _, harm := range thin([]string{"errors", "latency", "tokens", "price", "answers"}) {
		foundLate(t, harm, breaks(35*time.Minute, harm, nil).run(t, 2))
	}
}

// The same where units come back to their arm.
func TestHarmAfterPromotionIsFoundAmongUnits(t *testing.T) {
	sticky := []string{"assignment: request", "assignment: sticky"}
	unit := func(r *request) string { return r.unit }
	if end := breaks(100*time.Hour, "", unit, sticky...).run(t, 3); end.phase != schemas.PhaseCompleted {
		t.Errorf("harmless: %s (%s) after %v", end.phase, end.reason, end.at)
	}
	for _, harm := range thin([]string{"tokens", "errors", "latency", "price", "answers"}) {
		foundLate(t, harm, breaks(35*time.Minute, harm, unit, sticky...).run(t, 4))
	}
}

func foundLate(t *testing.T, harm string, end ending) {
	t.Helper()
	const begins = 35 * time.Minute
	watch, plain := end.find(t, harm+"/holdback", ""), end.find(t, harm+"/harm", "")
	if end.phase != schemas.PhaseRolledBack || end.at < begins || watch.Result != stats.Harm {
		t.Errorf("%s: %s (%s) after %v, watch %.1f of %.1f over %d", harm, end.phase, end.reason, end.at, watch.LogEMax, watch.Threshold, watch.Blocks)
	}
	if plain.Result == stats.Harm {
		t.Errorf("%s: the ordinary test was as fast: %.1f of %.1f, watch %.1f of %.1f", harm, plain.LogEMax, plain.Threshold, watch.LogEMax, watch.Threshold)
	}
}
