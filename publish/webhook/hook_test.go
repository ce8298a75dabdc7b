package webhook

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// run starts a hook with a receiver in the bubble and returns how it is ended.
func run(t *testing.T, r *receiver, verdicts ...string) (h *Hook, said *heard, end func()) {
	t.Helper()
	said = &heard{}
	h = newHook(Target{Name: "chat", URL: "https://example.com/hook", Verdicts: verdicts}, testKey(t), said.hear, r)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { h.Run(ctx); close(done) }()
	return h, said, func() { stop(); <-done }
}

func expect(t *testing.T, h *Hook, delivered, lost uint64) {
	t.Helper()
	if d, waiting, l := h.Counts(); d != delivered || l != lost || waiting != 0 {
		t.Errorf("%d delivered, %d waiting, %d lost; want %d, 0, %d", d, waiting, l, delivered, lost)
	}
}

// A receiver that is away hears again after 1, 2, 4, … seconds, under the same id.
func TestRetriesBackOffAndKeepTheID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &receiver{codes: []int{500, 503, 429, 200}}
		h, said, end := run(t, r)
		begun := time.Now()
		h.Send(note(7))
		<-time.After(time.Minute)
		synctest.Wait()
		expect(t, h, 1, 0)
		came := r.arrivals()
		want := []time.Duration{0, time.Second, 3 * time.Second, 7 * time.Second}
		if len(came) != len(want) || said.count() != 3 {
			t.Fatalf("%d attempts and %d complaints, want %d and 3", len(came), said.count(), len(want))
		}
		for i, a := range came {
			if a.at.Sub(begun) != want[i] || a.head.Get(HeaderID) != note(7).ID || a.head.Get("Idempotency-Key") != note(7).ID {
				t.Errorf("attempt %d after %v with id %s, want after %v", i, a.at.Sub(begun), a.head.Get(HeaderID), want[i])
			}
			if err := testKey(t).Verify(a.head, []byte(a.body), a.at, time.Second); err != nil {
				t.Errorf("attempt %d: %v", i, err)
			}
		}
		end()
	})
}

// A receiver that stays away costs one note its bounded attempts, never the next one.
func TestAttemptsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &receiver{codes: []int{500}}
		h, _, end := run(t, r)
		h.Send(note(1))
		<-time.After(time.Hour)
		synctest.Wait()
		expect(t, h, 0, 1)
		came := r.arrivals()
		if len(came) != attempts {
			t.Fatalf("%d attempts, want %d", len(came), attempts)
		}
		if last := came[attempts-1].at.Sub(came[attempts-2].at); last != longest {
			t.Errorf("the last attempt came after %v, want %v", last, longest)
		}
		r.mu.Lock()
		r.codes = []int{200}
		r.mu.Unlock()
		h.Send(note(2))
		synctest.Wait()
		expect(t, h, 1, 1)
		end()
	})
}

// What a receiver may take later comes again.
func TestEveryPassingTroubleIsRetried(t *testing.T) {
	for _, code := range []int{408, 425, 429, 500, 502, 504, 599} {
		synctest.Test(t, func(t *testing.T) {
			h, _, end := run(t, &receiver{codes: []int{code, 204}})
			h.Send(note(1))
			<-time.After(time.Minute)
			synctest.Wait()
			expect(t, h, 1, 0)
			end()
		})
	}
}

// mute takes connections and never answers.
type mute struct{ begun []time.Time }

func (m *mute) RoundTrip(req *http.Request) (*http.Response, error) {
	m.begun = append(m.begun, time.Now())
	<-req.Context().Done()
	return nil, req.Context().Err()
}

// A receiver that never answers is given up and tried again, like one that is away.
func TestAnAttemptEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &mute{}
		h := newHook(Target{Name: "chat", URL: "https://example.com/hook"}, testKey(t), func(error) {}, m)
		n := note(1)
		h.deliver(t.Context(), &n)
		expect(t, h, 0, 1)
		if len(m.begun) != attempts || m.begun[1].Sub(m.begun[0]) != patience+firstWait {
			t.Errorf("attempts at %v", m.begun)
		}
	})
}

// The environment's proxy would see every note, and choose where it goes.
func TestNoProxyIsAsked(t *testing.T) {
	h, err := New(&Config{}, Target{Name: "chat", URL: "https://example.com/hook", KeyFile: keyFile(t)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if h.client.Transport.(*http.Transport).Proxy != nil {
		t.Error("a proxy is asked")
	}
}

// What the receiver refuses is not sent again, redirects among it.
func TestRefusalsAreFinal(t *testing.T) {
	for _, code := range []int{301, 307, 308, 400, 401, 404, 410} {
		synctest.Test(t, func(t *testing.T) {
			r := &receiver{codes: []int{code}}
			h, said, end := run(t, r)
			h.Send(note(1))
			<-time.After(time.Hour)
			synctest.Wait()
			expect(t, h, 0, 1)
			if n := len(r.arrivals()); n != 1 || said.count() != 1 {
				t.Errorf("code %d: %d attempts, complaints %q", code, n, said.all)
			}
			end()
		})
	}
}

// Send never waits: of more notes than there is room for the oldest go, counted.
func TestAFullQueueLosesTheOldest(t *testing.T) {
	h := newHook(Target{Name: "chat"}, testKey(t), func(error) {}, &receiver{})
	for i := range uint64(queueSize + 10) {
		h.Send(note(i + 1))
	}
	if _, waiting, lost := h.Counts(); waiting != queueSize || lost != 10 {
		t.Errorf("%d wait and %d lost, want %d and 10", waiting, lost, queueSize)
	}
	if first := <-h.waiting; first.Sequence != 11 {
		t.Errorf("verdict %d is the oldest left, want 11", first.Sequence)
	}
}

// At the end what waits has one more attempt each, and what fails then is counted.
func TestTheEndDrains(t *testing.T) {
	for _, c := range []struct {
		codes           []int
		delivered, lost uint64
	}{{[]int{500, 200}, 3, 0}, {[]int{500}, 0, 3}} {
		synctest.Test(t, func(t *testing.T) {
			h, _, end := run(t, &receiver{codes: c.codes})
			for i := range uint64(3) {
				h.Send(note(i + 1))
			}
			synctest.Wait() // the first has failed and waits for its second attempt
			end()
			expect(t, h, c.delivered, c.lost)
		})
	}
}

// A target hears of the verdicts that it names only.
func TestTargetsChooseVerdicts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &receiver{codes: []int{200}}
		h, _, end := run(t, r, "rollback", "hold")
		n := note(1)
		n.Verdict = "advance"
		h.Send(n)
		h.Send(note(2))
		synctest.Wait()
		expect(t, h, 1, 0)
		if body := r.arrivals()[0].body; !strings.Contains(body, `"sequence":2,`) {
			t.Errorf("came: %s", body)
		}
		end()
	})
}
