package nats_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	natsgo "github.com/nats-io/nats.go"

	"verdin/publish/nats"
	"verdin/schemas"
)

// wire is a Sender whose server can be down, and can lose an acknowledgement.
type wire struct {
	mu       sync.Mutex
	down     bool
	loseAck  bool
	attempts []time.Time
	stored   []string // reason codes, in order
}

var errDown = errors.New("down")

func (w *wire) Publish(_ context.Context, payload []byte) (nats.Result, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.attempts = append(w.attempts, time.Now())
	if w.down {
		return "", errDown
	}
	if code := codeOf(payload); !slices.Contains(w.stored, code) {
		w.stored = append(w.stored, code)
	}
	if w.loseAck {
		return "", errDown
	}
	return nats.Acked, nil
}

func (w *wire) Withdraw(_ context.Context, payload []byte) (nats.Result, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.down {
		return "", errDown
	}
	if slices.Contains(w.stored, codeOf(payload)) {
		return nats.Acked, nil
	}
	return nats.Expired, nil
}

func (w *wire) set(down, loseAck bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.down, w.loseAck = down, loseAck
}

func (w *wire) tries() []time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.attempts)
}

func (w *wire) holds() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.stored)
}

func codeOf(payload []byte) string {
	v, err := schemas.ParseVerdict(payload)
	if err != nil {
		panic(err)
	}
	return v.Reason.Code
}

// outbox runs one over a wire inside a bubble and returns its outcomes.
type outbox struct {
	*nats.Outbox
	mu   sync.Mutex
	done []nats.Outcome
}

func runOutbox(t *testing.T, w nats.Sender) *outbox {
	o := &outbox{}
	o.Outbox = nats.NewOutbox(w, nats.OutboxOptions{
		Now: func() schemas.Time { return schemas.TimeOf(time.Now()) },
		Done: func(x nats.Outcome) {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.done = append(o.done, x)
		},
	})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); o.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-ended })
	return o
}

func (o *outbox) add(t *testing.T, payloads ...[]byte) {
	t.Helper()
	for _, p := range payloads {
		if err := o.Add(p); err != nil {
			t.Fatal(err)
		}
	}
}

func (o *outbox) results() (all []nats.Result) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, x := range o.done {
		all = append(all, x.Result)
	}
	return all
}

// elapse lets the bubble's clock run, and what it sets off come to rest.
func elapse(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// named is a verdict with a name that is valid for a while; kind may change it.
func named(prev []byte, name string, valid time.Duration, kind func(*schemas.Verdict)) []byte {
	return next(prev, func(v *schemas.Verdict) {
		v.Reason.Code, v.ValidUntil = name, schemas.TimeOf(time.Now().Add(valid))
		if kind != nil {
			kind(v)
		}
	})
}

func hold(v *schemas.Verdict) { v.Verdict = schemas.VerdictHold }

func want[T comparable](t *testing.T, what string, got []T, want ...T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func TestOutboxRetriesWithGrowingPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{down: true}
		o := runOutbox(t, w)
		start := time.Now()
		o.add(t, named(nil, "a", time.Hour, nil))
		elapse(time.Minute)
		var pauses []time.Duration
		tries := w.tries()
		for i, at := range tries[1:] {
			pauses = append(pauses, at.Sub(tries[i]))
		}
		ms := time.Millisecond
		if tries[0] != start || !slices.Equal(pauses[:8], []time.Duration{100 * ms, 200 * ms, 400 * ms, 800 * ms, 1600 * ms, 3200 * ms, 5000 * ms, 5000 * ms}) {
			t.Errorf("pauses %v", pauses)
		}
		w.set(false, false)
		elapse(5 * time.Second)
		want(t, "results", o.results(), nats.Acked)
		if o.Len() != 0 {
			t.Errorf("%d left", o.Len())
		}
	})
}

func TestOutboxSendsNoExpiredStepForward(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{}
		o := runOutbox(t, w)
		first := named(nil, "first", time.Minute, nil)
		o.add(t, first)
		elapse(time.Second)
		w.set(true, false)
		step := named(first, "step", time.Minute, nil)
		follower := named(step, "hold", time.Hour, hold) // names a step that will never be sent
		o.add(t, step, follower)
		elapse(2 * time.Minute)
		w.set(false, false)
		elapse(10 * time.Second)
		o.add(t, named(follower, "late follower", time.Hour, hold), named(first, "decided again", time.Minute, nil))
		elapse(time.Second)
		want(t, "results", o.results(), nats.Acked, nats.Expired, nats.Expired, nats.Expired, nats.Acked)
		want(t, "stored", w.holds(), "first", "decided again")
	})
}

func TestOutboxFindsAnExpiredStepThatWasStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{loseAck: true}
		o := runOutbox(t, w)
		o.add(t, named(nil, "step", time.Minute, nil))
		elapse(time.Second)
		w.set(true, false)
		elapse(2 * time.Minute)
		want(t, "results while down", o.results())
		w.set(false, false)
		elapse(10 * time.Second)
		want(t, "results", o.results(), nats.Acked)
	})
}

func TestRollbackOvertakesWhatWasNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{down: true}
		o := runOutbox(t, w)
		step := named(nil, "step", time.Hour, nil)
		o.add(t, step)
		elapse(time.Second)
		later := named(step, "hold", time.Hour, hold)
		other := named(nil, "other", time.Hour, func(v *schemas.Verdict) { v.Rollout = "search" })
		other2 := named(nil, "other-rollback", time.Hour, func(v *schemas.Verdict) { rollback(v); v.Rollout = "zeta" })
		o.add(t, other, later, named(later, "rollback", time.Minute, rollback), other2)
		elapse(time.Hour / 2) // a rollback does not expire
		w.set(false, false)
		elapse(10 * time.Second)
		want(t, "stored", w.holds(), "rollback", "other-rollback", "other")
		want(t, "results", o.results(), nats.Expired, nats.Expired, nats.Acked, nats.Acked, nats.Acked)
	})
}

func TestOutboxRefusesWhatIsNoVerdict(t *testing.T) {
	if err := nats.NewOutbox(&wire{}, nats.OutboxOptions{}).Add([]byte("{}")); err == nil {
		t.Error("an empty object was queued")
	}
}

func TestOutboxDeliversAcrossARestartOfTheServer(t *testing.T) {
	b := newBed(t)
	done := make(chan nats.Outcome, 10)
	lost := make(chan struct{}, 10)
	nc, err := nats.Connect(nats.Config{URL: b.srv.ClientURL()}, nil, natsgo.ReconnectWait(10*time.Millisecond),
		natsgo.DisconnectErrHandler(func(*natsgo.Conn, error) { lost <- struct{}{} }))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	p, err := nats.NewPublisher(nc, b.key, nats.Options{Engine: "a", Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	failed := make(chan error, 100)
	o := nats.NewOutbox(p, nats.OutboxOptions{Now: func() schemas.Time { return noon }, Done: func(x nats.Outcome) { done <- x },
		OnError: func(err error) { failed <- err }, MaxWait: 50 * time.Millisecond})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); o.Run(ctx) }()
	defer func() { cancel(); <-ended }()

	all := chain(4)
	add := func(payloads ...[]byte) {
		for _, payload := range payloads {
			if err := o.Add(payload); err != nil {
				t.Fatal(err)
			}
		}
	}
	expect := func(n int) {
		for range n {
			select {
			case x := <-done:
				if x.Result != nats.Acked {
					t.Errorf("%+v", x)
				}
			case <-time.After(20 * time.Second):
				t.Fatalf("%d verdicts are still in the outbox", o.Len())
			}
		}
	}
	add(all[:2]...)
	expect(2)
	port := b.port()
	stop(b.srv)
	<-lost
	add(all[2:]...)
	if err := <-failed; !errors.Is(err, nats.ErrDown) || !strings.Contains(err.Error(), "prod/recsys/1/3") {
		t.Errorf("while down: %v", err)
	}
	b.start(port)
	expect(2)
	if h, err := b.publisher("b").Head(t.Context(), "prod", "recsys"); err != nil || h.Digest != schemas.Digest(all[3]) {
		t.Errorf("after the restart: %+v, %v", h, err)
	}
}

// What waits of a rollout that another engine judges is not sent, and nobody hears of it;
// other rollouts go on.
func TestOutboxForgetsARollout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &wire{down: true}
		o := runOutbox(t, w)
		other := func(v *schemas.Verdict) { v.Rollout = "other" }
		o.add(t, named(nil, "ours no more", time.Hour, nil), named(nil, "ours", time.Hour, other))
		elapse(time.Minute)
		o.Forget("prod", "recsys")
		w.set(false, false)
		elapse(time.Minute)
		want(t, "stored", w.holds(), "ours")
		want(t, "results", o.results(), nats.Acked)
		o.add(t, named(nil, "judged again", time.Hour, nil))
		elapse(time.Second)
		want(t, "stored", w.holds(), "ours", "judged again")
	})
}

// behind is a wire to a bucket that has lost a chain until it is refilled.
type behind struct {
	wire
	refilled bool
}

func (b *behind) Publish(ctx context.Context, payload []byte) (nats.Result, error) {
	if !b.refilled {
		return "", nats.ErrBehind
	}
	return b.wire.Publish(ctx, payload)
}

// A verdict that comes after some that the bucket has lost is sent once they stand there.
func TestOutboxRefillsWhatTheBucketLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, fails := &behind{}, 2
		o := &outbox{}
		o.Outbox = nats.NewOutbox(w, nats.OutboxOptions{
			Now:     func() schemas.Time { return schemas.TimeOf(time.Now()) },
			Done:    func(x nats.Outcome) { o.done = append(o.done, x) },
			OnError: func(error) {},
			Refill: func(_ context.Context, ns, rollout string) error {
				if fails--; fails >= 0 {
					return errDown
				}
				w.refilled = ns == "prod" && rollout == "recsys"
				return nil
			},
		})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); o.Run(ctx) }()
		o.add(t, named(nil, "a", time.Hour, nil))
		elapse(time.Minute)
		cancel()
		<-ended
		want(t, "results", o.results(), nats.Acked)
		want(t, "stored", w.holds(), "a")
		if fails != -1 {
			t.Errorf("%d attempts to refill, want 3", 2-fails)
		}
	})
}
