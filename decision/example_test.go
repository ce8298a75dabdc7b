package decision_test

import (
	"flag"
	"fmt"
	"strings"

	"verdin/decision"
	"verdin/schemas"
)

var update = flag.Bool("update", false, "rewrite golden files")

func ExampleParse() {
	_, err := decision.Parse([]byte("apiVersion: verdin/v1alpha1\nkind: Rollout\nmetadata: {name: r}\nspecs: {}\n"), "r.yaml")
	fmt.Println(err)
	// Output:
	// r.yaml:4:1: unknown field "specs": did you mean "spec"?
	//   4 | specs: {}
	//     | ^
}

func ExampleDecide() {
	s, err := decision.Parse([]byte(testSpec), "r.yaml")
	if err != nil {
		panic(err)
	}
	st := decision.New(s, decision.Head{}, 0)
	st, v := decision.Decide(s, st, decision.Input{Cut: decision.Cut{Wall: 0, Due: 0}})
	fmt.Println(v.Verdict, v.WeightOf(schemas.ArmCanary), v.Reason.Code, st.Phase)
	// Output: advance 1000 started running
}

func ExampleExplain() {
	s, _ := decision.Parse([]byte(testSpec), "r.yaml")
	_, v := decision.Decide(s, decision.New(s, decision.Head{}, 0), decision.Input{})
	text, _, _ := strings.Cut(decision.Explain(v), "Valid until") // and on what it rests
	fmt.Print(text)
	// Output:
	// prod/r, generation 1, verdict 1: ADVANCE
	// Why: the rollout starts: 10 % of the traffic goes to v2 (started: the first stage begins).
	// Traffic now: canary 10 %, stable 90 %. What to do: nothing.
	// Decided by auto at 1970-01-01T00:00:00Z in stage 1 of weight 10 %, entered 1970-01-01T00:00:00Z, phase running; bake 10m, samples 100 per arm.
	// What would have changed it: nothing that events say: it is the first verdict.
}

func ExampleSpec_Budget() {
	s, _ := decision.Parse([]byte(testSpec), "r.yaml")
	b := s.Budget(1)
	fmt.Printf("%.2f %.2f\n", b.Threshold("errors", "harm"), b.Threshold("errors", "safe"))
	// Output: 5.39 3.49
}
