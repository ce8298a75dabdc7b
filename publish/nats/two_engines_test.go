package nats_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	natsgo "github.com/nats-io/nats.go"

	"verdin/publish/nats"
	"verdin/schemas"
)

const leaseTTL = 300 * time.Millisecond

// TestMain runs as an engine of its own when a test starts this program again.
func TestMain(m *testing.M) {
	if url := os.Getenv("VERDIN_TEST_ENGINE"); url != "" {
		if err := engineProcess(context.Background(), url, os.Getenv("VERDIN_TEST_KEY"), "stopped"); err != nil {
			fmt.Println("error:", err)
		}
		return
	}
	os.Exit(m.Run())
}

// engineProcess leads a rollout and publishes verdicts of its own until it is
// fenced. It looks at the lease only to begin: the fence must not need it.
func engineProcess(ctx context.Context, url, keyFile, name string) error {
	nc, err := nats.Connect(nats.Config{URL: url}, nil)
	if err != nil {
		return err
	}
	defer nc.Close()
	key, _, err := nats.OpenKey(keyFile)
	if err != nil {
		return err
	}
	p, err := nats.NewPublisher(nc, key, nats.Options{Engine: name, Trusted: []string{key.ID}, Timeout: 2 * time.Second})
	if err != nil {
		return err
	}
	if err := lead(ctx, nc, p, name); err != nil {
		return err
	}
	for n := 0; ; n++ {
		h, err := p.Head(ctx, "prod", "recsys")
		if err != nil {
			continue
		}
		var prev []byte
		if h.Verdict != nil {
			prev = h.Verdict.AppendJSON(nil)
		}
		switch r, err := p.Publish(ctx, next(prev, because(fmt.Sprint(name, "_", n)))); {
		case err != nil:
		case r == nats.Fenced:
			fmt.Println("fenced")
			return nil
		default:
			fmt.Println(r)
		}
	}
}

// lead waits for the lease, renews it in the background, and claims the chain.
func lead(ctx context.Context, nc *natsgo.Conn, p *nats.Publisher, name string) error {
	if err := nats.SetupLeases(ctx, nc, leaseTTL, 1); err != nil {
		return err
	}
	l, err := nats.NewLease(ctx, nc, "prod", "recsys", name)
	if err != nil {
		return err
	}
	won := make(chan bool, 100)
	go l.Run(ctx, func(held bool) { won <- held }, nil)
	for !<-won {
	}
	_, err = p.Claim(ctx, "prod", "recsys")
	return err
}

// A leader that is stopped, loses its lease, and wakes up in the middle of its work
// does no harm.
func TestAStoppedLeaderIsHarmless(t *testing.T) {
	b := newBed(t)
	keyFile := filepath.Join(t.TempDir(), "engine.nk")
	key, _, err := nats.OpenKey(keyFile)
	if err != nil {
		t.Fatal(err)
	}
	b.key = key
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "VERDIN_TEST_ENGINE="+b.srv.ClientURL(), "VERDIN_TEST_KEY="+keyFile)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	says := bufio.NewScanner(out)
	expect := func(want string) {
		t.Helper()
		if !says.Scan() || says.Text() != want {
			t.Fatalf("the process says %q, want %q", says.Text(), want)
		}
	}
	for range 3 {
		expect("acked")
	}
	if err := cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	p := b.publisher("heir")
	if err := lead(ctx, b.connect(), p, "heir"); err != nil { // waits until the lease has ended
		t.Fatal(err)
	}
	write := func(n int) {
		for range n {
			h, err := p.Head(ctx, "prod", "recsys")
			if err != nil {
				t.Fatal(err)
			}
			if r := until(t, p, next(h.Verdict.AppendJSON(nil), because("heir"))); r != nats.Acked {
				t.Fatalf("the heir: %s", r)
			}
		}
	}
	write(5)
	if err := cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	write(5) // while the other wakes up
	for says.Scan() && says.Text() == "acked" {
	} // what was written before it stopped
	if says.Text() != "fenced" {
		t.Errorf("the process that was stopped says %q, want fenced", says.Text())
	}
	h, err := p.Head(ctx, "prod", "recsys")
	if err != nil {
		t.Fatal(err)
	}
	onlyTheHeirAfterItsClaim(t, held(t, b.connect(), "recsys", int(h.Verdict.Sequence)))
}

// onlyTheHeirAfterItsClaim checks a chain of two engines.
func onlyTheHeirAfterItsClaim(t *testing.T, payloads []string) {
	t.Helper()
	heir, prev := 0, (*schemas.Verdict)(nil)
	for i, payload := range payloads {
		v, err := schemas.ParseVerdict([]byte(payload))
		if err != nil {
			t.Fatal(err)
		}
		if prev != nil && (v.Sequence != prev.Sequence+1 || v.PrevDigest != schemas.Digest([]byte(payloads[i-1]))) {
			t.Errorf("verdict %d breaks the chain", v.Sequence)
		}
		if v.Reason.Code == "heir" {
			heir++
		} else if heir > 0 {
			t.Errorf("verdict %d is of the engine that was stopped", v.Sequence)
		}
		prev = v
	}
	if heir != 10 {
		t.Errorf("%d verdicts of the heir, want 10", heir)
	}
}
