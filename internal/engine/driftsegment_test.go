package engine_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"verdin/decision"
	"verdin/schemas"
	"verdin/stats"
)

const segmentScores = `  metrics:
    - {name: errors, kind: proportion, field: error_type, worse: higher, role: guardrail, margin: {absolute: 0.1}}
  drift:
    - {name: scores, of: prediction_score, method: %s, above: 0.15, segments: true, role: guardrail}
  segments: [{by: tags.country, values: {de: 80%%, is: 10%%}, role: guardrail}]
`

// Scores that move in one country of a tenth are within the tolerance over all traffic.
// The segment has its own counts, and the rollback names it; the other one is not blamed,
// and rows of no listed value are in the whole alone.
func TestDriftOfASegmentIsFoundThere(t *testing.T) {
	countries := []string{"de", "de", "de", "de", "de", "de", "de", "de", "is", "it"}
	for _, c := range []struct {
		method, assignment string
		by                 func(*request) string
	}{{"ks", "request", nil}, {"psi", "request", nil}, {"ks", "sticky", func(r *request) string { return r.unit }}} {
		world := func(shift float64) ending {
			spec := with(fmt.Sprintf(segmentScores, c.method), "assignment: request", "assignment: "+c.assignment)
			return story{spec: spec, length: 20 * time.Minute, rate: 60, by: c.by, answer: func(r *request) []schemas.Event {
				country := countries[r.rng.IntN(len(countries))]
				r.p.Tags = schemas.Members{{Name: "country", Value: schemas.Str(country)}}
				x := r.rng.NormFloat64()
				if r.canary && country == "is" {
					x += shift
				}
				r.p.PredictionScore = schemas.Num(x)
				return []schemas.Event{&r.p}
			}}.run(t, 1)
		}
		bad := world(1.2)
		is, de, all := bad.find(t, "scores/drift tags.country=is", "tags.country=is"), bad.find(t, "scores/drift tags.country=de", "tags.country=de"), bad.find(t, "scores/drift", "")
		if bad.reason != "drift" || is.Result != stats.Harm || de.Result != stats.Unknown || all.Result != stats.Unknown {
			t.Errorf("%s, %s: %s (%s), is %v, de %v, all %v", c.method, c.assignment, bad.phase, bad.reason, is.LogEMax, de.LogEMax, all.LogEMax)
		}
		if n := is.N[1] + de.N[1]; n >= all.N[1] || float64(n) < 0.8*float64(all.N[1]) || is.N[1] > de.N[1]/4 {
			t.Errorf("%s, %s: is %v and de %v events of %v", c.method, c.assignment, is.N, de.N, all.N)
		}
		for _, e := range bad.evidence {
			if e.Segment != "" && (e.Test == "same" || e.Test == "same_stage") {
				t.Errorf("%s, %s: a step forward waits for %s", c.method, c.assignment, e.Name)
			}
		}
		if good := world(0); good.phase != schemas.PhaseCompleted {
			t.Errorf("%s, %s, harmless: %s (%s)", c.method, c.assignment, good.phase, good.reason)
		}
	}
}

// driftSegmented is a spec in which a check asks for any difference of a label, over all
// traffic and within so many segments.
func driftSegmented(n int, risk float64) string {
	var values []string
	for i := range n {
		values = append(values, fmt.Sprintf("s%d", i))
	}
	return with("  drift:\n    - {name: inputs, of: [{field: prediction_label, categories: [x, y]}], method: psi, above: 0, faults: 100%, segments: true, role: signal}\n" +
		"  segments: [{by: tags.s, role: signal, values: [" + strings.Join(values, ", ") + "]}]\n  policy: {onSignal: rollback}\n" +
		fmt.Sprintf("  risk: {falseRollback: %v}\n  holdBack: 0%%\n", risk))
}

// driftAlike is a world in which the arms draw their values alike in every segment.
func driftAlike(n int, risk float64, length time.Duration) story {
	return story{spec: driftSegmented(n, risk), length: length, rate: 150, answer: func(r *request) []schemas.Event {
		r.p.Tags = schemas.Members{{Name: "s", Value: schemas.Str(fmt.Sprintf("s%d", r.rng.IntN(n)))}}
		r.p.PredictionLabel = schemas.Str(string("xy"[r.rng.IntN(2)]))
		return []schemas.Event{&r.p}
	}}
}

// However many segments a check asks in, its tests that can take a rollout back spend the
// risk once.
func TestDriftInSegmentsSpendsTheRiskOnce(t *testing.T) {
	const risk = 0.2
	for _, n := range []int{1, 7, 64} {
		spendOnce(t, driftAlike(n, risk, 30*time.Second).run(t, 1).evidence, decision.Signal, "drift", n+1, risk)
	}
}

// Where the arms are alike in each of thirty segments, the chance that any of the tests
// alarms is that of one: of 40 runs at a risk of 0.304 (half, spent on a first generation)
// more than 22 would have a chance below 0.001 (binomial).
func TestDriftInSegmentsRaisesNoMoreFalseAlarms(t *testing.T) {
	alarms, seeds := 0, len(thin(make([]int, 40)))
	for seed := range uint64(seeds) {
		if end := driftAlike(30, 0.5, 9*time.Minute).run(t, seed); end.phase == schemas.PhaseRolledBack {
			alarms++
		}
	}
	if alarms*40 > 22*seeds {
		t.Errorf("%d of %d harmless rollouts were taken back", alarms, seeds)
	}
}
