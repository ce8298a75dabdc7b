package decision_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"verdin/decision"
)

func ExampleJSONSchema() {
	var s struct {
		ID       string `json:"$id"`
		Required []string
	}
	if err := json.Unmarshal(decision.JSONSchema(), &s); err != nil {
		panic(err)
	}
	fmt.Println(s.ID, s.Required)
	// Output: urn:verdin:rollout:v1alpha1 [apiVersion kind metadata spec]
}

func ExampleSpecTable() {
	for _, line := range strings.Split(decision.SpecTable(), "\n") {
		if strings.Contains(line, "lateness") {
			fmt.Println(line)
		}
	}
	// Output: | `source.time.lateness` | duration | `30s` | how long a window waits for events that are late |
}

func ExampleAbilities() {
	for _, a := range decision.Abilities() {
		if a.Name == "assignment sticky" {
			fmt.Println(a.Name, a.Ready)
		}
	}
	// Output: assignment sticky true
}

func ExampleSpec_PlanStage() {
	s, _ := decision.Parse([]byte(testSpec+"  traffic: {perMinute: 6000, base: {errors: {value: 0.02}}}\n"), "r.yaml")
	need, ok := s.PlanStage(&s.Metrics[0], 0)
	fmt.Println(need, ok)
	// Output: 10m30s true
}

func ExampleMissing() {
	s, _ := decision.Parse([]byte(testSpec), "r.yaml")
	st, _ := decision.Decide(s, decision.New(s, decision.Head{}, 0), decision.Input{})
	st = st.Apply([]decision.Applied{{Generation: 1, Sequence: 1, At: 0}})
	in := decision.Input{Stage: decision.StageData{Bake: 4 * time.Minute, Samples: [2]int64{900, 50}}}
	in.Cut.Wall = in.Cut.Wall.Add(4 * time.Minute)
	in.Health.Mark = in.Cut.Wall
	for _, n := range decision.Missing(s, st, in)[:3] {
		fmt.Println(n.Text, n.ETA)
	}
	// Output:
	// bake: 4m of 10m 6m0s
	// time: 4m of 5m since the last step 1m0s
	// samples: 50 of 100 in the smaller arm 4m0s
}

func ExampleExplainMarkdown() {
	s, _ := decision.Parse([]byte(testSpec), "r.yaml")
	_, v := decision.Decide(s, decision.New(s, decision.Head{}, 0), decision.Input{})
	first, _, _ := strings.Cut(decision.ExplainMarkdown(v), "\n")
	fmt.Println(first)
	// Output: ## prod/r: advance
}

func ExampleExplainJSON() {
	s, _ := decision.Parse([]byte(testSpec), "r.yaml")
	_, v := decision.Decide(s, decision.New(s, decision.Head{}, 0), decision.Input{})
	var a struct{ Verdict, Reason string }
	if err := json.Unmarshal(decision.ExplainJSON(v), &a); err != nil {
		panic(err)
	}
	fmt.Println(a.Verdict, a.Reason)
	// Output: advance started
}

func ExampleState_Speaks() {
	s, _ := decision.Parse([]byte(testSpec), "r.yaml")
	st, _ := decision.Decide(s, decision.New(s, decision.Head{}, 0), decision.Input{})
	fmt.Println(st.Speaks())
	// Output: started
}

func ExampleParseAt() {
	spec := []byte(`apiVersion: verdin/v1alpha1
kind: Rollout
metadata: {name: recsys}
spec:
  arms: {stable: v41, canary: v42}
  assignment: request
  stages: [{weight: 10, bake: 10m, maxDuration: 30m}, {weight: 100, bake: 10m}]
  metrics: [{name: errors, kind: proportion, field: error_type, worse: higher, role: guardrail, margin: {absolute: 0.002}}]
`)
	_, err := decision.ParseAt(spec, "recsys.yaml", decision.Traffic{PerMinute: 1000, Base: map[string]decision.Base{"errors": {Value: 0.01}}})
	fmt.Println(strings.SplitN(err.Error(), " takes ", 2)[0])
	// Output: recsys.yaml:7:49: stage 1 cannot decide within 30m: showing errors safe
}
