package decision

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"verdin/schemas"
	"verdin/stats"
)

// The table is the whole of the transitions: every phase in which something can happen
// has its rules, every rule is reached, gives only what its row says, and no rule but
// passed and begins gives the canary more.
func TestTheTableOfTransitionsHolds(t *testing.T) {
	data := []byte(`apiVersion: verdin/v1alpha1
kind: Rollout
metadata: {name: r}
spec:
  arms: {stable: a, canary: b}
  assignment: request
  stages: [{weight: 10, bake: 10m, gate: manual, maxDuration: 2h}, {weight: 100, bake: 10m}]
  metrics:
    - {name: m, kind: proportion, field: error_type, worse: higher, role: guardrail, margin: {absolute: 1%}}
    - {name: s, kind: mean, field: metrics.x, worse: higher, role: signal, margin: {relative: 10%}}
`)
	spec, err := Parse(data, "r.yaml")
	if err != nil {
		t.Fatal(err)
	}
	reached := map[string]int{}
	for seed := range uint64(250) {
		rng := rand.New(rand.NewPCG(seed, 9))
		st := New(spec, Head{}, 0)
		at := schemas.Time(0)
		for range 30 {
			at = at.Add(time.Duration(rng.IntN(900)) * time.Second)
			in := anyInput(rng, at)
			before := st.Apply(in.Applied).ordered(spec, &in)
			before.listen(&in.Health)
			rule, s := first(spec, &before, &in)
			weight := 0
			if st.Stage >= 0 {
				weight = routes(spec, &st)[0].WeightBps
			}
			var v *schemas.Verdict
			st, v = Decide(spec, st, in)
			if rule == nil {
				if v != nil {
					t.Fatalf("seed %d: %s without a rule", seed, v.Reason.Code)
				}
				continue
			}
			reached[rule.name]++
			switch {
			case s.verdict != "" && !slices.Contains(rule.gives, s.verdict):
				t.Fatalf("seed %d: %q gives %s", seed, rule.name, s.verdict)
			case v != nil && v.Verdict != s.verdict:
				t.Fatalf("seed %d: %q decides %s, and %s is said", seed, rule.name, s.verdict, v.Verdict)
			case v != nil && v.Routes[0].WeightBps > weight && s.does != goes && s.does != starts:
				t.Fatalf("seed %d: %q gives the canary more", seed, rule.name)
			}
		}
	}
	for i, r := range rules {
		if reached[r.name] == 0 {
			t.Errorf("rule %q was never reached", r.name)
		}
		for _, p := range r.in {
			if !slices.Contains(open, p) {
				t.Errorf("rule %q is asked in phase %s, in which nothing is asked", r.name, p)
			}
		}
		if slices.ContainsFunc(rules[:i], func(o rule) bool { return o.name == r.name }) {
			t.Errorf("two rules %q", r.name)
		}
	}
}

// anyInput is a look at which anything may be the case.
func anyInput(rng *rand.Rand, at schemas.Time) Input {
	maybe := func(n int) bool { return rng.IntN(n) == 0 }
	in := Input{Cut: Cut{Wall: at, Due: at}, Applied: []Applied{{Generation: 1, Sequence: uint64(rng.IntN(12)), At: at}}}
	in.Health = HealthData{Mark: at.Add(-40 * time.Second), LastData: at.Add(-40 * time.Second)}
	in.Health.LastArm = [2]schemas.Time{in.Health.LastData, in.Health.LastData}
	in.Stage = StageData{Bake: time.Duration(rng.IntN(20)) * time.Minute, Samples: [2]int64{1000, 1000}}
	for _, test := range []string{"harm", "safe", "safe_stage"} {
		e := stats.Evidence{Name: "m/" + test, Metric: "m", Test: test, Role: Guardrail, Threshold: 5, Result: stats.Unknown}
		if test != "harm" && !maybe(4) || maybe(60) {
			e.LogE, e.LogEMax, e.Result = 9, 9, map[bool]stats.Tri{true: stats.Harm, false: stats.Safe}[test == "harm"]
		}
		in.Evidence = append(in.Evidence, e)
	}
	if maybe(8) {
		in.Evidence = append(in.Evidence, stats.Evidence{Name: "s/harm", Metric: "s", Test: "harm", Role: Signal, LogE: 9, LogEMax: 9, Threshold: 5, Result: stats.Harm})
	}
	for _, c := range []struct {
		often int
		spoil func()
	}{
		{20, func() { in.Health.Mark = at.Add(-time.Hour) }},
		{20, func() { in.Health.LastData = 0 }},
		{30, func() { in.Faults.Internal = "x" }},
		{30, func() { in.Health.Late, in.Health.Seen = [2]int64{500, 0}, [2]int64{1000, 1000} }},
		{3, func() { in.Applied = nil }},
		{3, func() { in.Commands = append(in.Commands, Command{Verb: "promote", Actor: "a"}) }},
		{12, func() { in.Commands = append(in.Commands, Command{Verb: "pause", Actor: "a"}) }},
		{6, func() { in.Commands = append(in.Commands, Command{Verb: "resume", Actor: "a"}) }},
		{60, func() { in.Commands = append(in.Commands, Command{Verb: "kill", Actor: "a"}) }},
		{60, func() { in.Commands = append(in.Commands, Command{Verb: Supersede, Actor: "engine"}) }},
	} {
		if maybe(c.often) {
			c.spoil()
		}
	}
	return in
}
