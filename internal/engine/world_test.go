package engine_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"verdin/decision"
	"verdin/ingest/codec"
	"verdin/internal/engine"
	"verdin/schemas"
)

const specYAML = `apiVersion: verdin/v1alpha1
kind: Rollout
metadata: {name: law}
spec:
  strategy: canary
  arms: {stable: v1, canary: v2}
  assignment: request
  source:
    kafka: {predictions: p, outcomes: o}
    join: {key: prediction_id, horizon: 20s}
    time: {window: 10s, lateness: 5s}
  stages:
    - {weight: 10, bake: 1m, minSamples: 20}
    - {weight: 50, bake: 1m, minSamples: 20}
    - {weight: 100, bake: 1m}
  metrics:
    - {name: errors, kind: proportion, on: prediction, field: error_type, worse: higher, role: guardrail, margin: {absolute: 0.2}}
    - {name: latency, kind: quantile, quantile: 0.9, on: prediction, field: latency_seconds, worse: higher, role: guardrail, margin: {relative: 50%}}
    - {name: accuracy, kind: proportion, on: outcome, field: correct, missing: exclude, mode: gate, worse: lower, role: guardrail, margin: {absolute: 0.3}}
    - {name: tokens, kind: mean, on: prediction, field: metrics.tokens, cap: 100, worse: higher, role: signal, margin: {relative: 20%}}
    - {name: slow, kind: slo, field: latency_seconds, within: 2, worse: higher, role: signal, margin: {absolute: 0.3}}
    - {name: quotient, kind: ratio, field: metrics.tokens, per: latency_seconds, worse: higher, role: signal, margin: {relative: 90%}}
    - {name: answers, kind: rate, on: outcome, field: correct, worse: lower, role: signal, margin: {relative: 50%}}
    - {name: apart, kind: mean, on: outcome, expr: {difference: [prediction_score, outcome.correct]}, missing: exclude, range: [-2, 2], worse: higher, role: observe}
  segments: [{by: features.country, values: [de, fr], role: signal}]
  drift:
    - {name: age, of: features.age, between: arms, method: psi, above: 0.1, segments: true, role: signal}
    - {name: scores, of: prediction_score, between: arms, method: ks, above: 0.15, role: observe}
    - {name: country, of: [{field: features.country, categories: [de, fr]}], between: arms, method: psi, above: 0.1, role: observe}
`

// world is the content of a source's logs: shards, each with a log of predictions
// and one of outcomes.
type world struct {
	spec *decision.Spec
	logs [][][]record
	swap func(seq int, e, fresh *engine.Engine) *engine.Engine // after every cut; nil = the engine stays
}

type record struct {
	ts    schemas.Time
	value []byte
}

const (
	shards  = 3
	seconds = 300
)

// newWorld draws traffic that is out of order by up to 4 s, late by more now and
// then, and labelled after 1 to 25 s; shard 2 is silent from 100 s to 200 s.
func newWorld(t testing.TB, seed uint64) *world {
	spec, err := decision.Parse([]byte(specYAML), "law.yaml")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{spec: spec}
	for s := range uint64(shards) {
		rng := rand.New(rand.NewPCG(seed, s))
		var predictions, outcomes []record
		for i := range seconds * 12 {
			now := float64(i) / 12
			if s == 2 && now > 100 && now < 200 {
				continue
			}
			back := rng.Float64() * 4
			if rng.IntN(100) == 0 {
				back += 30
			}
			predictions, outcomes = draw(rng, fmt.Sprintf("%d-%d", s, i), now-back, predictions, outcomes)
		}
		w.logs = append(w.logs, [][]record{predictions, byArrival(outcomes)})
	}
	return w
}

func at(s float64) schemas.Time { return schemas.Time(s*1000) * 1e6 }

func draw(rng *rand.Rand, id string, now float64, predictions, outcomes []record) ([]record, []record) {
	p := schemas.Prediction{PredictionID: id, Rollout: "law", Arm: "stable", EventTime: at(now).Std(),
		LatencySeconds: schemas.Num(rng.ExpFloat64()), PredictionScore: schemas.Num(rng.Float64()),
		Features: schemas.Members{{Name: "age", Value: schemas.Num(float64(rng.IntN(60)))}, {Name: "country", Value: schemas.Str([]string{"de", "fr", "it"}[rng.IntN(3)])}},
		Metrics:  schemas.Members{{Name: "tokens", Value: schemas.Num(rng.Float64() * 120)}}}
	if rng.IntN(4) == 0 {
		p.Arm = "canary"
	}
	if rng.IntN(20) == 0 {
		p.ErrorType = "timeout"
	}
	predictions = append(predictions, record{at(now), p.AppendJSON(nil)})
	if rng.IntN(10) > 0 {
		label := now + 1 + rng.Float64()*24
		o := schemas.Outcome{PredictionID: id, Name: "correct", Value: schemas.Num(float64(rng.IntN(2))), EventTime: at(label).Std()}
		outcomes = append(outcomes, record{at(label), o.AppendJSON(nil)})
	}
	return predictions, outcomes
}

// byArrival is the order in which a topic would hold the outcomes: roughly by time.
func byArrival(rs []record) []record {
	rng := rand.New(rand.NewPCG(9, 9))
	keys := make([]float64, len(rs))
	for i := range rs {
		keys[i] = float64(rs[i].ts)/1e9 + rng.Float64()*3
	}
	out := make([]record, len(rs))
	for i, k := range order(keys) {
		out[i] = rs[k]
	}
	return out
}

