package engine_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
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
	for _, name := range thin(scenario.Names()) {
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
	for range thin(make([]int, 12)) {
		cut := rng.IntN(seconds + 60)
		w.swap = restartAt(t, cut)
		if got := w.play(t, rand.New(rand.NewPCG(3, 1)), 64); !bytes.Equal(got, want) {
			t.Errorf("restored after cut %d: another log from byte %d on", cut, common(got, want))
		}
	}
}
