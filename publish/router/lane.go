package router

import (
	"sync"
	"sync/atomic"
	"time"

	"verdin/schemas"
)

// lane is the state of one rollout.
type lane struct {
	ns, name   string
	staleAfter time.Duration
	view       atomic.Pointer[view]
	killed     atomic.Bool

	mu        sync.Mutex
	head      *signed      // newest of the chain; nil = none yet
	digest    string       // of its payload
	named     schemas.Time // until when heartbeats that name the head vouch for it
	served    *signed      // whose weights are in force: the head, or one before while the head waits
	heard     schemas.Time // last sign of an engine; at first the start of the router
	confirmed schemas.Time // until when heartbeats extend the deadline
	unsent    *schemas.Ack // acknowledgement to send
	missing   bool         // a heartbeat named a verdict that has not come
}

func newLane(ns, name string, staleAfter time.Duration, start schemas.Time) *lane {
	l := &lane{ns: ns, name: name, staleAfter: staleAfter, heard: start, named: schemas.Unknown, confirmed: schemas.Unknown}
	none := Choice{Arm: schemas.ArmStable, Stage: -1}
	l.view.Store(&view{until: schemas.Never, canary: none, stable: none, outside: [2]Choice{none, none}})
	return l
}

// outcome says what became of a verdict that was offered.
type outcome int

const (
	accepted outcome = iota
	older            // known, or overtaken
	conflict         // contradicts the head
	gap              // verdicts in between are missing
	ignored          // nobody trusted has signed it, or it cannot be read
)

// offer judges a verdict by its place in the chain and takes it if it is next (U2).
func (l *lane) offer(now schemas.Time, s *signed) outcome {
	l.mu.Lock()
	defer l.mu.Unlock()
	digest := schemas.Digest([]byte(s.Payload))
	if o := l.place(s.says, digest); o != accepted {
		return o
	}
	l.head, l.digest, l.named, l.missing = s, digest, schemas.Unknown, false
	l.settle(now)
	return accepted
}

func (l *lane) place(v *schemas.Verdict, digest string) outcome {
	if l.head == nil {
		return accepted
	}
	h := l.head.says
	same := v.Generation == h.Generation
	switch {
	case v.Generation < h.Generation || same && v.Sequence < h.Sequence:
		return older
	case same && v.Sequence == h.Sequence:
		if digest == l.digest {
			return older
		}
		return conflict
	case v.Verdict == schemas.VerdictRollback:
		return accepted
	case same && h.Verdict == schemas.VerdictRollback && v.WeightOf(schemas.ArmCanary) > 0:
		return conflict // a generation that was rolled back stays so
	case same && v.PrevDigest == l.digest, !same && v.PrevDigest == "":
		return accepted // a sequence that is left out was never sent
	case same && v.Sequence == h.Sequence+1:
		return conflict
	}
	return gap
}

// beat takes a heartbeat of a trusted engine: it was alive at that time and its
// chain stood there. It tells whether a verdict is missing here.
func (l *lane) beat(now, at schemas.Time, b schemas.BeatHead, lease time.Duration) (missing bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at = min(at, now) // a clock that is ahead must not make a lease longer
	l.heard = max(l.heard, at)
	h := l.head
	switch {
	case h != nil && b.Digest == l.digest:
		l.missing = false
		l.named = max(l.named, at.Add(lease))
		l.confirmed = max(l.confirmed, l.named)
	case h == nil || b.Generation > h.says.Generation || b.Generation == h.says.Generation && b.Sequence > h.says.Sequence:
		l.missing = b.Generation > 0
	}
	if h != nil {
		l.settle(now)
	}
	return l.missing
}

// settle decides whether the head is served (U3) and publishes the view.
func (l *lane) settle(now schemas.Time) {
	v, weight := l.head.says, l.head.says.WeightOf(schemas.ArmCanary)
	live := now <= max(v.ValidUntil, l.named)
	if !v.DryRun && l.served != l.head && (weight <= l.weight() || live && !l.stale(now) || l.resumes()) {
		l.serve(l.head, now)
	}
	if l.served == nil {
		return
	}
	s := l.served.says
	after := 0
	if v.OnExpiry == schemas.ExpiryHold {
		after = l.weight()
	}
	canary, stable := s.Routes[0], s.Routes[1]
	salt := schemas.Salt(l.ns, l.name, canary.ModelVersion)
	if s.Sticky != nil {
		salt = s.Sticky.Salt
	}
	mirror := ""
	if s.Mirrors() {
		mirror = canary.ModelVersion
	}
	l.view.Store(&view{
		weight: l.weight(), until: l.deadline(), after: after, salt: salt,
		canary: Choice{schemas.ArmCanary, canary.ModelVersion, s.Generation, s.Stage.Index, ""},
		stable: Choice{schemas.ArmStable, stable.ModelVersion, s.Generation, s.Stage.Index, mirror},
		outside: [2]Choice{
			{Arm: schemas.ArmStable, ModelVersion: stable.ModelVersion, Stage: -1},
			{Arm: schemas.ArmCanary, ModelVersion: canary.ModelVersion, Stage: -1},
		},
	})
}

// serve puts a verdict in force and owes the engine an acknowledgement.
func (l *lane) serve(s *signed, now schemas.Time) {
	l.served = s
	l.unsent = &schemas.Ack{Namespace: l.ns, Rollout: l.name, Generation: s.says.Generation, Sequence: s.says.Sequence, At: now, Digest: schemas.Digest([]byte(s.Payload))}
}

// resumes tells whether a router that just started finds a weight that outlives
// its verdict: after a promotion stable may no longer be able to serve.
func (l *lane) resumes() bool { return l.served == nil && l.head.says.OnExpiry == schemas.ExpiryHold }

// weight is the canary's weight by the verdict that is served.
func (l *lane) weight() int {
	if l.served == nil {
		return 0
	}
	return l.served.says.WeightOf(schemas.ArmCanary)
}

// stale tells whether the engines have been silent too long for a step forward.
func (l *lane) stale(now schemas.Time) bool { return now > l.heard.Add(l.staleAfter) }

// deadline is when on_expiry takes over (R25); never for a weight of 0.
func (l *lane) deadline() schemas.Time {
	if l.weight() == 0 {
		return schemas.Never
	}
	return max(l.head.says.ValidUntil, l.confirmed)
}
