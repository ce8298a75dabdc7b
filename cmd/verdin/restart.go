package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"verdin/decision"
	"verdin/ingest/kafka"
	"verdin/internal/pump"
	"verdin/internal/pump/journal"
	"verdin/publish/nats"
	"verdin/schemas"
)

// store opens the state folder of a rollout. Again hears how far cuts are made once more,
// kept of every snapshot.
func (w *wires) store(name string, again func(made, all int), kept func(next []int64)) (*pump.Store, error) {
	return pump.OpenStore(filepath.Join(w.state.Dir, strings.Replace(name, "/", ".", 1)), pump.StoreOptions{
		AcceptLoss: w.state.acceptLoss, Every: w.state.SnapshotEvery, Again: again, Kept: kept,
		Note: func(what string, a ...any) {
			w.log.Warn(what, append(a, "rollout", name)...)
		}})
}

// open takes the rollout's state folder and brings the engine to where its journal
// ends; if there is none, or if it cannot go on, another generation begins after the
// last one that the journal or NATS knows.
func (b *begin) open(ctx context.Context) (err error) {
	store, err := b.store(b.name(), b.again, b.commit)
	if err != nil {
		return err
	}
	b.live.Store = store
	defer func() {
		if err != nil {
			err = errors.Join(err, b.close())
		}
	}()
	if err = b.takeOver(ctx); err != nil {
		return err
	}
	if err = store.Fetch(ctx, b.mirror()); err != nil {
		return err
	}
	from, err := b.resume(ctx)
	if errors.Is(err, pump.ErrSpec) {
		if err := b.supersede(ctx); err != nil {
			return err
		}
	}
	if errors.Is(err, pump.ErrAnew) {
		from, err = b.activate(ctx, err)
	}
	if err != nil {
		return err
	}
	b.spec, b.live.Core, b.live.From = from.Spec, from.Core, from
	b.live.Status, b.live.Unread = b.status, b.amiss
	return nil
}

// resume goes on with the generation of the journal, if the chain in NATS is its own.
func (b *begin) resume(ctx context.Context) (*pump.Resumed, error) {
	s := b.live.Store
	if v := b.head.Verdict; v != nil && (v.Generation > s.Generation() || v.Generation == s.Generation() && !s.Knows(b.head.Digest)) {
		return nil, fmt.Errorf("%w: NATS holds verdict %s, which the journal does not know", pump.ErrAnew, v.ID())
	}
	switch v := b.head.Verdict; {
	case !s.Superseded():
	case v != nil && v.Generation == s.Generation() && v.Phase == schemas.PhaseSuperseded:
		return nil, fmt.Errorf("%w: the last one was superseded", pump.ErrAnew)
	default: // that has not been heard yet
		return nil, fmt.Errorf("%w: %w: the last one was superseded", pump.ErrAnew, pump.ErrSpec)
	}
	return b.goOn(ctx)
}

// goOn brings the engine to where the journal ends.
func (b *begin) goOn(ctx context.Context) (*pump.Resumed, error) {
	s := b.live.Store
	if err := s.SameTopics(b.ids); err != nil {
		return nil, err
	}
	from, err := s.Resume(ctx, b.spec, b.topics.Shards, func(at *pump.Place, then *pump.Arrivals) (pump.Feed, error) {
		as := b.topics.Assignments(0)
		for i := range as {
			as[i].Offset = at.Next[i]
			if len(at.Epochs) > 0 {
				as[i].Epoch = at.Epochs[i]
			}
		}
		if err := b.read(ctx, as, then); err != nil {
			return pump.Feed{}, err
		}
		return pump.Feed{Batches: b.batches, Stop: b.stopReading}, nil
	})
	if err != nil {
		return nil, err
	}
	b.generation = s.Generation()
	return from, b.refill(ctx, from.Place)
}

// refill writes verdicts again that NATS has lost.
func (b *begin) refill(ctx context.Context, p *pump.Place) error {
	if p.Acked == "" || p.Acked == b.head.Digest {
		return nil
	}
	for _, o := range p.Open {
		if o.Digest == b.head.Digest {
			return nil // it was published, and the answer did not come to the journal
		}
	}
	b.log.Error("NATS has lost verdicts: they are written again", "rollout", b.name(), "last", p.Acked)
	return b.publisher.Refill(ctx, b.spec.Namespace, b.spec.Name, b.live.Store.Chain(p.Acked))
}

