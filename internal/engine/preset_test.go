package engine_test

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"verdin/decision"
	"verdin/schemas"
	"verdin/stats"
)

// model answers with every field that a preset reads; harm makes the canary's part of the
// one with that name worse.
func model(preset, harm string, length time.Duration) story {
	spec := strings.Replace(storyHead, "horizon: 1m", "horizon: 20s", 1) + "  preset: " + preset + "\n"
	return story{spec: spec, length: length, rate: 40, answer: func(r *request) []schemas.Event {
		worse := func(what string) bool { return r.canary && harm == what }
		up := func(what string, x, factor float64) schemas.Value {
			if worse(what) {
				x *= factor
			}
			return schemas.Num(x)
		}
		chance := func(what string, good, bad float64) bool {
			if worse(what) {
				return r.one(bad)
			}
			return r.one(good)
		}
		truth := func(yes bool) float64 {
			if yes {
				return 1
			}
			return 0
		}
		if chance("errors", 0.01, 0.1) {
			r.p.ErrorType = "timeout"
		}
		latency := math.Exp(0.3*r.rng.NormFloat64()) / 5
		if worse("latency_p99") && r.one(0.05) {
			latency *= 10
		}
		if worse("latency_p50") && latency < 0.3 {
			latency += 0.1 // the slow ones are as slow as ever
		}
		r.p.LatencySeconds = schemas.Num(latency)
		r.p.TTFTSeconds = up("ttft_p95", math.Exp(0.3*r.rng.NormFloat64())/20, 1.6)
		score := r.rng.Float64()
		if worse("scores") {
			score = math.Pow(score, 3)
		}
		r.p.PredictionScore, r.p.PredictionValue = schemas.Num(score), up("values", 10+r.rng.NormFloat64(), 1.3)
		r.p.Metrics = schemas.Members{
			{Name: "diversity", Value: up("diversity", 0.5+0.1*r.rng.NormFloat64(), 0.7)},
			{Name: "retrieval_hit", Value: schemas.Num(truth(chance("retrieval_hit_rate", 0.9, 0.6)))},
			{Name: "output_tokens", Value: up("output_tokens", 200*math.Exp(0.3*r.rng.NormFloat64()), 2)},
		}
		r.p.Evaluations = []schemas.Evaluation{
			{Name: "groundedness", Score: up("groundedness", 0.8+0.1*r.rng.Float64(), 0.7)},
			{Name: "judge", Score: up("judge_score", 4+0.5*r.rng.NormFloat64(), 0.8)},
		}
		events := []schemas.Event{&r.p}
		for _, o := range []struct {
			name  string
			value schemas.Value
		}{
			{"correct", schemas.Num(truth(chance("accuracy", 0.9, 0.7)))},
			{"absolute_error", up("absolute_error", math.Abs(r.rng.NormFloat64()), 1.6)},
			{"clicked", schemas.Num(truth(chance("click_rate", 0.3, 0.15)))},
			{"converted", schemas.Num(truth(chance("conversion_rate", 0.2, 0.08)))},
			{"revenue", up("revenue", 5+r.rng.Float64(), 0.6)},
			{"thumbs_up", schemas.Num(truth(chance("thumbs_up_rate", 0.7, 0.4)))},
		} {
			events = append(events, &schemas.Outcome{PredictionID: r.p.PredictionID, Name: o.name, Value: o.value, EventTime: r.at.Add(5 * time.Second).Std()})
		}
		return events
	}}
}

// Every metric of a preset gets its values from the fields that the contract names, and
// harm in it, and in nothing else, is found and answered as its role says.
func TestEveryMetricOfEveryPresetWorks(t *testing.T) {
	for _, preset := range []string{"service", "classifier", "regression", "recommender", "rag"} {
		t.Run(preset, func(t *testing.T) {
			t.Parallel()
			spec, err := decision.Parse([]byte(model(preset, "", 0).spec), preset)
			if err != nil {
				t.Fatal(err)
			}
			calm := model(preset, "", 3*time.Minute).run(t, 1)
			if i := slices.IndexFunc(calm.evidence, func(e stats.Evidence) bool { return e.Result == stats.Harm }); i >= 0 {
				t.Errorf("a harmless canary: %s is shown, %s (%s)", calm.evidence[i].Name, calm.phase, calm.reason)
			}
			type check struct{ name, role, test string }
			var checks []check
			for _, m := range spec.Metrics {
				checks = append(checks, check{m.Name, m.Role, "harm"})
			}
			for _, d := range spec.Drift {
				checks = append(checks, check{d.Name, d.Role, "drift"})
			}
			for _, c := range thin(checks) {
				if e := calm.find(t, c.name+"/"+c.test, ""); e.N[0] < 1000 || e.N[1] < 200 {
					t.Errorf("%s judges %v values", c.name, e.N)
				}
				end := model(preset, c.name, 6*time.Minute).run(t, 2)
				if !slices.ContainsFunc(end.evidence, func(e stats.Evidence) bool { return e.Metric == c.name && e.Result == stats.Harm }) {
					t.Errorf("harm in %s is not found: %s (%s)", c.name, end.phase, end.reason)
				}
				if rolled := end.phase == schemas.PhaseRolledBack; rolled != (c.role == decision.Guardrail) {
					t.Errorf("harm in %s, a %s: %s (%s)", c.name, c.role, end.phase, end.reason)
				}
			}
		})
	}
}
