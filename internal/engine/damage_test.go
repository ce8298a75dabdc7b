package engine_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"

	"verdin/decision"
	"verdin/internal/engine"
	"verdin/schemas"
)

// lived is the state of a scene after a number of cuts.
func lived(t testing.TB, name string, rate float64, cuts int64) (*scene, []byte) {
	var state []byte
	s := newSceneAt(t, name, rate)
	s.length = sceneTick * time.Duration(cuts)
	s.play(t, func(engine.Outcome) {
		if s.seq == cuts {
			state = s.core.AppendState(nil)
		}
	})
	return s, state
}

// What does not fit is named.
func TestAStateOfAnotherEngineIsRefused(t *testing.T) {
	shards := func(n int) (out [][]schemas.Log) {
		for i := range n {
			out = append(out, []schemas.Log{{Topic: "p", Partition: int32(i), Kinds: predictions}, {Topic: "o", Partition: int32(i), Kinds: outcomes}})
		}
		return out
	}
	start := func(logs [][]schemas.Log, head decision.Head, at schemas.Time, names ...string) *engine.Engine {
		e := engine.New(logs)
		for _, n := range names {
			if err := e.Start(namesake(t, n), engine.Layout(namesake(t, n)), head, at); err != nil {
				t.Fatal(err)
			}
		}
		e.Cut(engine.CutInput{Upto: schemas.Never})
		return e
	}
	state := start(shards(2), decision.Head{}, 0, "law").AppendState(nil)
	if err := start(shards(2), decision.Head{}, 0, "law").Restore(state); err != nil {
		t.Fatalf("the same engine: %v", err)
	}
	swapped := shards(2)
	swapped[1][0].Topic = "q"
	changed := engine.New(shards(2))
	spec, err := decision.Parse([]byte(strings.Replace(specYAML, "minSamples: 20", "minSamples: 21", 1)), "law.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := changed.Start(spec, engine.Layout(spec), decision.Head{}, 0); err != nil {
		t.Fatal(err)
	}
	for want, e := range map[string]*engine.Engine{
		"the number of shards is 3, it was made with 2":                start(shards(3), decision.Head{}, 0, "law"),
		`the topic of a log is "q", it was made with "p"`:              start(swapped, decision.Head{}, 0, "law"),
		"the number of rollouts is 2, it was made with 1":              start(shards(2), decision.Head{}, 0, "law", "order"),
		`the rollout is "default/order", it was made with "default/la`: start(shards(2), decision.Head{}, 0, "order"),
		"the generation of default/law is 6, it was made with 1":       start(shards(2), decision.Head{Generation: 5}, 0, "law"),
		"the start of default/law is 10000000000, it was made with 0":  start(shards(2), decision.Head{}, at(10), "law"),
		`the spec of default/law is "sha256:`:                          changed,
	} {
		if err := e.Restore(state); !errors.Is(err, engine.ErrState) || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q in: %v", want, err)
		}
	}
	fed := newScene(t, "good")
	fed.tick(sceneStart, sceneStart.Add(sceneTick))
	if err := fed.core.Restore(fed.fresh(t).AppendState(nil)); !errors.Is(err, engine.ErrState) {
		t.Errorf("an engine that was fed: %v", err)
	}
	for name, b := range map[string][]byte{"nothing": nil, "another version": append([]byte{9}, state[1:]...), "a byte more": append(bytes.Clone(state), 0)} {
		if err := start(shards(2), decision.Head{}, 0, "law").Restore(b); !errors.Is(err, engine.ErrState) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A damaged state is refused, or is another state; it never panics, and memory stays
// in proportion to its bytes.
func TestADamagedStateDoesNoHarm(t *testing.T) {
	s, state := lived(t, "good", 12, 60)
	rng := rand.New(rand.NewPCG(1, 1))
	refused := 0
	for range thin(make([]int, 400)) {
		b := bytes.Clone(state)
		switch at := rng.IntN(len(b)); rng.IntN(3) {
		case 0:
			b = b[:at]
		case 1:
			b[at] ^= 1 << rng.IntN(8)
		default:
			for range 1 + rng.IntN(8) {
				b[rng.IntN(len(b))] = byte(rng.Uint64())
			}
		}
		e := s.fresh(t)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := e.Restore(b)
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > 64*uint64(len(state)) {
			t.Errorf("%d bytes were allocated for %d", got, len(b))
		}
		if err != nil {
			if refused++; !errors.Is(err, engine.ErrState) {
				t.Errorf("%v", err)
			}
			continue
		}
		if again := s.fresh(t).Restore(e.AppendState(nil)); again != nil {
			t.Errorf("what was accepted is refused when it is written again: %v", again)
		}
	}
	t.Logf("%d refused; the state has %d bytes", refused, len(state))
}

func FuzzRestore(f *testing.F) {
	b := newBank(f, [][]schemas.Log{{{Topic: "p", Kinds: predictions}, {Topic: "o", Kinds: outcomes}, {Topic: "r", Kinds: resources}}})
	f.Add(b.AppendState(nil))
	b.put(0, 0, asks("a", 1), asks("b", 41), asks("c", 71))
	b.put(0, 1, &schemas.Outcome{PredictionID: "a", Name: "correct", Value: schemas.Num(1), EventTime: at(5).Std()})
	b.put(0, 2, reading(2), reading(100))
	f.Add(b.AppendState(nil))
	b.cut()
	f.Add(b.AppendState(nil))
	f.Fuzz(func(t *testing.T, state []byte) {
		b := newBank(t, [][]schemas.Log{{{Topic: "p", Kinds: predictions}, {Topic: "o", Kinds: outcomes}, {Topic: "r", Kinds: resources}}})
		if b.Restore(state) != nil {
			return
		}
		if err := newBank(t, [][]schemas.Log{{{Topic: "p", Kinds: predictions}, {Topic: "o", Kinds: outcomes}, {Topic: "r", Kinds: resources}}}).Restore(b.AppendState(nil)); err != nil {
			t.Fatalf("what was accepted is refused when it is written again: %v", err)
		}
		b.put(0, 0, asks("d", 200))
		b.cut()
	})
}

// The state of a rollout of the scenarios after 18 minutes of 80 requests a second.
func BenchmarkState(b *testing.B) {
	s, state := lived(b, "good", 80, 75)
	e := s.fresh(b)
	if err := e.Restore(state); err != nil {
		b.Fatal(err)
	}
	b.Run("write", func(b *testing.B) {
		var out []byte
		for b.Loop() {
			out = e.AppendState(out[:0])
		}
		b.ReportMetric(float64(len(out)), "B")
	})
	b.Run("restore", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			e := s.fresh(b)
			b.StartTimer()
			if err := e.Restore(state); err != nil {
				b.Fatal(err)
			}
		}
	})
}
