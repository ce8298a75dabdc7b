package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"verdin/publish/nats"
	"verdin/schemas"
)

// pair is the engine files of two engines with one folder of rollouts, a state folder for
// each, and leases that end after a second.
func (r *rig) pair(t *testing.T) (a, b string) {
	t.Helper()
	file := func(name string) string {
		return write(t, r.dir, name+".yaml", r.engineFile("nats: {url:", "engine: "+name+"\nstate: {dir: state-"+name+"}\nnats: {lease: 1s, url:"))
	}
	return file("ann"), file("ben")
}

// unbroken waits until the audit stream, which is copied from the bucket, holds so many
// verdicts, and checks that they are one chain; it returns their reasons.
func (r *rig) unbroken(t *testing.T, verdicts int) (codes []string) {
	t.Helper()
	nc, err := nats.Connect(nats.Config{URL: r.natsURL()}, nil)
	must(t, err)
	defer nc.Close()
	eventually(t, fmt.Sprintf("%d verdicts in the audit stream", verdicts), func() bool {
		codes = nil
		must(t, nats.ReadAudit(t.Context(), nc, "default/a", func(m nats.Audited) error {
			v, err := schemas.ParseVerdict(m.Payload)
			codes = append(codes, v.Reason.Code)
			return err
		}))
		return len(codes) >= verdicts
	})
	got := verdin(t, "verify", "--nats", r.natsURL(), "--trusted", r.trusted(t), "--rollout", "default/a")
	if got.code != exitOK || len(codes) != verdicts {
		t.Errorf("verdicts %v, want %d; verdin verify: exit code %d: %s", codes, verdicts, got.code, got.diag)
	}
	return codes
}

// order gives an order, once an engine takes orders for the rollout.
func (r *rig) order(t *testing.T, verb string, parts ...string) {
	t.Helper()
	var got result
	eventually(t, "an engine takes orders", func() bool {
		got = verdin(t, verb, "a", "--reason", "test", "--nats", r.natsURL())
		return !strings.Contains(got.diag, "no engine answers") && !strings.Contains(got.diag, "no answer within") // one that sleeps listens too
	})
	answers(t, got, exitOK, parts...)
}

// trusted is a list with the key of the rig's engines.
func (r *rig) trusted(t *testing.T) string {
	t.Helper()
	key, _, err := nats.OpenKey(filepath.Join(r.dir, "seed"))
	must(t, err)
	return write(t, r.dir, "trusted.keys", key.ID+"\n")
}

// Of two engines one judges. The other stands by, shows where the chain stands, and takes
// over when the first is stopped: it goes on in the same generation.
func TestASecondEngineStandsByAndTakesOver(t *testing.T) {
	r := newRig(t)
	r.spec(t, "a")
	ann, ben := r.pair(t)
	first := launch(t, "run", "-c", ann)
	first.await(t, `"msg":"verdict acked"`, `"sequence":1`)
	second := launch(t, "run", "-c", ben)
	addr := listening.FindStringSubmatch(second.await(t, `"msg":"listening"`))[1]
	second.await(t, `"msg":"another engine judges: this one stands by"`, "default/a")
	ready(t, addr, http.StatusOK, "0 running, 0 files refused, 1 judged by another engine")
	eventually(t, "it shows the verdict of the other", func() bool {
		_, text := page(t, addr, "/api/v1/rollouts/default/a")
		return containsAll(text, []string{`"fenced":true`, "engine ann to give the rollout up", `"sequence":1`})
	})
	_, flags := page(t, addr, "/flagd/v1/flags.json")
	if !strings.Contains(flags, `"default.a"`) {
		t.Errorf("no flag while it stands by: %s", flags)
	}
	if _, text := page(t, addr, "/metrics"); !strings.Contains(text, `verdin_lease_held{rollout="default/a"} 0`) {
		t.Error("the metrics do not tell that the lease is another's")
	}
	r.order(t, "pause", "is hold, the rollout is paused")
	first.await(t, `"msg":"verdict acked"`, `"sequence":2`)
	if code := first.stop(t); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	second.await(t, `"msg":"the journal was fetched from its mirror"`)
	second.await(t, `"msg":"rollout started"`, `"generation":1`)
	r.order(t, "resume", "accepted at cut ")
	second.await(t, `"msg":"verdict acked"`, `"sequence":3`)
	second.stop(t)
	r.unbroken(t, 3)
	noGoroutinesLeft(t)
}

// stranger is a program that takes chains over without a lease.
type stranger struct {
	*nats.Publisher
	close func()
}

