package engine_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"verdin/internal/engine"
	"verdin/internal/scenario"
)

// all is everything that an outcome says, as bytes.
func all(t testing.TB, o engine.Outcome) []byte {
	t.Helper()
	b, err := json.Marshal(struct {
		Rollout  string
		Effects  any
		State    []byte
		Windows  int
		Revision bool
	}{o.Rollout, o.Evidence, o.State.AppendBinary(nil), o.Windows, o.Plan != nil})
	if err != nil {
		t.Fatal(err)
	}
	if o.Verdict != nil {
		b = o.Verdict.AppendJSON(append(b, '\n'))
	}
	return b
}

// again restores an engine's state into a fresh one, which must have the same state and,
// where it is looked at, the same fields.
func again(t testing.TB, e, fresh *engine.Engine, fields bool) *engine.Engine {
	t.Helper()
	state := e.AppendState(nil)
	if err := fresh.Restore(state); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(fresh.AppendState(nil), state) {
		t.Fatal("the restored engine has another state")
	}
	if !fields {
		return fresh
	}
	w := newWalker()
	if w.compare(reflect.ValueOf(e), reflect.ValueOf(fresh), "engine.Engine"); w.first != "" {
		t.Fatalf("the restored engine differs: %s; in all: %v", w.first, slices.Sorted(maps.Keys(w.touched)))
	}
	return fresh
}

// P3 in the core: an engine that is stopped and restored after every cut, and now and then
// before one, says the same, byte for byte, as one that runs through; whatever the scenario
// and the mishap.
func TestRestoredAtEveryCutNothingChanges(t *testing.T) {
	for _, name := range scenario.Names() {
		t.Run(name, func(t *testing.T) {
			var want [][]byte
			newScene(t, name).play(t, func(o engine.Outcome) { want = append(want, all(t, o)) })
			s := newScene(t, name)
			var n, verdicts int
			s.before = func() {
				if n%5 == 2 {
					s.core = again(t, s.core, s.fresh(t), n%20 == 7)
				}
			}
			s.play(t, func(o engine.Outcome) {
				if got := all(t, o); !bytes.Equal(got, want[n]) {
					t.Fatalf("cut %d: restored\n%s\nundisturbed\n%s", n, got, want[n])
				}
				n++
				if o.Verdict != nil {
					verdicts++
				}
				s.core = again(t, s.core, s.fresh(t), n%20 == 0)
			})
			if n != len(want) || verdicts < 2 {
				t.Errorf("%d cuts of %d, %d verdicts", n, len(want), verdicts)
			}
		})
	}
}

// restartAt puts the engine away and restores it after one cut.
func restartAt(t *testing.T, cut int) func(seq int, e, fresh *engine.Engine) *engine.Engine {
	return func(seq int, e, fresh *engine.Engine) *engine.Engine {
		if seq != cut {
			return e
		}
		return again(t, e, fresh, true)
	}
}

// The same with single restarts at cuts drawn at random, in the world of the laws.
func TestRestoredAtAnyCutNothingChanges(t *testing.T) {
	w := newWorld(t, 3)
	want := w.play(t, rand.New(rand.NewPCG(3, 1)), 64)
	rng := rand.New(rand.NewPCG(4, 4))
	for range 12 {
		cut := rng.IntN(seconds + 60)
		w.swap = restartAt(t, cut)
		if got := w.play(t, rand.New(rand.NewPCG(3, 1)), 64); !bytes.Equal(got, want) {
			t.Errorf("restored after cut %d: another log from byte %d on", cut, common(got, want))
		}
	}
}

// fixed are the fields that stay as they were made, by type.
var fixed = []string{
	"engine.Engine.logs", "engine.Engine.rollouts", "engine.Engine.shards",
	"engine.Judge.origins", "engine.Judge.tests", "engine.Judge.heard",
	"engine.Shard.base", "engine.Shard.index", "engine.Shard.logs", "engine.Shard.views",
	"engine.Shard.out", "engine.rollout.pending", // empty after a cut
	"engine.driftCheck.features", "engine.driftCheck.limit", "engine.driftCheck.segment", "engine.driftCheck.within", "engine.watched.slot", "engine.driftCheck.stages", "engine.watched.at", "engine.watched.field",
	"engine.historyCheck.fields", "engine.historyCheck.length", "engine.historyCheck.limit", "engine.ownPast.first", // of an arm that moves: TestTheRememberedPastIsBounded
	"engine.driftCheck.subs", "engine.driftCheck.sticky", "engine.driftCheck.same", "engine.coverage.need", "engine.thresholds.cap", "engine.capCheck.safe", "engine.held.need", "engine.held.stage", "engine.held.first", "engine.held.blocks", "engine.held.since", "engine.held.bake", // after promotion, which no scene reaches: see TestEveryTestKeepsItsState

	"engine.sticky.safe", "engine.sticky.capSafe", "engine.sampleRatio.sticky", "engine.exposed.level", // of more units than a scene has
	"engine.hasher.a", "engine.hasher.b", "engine.learner.features", "engine.learner.samples", "engine.learner.want", "engine.wanted.groups", "engine.wanted.fine", "engine.watched.world", // of a spec with a baseline: TestEveryTestKeepsItsState

	"engine.mean.safe", "engine.proportion.safe", "engine.quantile.safe", "engine.sampleRatio.limit",
	"engine.metricTest.at", "engine.metricTest.segment", "engine.metricTest.within", "engine.metricTest.lane", "engine.metricTest.margins", "engine.metricTest.use",
	"engine.origin.counts", "engine.rollout.name", "engine.thresholds.harm", "engine.thresholds.limit", "engine.thresholds.safe",
	"engine.rates.sticky", "engine.view.base", "engine.view.asks", "engine.view.pairs", "engine.metricTest.pairs", "engine.pairs.safe", "engine.pairedCap.safe", "engine.rate.safe", "engine.quotient.safe", "engine.view.labels", "engine.view.logs", "engine.view.planHash", "engine.view.pools", "engine.view.shard",
	"join.Joiner.units", "join.Joiner.horizon", "join.Joiner.length", "join.Joiner.skew",
	"decision.HealthData.Since",
}

// The comparison of fields is about something: in some scenario each of them is other
// than at the start, but for those that are fixed from the start. A new field of the
// engine must be exercised by the scenes, or stand in the list.
func TestEveryFieldOfTheStateIsExercised(t *testing.T) {
	seen, touched := map[string]bool{}, map[string]bool{}
	for _, name := range append(scenario.Names(), "sticky") {
		s, n := newScene(t, name), 0
		s.play(t, func(engine.Outcome) {
			if n++; n%7 > 0 && n < 120 {
				return
			}
			w := newWalker()
			w.compare(reflect.ValueOf(s.fresh(t)), reflect.ValueOf(s.core), "engine.Engine")
			maps.Copy(seen, w.all)
			maps.Copy(touched, w.touched)
		})
	}
	for f := range seen {
		own := strings.HasPrefix(f, "engine.") || strings.HasPrefix(f, "join.") || strings.HasPrefix(f, "decision.HealthData.") || strings.HasPrefix(f, "decision.StageData.")
		if own && !touched[f] && !slices.Contains(fixed, f) {
			t.Errorf("%s is never other than at the start: have a scene change it, or say that it is fixed", f)
		}
	}
}
