package registry

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/sr"

	"verdin/ingest/codec"
)

// Registry answers what stands under a schema id. Its methods may be called from
// any goroutine.
type Registry struct {
	url    string
	client *sr.Client
	log    *slog.Logger
	pauses pauses

	mu      sync.Mutex
	answers map[codec.SchemaID]*codec.Schema // nil = there is none
	store   *store
	absent  int                          // ids that there is none under
	since   map[codec.SchemaID]time.Time // ids that are waited for
}

// pauses are the times between questions.
type pauses struct {
	first, last time.Duration // before a question is asked again, doubled from first up to last

	// A registry's followers can lag behind its leader, so that "not found" is
	// asked again after doubt before it is believed for ever.
	doubt time.Duration
}

var usual = pauses{first: 100 * time.Millisecond, last: 10 * time.Second, doubt: time.Second}

// maxDoubt is how many ids are doubted. When as many were not found the topic
// carries something else than framed records, and a pause for each would stop the rest.
const maxDoubt = 16

// Open prepares to ask a registry, and reads the answers that the cache file
// holds. It opens no connection.
func Open(cfg Config, log *slog.Logger) (*Registry, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	client, err := newClient(cfg)
	if err != nil {
		return nil, err
	}
	r := &Registry{url: cfg.URL, client: client, log: log, pauses: usual,
		answers: map[codec.SchemaID]*codec.Schema{}, since: map[codec.SchemaID]time.Time{}}
	if cfg.Cache != "" {
		if r.store, err = openStore(cfg.Cache, r.answers); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// Close closes the cache file.
func (r *Registry) Close() error { return r.store.close() }

// Check asks the registry for a schema that none has, to find at the start what
// would otherwise be found at the first record: that it is not there, or not let in.
func (r *Registry) Check(ctx context.Context) error {
	if _, err := r.ask(ctx, codec.SchemaID{}); err != nil {
		return fmt.Errorf("schema registry %s: %w", r.url, err)
	}
	return nil
}

// Schema returns what stands under an id, as far as it was fetched.
func (r *Registry) Schema(id codec.SchemaID) (*codec.Schema, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s, ok := r.answers[id]
	return s, ok
}

// Known is the number of ids whose meaning is known.
func (r *Registry) Known() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.answers)
}

// Fetch waits until the registry has answered what stands under an id; Schema
// knows it from then on. It ends earlier only with ctx, whose error it returns.
func (r *Registry) Fetch(ctx context.Context, id codec.SchemaID) error {
	defer r.begin(id)()
	doubted := false
	for pause := r.pauses.first; ; pause = min(2*pause, r.pauses.last) {
		if _, ok := r.Schema(id); ok {
			return nil
		}
		s, err := r.ask(ctx, id)
		if err == nil && s == nil && !doubted && r.doubts() {
			doubted, pause = true, r.pauses.doubt
		} else if err == nil {
			if err = r.learn(id, s); err == nil {
				return nil
			}
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			r.log.Warn("schema registry does not answer, reading waits", "registry", r.url, "schema", id.String(), "err", err, "again", pause)
		}
		if !sleep(ctx, pause) {
			return ctx.Err()
		}
	}
}

// Waiting tells for how long the oldest question has had no answer, 0 if none waits.
func (r *Registry) Waiting() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	var longest time.Duration
	for _, t := range r.since {
		longest = max(longest, time.Since(t))
	}
	return longest
}

// begin notes that an id is waited for; what it returns ends that.
func (r *Registry) begin(id codec.SchemaID) (end func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.since[id]; ok {
		return func() {} // another reader waits for it already
	}
	r.since[id] = time.Now()
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.since, id)
	}
}

// doubts tells whether an id that was not found is worth asking for again.
func (r *Registry) doubts() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.absent < maxDoubt
}

// learn keeps an answer: on disk first.
func (r *Registry) learn(id codec.SchemaID, s *codec.Schema) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.answers[id]; ok {
		return nil // the first answer stands
	}
	if err := r.store.add(id, s); err != nil {
		return err
	}
	r.answers[id] = s
	if s == nil {
		r.absent++
		r.log.Warn("schema registry has no such schema, its records are quarantined", "registry", r.url, "schema", id.String())
		return nil
	}
	r.log.Info("schema fetched", "registry", r.url, "schema", id.String(), "format", s.Format, "references", len(s.References))
	return nil
}

// sleep waits for d and tells whether ctx lasted that long.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
