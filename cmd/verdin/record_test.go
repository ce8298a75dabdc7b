package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"verdin/ingest/kafka"
	"verdin/internal/pump"
	"verdin/internal/pump/archive"
	"verdin/publish/nats"
	"verdin/schemas"
)

// story is a live rollout with traffic: two partitions, of which one may fall silent.
type story struct {
	t       *testing.T
	config  string
	brokers []string
	natsURL string
	topic   string
	name    string                          // of the rollout
	bad     chan struct{}                   // closed: the canary fails from here on
	silent  chan struct{}                   // closed: partition 1 gets nothing more
	encode  func(schemas.Prediction) []byte // nil = JSON
	halt    context.CancelFunc
	work    sync.WaitGroup
}

// traffic produces about 400 predictions a second until the story ends.
func (s *story) traffic() {
	ctx, cancel := context.WithCancel(context.Background())
	s.halt = cancel
	s.t.Cleanup(func() { cancel(); s.work.Wait() })
	producer, err := kafka.NewProducer(kafka.Config{Brokers: s.brokers})
	must(s.t, err)
	s.work.Go(func() {
		defer producer.Close()
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for n := 0; ; {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			var batch []kafka.Message
			for range 20 {
				n++
				batch = append(batch, s.request(n))
			}
			if err := producer.Produce(ctx, s.topic, batch); err != nil && ctx.Err() == nil {
				s.t.Error(err)
				return
			}
		}
	})
}

func closed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// request is the n-th: every fifth goes to the canary; some are no events at all.
func (s *story) request(n int) kafka.Message {
	m := kafka.Message{Partition: int32(n % 2), Value: []byte("no event")}
	if closed(s.silent) {
		m.Partition = 0
	}
	if n%50 == 0 {
		return m
	}
	e := schemas.Prediction{PredictionID: fmt.Sprint("p", n), Rollout: s.name, Arm: schemas.ArmStable, EventTime: time.Now()}
	if n%5 == 0 {
		e.Arm = schemas.ArmCanary
		if closed(s.bad) {
			e.ErrorType = "timeout"
		}
	}
	if n%7 == 0 {
		e.EventTime = time.Time{} // the record's own time counts
	}
	if m.Value = e.AppendJSON(nil); s.encode != nil {
		m.Value = s.encode(e)
	}
	return m
}

// ack is the word of a router.
func (s *story) ack(generation, sequence uint64) {
	nc, err := nats.Connect(nats.Config{URL: s.natsURL}, nil)
	must(s.t, err)
	defer nc.Close()
	a := schemas.Ack{Namespace: "default", Rollout: s.name, Router: "late", Generation: generation, Sequence: sequence, At: wallClock()}
	js, err := nc.JetStream()
	must(s.t, err)
	_, err = js.Publish(a.Subject(), a.AppendJSON(nil))
	must(s.t, err)
}

// chain is what the audit stream holds of the rollout.
func (s *story) chain() (all [][]byte) {
	nc, err := nats.Connect(nats.Config{URL: s.natsURL}, nil)
	must(s.t, err)
	defer nc.Close()
	must(s.t, nats.ReadAudit(s.t.Context(), nc, "default/"+s.name, func(a nats.Audited) error {
		all = append(all, bytes.Clone(a.Payload))
		return nil
	}))
	return all
}

// play runs the rollout through a late acknowledgement and a restart to its rollback,
// and returns its chain of verdicts.
func (s *story) play() [][]byte {
	t := s.t
	p := launch(t, "run", "-c", s.config)
	p.await(t, `"msg":"rollout started"`)
	s.traffic()
	p.await(t, `"msg":"verdict acked"`)
	if s.silent != nil {
		close(s.silent)
	}
	p.await(t, `"msg":"verdict acked"`) // a hold: nobody has acknowledged the start
	s.ack(1, 1)
	p.await(t, `"msg":"verdict acked"`)
	if code := p.stop(t); code != exitOK {
		t.Fatalf("exit code %d:\n%s", code, p)
	}
	p = launch(t, "run", "-c", s.config)
	p.await(t, `"msg":"rollout started"`)
	close(s.bad)
	p.awaitFor(t, patience+pump.IdleAfter, `"msg":"verdict"`, `"verdict":"rollback"`) // a partition may be silent
	p.await(t, `"msg":"verdict acked"`)
	p.stop(t)
	s.halt()
	s.work.Wait()
	return s.chain()
}

