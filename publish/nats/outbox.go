package nats

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"verdin/schemas"
)

// Sender is what an outbox needs of a Publisher.
type Sender interface {
	Publish(ctx context.Context, payload []byte) (Result, error)
	Withdraw(ctx context.Context, payload []byte) (Result, error)
}

// Outcome is what became of a verdict that was put in an outbox.
type Outcome struct {
	Namespace, Rollout   string
	Generation, Sequence uint64
	Digest               string // of the payload: a verdict that takes the place of an expired one has its sequence
	Result               Result
	At                   schemas.Time
}

// OutboxOptions: Now and Done are required.
type OutboxOptions struct {
	Now     func() schemas.Time
	Done    func(Outcome) // called once for each verdict, from Run
	OnError func(error)   // called for each failed attempt; nil drops them
	MinWait time.Duration // before the second attempt, default 100 ms; doubles
	MaxWait time.Duration // between attempts, default 5 s
	// Refill writes again what the bucket has lost of a rollout's chain, before the
	// verdict that was refused with ErrBehind is tried once more; nil = nobody can.
	Refill func(ctx context.Context, ns, rollout string) error
}

// Outbox delivers verdicts while NATS comes and goes: in order for each
// rollout, until each is acked, fenced or expired. A rollback overtakes what
// was not sent yet, and rollouts that roll back come first. What follows a
// verdict that was not sent has no place in the chain and is not sent either:
// the engine decides again from the last one that was.
//
// Its size needs no bound: the engine decides on after each step only when the
// routers acknowledged it, and publishes a hold when its reason changes.
type Outbox struct {
	send   Sender
	opt    OutboxOptions
	wake   chan struct{} // one place: a second wake-up says nothing new
	mu     sync.Mutex
	queues []*queue // one per rollout, in order of their first verdict
}

type queue struct {
	ns, rollout string
	items       []*item
	dropped     string // digest of the last verdict that was not sent: what follows it cannot be, but for a rollback
}

type item struct {
	v       *schemas.Verdict
	payload []byte
	tried   bool // an attempt was made: it may stand in the bucket or not
	since   schemas.Time
}

// NewOutbox returns an empty outbox; Run delivers.
func NewOutbox(send Sender, opt OutboxOptions) *Outbox {
	if opt.MinWait <= 0 {
		opt.MinWait = 100 * time.Millisecond
	}
	if opt.MaxWait <= 0 {
		opt.MaxWait = 5 * time.Second
	}
	if opt.OnError == nil {
		opt.OnError = func(error) {}
	}
	return &Outbox{send: send, opt: opt, wake: make(chan struct{}, 1)}
}

// Add queues a verdict. It does not block.
func (o *Outbox) Add(payload []byte) error { return o.add(payload, false, "") }

// Resume queues a verdict of an earlier process, which may have sent it or not.
// Dropped is the digest of the last verdict of its rollout that was not sent, "" = none.
func (o *Outbox) Resume(payload []byte, dropped string) error { return o.add(payload, true, dropped) }

func (o *Outbox) add(payload []byte, tried bool, dropped string) error {
	v, err := schemas.ParseVerdict(payload)
	if err != nil {
		return fmt.Errorf("outbox: %w", err)
	}
	o.mu.Lock()
	i := slices.IndexFunc(o.queues, func(q *queue) bool { return q.ns == v.Namespace && q.rollout == v.Rollout })
	if i < 0 {
		i = len(o.queues)
		o.queues = append(o.queues, &queue{ns: v.Namespace, rollout: v.Rollout})
	}
	q := o.queues[i]
	q.items = append(q.items, &item{v: v, payload: payload, tried: tried, since: o.opt.Now()})
	if dropped != "" {
		q.dropped = dropped
	}
	o.mu.Unlock()
	select {
	case o.wake <- struct{}{}:
	default:
	}
	return nil
}

// Len is the number of verdicts that are not settled.
func (o *Outbox) Len() (n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, q := range o.queues {
		n += len(q.items)
	}
	return n
}

// Oldest is when the verdict that waits longest was queued; ok is false if none waits.
func (o *Outbox) Oldest() (since schemas.Time, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	since = schemas.Never
	for _, q := range o.queues {
		if len(q.items) > 0 {
			since, ok = min(since, q.items[0].since), true
		}
	}
	return since, ok
}

