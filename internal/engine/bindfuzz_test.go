package engine_test

import (
	"testing"

	"verdin/decision"
	"verdin/drift"
	"verdin/internal/engine"
	"verdin/schemas"
)

const boundSpec = `apiVersion: verdin/v1alpha1
kind: Rollout
metadata: {name: ranker, namespace: prod}
spec:
  arms: {stable: v1, canary: v2}
  assignment: request
  stages: [{weight: 10, bake: 10m}, {weight: 100, bake: 10m}]
  metrics: [{name: errors, kind: proportion, field: error_type, worse: higher, role: guardrail, margin: {absolute: 0.01}}]
  drift: [{name: world, of: features.*, between: reference, reference: ages.json, method: psi, above: 0.25, role: observe}]
`

// Whatever a baseline file holds, it is refused with an error, or the spec that it is bound
// to can be written, read again as the same, and run.
func FuzzBind(f *testing.F) {
	edges, err := drift.NewEdges([]float64{20, 30, 40, 50})
	if err != nil {
		f.Fatal(err)
	}
	ages := drift.NewHistogram(edges)
	for age := range 900 {
		ages.Add([]float64{18 + float64(age%50)}, nil, 0)
	}
	good, err := (&drift.Baseline{Rollout: "prod/ranker", Features: []drift.Reference{drift.NewReference("features.age", ages)}}).Append(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte(`{"format":"verdin.baseline","version":1,"rollout":"prod/ranker","features":[{"field":"features.country","kind":"category","top":["de","fr"],"rest":["it"],"counts":[900,800,20,0],"odd":[0,0,0,0,0]}]}`))
	f.Add([]byte("# baseline sha256:0\n#| {}\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		spec, err := decision.Parse([]byte(boundSpec), "ranker.yaml")
		if err != nil {
			t.Fatal(err)
		}
		bound, err := engine.Bind(spec, func(string) ([]byte, error) { return file, nil })
		if err != nil {
			return
		}
		again, err := decision.Parse(bound.Text(), "again")
		if err != nil || again.Digest != bound.Digest || engine.Bound(again) != nil {
			t.Fatalf("a bound spec reads back otherwise: %v, digests %s and %s, %v", err, bound.Digest, again.Digest, engine.Bound(again))
		}
		e := engine.New([][]schemas.Log{{{Topic: "events", Kinds: 1<<schemas.Kinds - 1}}})
		if err := e.Start(again, engine.Layout(again), decision.Head{}, 0); err != nil {
			t.Fatal(err)
		}
		e.Cut(engine.CutInput{Upto: schemas.Never})
	})
}