func (r *rig) stranger(t *testing.T) *stranger {
	t.Helper()
	key, _, err := nats.OpenKey(filepath.Join(r.dir, "seed"))
	must(t, err)
	nc, err := nats.Connect(nats.Config{URL: r.natsURL()}, nil)
	must(t, err)
	p, err := nats.NewPublisher(nc, key, nats.Options{Engine: "stranger"})
	must(t, err)
	_, err = p.Claim(t.Context(), "default", "a")
	must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		p.RunBeats(ctx, 50*time.Millisecond, wallClock, func() []nats.Standing {
			return []nats.Standing{{Namespace: "default", BeatHead: schemas.BeatHead{Rollout: "a", Generation: 1, Sequence: 1, Digest: schemas.Digest(nil), LeaseSeconds: 900}}}
		}, nil)
	}()
	return &stranger{p, func() { cancel(); <-ended; nc.Close() }}
}

// An engine that was fenced follows as long as another one speaks for the rollout. When
// that falls silent it takes the chain back, and what it was kept from saying is decided
// again. If the other has written, a new generation follows its verdict.
func TestAFencedEngineTakesTheChainBack(t *testing.T) {
	r := newRig(t)
	r.spec(t, "a")
	ann, _ := r.pair(t)
	p := launch(t, "run", "-c", ann)
	p.await(t, `"msg":"verdict acked"`, `"sequence":1`)

	s := r.stranger(t)
	verdin(t, "pause", "a", "--reason", "look", "--nats", r.natsURL()) // gives a verdict, which is fenced
	p.await(t, `"msg":"verdict fenced"`, `"sequence":2`)
	p.await(t, `"msg":"the rollout is yielded"`, "another engine has taken the chain over")
	p.await(t, `"msg":"another engine judges: this one stands by"`)
	answers(t, verdin(t, "status", "a", "--nats", r.natsURL()), exitRuntime, "no engine")
	s.close()
	p.await(t, `"msg":"rollout started"`, `"generation":1`)
	p.await(t, `"msg":"verdict acked"`, `"sequence":3`) // the pause, decided again
	if got := r.unbroken(t, 2); got[1] != "paused" {
		t.Errorf("verdicts %v, want the first and the pause", got)
	}

	s = r.stranger(t)
	head, err := s.Head(t.Context(), "default", "a")
	must(t, err)
	v := *head.Verdict
	v.Sequence, v.PrevDigest, v.Reason.Code = v.Sequence+1, head.Digest, "strange"
	if got, err := s.Publish(t.Context(), v.AppendJSON(nil)); got != nats.Acked {
		t.Fatal(got, err)
	}
	verdin(t, "resume", "a", "--reason", "well", "--nats", r.natsURL())
	p.await(t, `"msg":"the rollout is yielded"`)
	s.close()
	p.await(t, `"msg":"a generation begins"`, "which the journal does not know")
	p.await(t, `"msg":"verdict acked"`, `"generation":2,"sequence":1`)
	_, text := page(t, listening.FindStringSubmatch(p.String())[1], "/metrics")
	if !strings.Contains(text, `verdin_rollout_yields_total{rollout="default/a"} 2`) {
		t.Error("the metrics do not count both yields")
	}
	p.stop(t)
	r.unbroken(t, 4)
	noGoroutinesLeft(t)
}

