package planning_test

import (
	"fmt"
	"log"

	"verdin/decision"
	"verdin/internal/planning"
)

func ExampleMake() {
	spec, err := decision.Parse([]byte(`apiVersion: verdin/v1alpha1
kind: Rollout
metadata: {name: ranker}
spec:
  arms: {stable: v1, canary: v2}
  assignment: request
  source: {time: {window: 60s, lateness: 30s}}
  stages: [{weight: 10, bake: 30m}, {weight: 100, bake: 1h}]
  traffic: {perMinute: 1000, base: {errors: {value: 0.01}}}
  metrics: [{name: errors, kind: proportion, field: error_type, worse: higher, role: guardrail, margin: {absolute: 0.005}}]
`), "ranker.yaml")
	if err != nil {
		log.Fatal(err)
	}
	plan, err := planning.Make(spec, nil)
	if err != nil {
		log.Fatal(err)
	}
	first := plan.Stages[0].Metrics[0]
	fmt.Printf("%s at %d %%: safe after %v windows, in nine of ten after %v; the bake reaches a margin of %.4f\n",
		first.Metric, plan.Stages[0].Weight, first.Safe.Median, first.Safe.P90, first.Reachable)
	// Output: errors at 10 %: safe after 43 windows, in nine of ten after 90; the bake reaches a margin of 0.0061
}
