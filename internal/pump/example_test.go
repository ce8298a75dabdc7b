package pump_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"verdin/decision"
	"verdin/ingest/kafka"
	"verdin/ingest/recording"
	"verdin/internal/engine"
	"verdin/internal/pump"
	"verdin/internal/pump/disk"
	"verdin/internal/pump/journal"
	"verdin/internal/scenario"
	"verdin/schemas"
)

var start = schemas.TimeOf(time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC))

func broken() scenario.Scenario {
	sc, err := scenario.Lookup("errors")
	if err != nil {
		log.Fatal(err)
	}
	sc.RequestsPerSecond = 20
	return sc
}

func tell(o engine.Outcome) error {
	if v := o.Verdict; v != nil {
		fmt.Println(v.Verdict, v.Reason.Code, v.WeightOf(schemas.ArmCanary))
	}
	return nil
}

// A scenario plays until its rollout has ended; its events are a recording.
func ExampleSimulate() {
	var events bytes.Buffer
	state, err := pump.Simulate(context.Background(), broken(), 1, start, &events, tell)
	fmt.Println(state.Phase, events.Len() > 0, err)
	// Output:
	// advance started 1000
	// rollback harm 0
	// rolled_back true <nil>
}

// A recording is judged by the same engine: here the one that a simulation wrote.
func ExampleReplay() {
	dir, err := os.MkdirTemp("", "replay")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "events.ndjson")
	w, err := recording.Create(path)
	if err != nil {
		log.Fatal(err)
	}
	if _, err = pump.Simulate(context.Background(), broken(), 1, start, w, nil); err == nil {
		err = w.Close()
	}
	if err != nil {
		log.Fatal(err)
	}

	spec, err := decision.Parse(broken().Spec, "errors.yaml")
	if err != nil {
		log.Fatal(err)
	}
	r := &pump.Replay{Spec: spec, Layout: engine.Layout(spec), Each: tell}
	file, err := recording.OpenStream(context.Background(), path, r.Layout, recording.StreamOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer file.Close()
	r.Sources = []pump.Source{file}
	r.Logs = []schemas.Log{{Topic: path, Kinds: 1<<schemas.Kinds - 1}} // a file may hold every kind
	state, err := r.Run(context.Background())
	fmt.Println(state.Phase, err)
	// Output:
	// advance started 1000
	// rollback harm 0
	// rolled_back <nil>
}

// Partition i of every topic is shard i, so joined topics need equally many.
func ExampleNewTopics() {
	spec := &decision.Spec{Source: decision.Source{Predictions: "ml.predictions", Outcomes: "ml.outcomes"}}
	topics, err := pump.NewTopics(spec, map[string]kafka.TopicInfo{"ml.predictions": {Partitions: 2}, "ml.outcomes": {Partitions: 2}})
	if err != nil {
		log.Fatal(err)
	}
	for i, logs := range topics.Shards {
		for _, l := range logs {
			fmt.Println("shard", i, l.Topic, l.Partition)
		}
	}
	_, err = pump.NewTopics(spec, map[string]kafka.TopicInfo{"ml.predictions": {Partitions: 2}, "ml.outcomes": {Partitions: 3}})
	fmt.Println(err)
	// Output:
	// shard 0 ml.predictions 0
	// shard 0 ml.outcomes 0
	// shard 1 ml.predictions 1
	// shard 1 ml.outcomes 1
	// joined topics need equal partition counts: ml.predictions has 2, ml.outcomes has 3; create the smaller one anew with as many, and let producers use the prediction_id as key
}

// A live pump is driven by ticks: here one, which starts the rollout.
func ExampleLive() {
	spec, err := decision.Parse(broken().Spec, "errors.yaml")
	if err != nil {
		log.Fatal(err)
	}
	logs := [][]schemas.Log{{{Topic: "ml.predictions", Kinds: 1 << schemas.KindPrediction}}}
	core := engine.New(logs)
	if err := core.Start(spec, engine.Layout(spec), decision.Head{}, start); err != nil {
		log.Fatal(err)
	}
	ticks, done := make(chan pump.Tick), make(chan struct{})
	live := &pump.Live{Spec: spec, Core: core, Ticks: ticks, Publish: func(v *schemas.Verdict) {
		fmt.Println(v.ID(), v.Verdict, v.WeightOf(schemas.ArmCanary))
	}}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		live.Run(ctx, logs)
	}()
	ticks <- pump.Tick{Wall: start, Done: done}
	<-done
	stop()
	<-ended
	// Output: default/assistant/1/1 advance 1000
}

// A journal and the logs that it names give a live rollout's verdicts again.
func ExampleRerun() {
	spec, err := decision.Parse(broken().Spec, "errors.yaml")
	if err != nil {
		log.Fatal(err)
	}
	a := &journal.Activation{Format: journal.Format, Rollout: spec.FullName(), Generation: 1, SpecDigest: spec.Digest,
		Wall: start, Start: start, Logs: []journal.Log{{Topic: "ml.predictions", Kinds: 1 << schemas.KindPrediction}}}
	var script pump.Script
	for _, r := range []journal.Record{a, &journal.Cut{Seq: 1, Wall: start, Due: start, Upto: schemas.Never, Next: []int64{0}}} {
		if err := script.Take(r); err != nil {
			log.Fatal(err)
		}
	}
	core, err := pump.Begin(a, spec)
	if err != nil {
		log.Fatal(err)
	}
	r := &pump.Rerun{Spec: spec, Script: script, Core: core, Sources: pump.Deal(nil, &script),
		Each: func(o engine.Outcome, _ *journal.Cut) error { return tell(o) }}
	fmt.Println(r.Run(context.Background()))
	// Output:
	// advance started 1000
	// <nil>
}

// A state folder without a journal tells that a generation must begin.
func ExampleOpenStore() {
	s, err := pump.OpenStore("state", pump.StoreOptions{FS: new(disk.Memory)})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	spec, err := decision.Parse(broken().Spec, "errors.yaml")
	if err != nil {
		log.Fatal(err)
	}
	_, err = s.Resume(context.Background(), spec, nil, nil)
	fmt.Println(errors.Is(err, pump.ErrAnew), err)
	// Output: true another generation begins: there is no journal
}