// cutAt is one entry of a journal: how far each log was read, the wall time, and
// which logs were declared idle, up to where.
type cutAt struct {
	offsets [shards][2]int
	wall    schemas.Time
	idle    map[[2]int]schemas.Time
}

// journal cuts every second of the traffic; logs that have nothing newer are
// declared idle for half a minute of silence.
func (w *world) journal() []cutAt {
	var cuts []cutAt
	for s := 0.0; s <= seconds+60; s++ {
		c := cutAt{wall: at(s), idle: map[[2]int]schemas.Time{}}
		for i := range w.logs {
			for g := range w.logs[i] {
				c.offsets[i][g] = w.read(i, g, at(s))
			}
		}
		if s > 130 && s < 200 {
			c.idle[[2]int{2, 0}], c.idle[[2]int{2, 1}] = at(s-10), at(s-10)
		}
		if s > seconds+30 {
			for i := range shards {
				c.idle[[2]int{i, 0}], c.idle[[2]int{i, 1}] = at(s), at(s)
			}
		}
		cuts = append(cuts, c)
	}
	return cuts
}

// read is how many records of a log have arrived by now: those before the first
// that is younger.
func (w *world) read(shard, log int, now schemas.Time) int {
	for i, r := range w.logs[shard][log] {
		if r.ts > now {
			return i
		}
	}
	return len(w.logs[shard][log])
}

// play runs the journal, delivering the rows between two cuts in an order and in
// chunks drawn from rng, and returns everything that was decided and computed.
func (w *world) play(t testing.TB, rng *rand.Rand, chunkRows int) []byte {
	var log bytes.Buffer
	w.playEach(t, rng, chunkRows, func(o engine.Outcome) {
		if o.Verdict != nil {
			log.Write(o.Verdict.AppendJSON(nil))
			log.WriteByte('\n')
		}
		if o.Windows > 0 {
			json.NewEncoder(&log).Encode(o.Evidence)
		}
	})
	return log.Bytes()
}

func (w *world) playEach(t testing.TB, rng *rand.Rand, chunkRows int, each func(engine.Outcome)) {
	layout := engine.Layout(w.spec)
	var logs [][]schemas.Log
	var decoders [shards][2]*codec.Decoder
	for s := range shards {
		logs = append(logs, []schemas.Log{
			{Topic: "p", Partition: int32(s), Kinds: 1 << schemas.KindPrediction},
			{Topic: "o", Partition: int32(s), Kinds: 1 << schemas.KindOutcome}})
		decoders[s][0] = codec.New(layout, codec.Options{HasDefault: true, DefaultKind: schemas.KindPrediction})
		decoders[s][1] = codec.New(layout, codec.Options{HasDefault: true, DefaultKind: schemas.KindOutcome})
	}
	fresh := func() *engine.Engine {
		e := engine.New(logs)
		if err := e.Start(w.spec, layout, decision.Head{}, 0); err != nil {
			t.Fatal(err)
		}
		return e
	}
	e := fresh()
	var read [shards][2]int
	var applied []decision.Applied
	var chunk schemas.Chunk
	for seq, cut := range w.journal() {
		for {
			s, g, ok := pick(rng, read, cut.offsets)
			if !ok {
				break
			}
			n := min(chunkRows, cut.offsets[s][g]-read[s][g])
			chunk.Reset(g, layout)
			for _, r := range w.logs[s][g][read[s][g] : read[s][g]+n] {
				decoders[s][g].Append(&chunk, codec.Record{Offset: int64(read[s][g]), At: cut.wall, Value: r.value})
				read[s][g]++
			}
			for row := 0; row < chunk.Len(); {
				row = e.Feed(s, &chunk, row)
			}
		}
		for s := range shards {
			for g := range 2 {
				if to, ok := cut.idle[[2]int{s, g}]; ok {
					e.Idle(s, g, to)
				}
			}
		}
		out := e.Cut(engine.CutInput{Cut: decision.Cut{Seq: int64(seq), Wall: cut.wall, Due: cut.wall}, Upto: schemas.Never,
			Applied: map[string][]decision.Applied{"default/law": applied}})
		applied = nil
		for _, o := range out {
			if v := o.Verdict; v != nil {
				applied = append(applied, decision.Applied{Generation: v.Generation, Sequence: v.Sequence, At: cut.wall.Add(3 * time.Second)})
			}
			each(o)
		}
		if w.swap != nil {
			e = w.swap(seq, e, fresh())
		}
	}
}

// pick draws a log that has rows left before the cut.
func pick(rng *rand.Rand, read, want [shards][2]int) (s, g int, ok bool) {
	from := rng.IntN(2 * shards)
	for k := range 2 * shards {
		s, g = (from+k)%(2*shards)/2, (from+k)%2
		if read[s][g] < want[s][g] {
			return s, g, true
		}
	}
	return 0, 0, false
}

func order(keys []float64) []int {
	idx := make([]int, len(keys))
	for i := range idx {
		idx[i] = i
	}
	slices.SortStableFunc(idx, func(a, b int) int { return cmp.Compare(keys[a], keys[b]) })
	return idx
}
