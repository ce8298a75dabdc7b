package control

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"verdin/schemas"
)

// Desk is where running rollouts and their operators meet. Its methods may be called
// from any goroutine.
type Desk struct {
	engine string
	now    func() schemas.Time
	linked func() bool
	limits limiter

	mu      sync.Mutex
	seats   map[string]*Seat
	stamped schemas.Time  // when the last order was given: each has an instant of its own
	version uint64        // grows with every change
	changed chan struct{} // closed at the next change
}

// NewDesk returns an empty desk of an engine. The clock is the engine's; linked tells
// whether the engine reaches NATS now.
func NewDesk(engine string, now func() schemas.Time, linked func() bool) *Desk {
	return &Desk{engine: engine, now: now, linked: linked, limits: limiter{most: burst, refill: pause},
		seats: map[string]*Seat{}, changed: make(chan struct{})}
}

// Now is the engine's clock.
func (d *Desk) Now() schemas.Time { return d.now() }

// Seat is one running rollout at the desk.
type Seat struct {
	desk     *Desk
	ns, name string
	give     func(context.Context, schemas.Command) error
	status   Status
	known    bool      // a cut was made
	acked    [2]uint64 // generation and sequence of the last verdict that stands in NATS
	waiting  map[schemas.Time]chan Receipt
	ack      func(schemas.Ack)
	told     map[string][2]uint64 // what was acknowledged in each router's name
}

// Join seats a rollout. Orders are handed to give, which blocks until the rollout took
// the order, ctx ended, or the rollout stopped. Acknowledgements that are given in a
// router's name go to ack; nil = none may be given.
func (d *Desk) Join(ns, rollout string, give func(context.Context, schemas.Command) error, ack func(schemas.Ack)) *Seat {
	s := &Seat{desk: d, ns: ns, name: rollout, give: give, ack: ack, waiting: map[schemas.Time]chan Receipt{}, told: map[string][2]uint64{}}
	s.status = Status{Namespace: ns, Rollout: rollout, Engine: d.engine, Phase: schemas.PhasePending, Stage: -1,
		EnteredAt: schemas.Unknown, Wall: schemas.Unknown, Mark: schemas.Unknown}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.seats[ns+"/"+rollout] = s
	d.news()
	return s
}

// Leave takes the rollout from the desk; who waits for an answer is told.
func (s *Seat) Leave() {
	d := s.desk
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.seats[s.ns+"/"+s.name] == s {
		delete(d.seats, s.ns+"/"+s.name)
	}
	for at, c := range s.waiting {
		c <- Receipt{Accepted: true, Code: CodeTaken, Message: "the rollout stopped before it told what became of the order: look at its journal"}
		delete(s.waiting, at)
	}
	d.news()
}

// Saw takes what a cut left. The verdict is the one that the cut gave, nil for none;
// head, what was published and the list of verdicts are the seat's own business.
func (s *Seat) Saw(st Status, v *schemas.Verdict) {
	d := s.desk
	d.mu.Lock()
	defer d.mu.Unlock()
	was := &s.status
	st.Namespace, st.Rollout, st.Engine = s.ns, s.name, d.engine
	st.Head, st.Served, st.Recent = was.Head, was.Served, was.Recent
	if v != nil {
		st.Head, st.Recent = v, remember(was.Recent, v)
	}
	if st.Head != nil {
		st.CanaryBps = st.Head.WeightOf(schemas.ArmCanary)
	}
	s.status, s.known = st, true
	s.serve()
	d.news()
}

// Resume tells of a verdict that stood in NATS when the engine began. Until the first
// cut, and for a rollout that has ended, it is all that is known.
func (s *Seat) Resume(v *schemas.Verdict) {
	s.desk.mu.Lock()
	defer s.desk.mu.Unlock()
	if s.status.Head == nil {
		s.status.Head, s.status.Recent = v, remember(s.status.Recent, v)
		s.acked = [2]uint64{v.Generation, v.Sequence}
		s.status.CanaryBps = v.WeightOf(schemas.ArmCanary)
		s.serve()
	}
	if !s.known {
		s.status.Phase, s.status.Generation, s.status.Stage = v.Phase, v.Generation, v.Stage.Index
	}
	s.desk.news()
}

// Acked says that a verdict stands in NATS. It may come before the cut that gave the
// verdict is told.
func (d *Desk) Acked(ns, rollout string, generation, sequence uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s := d.seats[ns+"/"+rollout]; s != nil {
		s.acked = [2]uint64{generation, sequence}
		s.serve()
		d.news()
	}
}

