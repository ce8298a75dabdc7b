package main

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"verdin/publish/nats"
	"verdin/publish/router"
)

// follower is a router in process that follows default/a with a list of trusted keys.
type follower struct {
	*router.Router
	seen chan router.Status
	errs chan error
	stop func()
	done chan error
}

func (r *rig) follow(t *testing.T, state string, trusted ...string) *follower {
	t.Helper()
	f := &follower{seen: make(chan router.Status, 64), errs: make(chan error, 64)}
	tell := func(st router.Status) {
		select {
		case f.seen <- st:
		default:
		}
	}
	var err error
	f.Router, err = router.New(router.Config{ID: "edge", Rollouts: []string{"a"}, Trusted: trusted, StateFile: filepath.Join(r.dir, state),
		OnChange: tell, OnError: func(err error) {
			select {
			case f.errs <- err:
			default:
			}
		}})
	must(t, err)
	nc, err := nats.Connect(nats.Config{URL: r.natsURL()}, nil)
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	f.done = make(chan error, 1)
	go func() { f.done <- f.Run(ctx, nc) }()
	f.stop = func() {
		cancel()
		<-f.done
		nc.Close()
	}
	return f
}

// serves waits until the router serves a verdict of at least a sequence number.
func (f *follower) serves(t *testing.T, sequence uint64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		if st, _ := f.Status("a"); st.Served >= sequence {
			return
		}
		select {
		case <-f.seen:
		case err := <-f.done:
			t.Fatalf("the router ended: %v", err)
		case <-ctx.Done():
			st, _ := f.Status("a")
			t.Fatalf("verdict %d is not served: %+v, %+v", sequence, st, f.Counters())
		}
	}
}

// The steps of docs/nats.md on a running rollout: both keys are trusted, the engine
// switches, the old key goes. Routers serve all the while, one that was forgotten says
// why it does not follow, and verify names both keys in order.
func TestAKeyIsRotatedWithTheWholeSystem(t *testing.T) {
	r := newRig(t)
	r.spec(t, "a")
	old, _, err := nats.OpenKey(filepath.Join(r.dir, "seed"))
	must(t, err)
	fresh, _, err := nats.OpenKey(filepath.Join(r.dir, "fresh"))
	must(t, err)
	list := func(ids ...string) { write(t, r.dir, "trusted.keys", strings.Join(ids, "\n")+"\n") }
	engine := func(seed string) *program {
		return launch(t, "run", "-c", write(t, r.dir, "verdin.yaml", r.engineFile("seedFile: seed", "seedFile: "+seed, "nats: {", "nats: {trusted: trusted.keys, ")))
	}
	order := func(p *program, verb, sequence string) {
		t.Helper()
		r.order(t, verb, "accepted at cut ")
		p.await(t, "verdict acked", "default/a", `"sequence":`+sequence)
	}
	verify := func(code int, want string, keys ...string) {
		t.Helper()
		args := []string{"verify", "--nats", r.natsURL()}
		for _, key := range keys {
			args = append(args, "--key", key)
		}
		answers(t, verdin(t, args...), code, want)
	}

	list(old.ID)
	p := engine("seed")
	p.await(t, "verdict acked", "default/a")
	edge := r.follow(t, "edge.state", old.ID)
	edge.serves(t, 1)
	verify(exitOK, "signed by "+old.ID, old.ID)

	list(old.ID, fresh.ID) // both are trusted
	edge.stop()
	edge = r.follow(t, "edge.state", old.ID, fresh.ID)
	p.stop(t)
	p = engine("fresh") // the engine switches
	order(p, "pause", "2")
	edge.serves(t, 2)
	if c := edge.Counters(); c.Forged != 0 || c.Broken != 0 {
		t.Errorf("the router that trusts both keys refused something: %+v", c)
	}
	nc, err := nats.Connect(nats.Config{URL: r.natsURL()}, nil)
	must(t, err)
	awaitAudit(t, nc, 2)
	nc.Close()
	verify(exitOK, "signed by "+old.ID+", "+fresh.ID, old.ID, fresh.ID)
	verify(exitRuntime, `its key "`+old.ID+`" is not trusted`, fresh.ID) // auditors keep the old one

	forgotten := r.follow(t, "forgotten.state", old.ID)
	select {
	case err := <-forgotten.errs:
		if !strings.Contains(err.Error(), "without the signature of a trusted key") {
			t.Errorf("a router that does not trust the new key says %v", err)
		}
	case <-t.Context().Done():
	}
	if st, _ := forgotten.Status("a"); st.Served == 2 {
		t.Errorf("it serves what it cannot check: %+v", st)
	}
	forgotten.stop()

	list(fresh.ID) // the old key goes
	edge.stop()
	edge = r.follow(t, "edge.state", fresh.ID)
	edge.serves(t, 2)
	p.stop(t)
	p = engine("fresh")
	order(p, "resume", "3")
	edge.serves(t, 3)
	if c := edge.Counters(); c.Forged != 0 || c.Broken != 0 {
		t.Errorf("the router that trusts the new key refused something: %+v", c)
	}
	edge.stop()
	p.stop(t)
	noGoroutinesLeft(t)
}
