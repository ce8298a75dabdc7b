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
		l.until(t, schemas.PhaseCompleted, 2*time.Minute)
		l.endpoints(t)
		l.stop(t)
		l.chain(t)
	})
	t.Run("a bad canary is rolled back", func(t *testing.T) {
		l := startLive(t, bin, "bad", 0.6)
		v := l.until(t, schemas.PhaseRolledBack, time.Minute)
		if v.Reason.Code != "harm" || !strings.HasPrefix(v.Reason.Message, "errors got worse") {
			t.Errorf("rolled back for %s: %s", v.Reason.Code, v.Reason.Message)
		}
		l.stop(t)
		l.chain(t)
	})
	t.Run("a fault is one line", func(t *testing.T) {
		broker, server := env(t, "VERDIN_KAFKA"), env(t, "VERDIN_NATS")
		refuses(t, bin, broker, server, "verdin-test-no-such-topic", `r.yaml: kafka topic "verdin-test-no-such-topic" does not exist on `+broker, "create it, or correct the name")
		refuses(t, bin, "127.0.0.1:1", server, "any", "r.yaml: kafka broker 127.0.0.1:1 cannot be reached", "check kafka.brokers")
		refuses(t, bin, broker, "nats://127.0.0.1:1", "any", "no server answers at nats://127.0.0.1:1", "correct nats.url")
	})
}

// refuses fails unless the engine ends by itself with exit code 1 and one line that
// has all parts.
func refuses(t *testing.T, bin, broker, server, topic string, parts ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	config := engineFolder(t, broker, server, "127.0.0.1:0", fmt.Sprintf(liveSpec, "faulty", topic, topic))
	cmd := exec.CommandContext(ctx, bin, "run", "-c", config)
	var out, diag strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &diag
	_ = cmd.Run() // the exit code says it
	says(t, result{cmd.ProcessState.ExitCode(), out.String(), said(diag.String())}, exitRuntime, parts...)
}

