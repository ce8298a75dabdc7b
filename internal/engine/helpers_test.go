package engine

import (
	"testing"
	"time"

	"verdin/decision"
	"verdin/ingest/window"
	"verdin/schemas"
	"verdin/stats"
)

// testSpec has windows of 10 s, a lateness of 5 s and a label horizon of 20 s.
const testSpec = `apiVersion: verdin/v1alpha1
kind: Rollout
metadata: {name: r}
spec:
  strategy: canary
  arms: {stable: v1, canary: v2}
  assignment: request
  source:
    kafka: {predictions: p, outcomes: o}
    join: {key: prediction_id, horizon: 20s}
    time: {window: 10s, lateness: 5s}
  stages:
    - {weight: 10, bake: 1m, margins: {errors: {absolute: 0.3}}}
    - {weight: 50, bake: 1m}
    - {weight: 100, bake: 1m}
  metrics:
    - {name: errors, kind: proportion, field: error_type, worse: higher, role: guardrail, margin: {absolute: 0.1}, tolerance: {absolute: 0.02}, limit: 0.5}
    - {name: latency, kind: quantile, quantile: 0.9, field: latency_seconds, worse: higher, role: guardrail, margin: {relative: 50%}, tolerance: {relative: 10%}, limit: 9}
    - {name: tokens, kind: mean, field: metrics.tokens, cap: 100, worse: higher, role: guardrail, margin: {relative: 20%}}
    - {name: gain, kind: mean, field: metrics.gain, range: [-50, 50], worse: lower, role: guardrail, margin: {relative: 20%}}
    - {name: accuracy, kind: proportion, on: outcome, field: correct, missing: exclude, mode: gate, worse: lower, role: guardrail, margin: {absolute: 0.1}}
    - {name: slow, kind: slo, field: latency_seconds, within: 2, worse: higher, role: signal, margin: {absolute: 0.3}}
    - {name: quotient, kind: ratio, field: metrics.tokens, per: metrics.gain, worse: higher, role: guardrail, margin: {relative: 90%}}
    - {name: answers, kind: rate, on: outcome, field: correct, worse: lower, role: guardrail, margin: {relative: 50%}}
  drift:
    - {name: inputs, of: [{field: features.country, categories: [de, fr]}, features.age], between: arms, method: psi, above: 0, role: signal}
    - {name: habits, of: [{field: features.country, categories: [de, fr]}, features.age], between: history, method: psi, above: 0.05}
`

func testCompiled(t testing.TB, change func(*decision.Spec)) compiled {
	t.Helper()
	spec, err := decision.Parse([]byte(testSpec), "test.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(spec)
	}
	return compiled{spec, spec.Budget(1), Compile(spec, Layout(spec), 1, 0)}
}

func second(s float64) schemas.Time { return schemas.Time(s * 1e9) }

// spy is a test that remembers the blocks that it was shown.
type spy struct {
	blocks []Block
	stages []int
}

func (s *spy) StartStage(stage int)                           { s.stages = append(s.stages, stage) }
func (s *spy) Observe(b Block)                                { s.blocks = append(s.blocks, b) }
func (s *spy) AppendState(b []byte) []byte                    { return b }
func (s *spy) Restore([]byte) error                           { return nil }
func (s *spy) Evidence(out []stats.Evidence) []stats.Evidence { return out }

// ends are the window ends of the blocks seen, label windows as negative numbers of seconds.
func (s *spy) ends() (out []int) {
	for _, b := range s.blocks {
		end := int(b.End / 1e9)
		if b.Lane == window.Label {
			end = -end
		}
		out = append(out, end)
	}
	return out
}

// bench is a judge with a spy for tests, over two logs of predictions and one of outcomes.
type bench struct {
	*Judge
	*spy
	seq int64
}

const (
	inPredictions = 1 << schemas.KindPrediction
	inOutcomes    = 1 << schemas.KindOutcome
)

// newBench starts the rollout with a cut at time 0 that is acknowledged at once.
func newBench(t testing.TB) *bench {
	c := testCompiled(t, nil)
	logs := []schemas.Log{
		{Topic: "p", Kinds: inPredictions},
		{Topic: "p", Partition: 1, Kinds: inPredictions},
		{Topic: "o", Kinds: inOutcomes}}
	b := &bench{Judge: NewJudge(c.spec, c.plan, decision.New(c.spec, decision.Head{}, 0), [][]schemas.Log{logs}), spy: &spy{}}
	b.tests, b.learn.frozen = []Test{b.spy}, true
	for i := range logs {
		b.Begin(i, 100)
	}
	b.cut(0, schemas.Never)
	b.Judge.Step(JudgeInput{Cut: decision.Cut{Seq: 2, Wall: 0}, Applied: []decision.Applied{{Generation: 1, Sequence: 1, At: 0}}})
	return b
}

// cut judges partials at a wall time.
func (b *bench) cut(wall float64, upto schemas.Time, partials ...window.Partial) Effects {
	b.seq++
	return b.Step(JudgeInput{Cut: decision.Cut{Seq: b.seq, Wall: second(wall), Due: second(wall)}, Upto: upto, Partials: partials})
}

// sealed is a partial of a log with n rows of stable and one of canary, sealed by the
// record before offset to; n < 0 is a window without rows.
func fast(origin int, after, end float64, n int, to int64) window.Partial {
	p := window.Partial{Rollout: "default/r", Generation: 1, Lane: window.Fast, Origin: origin, After: second(after), End: second(end), To: to}
	if n >= 0 {
		p.Cells = []window.Cell{cell(0, -1, uint64(n))}
	}
	return p
}

func labelled(after, end float64, n int) window.Partial {
	p := fast(0, after, end, n, 0)
	p.Lane = window.Label
	return p
}

func cell(generation uint32, stage int32, n uint64) window.Cell {
	return window.Cell{Generation: generation, Stage: stage, Arms: [2]window.Arm{{N: n}, {N: 1}}}
}

const length = 10 * time.Second