// activate begins another generation at the end of the topics.
func (b *begin) activate(ctx context.Context, why error) (*pump.Resumed, error) {
	s, wall := b.live.Store, b.now()
	b.log.Info("a generation begins", "rollout", b.name(), "why", why.Error())
	if err := s.End(why.Error(), wall); err != nil {
		return nil, err
	}
	var err error
	if b.consumer, err = kafka.Open(ctx, b.kafka, b.topics.Assignments(kafka.Latest)); err != nil {
		return nil, err
	}
	a := &journal.Activation{Format: journal.Format, Rollout: b.name(), Generation: s.Generation() + 1, Spec: b.text,
		SpecDigest: b.spec.Digest, Rules: decision.RulesVersion, Wall: wall, Start: wall.Add(b.spec.Source.Window), Topics: b.ids}
	if v := b.head.Verdict; v != nil {
		a.Generation = max(a.Generation, v.Generation+1)
		a.Head = &journal.Head{Generation: v.Generation, Sequence: v.Sequence, Digest: b.head.Digest}
	}
	start := b.consumer.Start()
	for shard, logs := range b.topics.Shards {
		for _, l := range logs {
			a.Logs = append(a.Logs, journal.Log{Topic: l.Topic, Partition: l.Partition, Kinds: l.Kinds, Shard: shard, Next: start[len(a.Logs)].Offset})
		}
	}
	b.generation = a.Generation
	return s.Activate(a, b.spec, func(*pump.Place, *pump.Arrivals) (pump.Feed, error) {
		b.decode(ctx, nil)
		return pump.Feed{Batches: b.batches, Stop: b.stopReading}, nil
	})
}

// takeUp sends again what an earlier process may have sent, and vouches for what
// stands in NATS.
func (b *begin) takeUp() {
	p := b.live.From.Place
	b.board.hold(b.name(), b.live.Store.Chain(p.Acked))
	if v := b.head.Verdict; v != nil && v.Generation == b.generation {
		b.board.vouch(standing(v, b.head.Digest, b.spec.Publish.Lease.Seconds()))
	}
	b.sendAgain(p)
}

// sendAgain queues the verdicts whose fate is not known.
func (b *begin) sendAgain(p *pump.Place) {
	for _, o := range p.Open {
		v, err := schemas.ParseVerdict(o.Payload)
		if err == nil {
			b.board.queue(v, o.Payload, b.spec.Publish.Lease.Seconds(), b.now())
			b.hooks.keep(v, o.Payload)
			err = b.outbox.Resume(o.Payload, p.Dropped)
		}
		if err != nil {
			b.log.Error("verdict not queued", "rollout", b.name(), "err", fmt.Errorf("a verdict in the journal cannot be read: %w", err))
		}
	}
}

// status is how the reading of each log goes.
func (b *begin) status() (all []pump.Reading) {
	for _, s := range b.consumer.Status() {
		r := pump.Reading{Next: s.Next, High: s.HighWatermark}
		if !s.FetchedAt.IsZero() {
			r.FetchedAt = schemas.TimeOf(s.FetchedAt)
		}
		all = append(all, r)
	}
	return all
}

// commit shows the positions of a snapshot to the consumer group, for lag dashboards.
// Nothing depends on it: a failure is told, and the next snapshot tries again.
func (b *begin) commit(next []int64) {
	if b.committer == nil {
		return
	}
	as := b.topics.Assignments(0)
	for i := range as {
		as[i].Offset = next[i]
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := b.committer.Commit(ctx, as); err != nil {
		b.log.Warn("lag dashboards do not see how far reading has come: the next snapshot tries again", "rollout", b.name(), "err", err)
	}
}

// amiss is what is wrong with the topics as a whole.
func (b *begin) amiss() string {
	var all []string
	for _, t := range b.consumer.Topics() {
		if t.Err != nil {
			all = append(all, t.Err.Error())
		}
	}
	return strings.Join(all, "; ")
}

// mirrored is the copy of a rollout's journal in NATS.
type mirrored struct {
	p           *nats.Publisher
	ns, rollout string
}

func (b *begin) mirror() mirrored { return mirrored{b.publisher, b.spec.Namespace, b.spec.Name} }

func (m mirrored) AppendJournal(ctx context.Context, index uint64, record []byte) error {
	err := m.p.AppendJournal(ctx, m.ns, m.rollout, index, record)
	if errors.Is(err, nats.ErrForked) {
		return fmt.Errorf("%w: %w", pump.ErrForked, err)
	}
	return err
}

func (m mirrored) JournalEnd(ctx context.Context) (uint64, bool, error) {
	return m.p.JournalEnd(ctx, m.ns, m.rollout)
}

func (m mirrored) ReadJournal(ctx context.Context, from uint64, each func(uint64, []byte) error) error {
	return m.p.ReadJournal(ctx, m.ns, m.rollout, from, each)
}

// copyJournal mirrors the journal beside the rollout. The result tells how many
// records wait.
func (b *begin) copyJournal(ctx context.Context, beside *sync.WaitGroup) *atomic.Uint64 {
	behind := new(atomic.Uint64)
	behind.Store(1) // until the first look
	beside.Go(func() {
		b.live.Store.Copy(ctx, b.mirror(), func(n uint64) {
			behind.Store(n)
			b.metrics.MirrorLag(b.name(), n)
		}, b.report)
	})
	return behind
}

// awaitMirror gives the mirror a moment to take the last records.
func (b *begin) awaitMirror(behind *atomic.Uint64) {
	await(2*time.Second, func() bool { return behind.Load() == 0 || !b.nc.IsConnected() })
}

// await looks until something holds, for a bounded time.
func await(most time.Duration, holds func() bool) {
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for late := time.After(most); !holds(); {
		select {
		case <-look.C:
		case <-late:
			return
		}
	}
}