// serve lets the head be served if it may: a step forward when it stands in NATS, a
// rollback as soon as it is journalled; the lock is held.
func (s *Seat) serve() {
	if h := s.status.Head; h != nil && !h.DryRun && (s.published() || h.Verdict == schemas.VerdictRollback) {
		s.status.Served = h
	}
}

// published tells whether the head stands in NATS; the lock is held.
func (s *Seat) published() bool {
	h := s.status.Head
	return h != nil && s.acked[0] == h.Generation && s.acked[1] >= h.Sequence
}

// Obeyed says which cut journalled an order. It follows Saw of the same cut.
func (s *Seat) Obeyed(cut int64, c schemas.Command, v *schemas.Verdict) {
	s.desk.mu.Lock()
	defer s.desk.mu.Unlock()
	reply, ok := s.waiting[c.At]
	if !ok {
		return // given before a restart, or nobody waits any longer
	}
	delete(s.waiting, c.At)
	r := Receipt{Accepted: true, Cut: cut, Phase: s.status.Phase, Generation: s.status.Generation}
	if v != nil {
		r.Verdict, r.Generation, r.Sequence = v.Verdict, v.Generation, v.Sequence
	}
	r.describe(s.status.Missing)
	reply <- r
}

// news wakes whoever waits for a change; the lock is held.
func (d *Desk) news() {
	d.version++
	close(d.changed)
	d.changed = make(chan struct{})
}

// Await blocks until the desk has changed since a version, and returns the new one; it
// returns the old one if ctx ended.
func (d *Desk) Await(ctx context.Context, since uint64) uint64 {
	for {
		d.mu.Lock()
		version, changed := d.version, d.changed
		d.mu.Unlock()
		if version != since {
			return version
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return since
		}
	}
}

// List tells where every rollout stands, by name.
func (d *Desk) List() []Status {
	linked, now := d.linked(), d.now()
	d.mu.Lock()
	defer d.mu.Unlock()
	all := make([]Status, 0, len(d.seats))
	for _, s := range d.seats {
		all = append(all, s.tell(linked, now))
	}
	slices.SortFunc(all, byName)
	return all
}

// Status tells where one rollout stands.
func (d *Desk) Status(ns, rollout string) (Status, bool) {
	linked, now := d.linked(), d.now()
	d.mu.Lock()
	defer d.mu.Unlock()
	if s := d.seats[ns+"/"+rollout]; s != nil {
		return s.tell(linked, now), true
	}
	return Status{}, false
}

// tell copies the status; the lock is held. What it points to never changes.
func (s *Seat) tell(linked bool, now schemas.Time) Status {
	st := s.status
	st.Linked, st.Published = linked, s.published()
	st.Stale = !s.known || now.Sub(st.Wall) > StaleAfter
	return st
}

// Ack acknowledges the head of a rollout in a router's name: for a system that serves
// the weights and cannot speak for itself.
func (d *Desk) Ack(who Principal, ns, rollout, router string) error {
	if !who.May(Admin, ns) {
		return fmt.Errorf("%s may not acknowledge in %s: that asks for the scope admin", who.Name, ns)
	}
	if err := schemas.CheckLabel("router", router); err != nil {
		return err
	}
	a, ack, err := d.owed(ns, rollout, router)
	if ack != nil {
		ack(a)
	}
	return err
}

// owed is the acknowledgement that a router has not given yet, and where it goes; nil if
// there is none.
func (d *Desk) owed(ns, rollout, router string) (a schemas.Ack, ack func(schemas.Ack), err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.seats[ns+"/"+rollout]
	switch {
	case s == nil || s.ack == nil:
		return a, nil, fmt.Errorf("rollout %s/%s takes no acknowledgements here", ns, rollout)
	case !s.published():
		return a, nil, fmt.Errorf("rollout %s/%s has no published verdict to acknowledge", ns, rollout)
	}
	h := s.status.Head
	if s.told[router] == [2]uint64{h.Generation, h.Sequence} {
		return a, nil, nil
	}
	if _, known := s.told[router]; !known && len(s.told) >= maxRouters {
		return a, nil, fmt.Errorf("rollout %s/%s has %d routers already", ns, rollout, maxRouters)
	}
	s.told[router] = [2]uint64{h.Generation, h.Sequence}
	return schemas.Ack{Namespace: ns, Rollout: rollout, Router: router, Generation: h.Generation, Sequence: h.Sequence, At: d.now(), Digest: schemas.Digest(h.AppendJSON(nil))}, s.ack, nil
}

// maxRouters bounds the routers in whose name somebody acknowledges.
const maxRouters = 256
