package engine_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"verdin/decision"
	"verdin/ingest/codec"
	"verdin/internal/engine"
	"verdin/internal/pump"
	"verdin/internal/scenario"
	"verdin/schemas"
)

// scene is a scenario with the mishaps of a real source: shards of different topics,
// a log that falls silent, offsets that are lost, records that come twice or late,
// routers that acknowledge late, a verdict that is never sent, an operator.
type scene struct {
	name    string
	length  time.Duration
	spec    *decision.Spec
	layout  *schemas.Layout
	core    *engine.Engine
	gen     *scenario.Generator
	split   scenario.Split
	logs    [][]*sceneLog
	applied []decision.Applied
	publish []decision.PublishResult
	seq     int64
	unsent  bool   // a verdict has expired unsent
	before  func() // called before every cut, when windows wait to be judged; nil = nothing
}

type sceneLog struct {
	schemas.Log
	decoder *codec.Decoder
	chunk   schemas.Chunk
	offset  int64
	held    []byte // a record that comes late
	heldTS  schemas.Time
}

const (
	sceneLength = 30 * time.Minute
	sceneTick   = 15 * time.Second
)

// sceneSpec is the scenarios' spec with short bakes and a short horizon.
func sceneSpec(t testing.TB, sc scenario.Scenario) *decision.Spec {
	t.Helper()
	text := strings.NewReplacer("bake: 30m, minSamples: 2000", "bake: 3m, minSamples: 20", "bake: 60m, minSamples: 2000", "bake: 3m, minSamples: 20",
		"horizon: 10m", "horizon: 1m", "quantile: 0.99", "quantile: 0.9", "margin: {absolute: 0.01}}", "margin: {absolute: 0.2}, limit: 0.9}", "margin: {relative: 25%}}", "margin: {relative: 300%}, limit: 100}",
		"margin: {absolute: 0.05}}", "margin: {absolute: 0.9}}").Replace(string(sc.Spec))
	if !strings.Contains(text, "assignment: sticky") {
		text = strings.Replace(text, "  drift:\n", "  drift:\n    - {name: habits, of: prediction_score, between: history, method: ks, above: 0.05}\n", 1)
	}
	spec, err := decision.Parse([]byte(text), sc.Name)
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

func newScene(t testing.TB, name string) *scene { return newSceneAt(t, name, 12) }

// newSceneAt is a scene of so many requests a second.
func newSceneAt(t testing.TB, name string, rate float64) *scene {
	t.Helper()
	like := name
	if name == "sticky" {
		like = "features"
	}
	sc, err := scenario.Lookup(like)
	if err != nil {
		t.Fatal(err)
	}
	if name == "sticky" {
		sc.Spec = bytes.ReplaceAll(sc.Spec, []byte("key: prediction_id"), []byte("key: unit_id"))
		sc.Spec = bytes.ReplaceAll(sc.Spec, []byte("assignment: request"), []byte("assignment: sticky\n  segments: [{by: features.country, values: [de, it]}]"))
		sc.Spec = bytes.ReplaceAll(sc.Spec, []byte("  metrics:\n"), []byte("  metrics:\n    - {name: hit, kind: proportion, on: outcome, expr: {equals: [prediction_label, outcome.correct]}, worse: lower, role: observe}\n"))
	}
	sc.RequestsPerSecond = rate
	s := &scene{name: name, length: sceneLength, spec: sceneSpec(t, sc)}
	s.layout = engine.Layout(s.spec)
	s.gen = scenario.New(sc, 1, sceneStart)
	s.split = scenario.Split{CanaryBps: 1000, Generation: 3}
	for _, shard := range [][]schemas.Log{ // the last shard has readings only
		{{Topic: scenario.Predictions, Kinds: predictions}, {Topic: scenario.Outcomes, Kinds: outcomes}},
		{{Topic: scenario.Predictions, Partition: 1, Kinds: predictions}, {Topic: scenario.Outcomes, Partition: 1, Kinds: outcomes}},
		{{Topic: scenario.Resources, Kinds: resources}},
	} {
		var logs []*sceneLog
		for _, l := range shard {
			kind := map[uint8]schemas.Kind{predictions: schemas.KindPrediction, outcomes: schemas.KindOutcome, resources: schemas.KindResource}[l.Kinds]
			logs = append(logs, &sceneLog{Log: l, offset: 100, decoder: codec.New(s.layout, codec.Options{HasDefault: true, DefaultKind: kind})})
		}
		s.logs = append(s.logs, logs)
	}
	s.core = s.fresh(t)
	return s
}

var sceneStart = schemas.Time(1_800_000_000_000_000_000)

// fresh is an engine at the scene's start.
func (s *scene) fresh(t testing.TB) *engine.Engine {
	t.Helper()
	var logs [][]schemas.Log
	for i, shard := range s.logs {
		logs = append(logs, nil)
		for _, l := range shard {
			logs[i] = append(logs[i], l.Log)
		}
	}
	e := engine.New(logs)
	if err := e.Start(s.spec, s.layout, decision.Head{Generation: 2}, sceneStart); err != nil {
		t.Fatal(err)
	}
	return e
}

// play runs the scene to its end; after is called after every cut and may put another
// engine in the place of the scene's.
func (s *scene) play(t testing.TB, after func(o engine.Outcome)) {
	t.Helper()
	s.cut(sceneStart, after)
	for now := sceneStart; now < sceneStart.Add(s.length); {
		to := now.Add(sceneTick)
		s.tick(now, to)
		now = to
		s.cut(now, after)
	}
	for i, shard := range s.logs { // one shard ends, the others stay
		for g := range shard {
			if i == 0 {
				s.core.End(i, g)
			}
		}
	}
	s.cut(sceneStart.Add(s.length), after)
}

func (s *scene) tick(from, to schemas.Time) {
	for _, shard := range s.logs {
		for g, l := range shard {
			l.chunk.Reset(g, s.layout)
		}
	}
	if from == sceneStart {
		s.record(s.logs[0][0], 0, sceneStart, []byte(`{"prediction_id":"early","rollout":"assistant","arm":"stable","event_time":"2027-01-15T07:59:00Z"}`))
	}
	minute := int(from.Sub(sceneStart) / time.Minute)
	s.gen.Tick(from, to, pump.Choose(s.split.CanaryBps), s.split, func(topic string, p int32, _ []byte, ts schemas.Time, value []byte) {
		s.record(s.log(topic, p), minute, ts, value)
	})
	if minute == 20 && s.seq%4 == 1 {
		s.core.Lost(0, 0, s.logs[0][0].offset)
		s.core.Lost(0, 1, s.logs[0][1].offset)
	}
	for i, shard := range s.logs {
		for g, l := range shard {
			for row := 0; row < l.chunk.Len(); {
				row = s.core.Feed(i, &l.chunk, row)
			}
			if minute > 13 && i == 1 && l.chunk.Len() == 0 {
				s.core.Idle(i, g, s.core.Shard(0).Top(0))
			}
		}
	}
}

func (s *scene) log(topic string, p int32) *sceneLog {
	switch topic {
	case scenario.Predictions:
		return s.logs[p][0]
	case scenario.Outcomes:
		return s.logs[p][1]
	}
	return s.logs[2][0]
}

func (s *scene) record(l *sceneLog, minute int, ts schemas.Time, value []byte) {
	silent := l.Partition == 1 && minute >= 12 && minute < 15
	lost := l == s.logs[0][0] && minute == 20 && l.offset%10 == 0
	mute := l.Kinds == predictions && (minute == 17 || minute == 18) && bytes.Contains(value, []byte(`"arm":"stable"`))
	if silent || lost || mute {
		l.offset++
		return
	}
	if l.held != nil && ts > l.heldTS.Add(90*time.Second) {
		l.add(ts, l.held)
		l.held = nil
	}
	if (l.offset%97 == 0 || l.offset%117 == 0) && l.held == nil {
		l.held, l.heldTS = l.vary(value), ts
		return
	}
	l.add(ts, l.vary(value))
	if l.offset%50 == 0 {
		l.add(ts, value)
	}
}

// vary makes some records name what others do not, or something unknown.
func (l *sceneLog) vary(value []byte) []byte {
	with := map[int64]string{}
	if l.Kinds == outcomes {
		with = map[int64]string{4: `"prediction_id":"","unit_id":"u","name":"correct","value":1,"event_time":"2027-01-15T08:00:00Z"}`, 0: `"rollout":"assistant","arm":"canary",`, 1: `"arm":"canary",`, 2: `"rollout":"assistant","arm":"v9",`, 3: `"rollout":"another",`}
	}
	if l.Kinds == predictions {
		with = map[int64]string{3: `"sampledrate":3,`, 8: `"sampledrate":20,`}
	}
	text := with[l.offset%13]
	if strings.HasSuffix(text, "}") {
		return []byte("{" + text)
	}
	return append([]byte("{"+text), value[1:]...)
}

func (l *sceneLog) add(at schemas.Time, value []byte) {
	l.decoder.Append(&l.chunk, codec.Record{Offset: l.offset, Timestamp: at, At: at, Value: value})
	l.offset++
}

// cut judges; routers follow a verdict at once and acknowledge it two cuts later.
func (s *scene) cut(now schemas.Time, after func(engine.Outcome)) {
	s.seq++
	name := s.spec.FullName()
	in := engine.CutInput{
		Cut: decision.Cut{Seq: s.seq, Wall: now.Add(time.Second), Due: now, Foreign: s.name == "aa"}, Upto: schemas.Never,
		Publish: map[string][]decision.PublishResult{name: s.publish},
	}
	s.publish = nil
	for len(s.applied) > 0 && s.applied[0].At <= now {
		in.Applied = map[string][]decision.Applied{name: s.applied[:1]}
		s.applied = s.applied[1:]
	}
	for at, verb := range map[int64]string{30: "pause", 34: "resume", 100: "promote", 118: "abort"} {
		if at == s.seq {
			in.Commands = map[string][]decision.Command{name: {{Verb: verb, Actor: "ada", Reason: "a test", At: now}}}
		}
	}
	if s.before != nil {
		s.before()
	}
	for _, o := range s.core.Cut(in) {
		if v := o.Verdict; v != nil {
			s.split = pump.SplitOf(v)
			s.applied = append(s.applied, decision.Applied{Generation: v.Generation, Sequence: v.Sequence, At: now.Add(2 * sceneTick)})
			result := "acked"
			if !s.unsent && v.Sequence == 2 {
				result, s.unsent, s.applied = "expired", true, s.applied[:len(s.applied)-1]
			}
			s.publish = append(s.publish, decision.PublishResult{Generation: v.Generation, Sequence: v.Sequence, Result: result, At: now})
		}
		after(o)
	}
}
