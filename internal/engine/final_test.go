package engine_test

import (
	"testing"

	"verdin/decision"
	"verdin/ingest/codec"
	"verdin/ingest/window"
	"verdin/internal/engine"
	"verdin/internal/scenario"
	"verdin/schemas"
)

// bank is an engine over several shards that is fed by hand. Its spec is that of the
// scenarios: windows of 30 s, a lateness of 10 s, readings of memory.
type bank struct {
	*engine.Engine
	layout  *schemas.Layout
	decoder *codec.Decoder
	chunk   schemas.Chunk
	offset  int64
}

func newBank(t testing.TB, shards [][]schemas.Log) *bank {
	sc, err := scenario.Lookup("good")
	if err != nil {
		t.Fatal(err)
	}
	spec := sceneSpec(t, sc)
	b := &bank{Engine: engine.New(shards), layout: engine.Layout(spec)}
	b.decoder = codec.New(b.layout, codec.Options{Recording: true})
	if err := b.Start(spec, b.layout, decision.Head{}, 0); err != nil {
		t.Fatal(err)
	}
	b.cut()
	return b
}

func (b *bank) cut() engine.Outcome { return b.Cut(engine.CutInput{Upto: schemas.Never})[0] }

func (b *bank) put(shard, log int, events ...schemas.Event) {
	b.chunk.Reset(log, b.layout)
	for _, ev := range events {
		b.decoder.Append(&b.chunk, codec.Record{Offset: b.offset, Value: ev.AppendLine(nil)})
		b.offset++
	}
	for row := 0; row < b.chunk.Len(); {
		row = b.Feed(shard, &b.chunk, row)
	}
}

func asks(id string, s float64) *schemas.Prediction {
	p := answer(id, "stable", s)
	p.Rollout = scenario.Rollout
	return p
}

func reading(s float64) *schemas.Resource {
	return &schemas.Resource{Rollout: scenario.Rollout, Arm: "stable", Instance: "pod", EventTime: at(s).Std(), MemoryBytes: schemas.Num(1e9)}
}

// A window is judged once, with the rows of every log that has some for it: it waits
// for the readings of a slower topic, and goes on without them when that is idle.
func TestAWindowWaitsForTheReadingsOfIt(t *testing.T) {
	b := newBank(t, [][]schemas.Log{{{Topic: "p", Kinds: predictions}, {Topic: "r", Kinds: resources}, {Topic: "o", Kinds: outcomes}}})
	b.put(0, 0, asks("a", 1), asks("b", 41), asks("c", 71)) // seals two windows
	b.put(0, 1, reading(2))
	if o := b.cut(); o.Windows != 0 {
		t.Errorf("%d windows were judged before their readings were there", o.Windows)
	}
	b.put(0, 1, reading(45)) // seals the first
	if o := b.cut(); o.Windows != 1 {
		t.Errorf("%d windows, want the one that both topics have sealed", o.Windows)
	}
	b.Idle(0, 1, at(71))
	if o := b.cut(); o.Windows != 1 {
		t.Errorf("%d windows, want the next one: a topic that is idle holds nothing up", o.Windows)
	}
	b.put(0, 1, reading(46), reading(500)) // late, and the next
	if o := b.cut(); o.Windows != 0 {
		t.Errorf("%d windows were judged again", o.Windows)
	}
}

// An outcome that names its arm and comes late is told in the label lane: a log of
// outcomes begins no window of the fast lane.
func TestLateOutcomesBeginNoWindowOfTheFastLane(t *testing.T) {
	f := newFeeder(t, predictions, outcomes)
	f.put(0, answer("a", "stable", 1), answer("b", "stable", 60))
	f.put(1, direct("x", "canary", 16, 1)) // seals the first window of its log
	var all []window.Partial
	all = append(all, f.put(1, direct("y", "canary", 2, 1), direct("y", "canary", 2, 1))...)
	all = append(all, f.put(1, direct("z", "canary", 50, 1))...)
	for _, p := range of(window.Fast, all) {
		if p.Late != [2]uint64{} {
			t.Errorf("in the fast lane: %s", show(all))
		}
	}
	var late [2]uint64
	for _, p := range of(window.Label, all) {
		late[1] += p.Late[1]
	}
	if late[1] != 1 {
		t.Errorf("late %v in %s", late, show(all))
	}
}

// A shard that has neither predictions nor outcomes holds no label up.
func TestAShardOfReadingsHoldsNoLabelUp(t *testing.T) {
	b := newBank(t, [][]schemas.Log{
		{{Topic: "p", Kinds: predictions}, {Topic: "o", Kinds: outcomes}},
		{{Topic: "r", Kinds: resources}}})
	label := &schemas.Outcome{PredictionID: "a", Name: "correct", Value: schemas.Num(1), EventTime: at(5).Std()}
	b.put(0, 0, asks("a", 1), asks("b", 400))
	b.put(0, 1, label)
	b.End(0, 1)
	for _, e := range b.cut().Evidence {
		if e.Metric == "accuracy" && e.Test == "harm" && e.Skipped.EmptyArm == 0 {
			t.Errorf("the label lane is closed: %+v", e)
		}
	}
}
