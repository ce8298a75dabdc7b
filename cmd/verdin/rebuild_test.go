package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"verdin/ingest/kafka"
	"verdin/schemas"
)

// fill writes predictions of now to a topic.
func (r *rig) fill(t *testing.T, topic, rollout string, n int) {
	t.Helper()
	p, err := kafka.NewProducer(kafka.Config{Brokers: r.brokers()})
	must(t, err)
	defer p.Close()
	var batch []kafka.Message
	for i := range n {
		e := schemas.Prediction{PredictionID: fmt.Sprint("p", i), Rollout: rollout, Arm: schemas.ArmStable, EventTime: time.Now()}
		batch = append(batch, kafka.Message{Partition: int32(i % 2), Value: e.AppendJSON(nil)})
	}
	must(t, p.Produce(t.Context(), topic, batch))
}

// awaitRows waits for a line in the metrics of a running engine.
func (r *rig) awaitRows(t *testing.T, p *program, line string) {
	t.Helper()
	addr := listening.FindStringSubmatch(p.String())[1]
	eventually(t, line, func() bool {
		_, text := page(t, addr, "/metrics")
		return strings.Contains(text, line)
	})
}

// forgetSnapshots makes the next start read the topics of a rollout again.
func (r *rig) forgetSnapshots(t *testing.T, rollout string) {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(r.dir, "state", "default."+rollout, "snapshot-*"))
	must(t, err)
	if len(all) == 0 {
		t.Fatal("there is no snapshot to forget")
	}
	for _, path := range all {
		must(t, os.Remove(path))
	}
}

// A rollout whose topics must be read again does not hold up the others: they run
// meanwhile, readiness and status name it, and it goes on when it has come to the end of
// its journal. One that leaves meanwhile is let go.
func TestARebuildHoldsUpNoOther(t *testing.T) {
	r := newRig(t, "slow")
	r.spec(t, "a")
	r.spec(t, "b", "predictions: events", "predictions: slow")
	p := launch(t, "run", "-c", r.config)
	for range 2 {
		p.await(t, `"msg":"verdict acked"`)
	}
	r.fill(t, "slow", "b", 40)
	r.awaitRows(t, p, `verdin_rows_total{fate="counted",rollout="default/b"} 40`)
	p.stop(t)
	r.forgetSnapshots(t, "b")

	var open atomic.Bool
	r.kafka.ControlKey(int16(kmsg.Fetch), func(req kmsg.Request) (kmsg.Response, error, bool) {
		r.kafka.KeepControl()
		for _, topic := range req.(*kmsg.FetchRequest).Topics {
			if topic.Topic == "slow" && !open.Load() {
				return nil, errors.New("not now"), true
			}
		}
		return nil, nil, false
	})
	p = launch(t, "run", "-c", r.config)
	p.await(t, `"msg":"the topics are read again"`, "default/b")
	addr := listening.FindStringSubmatch(p.String())[1]
	ready(t, addr, http.StatusServiceUnavailable, "1 running, 0 files refused, topics are read again for default/b")
	got := verdin(t, "status", "--nats", r.natsURL())
	if !containsAll(got.out, []string{"default/a", "default/b  running (rebuilding)"}) {
		t.Errorf("status says\n%s%s", got.out, got.diag)
	}
	got = verdin(t, "status", "default/b", "--nats", r.natsURL())
	if !containsAll(got.out, []string{"nothing is decided meanwhile", "the topics to be read again: 0 of"}) {
		t.Errorf("status says\n%s%s", got.out, got.diag)
	}
	if got = verdin(t, "status", "default/b", "--nats", r.natsURL(), "-o", "json"); !containsAll(got.out, []string{`"rebuilding": true`, `"catching_up": true`}) {
		t.Errorf("gates would not hold:\n%s%s", got.out, got.diag)
	}
	// Its file may change and go meanwhile, and a third one come.
	r.spec(t, "c")
	p.await(t, `"msg":"rollout started"`, "default/c")
	open.Store(true)
	p.await(t, `"msg":"rollout started"`, "default/b", `"generation":1`)
	ready(t, addr, http.StatusOK, "3 running, 0 files refused")
	p.stop(t)

	open.Store(false)
	r.forgetSnapshots(t, "b")
	p = launch(t, "run", "-c", r.config)
	p.await(t, `"msg":"the topics are read again"`, "default/b")
	must(t, os.Remove(filepath.Join(r.dir, "rollouts", "b.yaml")))
	p.await(t, `"msg":"rollout removed"`, "default/b")
	if code := p.stop(t); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	noGoroutinesLeft(t)
}
