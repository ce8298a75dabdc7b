package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"verdin/ingest/kafka"
	"verdin/internal/pump/disk"
	"verdin/internal/pump/journal"
	"verdin/publish/nats"
	"verdin/publish/router"
	"verdin/schemas"
)

// killSpec has windows of a second and many short stages, so that there is always
// something to decide.
const killSpec = `apiVersion: verdin/v1alpha1
kind: Rollout
metadata: {name: killed}
spec:
  strategy: canary
  arms: {stable: v1, canary: v2}
  assignment: request
  source: {kafka: {predictions: p, outcomes: o}, join: {key: prediction_id, horizon: 2s}, time: {window: 1s, lateness: 200ms}}
  stages: [%s]
  metrics:
    - {name: errors, kind: proportion, field: error_type, worse: higher, role: guardrail, margin: {absolute: 0.4}}
    - {name: right, kind: proportion, on: outcome, field: correct, missing: exclude, mode: watch, worse: lower, role: guardrail, margin: {absolute: 0.5}}
`

// ward is an engine process that is killed and started again, among servers, traffic
// and a router that live on.
type ward struct {
	*rig
	t       *testing.T
	bin     string
	state   string // the rollout's folder
	cmd     *exec.Cmd
	lines   chan string // of the running process
	dead    chan struct{}
	rng     *rand.Rand
	work    sync.WaitGroup
	stopped context.CancelFunc
	said    *output // by all processes
}

