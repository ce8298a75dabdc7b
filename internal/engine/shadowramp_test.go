package engine_test

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"verdin/decision"
	"verdin/ingest/window"
	"verdin/internal/engine"
	"verdin/schemas"
	"verdin/stats"
)

// ramped is a shadow that goes on with a ramp: a first stage of copies, then traffic.
// What the canary does may depend on the stage.
func ramped(harm func(r *request, canary *schemas.Prediction)) story {
	s := shadowed(func(r *request, canary *schemas.Prediction) bool {
		if harm != nil {
			harm(r, canary)
		}
		return true
	})
	s.spec = with("  holdBack: 30%\n"+strings.Replace(shadowMetrics, "cap: 0.3, ", "", 1), "    - {weight: 20, bake: 3m, minSamples: 100}\n    - {weight: 50", "    - {weight: 0, bake: 3m, minSamples: 100}\n    - {weight: 50")
	s.length = 30 * time.Minute
	both := s.answer
	s.answer = func(r *request) []schemas.Event {
		arm := r.p.Arm
		events := both(r)
		if r.mirror {
			return events
		}
		var own []schemas.Event
		for _, ev := range events { // users have asked one arm
			switch ev := ev.(type) {
			case *schemas.Prediction:
				if ev.Arm != arm {
					continue
				}
			case *schemas.Outcome:
				if ev.Arm != "" && ev.Arm != arm {
					continue
				}
			}
			own = append(own, ev)
		}
		return own
	}
	return s
}

// One rollout looks at copies first, then at traffic: each stage compares what it has.
func TestAShadowMayBeTheFirstStageOfARamp(t *testing.T) {
	var weights []int
	s := ramped(nil)
	s.each = func(o engine.Outcome) {
		if v := o.Verdict; v != nil && v.Verdict != schemas.VerdictHold {
			weights = append(weights, v.WeightOf(schemas.ArmCanary))
		}
	}
	end := s.run(t, 1)
	if end.phase != schemas.PhaseCompleted || len(weights) != 4 || weights[0] != 0 || weights[1] != 5000 || weights[3] != 10000 {
		t.Fatalf("%s, %s after %v, weights %v", end.phase, end.reason, end.at, weights)
	}
	for _, name := range []string{"errors/paired_safe", "errors/safe", "quality/paired_safe", "quality/safe", "accuracy/paired", "accuracy/harm"} {
		if e := end.find(t, name, ""); e.Blocks == 0 || strings.HasSuffix(name, "safe") && e.Result != stats.Safe {
			t.Errorf("%+v", e)
		}
	}
	for i, e := range end.evidence {
		for _, o := range end.evidence[:i] {
			if e.Name == o.Name {
				t.Errorf("two checks are called %s", e.Name)
			}
		}
	}
}

// Harm that copies show ends it before a user has seen the canary; harm that comes with
// traffic is found by the comparison of arms.
func TestARampAfterAShadowFindsHarmInEither(t *testing.T) {
	crash := func(r *request, canary *schemas.Prediction) {
		if r.one(0.15) {
			canary.ErrorType = "crash"
		}
	}
	for _, c := range []struct {
		name, evidence string
		stage          int
		harm           func(r *request, canary *schemas.Prediction)
	}{
		{"copies", "errors/paired", 0, crash},
		{"traffic", "errors/harm", 1, func(r *request, canary *schemas.Prediction) {
			if !r.mirror {
				crash(r, canary)
			}
		}},
	} {
		stage := -1
		s := ramped(c.harm)
		s.each = func(o engine.Outcome) { stage = o.State.Stage }
		end := s.run(t, 2)
		if e := end.find(t, c.evidence, ""); end.phase != schemas.PhaseRolledBack || end.reason != "harm" || stage != c.stage || e.Result != stats.Harm {
			t.Errorf("%s: %s, %s in stage %d after %v: %+v", c.name, end.phase, end.reason, stage, end.at, e)
		}
	}
}

