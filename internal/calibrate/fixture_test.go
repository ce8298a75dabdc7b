package calibrate

import (
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"verdin/decision"
	"verdin/ingest/codec"
	"verdin/internal/engine"
	"verdin/internal/pump"
	"verdin/schemas"
)

const specText = `apiVersion: verdin/v1alpha1
kind: Rollout
metadata: {name: shop}
spec:
  strategy: canary
  arms: {stable: v1, canary: v2}
  assignment: %s
  source:
    join: {key: prediction_id, horizon: 20s}
    time: {window: 10s, lateness: 5s}
  stages: [{weight: 50, bake: 10m}, {weight: 100, bake: 10m}]
  metrics:
    - {name: errors, kind: proportion, on: prediction, field: error_type, worse: higher, role: guardrail, margin: {absolute: 0.01}}
    - {name: latency, kind: quantile, quantile: 0.9, on: prediction, field: latency_seconds, worse: higher, role: guardrail, margin: {relative: 30%%}}
    - {name: right, kind: proportion, on: outcome, field: right, missing: exclude, mode: gate, worse: lower, role: guardrail, margin: {absolute: 0.05}}
  drift:
    - {name: scores, of: prediction_score, method: ks, above: 0, role: signal}
    - {name: country, of: features.country, method: psi, above: 0, role: signal}
`

func parse(t testing.TB, assignment string) *decision.Spec {
	t.Helper()
	spec, err := decision.Parse(fmt.Appendf(nil, specText, assignment), "shop.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

// events writes n requests of 100 users, ten a second; every tenth is the canary's.
func events(n int) (lines [][]byte) {
	r := rand.New(rand.NewPCG(1, 2))
	start := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
	for i := range n {
		p := schemas.Prediction{
			PredictionID: fmt.Sprint("p", i), UnitID: fmt.Sprint("u", r.IntN(100)), Rollout: "shop", Arm: "stable",
			EventTime:       start.Add(time.Duration(i) * 100 * time.Millisecond),
			LatencySeconds:  schemas.Num(math.Exp(0.5*r.NormFloat64()) / 10),
			PredictionScore: schemas.Num(r.Float64()), ErrorType: "",
			Features: []schemas.Member{{Name: "country", Value: schemas.Str([]string{"de", "de", "fr", "it"}[r.IntN(4)])}},
		}
		if i%10 == 9 {
			p.Arm = "canary"
		}
		if r.Float64() < 0.02 {
			p.ErrorType = "timeout"
		}
		lines = append(lines, p.AppendLine(nil))
		y := schemas.Outcome{PredictionID: p.PredictionID, Name: "right", Value: schemas.Num(0), EventTime: p.EventTime.Add(2 * time.Second)}
		if r.Float64() < 0.8 {
			y.Value = schemas.Num(1)
		}
		lines = append(lines, y.AppendLine(nil))
	}
	return lines
}

func load(t testing.TB, spec *decision.Spec, lines [][]byte) (*History, error) {
	t.Helper()
	layout := engine.Layout(spec)
	c := new(schemas.Chunk)
	c.Reset(0, layout)
	d := codec.New(layout, codec.Options{Recording: true})
	for i, line := range lines {
		d.Append(c, codec.Record{Offset: int64(i), Value: line})
	}
	if len(c.Rejected) > 0 {
		t.Fatalf("%d events rejected, the first: %+v", len(c.Rejected), c.Rejected[0])
	}
	return Load(context.Background(), spec, layout, []schemas.Log{{Topic: "events", Kinds: 1<<schemas.Kinds - 1}}, []pump.Source{&once{c}})
}

func history(t testing.TB, assignment string, n int) (*History, *decision.Spec) {
	t.Helper()
	spec := parse(t, assignment)
	h, err := load(t, spec, events(n))
	if err != nil {
		t.Fatal(err)
	}
	return h, spec
}

// once yields one chunk.
type once struct{ c *schemas.Chunk }

func (s *once) Next(context.Context) (*schemas.Chunk, error) {
	c := s.c
	if s.c = nil; c == nil {
		return nil, io.EOF
	}
	return c, nil
}

func (s *once) Recycle(*schemas.Chunk) {}
