package engine_test

import (
	"fmt"
	"log"

	"verdin/decision"
	"verdin/drift"
	"verdin/internal/engine"
)

// A check against a reference needs its baseline: Bind reads and attaches it, and Bound
// tells what is missing.
func ExampleBind() {
	edges, err := drift.NewEdges([]float64{20, 30, 40, 50})
	if err != nil {
		log.Fatal(err)
	}
	ages := drift.NewHistogram(edges)
	for age := range 900 {
		ages.Add([]float64{18 + float64(age%50)}, nil, 0)
	}
	file, err := (&drift.Baseline{Rollout: "prod/ranker", Features: []drift.Reference{drift.NewReference("features.age", ages)}}).Append(nil)
	if err != nil {
		log.Fatal(err)
	}
	spec, err := decision.Parse([]byte(`apiVersion: verdin/v1alpha1
kind: Rollout
metadata: {name: ranker, namespace: prod}
spec:
  arms: {stable: v1, canary: v2}
  assignment: request
  stages: [{weight: 10, bake: 10m}, {weight: 100, bake: 10m}]
  metrics: [{name: errors, kind: proportion, field: error_type, worse: higher, role: guardrail, margin: {absolute: 0.01}}]
  drift: [{name: world, of: features.*, between: reference, reference: ages.json, method: psi, above: 0.25, role: observe}]
`), "ranker.yaml")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(engine.Bound(spec) != nil)
	spec, err = engine.Bind(spec, func(name string) ([]byte, error) {
		fmt.Println("reads", name)
		return file, nil
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(spec.Drift[0].Of[0].Field, engine.Bound(spec))
	// Output:
	// true
	// reads ages.json
	// features.age <nil>
}