// mirroredSpec is the spec of the laws as a shadow.
func mirroredSpec(t testing.TB) *decision.Spec {
	t.Helper()
	text := strings.NewReplacer("strategy: canary", "strategy: shadow", "    - {weight: 10, bake: 1m, minSamples: 20}\n    - {weight: 50, bake: 1m, minSamples: 20}\n    - {weight: 100, bake: 1m}\n", "    - {weight: 0, bake: 1m, minSamples: 20}\n",
		"role: guardrail, margin: {relative: 50%}", "role: observe", "role: signal, margin: {relative: 20%}", "role: guardrail, margin: {absolute: 60}",
		"role: signal, margin: {relative: 90%}", "role: observe",
		"    - {name: answers, kind: rate, on: outcome, field: correct, worse: lower, role: signal, margin: {relative: 50%}}\n", "", "within: 2, worse: higher, role: signal, margin: {absolute: 0.3}", "within: 2, worse: higher, role: observe").Replace(specYAML)
	spec, err := decision.Parse([]byte(text), "mirrored.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

// mirroredWorld is the world of the laws with an answer of the canary to every request
// of stable, up to 15 s before it or after; one in fifty is missing.
func mirroredWorld(t testing.TB, seed uint64) *world {
	w := newWorld(t, seed)
	w.spec = mirroredSpec(t)
	rng := rand.New(rand.NewPCG(seed, 99))
	for _, logs := range w.logs {
		var all []record
		for _, r := range logs[0] {
			r.value = bytes.Replace(r.value, []byte(`"arm":"canary"`), []byte(`"arm":"stable"`), 1)
			all = append(all, r)
			if rng.IntN(50) == 0 {
				continue
			}
			copied := record{r.ts.Add(time.Duration(rng.Int64N(int64(30*time.Second))) - 15*time.Second), nil}
			copied.value = bytes.Replace(r.value, []byte(`"arm":"stable"`), []byte(`"arm":"canary"`), 1)
			copied.value = bytes.Replace(copied.value, []byte(r.ts.String()), []byte(copied.ts.String()), 1)
			all = append(all, copied)
		}
		logs[0] = byArrival(all)
	}
	return w
}

// However chunks of the logs interleave between two cuts, and wherever the engine is
// restarted, pairs are the same, byte for byte.
func TestPairsDoNotDependOnTheOrder(t *testing.T) {
	w := mirroredWorld(t, 5)
	var last engine.Outcome
	w.playEach(t, rand.New(rand.NewPCG(1, 1)), 64, func(o engine.Outcome) { last = o })
	if n := last.Health.Pairs; n[0] < 2000 || n[1] == 0 {
		t.Fatalf("%v pairs: the law is about nothing", n)
	}
	want := w.play(t, rand.New(rand.NewPCG(1, 1)), 64)
	for _, seed := range thin([]uint64{0, 1, 2, 3}) {
		if got := w.play(t, rand.New(rand.NewPCG(seed, 2)), 1+int(seed)*50); !bytes.Equal(got, want) {
			t.Errorf("order %d: another log from byte %d on", seed, common(got, want))
		}
	}
	w.swap = func(seq int, e, fresh *engine.Engine) *engine.Engine {
		if seq%23 != 5 {
			return e
		}
		return again(t, e, fresh, true)
	}
	if got := w.play(t, rand.New(rand.NewPCG(1, 1)), 64); !bytes.Equal(got, want) {
		t.Errorf("restored: another log from byte %d on", common(got, want))
	}
}

// A pair is judged when no answer can come any more, and not before: also where the log
// holds predictions alone. Which arm answers first, and in which window, changes nothing.
func TestAPairWaitsForTheHorizon(t *testing.T) {
	f := newFeederOf(mirroredSpec(t), predictions) // windows of 10 s, lateness 5 s, horizon 20 s
	var all []window.Partial
	all = append(all, f.put(0, answer("late", "stable", 1), answer("early", "canary", 2), answer("lost", "stable", 3))...)
	all = append(all, f.put(0, answer("early", "stable", 17), answer("late", "canary", 20.5), answer("x", "stable", 30))...)
	if got := of(window.Label, all); len(got) > 0 && len(got[0].Cells) > 0 {
		t.Fatalf("judged before the horizon: %s", show(got))
	}
	all = append(all, f.put(0, answer("lost", "canary", 34.9), answer("y", "stable", 60))...)
	answered := func(p *window.Partial) (n, ones uint64) {
		for _, c := range p.Cells {
			if c.Segment == 0 {
				s := &c.Arms[0].Metrics[len(c.Arms[0].Metrics)-1]
				n, ones = n+s.N, ones+s.Ones
			}
		}
		return n, ones
	}
	want := map[schemas.Time][2]uint64{at(10): {2, 1}, at(20): {1, 1}, at(40): {1, 0}}
	for _, p := range of(window.Label, all) {
		if n, ones := answered(&p); want[p.End] != [2]uint64{n, ones} {
			t.Errorf("the window to %v has %d requests, %d with both answers; want %v", p.End, n, ones, want[p.End])
		} else {
			delete(want, p.End)
		}
	}
	if _, left := want[at(10)]; left {
		t.Errorf("windows %v were not judged", want)
	}
}
