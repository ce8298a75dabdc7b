package pump

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"hash/crc32"
	"io"
	"strings"
	"testing"
	"time"

	"verdin/decision"
	"verdin/ingest/codec"
	"verdin/internal/engine"
	"verdin/internal/scenario"
	"verdin/schemas"
)

// testSpec has windows of 10 s, a lateness of 5 s, and short stages.
const testSpec = `apiVersion: verdin/v1alpha1
kind: Rollout
metadata: {name: assistant}
spec:
  strategy: canary
  arms: {stable: assistant-v41, canary: assistant-v42}
  assignment: request
  source:
    kafka: {predictions: ml.predictions, outcomes: ml.outcomes, resources: ml.resources}
    join: {key: prediction_id, horizon: 1m}
    time: {window: 10s, lateness: 5s}
  stages:
    - {weight: 20, bake: 90s, minSamples: 100}
    - {weight: 50, bake: 90s, minSamples: 100}
    - {weight: 100, bake: 1m}
  metrics:
    - {name: error_rate, kind: proportion, field: error_type, worse: higher, role: guardrail, margin: {absolute: 0.1}}
    - {name: accuracy, kind: proportion, on: outcome, field: correct, missing: exclude, mode: watch, worse: lower, role: guardrail, margin: {absolute: 0.2}}
    - {name: tokens, kind: mean, field: metrics.tokens, cap: 1000, worse: higher, role: signal, margin: {relative: 50%}}
    - {name: memory, kind: mean, on: resource, field: memory_bytes, worse: higher, role: observe, margin: {relative: 20%}}
  drift:
    - {name: inputs, of: [features.age, {field: features.country, categories: [de, fr]}], between: arms, method: psi, above: 0.1, role: signal}
`

var begin = schemas.TimeOf(time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC))

// world is a scenario of a few minutes under the spec of these tests.
func world(t testing.TB, name string, length time.Duration) scenario.Scenario {
	t.Helper()
	sc, err := scenario.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	sc.Spec, sc.Duration, sc.RequestsPerSecond = []byte(testSpec), length, 25
	return sc
}

func parse(t testing.TB, yaml string) *decision.Spec {
	t.Helper()
	spec, err := decision.Parse([]byte(yaml), "test.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

// play simulates a scenario and returns its verdict log and its recording.
func play(t testing.TB, sc scenario.Scenario) (verdicts string, lines []string) {
	t.Helper()
	var recording, log bytes.Buffer
	if _, err := Simulate(t.Context(), sc, 7, begin, &recording, logger(&log)); err != nil {
		t.Fatal(err)
	}
	return log.String(), strings.SplitAfter(strings.TrimSuffix(recording.String(), "\n"), "\n")
}

// logger writes the verdict log.
func logger(w io.Writer) func(engine.Outcome) error {
	return func(o engine.Outcome) error {
		if o.Verdict == nil {
			return nil
		}
		_, err := w.Write(append(o.Verdict.AppendJSON(nil), '\n'))
		return err
	}
}

// file is a Source of lines, in chunks of a number of rows; err is how it ends.
type file struct {
	lines   []string
	rows    int
	err     error
	log     int
	layout  *schemas.Layout
	decoder *codec.Decoder
	offset  int64
	out     int // chunks that were not recycled
}

func (f *file) Next(context.Context) (*schemas.Chunk, error) {
	n := min(f.rows, len(f.lines))
	if n == 0 {
		if f.err != nil {
			return nil, f.err
		}
		return nil, io.EOF
	}
	if f.decoder == nil {
		f.decoder = codec.New(f.layout, codec.Options{Recording: true})
	}
	f.out++
	c := new(schemas.Chunk)
	c.Reset(f.log, f.layout)
	for _, line := range f.lines[:n] {
		f.decoder.Append(c, codec.Record{Offset: f.offset, Value: []byte(line)})
		f.offset++
	}
	f.lines = f.lines[n:]
	return c, nil
}

func (f *file) Recycle(*schemas.Chunk) { f.out-- }

// replayOf prepares the replay of files, each a log of its own, in chunks of rows.
func replayOf(spec *decision.Spec, rows int, files ...[]string) *Replay {
	r := &Replay{Spec: spec, Layout: engine.Layout(spec)}
	for i, lines := range files {
		r.Logs = append(r.Logs, schemas.Log{Topic: "good", Partition: int32(i), Kinds: 1<<schemas.Kinds - 1})
		r.Sources = append(r.Sources, &file{lines: lines, rows: rows, log: i, layout: r.Layout})
	}
	return r
}

// replayed is the verdict log of a replay.
func replayed(t testing.TB, r *Replay) string {
	t.Helper()
	var log bytes.Buffer
	r.Each = logger(&log)
	if _, err := r.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i, s := range r.Sources {
		if f, ok := s.(*file); ok && f.out != 0 {
			t.Errorf("source %d: %d chunks were not given back", i, f.out)
		}
	}
	return log.String()
}

// split deals the lines of a recording to n files by prediction, each in order.
func split(lines []string, n int) [][]string {
	files := make([][]string, n)
	for _, line := range lines {
		var ev struct {
			ID       string `json:"prediction_id"`
			Instance string `json:"instance"`
		}
		if err := json.Unmarshal([]byte(line), &ev); err != nil {
			panic(err)
		}
		i := int(crc32.ChecksumIEEE([]byte(ev.ID+ev.Instance))) % n
		files[i] = append(files[i], line)
	}
	return files
}

var errDisk = errors.New("the disk is gone")

// answer is a line of a recording, or a record: a prediction of stable or canary.
func answer(id, arm string, at schemas.Time) *schemas.Prediction {
	return &schemas.Prediction{PredictionID: id, Rollout: "assistant", Arm: arm, EventTime: at.Std()}
}

// record is a record as the codec takes it.
func record(offset int64, at schemas.Time, value []byte) codec.Record {
	return codec.Record{Offset: offset, Timestamp: at, At: at, Value: value}
}
