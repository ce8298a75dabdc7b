package bench_test

import (
	"bytes"
	"context"
	"fmt"

	"verdin/internal/bench"
	"verdin/stats/sequential"
)

// A harmless canary through two stages of a ramp while errors swing with the day, and
// two rules that look at every window.
func ExamplePlay() {
	world := bench.Ramp{PerWindow: 3000, Windows: 120, Shares: []float64{0.1, 0.5}, Rate: bench.Daily(0.1, 0.5)}
	rules := []bench.Rule[bench.Counts]{
		bench.HarmShown(sequential.Null{}, sequential.Options{Stages: 2}, 0.05),
		bench.ZEachLook(0.05),
	}
	tallies, err := bench.Play(context.Background(), bench.Plan{Seed: 1, Runs: 40}, world.Play, rules)
	for _, t := range tallies {
		fmt.Println(t.Rule, t.Share(bench.Harm) > 0.25, err)
	}
	// Output:
	// Verdin false <nil>
	// z-test, each look true <nil>
}

// One rollout of a table, verdict by verdict: half of the canary's requests fail.
func ExampleTrace() {
	var out bytes.Buffer
	err := bench.Trace(&out, 1, "broken", 17)
	first, _, _ := bytes.Cut(out.Bytes(), []byte("\n"))
	fmt.Println(string(first), bytes.Contains(out.Bytes(), []byte("Verdin: rolled_back")), err)
	// Output:
	// generation 1, window 0: advance, running at 10 %: started: the rollout starts: 10 % of the traffic goes to v2 true <nil>
}
