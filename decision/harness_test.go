package decision_test

import (
	"slices"
	"testing"
	"time"

	"verdin/decision"
	"verdin/schemas"
	"verdin/stats"
)

const testSpec = `apiVersion: verdin/v1alpha1
kind: Rollout
metadata: {name: r, namespace: prod}
spec:
  strategy: canary
  arms: {stable: v1, canary: v2}
  assignment: request
  source:
    kafka: {predictions: p, outcomes: o}
    join: {key: prediction_id, horizon: 5m}
    time: {window: 10s, lateness: 30s}
  stages:
    - {weight: 10, bake: 10m, minSamples: 100, maxDuration: 2h}
    - {weight: 50, bake: 10m, minSamples: 100, gate: manual}
    - {weight: 100, bake: 10m, minSamples: 10}
  metrics:
    - {name: errors, kind: proportion, field: error_type, worse: higher, role: guardrail, margin: {absolute: 0.01}, limit: 0.05}
    - {name: accuracy, kind: proportion, on: outcome, field: correct, mode: gate, missing: exclude, worse: lower, role: guardrail, margin: {absolute: 0.01}}
    - {name: tokens, kind: mean, field: metrics.tokens, worse: higher, role: signal, margin: {relative: 10%}}
  drift:
    - {name: scores, of: prediction_score, between: arms, method: ks, above: 0.1, role: guardrail}
  health: {noData: {after: 2m, action: hold}, silentCanary: {after: 10m, action: rollback}, sampleRatio: hold, lag: 120s}
  holdBack: 5%
`

func spec(t testing.TB, changes ...func(*decision.Spec)) *decision.Spec {
	t.Helper()
	s, err := decision.Parse([]byte(testSpec), "test.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range changes {
		c(s)
	}
	return s
}

const start = schemas.Time(1_000_000 * int64(time.Second))

func wall(d time.Duration) schemas.Time { return start.Add(d) }

// good is a look at which nothing is wrong and everything is shown: a rollout with
// this input goes forward.
func good(s *decision.Spec, at time.Duration) decision.Input {
	b := s.Budget(1)
	in := decision.Input{Cut: decision.Cut{Wall: wall(at), Due: wall(at)}}
	add := func(metric, test, role string, logE float64, result stats.Tri) {
		in.Evidence = append(in.Evidence, stats.Evidence{Name: metric + "/" + test, Metric: metric, Test: test, Role: role,
			LogE: logE, LogEMax: max(0, logE), Threshold: b.Threshold(metric, test), Result: result, N: [2]int64{900, 100}, Blocks: 10})
	}
	for _, m := range []string{"errors", "accuracy"} {
		harm, safe := "harm", "safe"
		if s.Mirrored(0) {
			harm, safe = "paired", "paired_safe"
		}
		add(m, harm, decision.Guardrail, -1, stats.Unknown)
		add(m, safe, decision.Guardrail, 20, stats.Safe)
		add(m, safe+"_stage", decision.Guardrail, 20, stats.Safe)
		for i := len(in.Evidence) - 2; i < len(in.Evidence); i++ {
			in.Evidence[i].Threshold = b.Threshold(m, "safe")
		}
	}
	add("errors", "limit", decision.Guardrail, -1, stats.Unknown)
	add("tokens", "harm", decision.Signal, -1, stats.Unknown)
	add("scores", "drift", decision.Guardrail, -1, stats.Unknown)
	add("sample_ratio", "sample_ratio", "health", 0, stats.Unknown)
	add("accuracy", "coverage", "health", 0, stats.Unknown)
	in.Stage = decision.StageData{Bake: time.Hour, Samples: [2]int64{9000, 1000}, LabelBake: time.Hour, LabelSamples: [2]int64{9000, 1000}}
	last := wall(at - 40*time.Second)
	in.Health = decision.HealthData{Since: start, Mark: last, LastData: last, LastArm: [2]schemas.Time{last, last}, Seen: [2]int64{9000, 1000}}
	if s.Mirrored(0) {
		in.Health.Pairs = [2]int64{9000, 50}
	}
	return in
}

// evidence changes one piece of evidence of an input.
func evidence(in *decision.Input, name string, change func(*stats.Evidence)) {
	i := slices.IndexFunc(in.Evidence, func(e stats.Evidence) bool { return e.Name == name || e.Metric == name })
	in.Evidence = slices.Clone(in.Evidence)
	change(&in.Evidence[i])
}

func shown(e *stats.Evidence) { e.LogE, e.LogEMax, e.Result = 50, 50, stats.Harm }

func notYet(e *stats.Evidence) { e.LogE, e.LogEMax, e.Result = 1, 1, stats.Unknown }

// run is a rollout that is driven step by step.
type run struct {
	t    testing.TB
	spec *decision.Spec
	st   decision.State
	last *schemas.Verdict
}

// begun is a rollout whose first stage every router serves since a second after start.
func begun(t testing.TB, s *decision.Spec) *run {
	r := &run{t: t, spec: s, st: decision.New(s, decision.Head{}, start)}
	r.look(decision.Input{Cut: decision.Cut{Wall: start, Due: start}})
	r.st = r.st.Apply([]decision.Applied{{Generation: 1, Sequence: 1, At: wall(time.Second)}})
	return r
}

func (r *run) look(in decision.Input) *schemas.Verdict {
	var v *schemas.Verdict
	r.st, v = decision.Decide(r.spec, r.st, in)
	if v != nil {
		r.last = v
	}
	return v
}

// forward lets the running stage pass and be applied.
func (r *run) forward(at time.Duration) *schemas.Verdict {
	in := good(r.spec, at)
	in.Commands = []decision.Command{{Verb: "promote", Actor: "ann"}}
	v := r.look(in)
	if v == nil {
		r.t.Fatalf("no step forward at %v in %+v", at, r.st)
	}
	r.st = r.st.Apply([]decision.Applied{{Generation: 1, Sequence: v.Sequence, At: wall(at + time.Second)}})
	return v
}
