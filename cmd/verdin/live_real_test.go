//go:build real

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
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
	"verdin/publish/nats"
	"verdin/publish/router"
	"verdin/schemas"
)

// The whole of Verdin against a real broker and a NATS server in a process of its
// own: the binary judges wall-clock traffic that a router splits by its verdicts.
func TestRealRollouts(t *testing.T) {
	bin := filepath.Join(t.TempDir(), "verdin")
	if out, err := exec.Command("go", "build", "-o", bin, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	t.Run("a good canary is promoted", func(t *testing.T) {
		l := startLive(t, bin, "good", 0.02)
		l.until(t, schemas.PhaseCompleted)
		l.endpoints(t)
		l.stop(t)
		l.chain(t)
	})
	t.Run("a bad canary is rolled back", func(t *testing.T) {
		l := startLive(t, bin, "bad", 0.6)
		v := l.until(t, schemas.PhaseRolledBack)
		if v.Reason.Code != "harm" {
			t.Errorf("rolled back for %s: %s", v.Reason.Code, v.Reason.Message)
		}
		l.stop(t)
		l.chain(t)
	})
}

const liveSpec = `apiVersion: verdin/v1alpha1
kind: Rollout
metadata: {name: %[1]s}
spec:
  strategy: canary
  arms: {stable: v1, canary: v2}
  assignment: request
  source: {kafka: {predictions: %[2]s, outcomes: %[3]s}, join: {key: prediction_id, horizon: 2s}, time: {window: 1s, lateness: 1s}}
  stages: [{weight: 20, bake: 5s, minSamples: 50}, {weight: 50, bake: 5s, minSamples: 50}, {weight: 100, bake: 5s, minSamples: 10}]
  metrics:
    - {name: errors, kind: proportion, field: error_type, worse: higher, role: guardrail, margin: {absolute: 0.2}}
    - {name: right, kind: proportion, on: outcome, field: correct, missing: exclude, mode: gate, worse: lower, role: guardrail, margin: {absolute: 0.4}}
`

// live is one engine process with traffic and a router around it.
type live struct {
	cmd      *exec.Cmd
	addr     string
	rollout  string
	nc       *natsgo.Conn
	verdicts chan *schemas.Verdict
	cancel   context.CancelFunc
	work     sync.WaitGroup
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func env(t *testing.T, name string) string {
	t.Helper()
	v := os.Getenv(name)
	if v == "" {
		t.Fatalf("%s is not set: run make test-real", name)
	}
	return v
}

func startLive(t *testing.T, bin, kind string, canaryErrors float64) *live {
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	l := &live{rollout: fmt.Sprintf("%s-%d", kind, time.Now().UnixNano()), verdicts: make(chan *schemas.Verdict, 64), cancel: cancel}
	broker := kafka.Config{Brokers: []string{env(t, "VERDIN_KAFKA")}}
	topics := [2]string{"p-" + l.rollout, "o-" + l.rollout}
	for _, topic := range topics {
		must(t, kafka.EnsureTopic(ctx, broker, topic, 2))
	}
	public := l.engine(t, bin, topics)
	nc, err := nats.Connect(nats.Config{URL: env(t, "VERDIN_NATS"), Name: "test"}, nil)
	must(t, err)
	l.nc = nc
	t.Cleanup(nc.Close)
	_, err = nc.Subscribe(schemas.PlainSubject("default", l.rollout), func(m *natsgo.Msg) {
		if v, err := schemas.ParseVerdict(m.Data); err == nil {
			l.verdicts <- v
		}
	})
	must(t, err)
	r, err := router.New(router.Config{ID: "test-router", Rollouts: []string{l.rollout}, Trusted: []string{public}})
	must(t, err)
	l.work.Go(func() { _ = r.Run(ctx, nc) })
	producer, err := kafka.NewProducer(broker)
	must(t, err)
	l.work.Go(func() {
		defer producer.Close()
		if err := l.traffic(ctx, producer, topics, r, canaryErrors); err != nil && ctx.Err() == nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { cancel(); l.work.Wait() })
	return l
}

// engine starts the binary and returns the public key that it prints.
func (l *live) engine(t *testing.T, bin string, topics [2]string) (public string) {
	dir := t.TempDir()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	l.addr = free.Addr().String()
	must(t, free.Close())
	must(t, os.Mkdir(filepath.Join(dir, "rollouts"), 0o755))
	must(t, os.WriteFile(filepath.Join(dir, "rollouts", "r.yaml"), fmt.Appendf(nil, liveSpec, l.rollout, topics[0], topics[1]), 0o644))
	must(t, os.WriteFile(filepath.Join(dir, "verdin.yaml"), fmt.Appendf(nil,
		"kafka: {brokers: [%q]}\nnats: {url: %q}\nsigning: {seedFile: seed}\nrollouts: {dir: rollouts}\nhttp: {addr: %q}\n",
		env(t, "VERDIN_KAFKA"), env(t, "VERDIN_NATS"), l.addr), 0o644))
	l.cmd = exec.Command(bin, "run", "-c", filepath.Join(dir, "verdin.yaml"))
	pipe, err := l.cmd.StderrPipe()
	must(t, err)
	must(t, l.cmd.Start())
	t.Cleanup(func() { _ = l.cmd.Process.Kill() })
	lines := bufio.NewScanner(pipe)
	for lines.Scan() {
		var line struct{ Msg, Public string }
		_ = json.Unmarshal(lines.Bytes(), &line)
		if line.Public != "" {
			public = line.Public
		}
		if line.Msg == "rollout started" {
			l.work.Go(func() { _, _ = io.Copy(io.Discard, pipe) })
			return public
		}
		t.Log(lines.Text())
	}
	t.Fatal("the engine ended before the rollout started")
	return ""
}

// traffic serves about 400 requests a second as the router says, until ctx ends.
func (l *live) traffic(ctx context.Context, p *kafka.Producer, topics [2]string, r *router.Router, canaryErrors float64) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	rng := rand.New(rand.NewPCG(1, 2))
	for n := 0; ; {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		var predictions, outcomes []kafka.Message
		for range 20 {
			n++
			id := fmt.Sprintf("%s-%d", l.rollout, n)
			c := r.Choose(l.rollout, id)
			e := schemas.Prediction{PredictionID: id, Rollout: l.rollout, Arm: c.Arm, EventTime: time.Now()}
			if c.Stage >= 0 {
				e.Stage, e.Generation = schemas.Num(float64(c.Stage)), uint32(c.Generation)
			}
			rate := 0.02
			if c.Arm == schemas.ArmCanary {
				rate = canaryErrors
			}
			if rng.Float64() < rate {
				e.ErrorType = "timeout"
			}
			o := schemas.Outcome{PredictionID: id, Name: "correct", Value: schemas.Num(1), EventTime: time.Now()}
			predictions = append(predictions, kafka.Message{Partition: kafka.ByKey, Key: []byte(id), Value: e.AppendJSON(nil)})
			outcomes = append(outcomes, kafka.Message{Partition: kafka.ByKey, Key: []byte(id), Value: o.AppendJSON(nil)})
		}
		if err := p.Produce(ctx, topics[0], predictions); err != nil {
			return err
		}
		if err := p.Produce(ctx, topics[1], outcomes); err != nil {
			return err
		}
	}
}

// until waits for a verdict of a phase.
func (l *live) until(t *testing.T, phase string) *schemas.Verdict {
	t.Helper()
	deadline := time.After(2 * time.Minute)
	for {
		select {
		case v := <-l.verdicts:
			t.Logf("%d %s %s canary %d: %s", v.Sequence, v.Verdict, v.Phase, v.WeightOf(schemas.ArmCanary), v.Reason.Message)
			if v.Phase == phase {
				return v
			}
			if v.Phase == schemas.PhaseRolledBack || v.Phase == schemas.PhaseCompleted {
				t.Fatalf("ended %s, want %s", v.Phase, phase)
			}
		case <-deadline:
			t.Fatalf("no verdict of phase %s within two minutes", phase)
		}
	}
}

// endpoints asks the probes and the metrics.
func (l *live) endpoints(t *testing.T) {
	t.Helper()
	for path, want := range map[string]string{
		"/livez": "", "/readyz?verbose": "nats", "/metrics": `verdin_verdicts_total{`,
	} {
		res, err := http.Get("http://" + l.addr + path)
		must(t, err)
		body, err := io.ReadAll(res.Body)
		must(t, err)
		res.Body.Close()
		if res.StatusCode != http.StatusOK || !strings.Contains(string(body), want) {
			t.Errorf("%s: %d, no %q in\n%.300s", path, res.StatusCode, want, body)
		}
	}
}

// stop sends SIGTERM; the engine must end by itself, with exit code 0.
func (l *live) stop(t *testing.T) {
	t.Helper()
	must(t, l.cmd.Process.Signal(syscall.SIGTERM))
	done := make(chan error, 1)
	go func() { done <- l.cmd.Wait() }()
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("after SIGTERM: %v", err)
		}
	case <-time.After(15 * time.Second):
		t.Error("the engine did not stop within 15 s of SIGTERM")
	}
}

// chain reads the audit stream: it holds every verdict, each linked to the one before.
func (l *live) chain(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	js, err := jetstream.New(l.nc)
	must(t, err)
	c, err := js.OrderedConsumer(ctx, schemas.StreamAudit, jetstream.OrderedConsumerConfig{FilterSubjects: []string{schemas.PrefixAudit + "." + schemas.Key("default", l.rollout)}})
	must(t, err)
	batch, err := c.Fetch(20, jetstream.FetchMaxWait(5*time.Second))
	must(t, err)
	prev, n := "", uint64(0)
	for m := range batch.Messages() {
		v, err := schemas.ParseVerdict(m.Data())
		must(t, err)
		if n++; v.Sequence != n || v.PrevDigest != prev {
			t.Errorf("verdict %d follows %d with another digest", v.Sequence, n-1)
		}
		prev = schemas.Digest(m.Data())
	}
	if n < 2 {
		t.Errorf("the audit stream holds %d verdicts", n)
	}
}
