package main

import (
	"slices"
	"sync"
	"time"

	"verdin/decision"
	"verdin/internal/pump"
	"verdin/publish/nats"
	"verdin/schemas"
)

// board passes what comes from NATS on to the rollout that it is about, and keeps
// where the chain of each rollout stands, for the heartbeats.
type board struct {
	mu        sync.Mutex
	lines     map[string]line
	queued    []queued            // handed to the outbox, not yet in the bucket
	standings []nats.Standing     // in order of the first verdict
	chains    map[string][][]byte // by rollout: the verdicts of its generation that stand in NATS, in order
}

// queued is a verdict on its way.
type queued struct {
	nats.Standing
	payload []byte
	since   schemas.Time
}

func (q queued) of(o nats.Outcome) bool {
	return q.Namespace == o.Namespace && q.Rollout == o.Rollout && q.Generation == o.Generation && q.Sequence == o.Sequence &&
		(o.Digest == "" || o.Digest == q.Digest)
}

// line leads to one running rollout. Its channels have room, and a full one drops
// nothing: whoever sends waits until the rollout takes it or ends.
type line struct {
	acks    chan pump.Ack
	results chan decision.PublishResult
	gone    <-chan struct{} // closed when the rollout has stopped
	yield   func(error)     // stops it, because another engine judges
}

func newBoard() *board { return &board{lines: map[string]line{}, chains: map[string][][]byte{}} }

func (b *board) join(name string, gone <-chan struct{}, yield func(error)) line {
	b.mu.Lock()
	defer b.mu.Unlock()
	l := line{acks: make(chan pump.Ack, 16), results: make(chan decision.PublishResult, 16), gone: gone, yield: yield}
	b.lines[name] = l
	return l
}

// leave ends a rollout's part. Heartbeats name it no longer: nobody judges its canary
// now, so the routers fall back when the lease of its last verdict ends.
func (b *board) leave(name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.lines, name)
	delete(b.chains, name)
	b.standings = slices.DeleteFunc(b.standings, func(s nats.Standing) bool { return s.Namespace+"/"+s.Rollout == name })
}

func (b *board) line(ns, rollout string) (line, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	l, ok := b.lines[ns+"/"+rollout]
	return l, ok
}

// ack takes a router's acknowledgement and its place in the stream.
func (b *board) ack(seq uint64, a schemas.Ack) {
	if l, ok := b.line(a.Namespace, a.Rollout); ok {
		select {
		case l.acks <- pump.Ack{Router: a.Router, Generation: a.Generation, Sequence: a.Sequence, At: a.At, Stream: seq, Digest: a.Digest}:
		case <-l.gone:
		}
	}
}

// result takes what became of a verdict.
func (b *board) result(o nats.Outcome) {
	b.settle(o)
	if l, ok := b.line(o.Namespace, o.Rollout); ok {
		select {
		case l.results <- decision.PublishResult{Generation: o.Generation, Sequence: o.Sequence, Digest: o.Digest, Result: string(o.Result), At: o.At}:
		case <-l.gone:
		}
	}
}

// queue notes a verdict that is on its way.
func (b *board) queue(v *schemas.Verdict, payload []byte, lease float64, now schemas.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.queued = append(b.queued, queued{standing(v, schemas.Digest(payload), lease), payload, now})
}

// hold notes the verdicts of a rollout's generation that stand in NATS.
func (b *board) hold(name string, chain [][]byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.chains[name] = chain
}

// chain is what NATS should hold of a rollout's generation.
func (b *board) chain(name string) [][]byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.chains[name])
}

// forget drops what is on its way of a rollout that another engine judges.
func (b *board) forget(name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.queued = slices.DeleteFunc(b.queued, func(q queued) bool { return q.Namespace+"/"+q.Rollout == name })
}

// took is how long a verdict was on its way.
func (b *board) took(o nats.Outcome) (time.Duration, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, q := range b.queued {
		if q.of(o) {
			return o.At.Sub(q.since), true
		}
	}
	return 0, false
}

func standing(v *schemas.Verdict, digest string, lease float64) nats.Standing {
	return nats.Standing{Namespace: v.Namespace, BeatHead: schemas.BeatHead{
		Rollout: v.Rollout, Generation: v.Generation, Sequence: v.Sequence, Digest: digest, LeaseSeconds: lease}}
}

// settle moves a verdict that was published to the heads of the chains.
func (b *board) settle(o nats.Outcome) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, q := range b.queued {
		if !q.of(o) {
			continue
		}
		b.queued = append(b.queued[:i], b.queued[i+1:]...)
		if _, running := b.lines[q.Namespace+"/"+q.Rollout]; running && o.Result == nats.Acked {
			b.stand(q.Standing)
			name := q.Namespace + "/" + q.Rollout
			b.chains[name] = append(b.chains[name], q.payload)
		}
		return
	}
}

func (b *board) stand(s nats.Standing) {
	for i := range b.standings {
		if b.standings[i].Namespace == s.Namespace && b.standings[i].Rollout == s.Rollout {
			b.standings[i] = s
			return
		}
	}
	b.standings = append(b.standings, s)
}

// waiting is the number of verdicts of a rollout that are on their way.
func (b *board) waiting(name string) (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, q := range b.queued {
		if q.Namespace+"/"+q.Rollout == name {
			n++
		}
	}
	return n
}

// vouch names a verdict that stands in NATS since before.
func (b *board) vouch(s nats.Standing) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stand(s)
}

// heads is where every chain stands.
func (b *board) heads() []nats.Standing {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]nats.Standing(nil), b.standings...)
}
