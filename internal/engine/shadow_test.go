package engine_test

import (
	"strings"
	"testing"
	"time"

	"verdin/internal/engine"
	"verdin/schemas"
	"verdin/stats"
)

const shadowMetrics = `  metrics:
    - {name: errors, kind: proportion, field: error_type, worse: higher, role: guardrail, margin: {absolute: 0.05}}
    - {name: quality, kind: mean, field: prediction_score, cap: 0.3, worse: lower, role: guardrail, margin: {absolute: 0.1}}
    - {name: accuracy, kind: proportion, on: outcome, expr: {equals: [prediction_label, outcome.truth]}, missing: exclude, worse: lower, role: guardrail, mode: gate, margin: {absolute: 0.05}}
    - {name: judged, kind: proportion, on: outcome, field: good, missing: exclude, worse: lower, role: signal, margin: {absolute: 0.1}}
    - {name: latency, kind: quantile, quantile: 0.9, field: latency_seconds, worse: higher, role: observe}
  drift:
    - {name: inputs, of: features.age, between: arms, method: psi, above: 0.1, role: signal}
`

// shadowed is a story in which a copy of every request goes to the canary while the
// stage is mirrored. Both answers have the same id; either comes within 20 s, whichever
// is the first, and the truth about the question some seconds later.
func shadowed(each func(r *request, canary *schemas.Prediction) bool) story {
	return story{
		spec: with(shadowMetrics, "strategy: canary", "strategy: shadow",
			"    - {weight: 20, bake: 3m, minSamples: 100}\n    - {weight: 50, bake: 3m, minSamples: 100}\n    - {weight: 100, bake: 3m, minSamples: 100}\n", "    - {weight: 0, bake: 3m, minSamples: 100}\n"),
		length: 14 * time.Minute, rate: 20,
		answer: func(r *request) []schemas.Event {
			score := 0.5 + 0.2*r.rng.NormFloat64()
			p := &r.p
			p.Arm, p.PredictionScore, p.LatencySeconds = "stable", schemas.Num(score), schemas.Num(0.2+r.rng.Float64())
			p.Features = schemas.Members{{Name: "age", Value: schemas.Num(float64(r.rng.IntN(60)))}}
			p.PredictionLabel = schemas.Str([]string{"cat", "dog"}[r.rng.IntN(2)])
			if r.one(0.02) {
				p.ErrorType = "timeout"
			}
			events := []schemas.Event{p}
			truth := schemas.Outcome{PredictionID: p.PredictionID, Rollout: "story", Name: "truth", Label: schemas.Str("cat"), EventTime: r.at.Add(45 * time.Second).Std()}
			judge := func(arm string, good bool) {
				events = append(events, &schemas.Outcome{PredictionID: p.PredictionID, Rollout: "story", Arm: arm, Name: "good", Value: schemas.Num(bit(good)), EventTime: r.at.Add(32 * time.Second).Std()})
			}
			events = append(events, &truth)
			judge("stable", r.one(0.8))
			canary := *p
			canary.Arm, canary.PredictionScore, canary.ErrorType = "canary", schemas.Num(score+0.05*r.rng.NormFloat64()), ""
			later := func() time.Time { return r.at.Add(time.Duration(r.rng.Float64() * float64(20*time.Second))).Std() }
			p.EventTime, canary.EventTime = later(), later()
			if r.one(0.02) {
				canary.ErrorType = "timeout"
			}
			good := r.one(0.8)
			if each == nil || each(r, &canary) {
				events = append(events, &canary)
			}
			judge("canary", good) // of an answer that was lost it says nothing
			return events
		},
	}
}