func newWard(t *testing.T) *ward {
	w := &ward{rig: newRig(t, "p", "o"), t: t, bin: binary(t), rng: rand.New(rand.NewPCG(3, 4)), said: newOutput()}
	w.state = filepath.Join(w.dir, "state", "default.killed")
	w.config = write(t, w.dir, "verdin.yaml", w.engineFile("rollouts: {dir: rollouts}", "rollouts: {dir: rollouts}\nstate: {snapshotEvery: 500ms}"))
	var stages []string
	for weight := 20; weight <= 80; weight += 2 {
		stages = append(stages, fmt.Sprintf("{weight: %d, bake: 1s, minSamples: 5}", weight))
	}
	stages = append(stages, "{weight: 100, bake: 1h}")
	write(t, filepath.Join(w.dir, "rollouts"), "killed.yaml", fmt.Sprintf(killSpec, strings.Join(stages, ", ")))
	key, _, err := nats.OpenKey(filepath.Join(w.dir, "seed"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	w.stopped = cancel
	t.Cleanup(func() { cancel(); w.work.Wait() })
	w.serve(ctx, key.ID)
	return w
}

// serve runs the router and the traffic that it splits.
func (w *ward) serve(ctx context.Context, public string) {
	nc, err := nats.Connect(nats.Config{URL: w.natsURL(), Name: "edge"}, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := nats.Setup(ctx, nc, 1); err != nil {
		w.t.Fatal(err)
	}
	edge, err := router.New(router.Config{ID: "edge", Rollouts: []string{"killed"}, Trusted: []string{public}})
	if err != nil {
		w.t.Fatal(err)
	}
	producer, err := kafka.NewProducer(kafka.Config{Brokers: w.brokers()})
	if err != nil {
		w.t.Fatal(err)
	}
	w.work.Go(func() {
		defer nc.Close()
		for ctx.Err() == nil {
			_ = edge.Run(ctx, nc) // it ends while the server is away
			select {
			case <-ctx.Done():
			case <-time.After(100 * time.Millisecond):
			}
		}
	})
	w.work.Go(func() {
		defer producer.Close()
		if err := w.traffic(ctx, producer, edge); err != nil && ctx.Err() == nil {
			w.t.Error(err)
		}
	})
}

// traffic answers some 200 requests a second; their labels come up to 1.5 s later.
func (w *ward) traffic(ctx context.Context, p *kafka.Producer, edge *router.Router) error {
	type label struct {
		due time.Time
		m   kafka.Message
	}
	var labels []label
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for n := 0; ; {
		var now time.Time
		select {
		case <-ctx.Done():
			return nil
		case now = <-tick.C:
		}
		var predictions, outcomes []kafka.Message
		for range 10 {
			n++
			id := fmt.Sprintf("r-%d", n)
			c := edge.Choose("killed", id)
			e := schemas.Prediction{PredictionID: id, Rollout: "killed", Arm: c.Arm, EventTime: now}
			if c.Stage >= 0 {
				e.Stage, e.Generation = schemas.Num(float64(c.Stage)), uint32(c.Generation)
			}
			if n%50 == 0 {
				e.ErrorType = "timeout"
			}
			late := time.Duration(n%16) * 100 * time.Millisecond
			o := schemas.Outcome{PredictionID: id, Name: "correct", Value: schemas.Num(1), EventTime: now.Add(late)}
			predictions = append(predictions, kafka.Message{Partition: kafka.ByKey, Key: []byte(id), Value: e.AppendJSON(nil)})
			labels = append(labels, label{now.Add(late), kafka.Message{Partition: kafka.ByKey, Key: []byte(id), Value: o.AppendJSON(nil)}})
		}
		keep := labels[:0]
		for _, l := range labels {
			if l.due.After(now) {
				keep = append(keep, l)
				continue
			}
			outcomes = append(outcomes, l.m)
		}
		labels = keep
		if err := errors.Join(p.Produce(ctx, "p", predictions), p.Produce(ctx, "o", outcomes)); err != nil {
			return err
		}
	}
}

// start runs an engine.
func (w *ward) start() {
	w.t.Helper()
	w.cmd = exec.Command(w.bin, "run", "-c", w.config)
	pipe, err := w.cmd.StderrPipe()
	if err == nil {
		err = w.cmd.Start()
	}
	if err != nil {
		w.t.Fatal(err)
	}
	w.lines, w.dead = make(chan string, 1024), make(chan struct{})
	lines, dead, cmd := w.lines, w.dead, w.cmd
	w.t.Cleanup(func() { _ = cmd.Process.Kill() })
	fmt.Fprintln(w.said, "---- start")
	go func() {
		defer close(dead)
		s := bufio.NewScanner(pipe)
		s.Buffer(nil, 1<<20)
		for s.Scan() {
			fmt.Fprintln(w.said, s.Text())
			select {
			case lines <- s.Text():
			default: // nobody listens
			}
		}
		_ = cmd.Wait() // it was killed
	}()
}

// end sends a signal and waits for the process to be gone.
func (w *ward) end(s syscall.Signal) {
	w.t.Helper()
	_ = w.cmd.Process.Signal(s) // it may have ended by itself
	select {
	case <-w.dead:
	case <-time.After(patience):
		w.t.Fatalf("the engine did not end after %v", s)
	}
}

// line waits until the engine says something, or for a bounded time.
func (w *ward) line(within time.Duration, parts ...string) bool {
	late := time.After(within)
	for {
		select {
		case l := <-w.lines:
			if containsAll(l, parts) {
				return true
			}
		case <-w.dead:
			w.t.Fatalf("the engine ended by itself:\n%s", w.last())
		case <-late:
			return false
		}
	}
}

// last is what the processes said at the end.
func (w *ward) last() string {
	text := w.said.String()
	return text[max(0, len(text)-8000):]
}

// grown waits until the journal has grown by some bytes.
func (w *ward) grown(by int64) {
	w.t.Helper()
	from := w.size()
	eventually(w.t, "the journal grows", func() bool { return w.size() >= from+by })
}

// size is that of all files of the journal.
func (w *ward) size() (n int64) {
	for _, f := range w.files("journal-*") {
		if info, err := os.Stat(f); err == nil {
			n += info.Size()
		}
	}
	return n
}

func (w *ward) files(pattern string) []string {
	all, _ := filepath.Glob(filepath.Join(w.state, pattern)) // fails for a bad pattern only
	return all
}

// records are those of the journal on disk.
func (w *ward) records() (all [][]byte) {
	w.t.Helper()
	_, err := journal.Open(readOnly{}, w.state, journal.Options{}, func(_ uint64, json []byte) error {
		all = append(all, bytes.Clone(json))
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

// readOnly is the machine's disk, where a torn tail is seen and not cut.
type readOnly struct{ disk.OS }

func (readOnly) Open(string, int) (disk.File, error) { return untouched{}, nil }

type untouched struct{ disk.File }

func (untouched) Truncate(int64) error { return nil }
func (untouched) Sync() error          { return nil }
func (untouched) Close() error         { return nil }

// stream reads what a stream holds on a subject now.
func (w *ward) stream(nc *natsgo.Conn, name, subject string, n int) (all [][]byte) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	js, err := jetstream.New(nc)
	if err != nil {
		w.t.Fatal(err)
	}
	c, err := js.OrderedConsumer(ctx, name, jetstream.OrderedConsumerConfig{FilterSubjects: []string{subject}})
	if err != nil {
		w.t.Fatal(err)
	}
	it, err := c.Messages()
	if err != nil {
		w.t.Fatal(err)
	}
	defer it.Stop()
	for len(all) < n {
		m, err := it.Next(jetstream.NextContext(ctx))
		if err != nil {
			w.t.Fatalf("%s holds %d messages, want %d: %v", name, len(all), n, err)
		}
		all = append(all, m.Data())
	}
	return all
}
