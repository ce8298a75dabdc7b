package router

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/nats-io/nkeys"

	"verdin/schemas"
)

// Config of a router. ID, Rollouts and Trusted are required.
type Config struct {
	ID         string              // of this router, a DNS-1123 label; acknowledgements carry it
	Rollouts   []string            // "name" or "namespace/name"
	Trusted    []string            // public keys of the engines, as nkeys writes them
	Now        func() schemas.Time // default: the wall clock
	StaleAfter time.Duration       // silence after which no step forward is taken, default 30 s
	Lease      time.Duration       // for heartbeats that state none, default 15 min
	StateFile  string              // verdicts and kill switches are kept here over restarts; "" = in memory only
	OnChange   func(Status)        // called when a verdict took effect or came in; must not block
	OnError    func(error)         // called for what was refused or failed; must not block
}

// Router chooses arms. Its methods may be called from any goroutine.
type Router struct {
	cfg     Config
	trusted map[string]nkeys.KeyPair
	lanes   map[string]*lane // by "namespace/name", and by "name" in the default namespace
	order   []*lane          // each lane once, in the order of Config.Rollouts
	count   counters
	unsaved atomic.Bool   // the state file is behind
	wake    chan struct{} // one place: there are acknowledgements to send or verdicts to fetch
}

// New returns a router that serves stable until Run brings verdicts.
func New(cfg Config) (*Router, error) {
	if err := schemas.CheckLabel("router", cfg.ID); err != nil {
		return nil, err
	}
	if len(cfg.Rollouts) == 0 || len(cfg.Trusted) == 0 {
		return nil, errors.New("router: name at least one rollout, and the public key of at least one engine")
	}
	if cfg.Now == nil {
		cfg.Now = func() schemas.Time { return schemas.TimeOf(time.Now()) }
	}
	if cfg.StaleAfter <= 0 {
		cfg.StaleAfter = 30 * time.Second
	}
	if cfg.Lease <= 0 {
		cfg.Lease = 15 * time.Minute
	}
	if cfg.OnChange == nil {
		cfg.OnChange = func(Status) {}
	}
	if cfg.OnError == nil {
		cfg.OnError = func(error) {}
	}
	r := &Router{cfg: cfg, trusted: map[string]nkeys.KeyPair{}, lanes: map[string]*lane{}, wake: make(chan struct{}, 1)}
	for _, id := range cfg.Trusted {
		key, err := nkeys.FromPublicKey(id)
		if err != nil {
			return nil, fmt.Errorf("router: trusted key %.80q: %w: use the public key that the engine prints", id, err)
		}
		r.trusted[id] = key
	}
	start := cfg.Now()
	for _, name := range cfg.Rollouts {
		if err := r.addLane(name, start); err != nil {
			return nil, fmt.Errorf("router: %w", err)
		}
	}
	r.load()
	return r, nil
}

func (r *Router) addLane(name string, start schemas.Time) error {
	ns, rollout, err := schemas.SplitRollout(name)
	if err != nil {
		return err
	}
	if r.lanes[ns+"/"+rollout] != nil {
		return fmt.Errorf("rollout %s/%s stands twice", ns, rollout)
	}
	l := newLane(ns, rollout, r.cfg.StaleAfter, start)
	r.lanes[ns+"/"+rollout] = l
	if ns == schemas.Namespace {
		r.lanes[rollout] = l
	}
	r.order = append(r.order, l)
	return nil
}

// Kill turns the local kill switch of a rollout on or off: while it is on,
// stable serves everything, whatever the verdicts say.
func (r *Router) Kill(rollout string, on bool) error {
	l := r.lanes[rollout]
	if l == nil {
		return fmt.Errorf("router: rollout %.80q is not configured", rollout)
	}
	l.killed.Store(on)
	r.unsaved.Store(true)
	r.rouse()
	r.cfg.OnChange(l.status(r.cfg.Now()))
	return nil
}

// Status tells where a rollout stands; ok is false if it is not configured.
func (r *Router) Status(rollout string) (s Status, ok bool) {
	l := r.lanes[rollout]
	if l == nil {
		return Status{}, false
	}
	return l.status(r.cfg.Now()), true
}

// Counters are totals since New.
type Counters struct {
	Applied   uint64 // verdicts that took effect
	Beats     uint64 // heartbeats that were right
	Older     uint64 // verdicts that were known or overtaken
	Forged    uint64 // messages without a signature of a trusted key
	Malformed uint64 // messages that could not be read
	Broken    uint64 // verdicts whose chain could not be closed
	Conflicts uint64 // verdicts that contradict the one in force
}

type counters struct{ applied, beats, older, forged, malformed, broken, conflicts atomic.Uint64 }

// Counters returns the totals.
func (r *Router) Counters() Counters {
	c := &r.count
	return Counters{c.applied.Load(), c.beats.Load(), c.older.Load(), c.forged.Load(), c.malformed.Load(), c.broken.Load(), c.conflicts.Load()}
}