func bit(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// A canary as good as stable is shown safe by pairs, and the rollout is complete
// without a user having seen it. Pairs say more than two arms apart: the same question
// is hard for both.
func TestAHarmlessShadowIsComplete(t *testing.T) {
	end := shadowed(nil).run(t, 1)
	if end.phase != schemas.PhaseCompleted || end.reason != "completed" {
		t.Fatalf("%s, %s after %v", end.phase, end.reason, end.at)
	}
	for name, most := range map[string]float64{"errors/paired_safe": 0.02, "quality/paired_safe": 0.01, "accuracy/paired_safe": 0.02} {
		e := end.find(t, name, "")
		if e.Result != stats.Safe || e.N[0] != e.N[1] || e.N[0] < 2000 || e.Effect.Estimate < -most || e.Effect.Estimate > most {
			t.Errorf("%+v", e)
		}
	}
	if e := end.find(t, "judged/paired", ""); e.Blocks == 0 || e.Result != stats.Unknown || e.Value[0] < 0.75 || e.Value[1] < 0.75 {
		t.Errorf("%+v", e)
	}
	if e := end.find(t, "latency/harm", ""); e.Blocks == 0 || e.Value[1] < 0.5 {
		t.Errorf("latency is shown, without pairs: %+v", e)
	}
	all := end.find(t, "latency/harm", "").N
	if e := end.find(t, "inputs/drift", ""); e.Blocks == 0 || e.Result != stats.Unknown || e.N[0] > all[0]*6/10 || e.N[1] > all[1]*6/10 || e.N[0] < 1000 {
		t.Errorf("arms are compared over different requests, half of %v: %+v", all, e)
	}
}

// Harm of every kind is found in the shadow: users never see it.
func TestHarmIsFoundInTheShadow(t *testing.T) {
	for _, c := range []struct {
		name, evidence, reason string
		harm                   func(r *request, canary *schemas.Prediction)
	}{
		{"errors", "errors/paired", "harm", func(r *request, c *schemas.Prediction) {
			if r.one(0.1) {
				c.ErrorType = "crash"
			}
		}},
		{"a little off everywhere", "quality/paired", "harm", func(r *request, c *schemas.Prediction) {
			c.PredictionScore = schemas.Num(r.p.PredictionScore.Num - 0.15)
		}},
		{"far off now and then", "quality/paired_cap", "harm", func(r *request, c *schemas.Prediction) {
			c.PredictionScore = schemas.Num(r.p.PredictionScore.Num)
			if r.one(0.04) {
				c.PredictionScore = schemas.Num(0)
			}
		}},
		{"wrong by the truth that comes later", "accuracy/paired", "harm", func(r *request, c *schemas.Prediction) {
			if r.one(0.2) {
				c.PredictionLabel = schemas.Str("bird")
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			end := shadowed(func(r *request, canary *schemas.Prediction) bool { c.harm(r, canary); return true }).run(t, 2)
			if end.phase != schemas.PhaseRolledBack || end.reason != c.reason {
				t.Fatalf("%s, %s after %v", end.phase, end.reason, end.at)
			}
			if e := end.find(t, c.evidence, ""); e.Result != stats.Harm {
				t.Errorf("%+v", e)
			}
		})
	}
}

// Half of the copies are lost: what is left looks perfect, and proves nothing.
func TestHalfOfThePairsHoldTheShadow(t *testing.T) {
	pairs := [2]int64{}
	s := shadowed(func(r *request, canary *schemas.Prediction) bool { canary.ErrorType = ""; return r.one(0.5) })
	s.each = func(o engine.Outcome) { pairs = o.Health.Pairs }
	end := s.run(t, 3)
	if end.phase != schemas.PhaseHeld || end.reason != "unpaired" {
		t.Fatalf("%s, %s after %v", end.phase, end.reason, end.at)
	}
	if all := pairs[0] + pairs[1]; all < 4000 || pairs[0] < all*4/10 || pairs[0] > all*6/10 {
		t.Errorf("%v pairs", pairs)
	}
	if good, errors := end.find(t, "judged/paired", "").N, end.find(t, "errors/paired", "").N; good != errors {
		t.Errorf("%v labels of %v pairs", good, errors)
	}
	for _, name := range []string{"errors/paired_safe", "quality/paired_safe", "quality/paired_cap_safe"} {
		if e := end.find(t, name, ""); e.Result == stats.Safe {
			t.Errorf("what is not known is not good: %+v", e)
		}
	}
	if e := end.find(t, "errors/paired", ""); e.Result == stats.Harm {
		t.Errorf("a copy that was lost is no failure of the canary: %+v", e)
	}
}

// A few lost copies are tolerated; they weaken the claim of safety, as failures would.
func TestAFewLostCopiesDoNotHoldTheShadow(t *testing.T) {
	end := shadowed(func(r *request, canary *schemas.Prediction) bool { return !r.one(0.002) }).run(t, 4)
	if end.phase != schemas.PhaseCompleted {
		t.Fatalf("%s, %s after %v", end.phase, end.reason, end.at)
	}
}

// No copy arrives at all: the canary is silent, and after ten minutes it is given up.
func TestADroppedMirrorIsSilence(t *testing.T) {
	held := ""
	s := shadowed(func(*request, *schemas.Prediction) bool { return false })
	s.each = func(o engine.Outcome) {
		if v := o.Verdict; v != nil && v.Verdict == "hold" && held == "" {
			held = v.Reason.Code
		}
	}
	if end := s.run(t, 5); held != "canary_silent" || end.phase != schemas.PhaseRolledBack || end.reason != "canary_silent" {
		t.Errorf("held by %s, then %s, %s after %v", held, end.phase, end.reason, end.at)
	}
}

// What users make of an answer says nothing about the one they did not see: without an
// outcome that names the canary there is no pair.
func TestLabelsOfUsersAreStables(t *testing.T) {
	s := shadowed(nil)
	s.spec = strings.Replace(s.spec, "field: good, missing: exclude, worse: lower, role: signal", "field: truth, value: label, missing: exclude, worse: lower, role: guardrail, mode: gate", 1)
	end := s.run(t, 6)
	if end.phase != schemas.PhaseHeld || end.reason != "insufficient" {
		t.Fatalf("%s, %s after %v", end.phase, end.reason, end.at)
	}
	if e := end.find(t, "judged/paired_safe", ""); e.Result == stats.Safe || e.N != [2]int64{} {
		t.Errorf("%+v", e)
	}
}