// recorded records the rollout and replays the recording.
func (s *story) recorded(want [][]byte) (dir string) {
	t := s.t
	dir = filepath.Join(t.TempDir(), "recording")
	got := verdin(t, "record", "default/"+s.name, "-c", s.config, "-o", dir)
	if got.code != exitOK || !containsAll(got.diag, []string{"recorded default/" + s.name + ", generation 1: ", fmt.Sprintf(" %d verdicts, 2 logs", len(want))}) {
		t.Fatalf("exit code %d: %s", got.code, got.diag)
	}
	got = verdin(t, "replay", dir)
	if got.code != exitRollback {
		t.Errorf("exit code %d: %s", got.code, got.diag)
	}
	if all := append(bytes.Join(want, []byte("\n")), '\n'); got.out != string(all) {
		t.Errorf("replayed\n%s\npublished\n%s", got.out, all)
	}
	return dir
}

func TestRecordedRolloutGivesItsVerdictsAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.spec(t, "a", "lateness: 1s}", "lateness: 1s}", "weight: 20, bake: 5s}", "weight: 20, bake: 2s, maxDuration: 4s}")
	s := &story{t: t, config: r.config, brokers: r.brokers(), natsURL: r.natsURL(), topic: "events", name: "a", bad: make(chan struct{})}
	want := s.play()
	dir := s.recorded(want)

	t.Run("by another spec it is a what-if", func(t *testing.T) {
		spec := r.spec(t, "b", "name: b}", "name: a}", "absolute: 0.1", "absolute: 0.999") // even of the hold-back: in the end every request fails
		got := verdin(t, "replay", dir, "--spec", spec)
		if got.code != exitOK || !strings.HasPrefix(got.diag, "what if: the events of "+dir+" by another spec") {
			t.Errorf("exit code %d: %s", got.code, got.diag)
		}
		if strings.Contains(got.out, `"verdict":"rollback"`) || !strings.Contains(got.out, `"verdict":"promote"`) {
			t.Errorf("the looser spec gives\n%s", got.out)
		}
	})
	t.Run("calibrate takes it as history", func(t *testing.T) {
		out := filepath.Join(t.TempDir(), "calibration")
		got := verdin(t, "calibrate", dir, "--spec", filepath.Join(dir, "spec.yaml"), "--out", out, "--splits", "2", "--power", "0")
		if got.code != exitOK || !strings.Contains(got.out, "default/a, ") || !strings.Contains(got.diag, "written to "+out) {
			t.Errorf("exit code %d: %s\n%s", got.code, got.diag, got.out)
		}
	})
	t.Run("a folder that is there is left alone", func(t *testing.T) {
		says(t, verdin(t, "record", "default/a", "-c", r.config, "-o", dir), exitRuntime, dir+" is there already: choose another name")
	})
	t.Run("a rollout that nobody runs has no journal", func(t *testing.T) {
		says(t, verdin(t, "record", "default/none", "-c", r.config, "-o", dir+"2"), exitRuntime, "no journal of default/none")
		says(t, verdin(t, "record", "default/a", "--generation", "7", "-c", r.config, "-o", dir+"2"), exitRuntime, "no journal of generation 7 of default/a: there are [1]")
	})
	t.Run("a damaged recording is found", func(t *testing.T) {
		f, err := archive.Open(dir)
		must(t, err)
		whole, err := os.ReadFile(f.Path(0))
		must(t, err)
		for _, at := range []int{len(whole) / 3, len(whole) / 2, len(whole) - 2} {
			bad := bytes.Clone(whole)
			bad[at] ^= 1
			must(t, os.WriteFile(f.Path(0), bad, 0o644))
			if got := verdin(t, "replay", dir); got.code != exitRuntime || !strings.Contains(got.diag, f.Path(0)) && !strings.Contains(got.diag, "was a file changed") {
				t.Errorf("byte %d of %d: exit code %d: %s", at, len(whole), got.code, got.diag)
			}
		}
		must(t, os.WriteFile(f.Path(0), whole[:len(whole)-3], 0o644))
		if got := verdin(t, "replay", dir); got.code != exitRuntime || !containsAll(got.diag, []string{f.Path(0), "cut off", "copy or record it again"}) {
			t.Errorf("cut off: exit code %d: %s", got.code, got.diag)
		}
		must(t, os.WriteFile(f.Path(0), whole, 0o644))
	})
	t.Run("a changed recording is found", func(t *testing.T) {
		f, err := archive.Open(dir)
		must(t, err)
		must(t, os.Rename(f.Path(1), filepath.Join(t.TempDir(), "away")))
		must(t, os.Symlink(f.Path(0), f.Path(1)))
		got := verdin(t, "replay", dir)
		if got.code != exitRuntime || !containsAll(got.diag, []string{dir, "was a file changed"}) {
			t.Errorf("exit code %d: %s", got.code, got.diag)
		}
	})
}
