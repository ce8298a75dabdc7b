package main

import (
	"context"
	"errors"

	"verdin/internal/pump"
	"verdin/internal/pump/journal"
)

// supersede has the last generation of a rollout whose spec changed while no engine ran
// say so, as a running one does, before the next begins. What keeps it from that is told,
// and keeps nothing else; only a journal that cannot be written ends the start.
func (b *begin) supersede(ctx context.Context) error {
	switch err := b.lastWord(ctx); {
	case errors.Is(err, journal.ErrSync) || ctx.Err() != nil:
		return err
	case err != nil:
		b.log.Warn("the generation ends without a word", "rollout", b.name(), "err", err)
		return nil
	}
	await(drainFor, func() bool { return b.board.waiting(b.name()) == 0 || !b.nc.IsConnected() })
	var err error
	b.head, err = b.publisher.Head(ctx, b.spec.Namespace, b.spec.Name)
	return err
}

// lastWord brings the generation to where its journal ends, under its own spec and
// topics, and makes its last cut.
func (b *begin) lastWord(ctx context.Context) error {
	spec, err := b.live.Store.Spec()
	if err != nil || spec == nil {
		return err
	}
	old, err := b.find(ctx, spec, "")
	if err != nil {
		return err
	}
	defer old.stopReading()
	old.live.Store, old.head = b.live.Store, b.head
	from, err := old.goOn(ctx)
	if err != nil {
		return err
	}
	old.sendAgain(from.Place)
	l := &pump.Live{Spec: from.Spec, Core: from.Core, Store: b.live.Store, From: from, Publish: old.publish}
	return l.Supersede(old.topics.Shards, b.now())
}