// Run delivers until ctx ends. What is left stays in the engine's journal.
func (o *Outbox) Run(ctx context.Context) {
	wait := o.opt.MinWait
	for ctx.Err() == nil {
		select {
		case <-o.wake: // this pass sees what was added before it
		default:
		}
		var retry <-chan time.Time // nil = nothing to retry: wait for a verdict
		if o.pass(ctx) {
			wait = o.opt.MinWait
		} else {
			retry = time.After(wait)
			wait = min(2*wait, o.opt.MaxWait)
		}
		select {
		case <-ctx.Done():
		case <-o.wake:
		case <-retry:
		}
	}
}

// pass tries every rollout, those with a rollback first, and tells whether all
// is settled. A rollout that fails does not hold up the others.
func (o *Outbox) pass(ctx context.Context) (settled bool) {
	o.mu.Lock()
	queues := slices.Clone(o.queues)
	slices.SortStableFunc(queues, func(a, b *queue) int { return b.urgent() - a.urgent() })
	o.mu.Unlock()
	settled = true
	for _, q := range queues {
		for ctx.Err() == nil {
			it, unwanted := o.next(q)
			if it == nil {
				break
			}
			r, err := o.settle(ctx, it, unwanted)
			if err != nil {
				o.opt.OnError(fmt.Errorf("verdict %s waits: %w", it.v.ID(), err))
				settled = false
				break
			}
			digest := schemas.Digest(it.payload)
			if !o.strike(q, it, r, digest) {
				break
			}
			o.opt.Done(Outcome{q.ns, q.rollout, it.v.Generation, it.v.Sequence, digest, r, o.opt.Now()})
		}
	}
	return settled
}

// next is the first verdict of a queue, and whether it need not be sent: a rollback
// stands behind it, or it follows one that was not sent.
func (o *Outbox) next(q *queue) (it *item, unwanted bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(q.items) == 0 {
		return nil, false
	}
	it = q.items[0]
	return it, slices.ContainsFunc(q.items[1:], (*item).rollback) || it.follows(q.dropped)
}

// strike takes a settled verdict off its queue; false if the queue was forgotten.
func (o *Outbox) strike(q *queue, it *item, r Result, digest string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(q.items) == 0 || q.items[0] != it {
		return false
	}
	if r == Expired {
		q.dropped = digest
	}
	q.items = q.items[1:]
	return true
}

// Forget drops what waits of a rollout that this engine judges no longer. One that is
// being sent may still arrive; nobody is told of its fate.
func (o *Outbox) Forget(ns, rollout string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.queues = slices.DeleteFunc(o.queues, func(q *queue) bool {
		if q.ns != ns || q.rollout != rollout {
			return false
		}
		q.items = nil
		return true
	})
}

// settle sends a verdict, or finds out that it need not be sent any more.
func (o *Outbox) settle(ctx context.Context, it *item, unwanted bool) (Result, error) {
	stale := it.forward() && o.opt.Now() > it.v.ValidUntil
	if !unwanted && !stale {
		it.tried = true
		r, err := o.send.Publish(ctx, it.payload)
		if !errors.Is(err, ErrBehind) || o.opt.Refill == nil {
			return r, err
		}
		if e := o.opt.Refill(ctx, it.v.Namespace, it.v.Rollout); e != nil {
			return "", errors.Join(err, e)
		}
		return o.send.Publish(ctx, it.payload)
	}
	if it.tried {
		return o.send.Withdraw(ctx, it.payload)
	}
	return Expired, nil
}

func (it *item) rollback() bool { return it.v.Verdict == schemas.VerdictRollback }

// follows tells whether the verdict's chain leads over one that was not sent.
func (it *item) follows(dropped string) bool {
	return dropped != "" && it.v.PrevDigest == dropped && !it.rollback()
}

func (it *item) forward() bool {
	return it.v.Verdict == schemas.VerdictAdvance || it.v.Verdict == schemas.VerdictPromote
}

// urgent is 1 for a queue with a rollback, else 0.
func (q *queue) urgent() int {
	if slices.ContainsFunc(q.items, (*item).rollback) {
		return 1
	}
	return 0
}
