package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"verdin/publish/nats"
	"verdin/schemas"
)

// guardEvery is how often the chains are looked after while nothing happens.
const guardEvery = 30 * time.Second

// setup makes or verifies what NATS must hold, and prepares to share rollouts.
func (w *wires) setup(ctx context.Context, cfg natsConfig) error {
	w.prepared = func(ctx context.Context) error {
		if err := nats.Setup(ctx, w.nc, cfg.Replicas); err != nil || w.candidate.lease == 0 {
			return err
		}
		err := nats.SetupLeases(ctx, w.nc, w.candidate.lease, cfg.Replicas)
		if errors.Is(err, nats.ErrForbidden) {
			w.log.Warn("this engine shares no work with others: where two judge a rollout, both do all of it and one is heard", "why", err)
			w.candidate.lease, err = 0, nil
		}
		return err
	}
	if err := settled(ctx, w.prepared); err != nil {
		return err
	}
	if err := nats.CheckReplicas(ctx, w.nc, cfg.Replicas); err != nil {
		w.log.Warn("nats", "warning", err)
	}
	return nil
}

// settled asks again for a while if there is no answer: a cluster that elects a leader
// gives none.
func settled(ctx context.Context, ask func(context.Context) error) (err error) {
	for range 6 {
		if err = ask(ctx); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, nats.ErrForbidden) {
			return err
		}
	}
	return err
}

// guard looks after the chains of what this engine judges until ctx ends: whenever NATS
// is back, and now and then. A stream that has lost its tail is filled again, a rollout
// that another engine has taken over is yielded.
func (w *wires) guard(ctx context.Context) {
	look := time.NewTicker(guardEvery)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.back:
		case <-look.C:
		}
		for _, s := range w.board.heads() {
			if err := w.lookAfter(ctx, s); err != nil && ctx.Err() == nil && !errors.Is(err, nats.ErrDown) {
				w.report(fmt.Errorf("looking after the chain of %s/%s: %w", s.Namespace, s.Rollout, err))
			}
		}
	}
}

// lookAfter compares the chain of a rollout with what was acknowledged.
func (w *wires) lookAfter(ctx context.Context, s nats.Standing) error {
	head, err := w.publisher.Head(ctx, s.Namespace, s.Rollout)
	if missing(err) {
		if err = w.prepared(ctx); err == nil {
			head, err = w.publisher.Head(ctx, s.Namespace, s.Rollout)
		}
	}
	switch v := head.Verdict; {
	case err != nil:
		return err
	case !w.publisher.Leads(s.Namespace, s.Rollout, head):
		if l, ok := w.board.line(s.Namespace, s.Rollout); ok && l.yield != nil {
			l.yield(errFenced)
		}
	case v == nil || v.Generation < s.Generation || v.Generation == s.Generation && v.Sequence < s.Sequence:
		return w.refill(ctx, s.Namespace, s.Rollout)
	}
	return nil
}

// missing tells whether the stream itself is gone.
func missing(err error) bool {
	var api *jetstream.APIError
	return errors.Is(err, jetstream.ErrStreamNotFound) || errors.Is(err, jetstream.ErrBucketNotFound) || errors.Is(err, natsgo.ErrStreamNotFound) ||
		errors.As(err, &api) && api.ErrorCode == jetstream.JSErrCodeStreamNotFound
}

// refill writes again what NATS has lost of a chain.
func (w *wires) refill(ctx context.Context, ns, rollout string) error {
	name := ns + "/" + rollout
	chain := w.board.chain(name)
	if len(chain) == 0 {
		return nil
	}
	w.log.Error("NATS has lost verdicts: they are written again", "rollout", name, "last", schemas.Digest(chain[len(chain)-1]))
	if err := w.publisher.Refill(ctx, ns, rollout, chain); err != nil {
		return err
	}
	w.metrics.Refilled(name)
	return nil
}
