package engine_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"verdin/decision"
	"verdin/ingest/codec"
	"verdin/internal/engine"
	"verdin/internal/pump"
	"verdin/internal/scenario"
	"verdin/schemas"
	"verdin/stats"
)

// story is a small world: a spec, so many requests a second, and what an arm answers.
// Routers follow the verdicts and acknowledge at once; windows are judged every 10 s.
type story struct {
	spec   string
	length time.Duration
	rate   int                              // requests a second
	by     func(r *request) string          // what a router chooses by; nil = each request
	answer func(r *request) []schemas.Event // first the prediction; nil = none
	each   func(o engine.Outcome)           // after every cut; may be nil
}

// request is one request of a story with its arm.
type request struct {
	rng    *rand.Rand
	n      int
	at     schemas.Time
	unit   string
	canary bool
	mirror bool // the canary answers a copy
	stage  int  // of the ramp
	p      schemas.Prediction
}

// ending is how a story ends.
type ending struct {
	phase, reason string
	at            time.Duration // when
	evidence      []stats.Evidence
}

func (e ending) find(t testing.TB, name, segment string) stats.Evidence {
	t.Helper()
	for _, x := range e.evidence {
		if x.Name == name && x.Segment == segment {
			return x
		}
	}
	t.Fatalf("no evidence %s %s", name, segment)
	return stats.Evidence{}
}

const storyHead = `apiVersion: verdin/v1alpha1
kind: Rollout
metadata: {name: story}
spec:
  strategy: canary
  arms: {stable: v1, canary: v2}
  assignment: request
  source:
    kafka: {predictions: p, outcomes: o, resources: r}
    join: {key: prediction_id, horizon: 1m}
    time: {window: 10s, lateness: 5s}
  stages:
    - {weight: 20, bake: 3m, minSamples: 100}
    - {weight: 50, bake: 3m, minSamples: 100}
    - {weight: 100, bake: 3m, minSamples: 100}
`

type told struct {
	at    schemas.Time
	log   int
	value []byte
}

func (s story) run(t testing.TB, seed uint64) (end ending) {
	t.Helper()
	spec, err := decision.Parse([]byte(s.spec), "story.yaml")
	if err != nil {
		t.Fatal(err)
	}
	layout := engine.Layout(spec)
	logs := []schemas.Log{{Topic: "p", Kinds: predictions}, {Topic: "o", Kinds: outcomes}, {Topic: "r", Kinds: resources}}
	var decoders []*codec.Decoder
	for k := range logs {
		decoders = append(decoders, codec.New(layout, codec.Options{HasDefault: true, DefaultKind: schemas.Kind(k)}))
	}
	e := engine.New([][]schemas.Log{logs})
	if err := e.Start(spec, layout, decision.Head{}, sceneStart); err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(seed, 17))
	var waiting []told
	var offsets [3]int64
	var applied []decision.Applied
	split, n := scenario.Split{Stage: -1}, 0
	const tick = 10 * time.Second
	for now := sceneStart; now <= sceneStart.Add(s.length); now = now.Add(tick) {
		slices.SortStableFunc(waiting, func(a, b told) int { return cmp.Compare(a.at, b.at) })
		var chunks [3]schemas.Chunk
		for k := range chunks {
			chunks[k].Reset(k, layout)
		}
		for len(waiting) > 0 && waiting[0].at < now {
			w := waiting[0]
			waiting = waiting[1:]
			decoders[w.log].Append(&chunks[w.log], codec.Record{Offset: offsets[w.log], At: now, Value: w.value})
			offsets[w.log]++
		}
		for k := range chunks {
			for row := 0; row < chunks[k].Len(); {
				row = e.Feed(0, &chunks[k], row)
			}
			if len(chunks[k].Rejected) > 0 {
				t.Fatalf("a record was rejected: %+v", chunks[k].Rejected[0])
			}
			e.Idle(0, k, now)
		}
		for _, o := range e.Cut(engine.CutInput{Cut: decision.Cut{Seq: int64(now-sceneStart) / int64(tick), Wall: now, Due: now}, Upto: schemas.Never,
			Applied: map[string][]decision.Applied{"default/story": applied}}) {
			applied = nil
			if v := o.Verdict; v != nil {
				split = pump.SplitOf(v)
				applied = append(applied, decision.Applied{Generation: v.Generation, Sequence: v.Sequence, At: now})
			}
			if s.each != nil {
				s.each(o)
			}
			end.evidence = o.Evidence
			if end.phase != o.State.Phase || end.reason != reasonOf(o.Verdict, end.reason) {
				end.phase, end.reason, end.at = o.State.Phase, reasonOf(o.Verdict, end.reason), now.Sub(sceneStart)
			}
			if end.phase == schemas.PhaseRolledBack || end.phase == schemas.PhaseCompleted {
				return end
			}
		}
		for k := range s.rate * 10 {
			r := request{rng: rng, n: n, at: now.Add(time.Duration(k) * tick / time.Duration(s.rate*10)), mirror: split.Mirror, stage: int(split.Stage)}
			r.unit = fmt.Sprintf("u%d", rng.IntN(2000))
			r.p = schemas.Prediction{PredictionID: fmt.Sprintf("p%d", n), Rollout: "story", Arm: "stable", EventTime: r.at.Std(), UnitID: r.unit}
			id := r.p.PredictionID
			if s.by != nil {
				id = s.by(&r)
			}
			if r.canary = pump.Choose(split.CanaryBps)(id); r.canary {
				r.p.Arm = "canary"
			}
			n++
			for _, ev := range s.answer(&r) {
				waiting = append(waiting, tell(ev))
			}
		}
	}
	return end
}

func reasonOf(v *schemas.Verdict, before string) string {
	if v == nil {
		return before
	}
	return v.Reason.Code
}

func tell(ev schemas.Event) told {
	switch ev := ev.(type) {
	case *schemas.Prediction:
		return told{schemas.TimeOf(ev.EventTime), 0, ev.AppendJSON(nil)}
	case *schemas.Outcome:
		return told{schemas.TimeOf(ev.EventTime), 1, ev.AppendJSON(nil)}
	case *schemas.Resource:
		return told{schemas.TimeOf(ev.EventTime), 2, ev.AppendJSON(nil)}
	}
	panic("not an event of a story")
}

// with is the head of stories' specs with words replaced and lines added.
func with(lines string, replace ...string) string {
	return strings.NewReplacer(replace...).Replace(storyHead) + lines
}

// one is true with probability p.
func (r *request) one(p float64) bool { return r.rng.Float64() < p }
