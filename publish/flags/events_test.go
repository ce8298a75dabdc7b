package flags_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	of "github.com/open-feature/go-sdk/openfeature"

	"verdin/publish/flags"
	"verdin/publish/router"
	"verdin/schemas"
)

// moving stands for a router whose status a test changes.
type moving struct {
	served
	mu    sync.Mutex
	st    router.Status
	known bool
}

func (m *moving) Status(string) (router.Status, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.st, m.known
}

func (m *moving) set(change func(*router.Status)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change(&m.st)
}

// told is what a handler of the SDK heard.
type told struct {
	kind of.EventType
	of.EventDetails
}

// listen registers a handler for every event of a client, as an application does.
func listen(c *of.Client) <-chan told {
	heard := make(chan told, 16)
	for _, kind := range []of.EventType{of.ProviderReady, of.ProviderStale, of.ProviderError, of.ProviderConfigChange} {
		handler := func(d of.EventDetails) { heard <- told{kind, d} }
		c.AddHandler(kind, &handler)
	}
	return heard
}

// The SDK's handlers hear each turn of a rollout's life once, and the client's state is
// that of the router.
func TestTheSDKHearsWhatBecomesOfTheFlags(t *testing.T) {
	m := &moving{st: router.Status{Namespace: "prod", Rollout: "recsys"}, known: true}
	f := flags.Of(verdict(2500))
	m.flag = &f
	p := flags.NewProvider(m, func() schemas.Time { return noon }, nil)
	if err := of.SetNamedProviderAndWait(t.Name(), p); err != nil {
		t.Fatal(err)
	}
	client := of.NewClient(t.Name())
	heard := listen(client)
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	hears := func(what string, state of.State, kinds ...of.EventType) {
		t.Helper()
		left := slices.Clone(kinds) // the SDK runs each handler in a goroutine of its own: in any order
		for range kinds {
			select {
			case e := <-heard:
				at := slices.Index(left, e.kind)
				if at < 0 || e.ProviderName != "verdin" || e.kind == of.ProviderConfigChange && !slices.Equal(e.FlagChanges, []string{"prod.recsys"}) {
					t.Fatalf("%s: %s %+v, want one of %v", what, e.kind, e.EventDetails, left)
				}
				left = slices.Delete(left, at, at+1)
			case <-ctx.Done():
				t.Fatalf("%s: %v was not heard", what, left)
			}
		}
		if got := client.State(); got != state {
			t.Errorf("%s: the client is %s, want %s", what, got, state)
		}
	}
	hears("set", of.ReadyState, of.ProviderReady) // by the SDK itself
	tick, done := make(chan time.Time), make(chan struct{})
	go func() { defer close(done); p.Watch(ctx, []string{"prod/recsys"}, tick) }()
	hears("before the first verdict", of.StaleState, of.ProviderStale)

	for _, turn := range []struct {
		what   string
		change func(*router.Status)
		kinds  []of.EventType
		state  of.State
	}{
		{"the first verdict", func(s *router.Status) { s.Generation, s.Sequence, s.Served, s.WeightBps = 1, 1, 1, 1000 },
			[]of.EventType{of.ProviderConfigChange, of.ProviderReady}, of.ReadyState},
		{"silence", func(s *router.Status) { s.Stale = true }, []of.EventType{of.ProviderStale}, of.StaleState},
		{"a step while stale", func(s *router.Status) { s.Sequence, s.Served, s.WeightBps = 2, 2, 2500 }, []of.EventType{of.ProviderConfigChange}, of.StaleState},
		{"the deadline", func(s *router.Status) { s.Expired, s.WeightBps = true, 0 }, []of.EventType{of.ProviderConfigChange, of.ProviderError}, of.ErrorState},
		{"the engine is back", func(s *router.Status) { s.Stale, s.Expired, s.WeightBps = false, false, 2500 },
			[]of.EventType{of.ProviderConfigChange, of.ProviderReady}, of.ReadyState},
		{"the local switch", func(s *router.Status) { s.Killed, s.WeightBps = true, 0 }, []of.EventType{of.ProviderConfigChange}, of.ReadyState},
	} {
		if m.set(turn.change); turn.what == "the local switch" {
			p.Look() // as the router's OnChange does
		} else {
			tick <- time.Time{}
		}
		hears(turn.what, turn.state, turn.kinds...)
	}
	tick <- time.Time{} // nothing happened
	tick <- time.Time{}
	select {
	case e := <-heard:
		t.Errorf("nothing happened, and %s was told: %+v", e.kind, e.EventDetails)
	default:
	}
	stop()
	<-done
}

// A rollout that the router does not know is an error that names it, whatever the others do.
func TestAnUnknownRolloutIsAnError(t *testing.T) {
	m := &moving{}
	p := flags.NewProvider(m, func() schemas.Time { return noon }, nil)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go p.Watch(ctx, []string{"prod/absent"}, nil)
	e := <-p.EventChannel()
	if e.EventType != of.ProviderError || e.Message != "prod/absent: it is not configured at the router" || e.ErrorCode != of.GeneralCode {
		t.Errorf("%+v", e)
	}
}
