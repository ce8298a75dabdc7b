package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"verdin/decision"
	"verdin/ingest/codec"
	"verdin/ingest/window"
	"verdin/internal/engine"
	"verdin/schemas"
)

// The spec of these tests has windows of 10 s, a lateness of 5 s and a label
// horizon of 20 s.

func lawSpec(t testing.TB) *decision.Spec {
	t.Helper()
	spec, err := decision.Parse([]byte(specYAML), "law.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

const (
	predictions = 1 << schemas.KindPrediction
	outcomes    = 1 << schemas.KindOutcome
	resources   = 1 << schemas.KindResource
)

// feeder gives events to a shard, one record at a time.
type feeder struct {
	*engine.Shard
	plan     *window.Plan
	layout   *schemas.Layout
	decoders []*codec.Decoder
	offsets  []int64
	chunk    schemas.Chunk
}

// newFeeder has one log per set of kinds; a rollout starts at time 0.
func newFeeder(t testing.TB, kinds ...uint8) *feeder { return newFeederOf(lawSpec(t), kinds...) }

func newFeederOf(spec *decision.Spec, kinds ...uint8) *feeder {
	f := &feeder{layout: engine.Layout(spec)}
	var logs []schemas.Log
	for i, k := range kinds {
		logs = append(logs, schemas.Log{Topic: fmt.Sprintf("log-%d", i), Kinds: k})
		f.decoders = append(f.decoders, codec.New(f.layout, codec.Options{Recording: true}))
		f.offsets = append(f.offsets, 100)
	}
	f.Shard = engine.NewShard(0, 0, logs)
	f.plan = engine.Compile(spec, f.layout, 1, 0)
	f.Watch(f.plan)
	return f
}

// begin has the rollout's windows begin at start.
func (f *feeder) begin(start schemas.Time) {
	f.Unwatch(f.plan.Rollout)
	f.plan.Start = start
	f.Watch(f.plan)
}

// put feeds events to a log and returns the partials that they seal.
func (f *feeder) put(log int, events ...schemas.Event) []window.Partial {
	f.chunk.Reset(log, f.layout)
	for _, ev := range events {
		f.decoders[log].Append(&f.chunk, codec.Record{Offset: f.offsets[log], Value: ev.AppendLine(nil)})
		f.offsets[log]++
	}
	if len(f.chunk.Rejected) > 0 {
		panic(f.chunk.Rejected[0])
	}
	for row := 0; row < f.chunk.Len(); {
		row = f.Feed(&f.chunk, row)
	}
	return f.Take()
}

func (f *feeder) counts() engine.Counts { return f.Counts("default/law") }

func answer(id, arm string, s float64) *schemas.Prediction {
	return &schemas.Prediction{PredictionID: id, Rollout: "law", Arm: arm, EventTime: at(s).Std(), LatencySeconds: schemas.Num(0.1)}
}

func label(id string, s float64, correct float64) *schemas.Outcome {
	return &schemas.Outcome{PredictionID: id, Name: "correct", Value: schemas.Num(correct), EventTime: at(s).Std()}
}

// direct is an outcome that names its arm.
func direct(id, arm string, s float64, correct float64) *schemas.Outcome {
	o := label(id, s, correct)
	o.Rollout, o.Arm = "law", arm
	return o
}

// of returns the partials of a lane.
func of(lane window.Lane, all []window.Partial) (out []window.Partial) {
	for _, p := range all {
		if p.Lane == lane {
			out = append(out, p)
		}
	}
	return out
}

// show prints partials in brief.
func show(all []window.Partial) string {
	var b strings.Builder
	for i := range all {
		p := &all[i]
		fmt.Fprintf(&b, "%v (%v, %v] rows %v late %v gap %v to %d; ", p.Lane, p.After, p.End, rows(p), p.Late, p.Gap, p.To)
	}
	return b.String()
}

// rows is the number of rows per arm.
func rows(p *window.Partial) (n [2]uint64) {
	for i := range p.Cells {
		for a := range n {
			n[a] += p.Cells[i].Arms[a].N
		}
	}
	return n
}