// engineFolder makes a folder with an engine file and one rollout, and returns the
// path of the engine file.
func engineFolder(t *testing.T, broker, server, addr, spec string) string {
	t.Helper()
	dir := t.TempDir()
	must(t, os.Mkdir(filepath.Join(dir, "rollouts"), 0o755))
	write(t, filepath.Join(dir, "rollouts"), "r.yaml", spec)
	return write(t, dir, "verdin.yaml", fmt.Sprintf(
		"kafka: {brokers: [%q]}\nnats: {url: %q}\nsigning: {seedFile: seed}\nrollouts: {dir: rollouts}\nhttp: {addr: %q}\n", broker, server, addr))
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
	router   *router.Router
	last     *schemas.Verdict // that until has seen
	verdicts chan *schemas.Verdict
	cancel   context.CancelFunc
	work     sync.WaitGroup
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
	l.router, err = router.New(router.Config{ID: "test-router", Rollouts: []string{l.rollout}, Trusted: []string{public},
		OnError: func(err error) {
			if ctx.Err() == nil {
				t.Error(err)
			}
		}})
	must(t, err)
	l.work.Go(func() { _ = l.router.Run(ctx, nc) })
	producer, err := kafka.NewProducer(broker)
	must(t, err)
	l.work.Go(func() {
		defer producer.Close()
		if err := l.traffic(ctx, producer, topics, l.router, canaryErrors); err != nil && ctx.Err() == nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { cancel(); l.work.Wait() })
	return l
}

// engine starts the binary and returns the public key that it prints.
func (l *live) engine(t *testing.T, bin string, topics [2]string) (public string) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	l.addr = free.Addr().String()
	must(t, free.Close())
	config := engineFolder(t, env(t, "VERDIN_KAFKA"), env(t, "VERDIN_NATS"), l.addr, fmt.Sprintf(liveSpec, l.rollout, topics[0], topics[1]))
	l.cmd = exec.Command(bin, "run", "-c", config)
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
func (l *live) until(t *testing.T, phase string, within time.Duration) *schemas.Verdict {
	t.Helper()
	deadline := time.After(within)
	for {
		select {
		case v := <-l.verdicts:
			t.Logf("%d %s %s canary %d: %s", v.Sequence, v.Verdict, v.Phase, v.WeightOf(schemas.ArmCanary), v.Reason.Message)
			l.last = v
			if v.Phase == phase {
				l.served(t, v)
				return v
			}
			if v.Phase == schemas.PhaseRolledBack || v.Phase == schemas.PhaseCompleted {
				t.Fatalf("ended %s, want %s", v.Phase, phase)
			}
		case <-deadline:
			t.Fatalf("no verdict of phase %s within %v", phase, within)
		}
	}
}

// served waits until the router, which takes nothing that is not signed and chained,
// serves a verdict, and checks that it refused none before.
func (l *live) served(t *testing.T, v *schemas.Verdict) {
	t.Helper()
	eventually(t, "the router serves the last verdict", func() bool {
		s, _ := l.router.Status(l.rollout)
		return s.Served == v.Sequence && s.WeightBps == v.WeightOf(schemas.ArmCanary)
	})
	c := l.router.Counters()
	if c.Forged+c.Malformed+c.Broken+c.Conflicts > 0 || c.Applied == 0 {
		t.Errorf("the router took and refused %+v", c)
	}
}

// endpoints asks the probes and the metrics.
func (l *live) endpoints(t *testing.T) {
	t.Helper()
	rollout := fmt.Sprintf(`rollout="default/%s"`, l.rollout)
	for path, want := range map[string][]string{
		"/livez":          {"ok"},
		"/readyz?verbose": {"[+] nats: connected", "[+] rollouts: 1 running, 0 files refused", "ready"},
		"/metrics": {
			`verdin_verdicts_total{reason="started",` + rollout + `,verdict="advance"} 1`,
			`verdin_verdicts_total{reason="completed",` + rollout + `,verdict="promote"} 1`,
			`verdin_rollout_phase{phase="completed",` + rollout + `} 1`,
			`verdin_rollout_weight_ratio{arm="canary",` + rollout + `} 1`,
			`verdin_check_log_e{check="errors/harm",` + rollout + `}`,
			`verdin_watermark_timestamp_seconds{partition="0",topic="p-` + l.rollout + `"}`,
			"verdin_windows_closed_total{" + rollout + "}",
			"verdin_build_info{",
		},
	} {
		code, text := page(t, l.addr, path)
		for _, w := range want {
			if code != http.StatusOK || !strings.Contains(text, w) {
				t.Errorf("%s: %d, no %s in\n%s", path, code, w, ours(text))
			}
		}
	}
}

// ours is the part of a page of metrics that is Verdin's.
func ours(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "verdin_") {
			b.WriteString(line)
		}
	}
	return b.String()
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
	case <-time.After(10 * time.Second):
		t.Error("the engine did not stop within 10 s of SIGTERM")
	}
}

// chain reads the audit stream: it holds every verdict, each linked to the one before.
func (l *live) chain(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	js, err := jetstream.New(l.nc)
	must(t, err)
	c, err := js.OrderedConsumer(ctx, schemas.StreamAudit, jetstream.OrderedConsumerConfig{FilterSubjects: []string{schemas.PrefixAudit + "." + schemas.Key("default", l.rollout)}})
	must(t, err)
	all, err := c.Messages()
	must(t, err)
	defer all.Stop()
	prev := ""
	for n := uint64(1); n <= l.last.Sequence; n++ {
		m, err := all.Next(jetstream.NextContext(ctx)) // the server copies with a delay
		must(t, err)
		v, err := schemas.ParseVerdict(m.Data())
		must(t, err)
		if v.Sequence != n || v.PrevDigest != prev {
			t.Errorf("verdict %d stands where %d is due, after %q, want %q", v.Sequence, n, v.PrevDigest, prev)
		}
		prev = schemas.Digest(m.Data())
	}
	if want := schemas.Digest(l.last.AppendJSON(nil)); prev != want {
		t.Errorf("the audit ends with %s, want the last verdict %s", prev, want)
	}
}
