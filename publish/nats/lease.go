package nats

import (
	"context"
	"errors"
	"fmt"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"verdin/schemas"
)

// Lease elects one of several engines for a rollout, so that the others need not
// judge the same data. It is advice and saves work: a holder that was stopped and
// wakes up late believes in it still. What keeps the chain whole is the epoch, so
// call Claim when a lease was won, before anything is decided.
type Lease struct {
	kv       jetstream.KeyValue
	key      string
	holder   []byte
	ttl      time.Duration
	revision uint64    // of our entry; 0 = not held
	until    time.Time // when our last renewal ends
}

// leaseBucket is the bucket of the leases for one time to live.
func leaseBucket(ttl time.Duration, replicas int) jetstream.KeyValueConfig {
	return jetstream.KeyValueConfig{Bucket: schemas.BucketLeases, Description: "which engine judges a rollout: advice only",
		TTL: ttl, Storage: jetstream.FileStorage, Replicas: replicas}
}

// SetupLeases creates the bucket of the leases where it is absent. All leases live
// equally long, as the bucket was made: 15 s will do.
func SetupLeases(ctx context.Context, nc *natsgo.Conn, ttl time.Duration, replicas int) error {
	js, err := jetstream.New(nc)
	if err != nil {
		return fmt.Errorf("nats: %w", err)
	}
	_, err = js.KeyValue(ctx, schemas.BucketLeases)
	if errors.Is(err, jetstream.ErrBucketNotFound) {
		_, err = js.CreateKeyValue(ctx, leaseBucket(ttl, replicas))
		if errors.Is(err, jetstream.ErrBucketExists) {
			err = nil
		}
	}
	if err != nil {
		return fmt.Errorf("nats: bucket %s: %w", schemas.BucketLeases, named(nc, err))
	}
	return nil
}

// NewLease returns a lease of a rollout that is not held. Holder tells this engine
// from every other: its id and something of its start.
func NewLease(ctx context.Context, nc *natsgo.Conn, ns, rollout, holder string) (*Lease, error) {
	js, err := jetstream.New(nc)
	if err != nil {
		return nil, fmt.Errorf("nats: %w", err)
	}
	kv, err := js.KeyValue(ctx, schemas.BucketLeases)
	if err != nil {
		return nil, fmt.Errorf("nats: bucket %s: %w", schemas.BucketLeases, err)
	}
	status, err := kv.Status(ctx)
	if err != nil {
		return nil, fmt.Errorf("nats: bucket %s: %w", schemas.BucketLeases, err)
	}
	return &Lease{kv: kv, key: schemas.Key(ns, rollout), holder: []byte(holder), ttl: status.TTL()}, nil
}

// Try takes the lease if it is free, or renews it if it is ours, and tells whether
// it is held. Without an answer the last renewal counts until it ends.
func (l *Lease) Try(ctx context.Context) (held bool, err error) {
	asked := time.Now()
	revision := l.revision
	if revision == 0 {
		revision, err = l.kv.Create(ctx, l.key, l.holder)
	} else {
		revision, err = l.kv.Update(ctx, l.key, l.holder, revision)
	}
	if taken(err) {
		revision, err = l.look(ctx)
		if errors.Is(err, jetstream.ErrKeyNotFound) { // it ended, or was lost, and nobody has it
			revision, err = l.kv.Create(ctx, l.key, l.holder)
		}
		if taken(err) {
			revision, err = 0, nil
		}
	}
	if err != nil {
		if held = l.revision > 0 && asked.Before(l.until); !held {
			l.revision = 0
		}
		return held, fmt.Errorf("nats: lease of %s: %w", l.key, err)
	}
	l.revision, l.until = revision, asked.Add(l.ttl)
	return revision > 0, nil
}

// taken tells whether an entry stands where ours was to be written.
func taken(err error) bool {
	var api *jetstream.APIError
	return errors.Is(err, jetstream.ErrKeyExists) || errors.As(err, &api) && api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence
}

// look finds the revision of our entry, 0 if the lease is another's: the answer to a
// renewal may have been lost, not the lease.
func (l *Lease) look(ctx context.Context) (revision uint64, err error) {
	e, err := l.kv.Get(ctx, l.key)
	switch {
	case err != nil:
		return 0, err
	case string(e.Value()) == string(l.holder):
		return e.Revision(), nil
	}
	return 0, nil
}

// Release gives the lease up, so that another engine need not wait for its end.
func (l *Lease) Release(ctx context.Context) error {
	if l.revision == 0 {
		return nil
	}
	revision := l.revision
	l.revision = 0
	if err := l.kv.Delete(ctx, l.key, jetstream.LastRevision(revision)); err != nil {
		return fmt.Errorf("nats: releasing the lease of %s: %w", l.key, err)
	}
	return nil
}

// TTL is how long a lease lives that nobody renews.
func (l *Lease) TTL() time.Duration { return l.ttl }

// Run tries at once and then three times in each time to live, until ctx ends, and
// calls changed when the lease was won or lost. It is lost when another holds it: as
// long as there is no answer nobody else can be told either, and the fence decides. At
// the end the lease is released; changed is not called for that.
func (l *Lease) Run(ctx context.Context, changed func(held bool), onError func(error)) {
	tick := time.NewTicker(max(l.ttl/3, 10*time.Millisecond))
	defer tick.Stop()
	for was := false; ; {
		try, cancel := context.WithTimeout(ctx, max(l.ttl/3, 10*time.Millisecond))
		held, err := l.Try(try)
		cancel()
		if err != nil && onError != nil && ctx.Err() == nil {
			onError(err)
		}
		if err == nil && held != was && ctx.Err() == nil {
			changed(held)
			was = held
		}
		select {
		case <-ctx.Done():
			end, cancel := context.WithTimeout(context.WithoutCancel(ctx), min(l.ttl, 2*time.Second))
			defer cancel()
			if err := l.Release(end); err != nil && onError != nil {
				onError(err)
			}
			return
		case <-tick.C:
		}
	}
}