// engineProcess is an engine as a process of its own.
func engineProcess(t *testing.T, config string) (*output, *os.Process) {
	t.Helper()
	out := newOutput()
	cmd := exec.Command(binary(t), "run", "-c", config)
	cmd.Stderr = out
	must(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return out, cmd.Process
}

// A leader that is stopped loses its lease, and its heir goes on. When it wakes up it
// sees that, says nothing, and stands by: the two do not take the rollout from each other
// in turn.
func TestALeaderThatSleepsIsHarmless(t *testing.T) {
	r := newRig(t)
	r.spec(t, "a")
	ann, ben := r.pair(t)
	leader, process := engineProcess(t, ann)
	leader.await(t, `"msg":"verdict acked"`, `"sequence":1`)
	heir := launch(t, "run", "-c", ben)
	heir.await(t, `"msg":"another engine judges: this one stands by"`)

	must(t, process.Signal(syscall.SIGSTOP))
	heir.await(t, `"msg":"rollout started"`) // the lease has ended
	// A hold follows at once, or when the heir has caught up.
	r.order(t, "pause")
	heir.await(t, `"msg":"verdict acked"`)
	must(t, process.Signal(syscall.SIGCONT))
	leader.await(t, `"msg":"the rollout is yielded"`, "another engine")
	leader.await(t, `"msg":"another engine judges: this one stands by"`)
	r.order(t, "resume", "accepted at cut ")
	heir.await(t, `"msg":"verdict acked"`)
	r.unbroken(t, 3)
	if strings.Contains(heir.String(), "is yielded") {
		t.Errorf("the heir lost the rollout again:\n%s", heir)
	}
	heir.stop(t)
	leader.await(t, `"msg":"rollout started"`)
	r.order(t, "kill", "is rollback")
	leader.await(t, `"msg":"verdict acked"`, `"sequence":4`)
	r.unbroken(t, 4)
}

// A server that comes back without its streams gets them again while the engine runs.
func TestAStreamLostAtRunTimeIsRefilled(t *testing.T) {
	r := newRig(t)
	r.spec(t, "a")
	ann, _ := r.pair(t)
	p := launch(t, "run", "-c", ann)
	addr := listening.FindStringSubmatch(p.await(t, `"msg":"listening"`))[1]
	p.await(t, `"msg":"verdict acked"`, `"sequence":1`)
	r.order(t, "pause", "is hold")
	p.await(t, `"msg":"verdict acked"`, `"sequence":2`)
	port := r.nats.Addr().(*net.TCPAddr).Port
	r.nats.Shutdown()
	r.nats.WaitForShutdown()
	must(t, os.RemoveAll(filepath.Join(r.servers.dir, "nats")))
	var err error
	r.nats, err = startNATS(r.servers.dir, port)
	must(t, err)
	p.await(t, `"msg":"NATS has lost verdicts: they are written again"`, "default/a")
	eventually(t, "both verdicts stand there", func() bool {
		_, text := page(t, addr, "/metrics")
		return strings.Contains(text, `verdin_chain_refills_total{rollout="default/a"} 1`)
	})
	r.order(t, "resume", "accepted at cut ")
	p.await(t, `"msg":"verdict acked"`, `"sequence":3`)
	p.stop(t)
	r.unbroken(t, 3)
	noGoroutinesLeft(t)
}

// The engine file says how many servers keep the streams, and is told where there are
// not so many.
func TestReplicasAreOfTheEngineFile(t *testing.T) {
	r := newRig(t)
	r.spec(t, "a")
	for want, part := range map[string]string{
		"nats.replicas is 3, and there are not so many servers": "replicas: 3",
		"nats.replicas is 2: use 1, or 3 or 5":                  "replicas: 2",
		"nats.lease is 10ms: use 1s or more":                    "lease: 10ms",
	} {
		got := verdin(t, "run", "-c", write(t, r.dir, "verdin.yaml", r.engineFile("nats: {", "nats: {"+part+", ")))
		if got.code == exitOK || !strings.Contains(got.diag, want) {
			t.Errorf("%s: exit code %d, %s", part, got.code, said(got.diag))
		}
	}
	nc, err := nats.Connect(nats.Config{URL: r.natsURL()}, nil)
	must(t, err)
	must(t, nats.Setup(t.Context(), nc, 1))
	nc.Close()
	p := launch(t, "run", "-c", write(t, r.dir, "verdin.yaml", r.engineFile("nats: {", "nats: {replicas: 3, lease: 0s, ")))
	p.await(t, "fewer copies than nats.replicas asks for", "KV_VERDIN_ROUTES stands on 1 of 3 servers", "nats stream edit KV_VERDIN_ROUTES --replicas=3")
	p.await(t, `"msg":"verdict acked"`)
	p.stop(t)
	noGoroutinesLeft(t)
}

// The holder of a lease is the machine and the folder: a crash makes no other one.
func TestAnEngineKnowsItsOwnLease(t *testing.T) {
	a, again, other := newCandidate("e", "state", time.Second), newCandidate("e", "./state", time.Second), newCandidate("e", "state-2", time.Second)
	if a != again || a.holder == other.holder {
		t.Errorf("%q, %q, %q", a.holder, again.holder, other.holder)
	}
	for lease, beat := range map[time.Duration]time.Duration{0: 5 * time.Second, 3 * time.Second: time.Second, time.Hour: 5 * time.Second} {
		if got := (candidate{lease: lease}).beat(); got != beat {
			t.Errorf("lease %v: a heartbeat every %v, want %v", lease, got, beat)
		}
	}
	if !isYield(fmt.Errorf("x: %w", errLease)) || isYield(errors.New("x")) || isYield(nil) {
		t.Error("a yield is not told from a failure")
	}
}
