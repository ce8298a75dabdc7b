package throughput

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"syscall"
	"testing"
	"time"

	"verdin/decision"
	"verdin/ingest/kafka"
	"verdin/internal/engine"
	"verdin/internal/pump"
	"verdin/internal/pump/journal"
	"verdin/schemas"
)

// BenchmarkPredictions reads the same topic of predictions in three ways.
func BenchmarkPredictions(b *testing.B) {
	compare(b, func(start schemas.Time) workload { return scripted(b, start, true) })
}

// BenchmarkWithLabels is the same with outcomes, joined, and readings.
func BenchmarkWithLabels(b *testing.B) {
	compare(b, func(start schemas.Time) workload { return scripted(b, start, false) })
}

// BenchmarkManyFeatures is predictions with twelve features: ten distributions are
// tested by KS, eight by PSI.
func BenchmarkManyFeatures(b *testing.B) {
	compare(b, func(schemas.Time) workload { return wide() })
}

func compare(b *testing.B, of func(start schemas.Time) workload) {
	cfg := broker(b)
	f := fill(b, cfg, of)
	b.Logf("%d events of %d bytes", f.events, f.bytes/f.events)
	spec, err := decision.Parse(f.spec, "aa")
	if err != nil {
		b.Fatal(err)
	}
	info, err := kafka.Describe(b.Context(), cfg, pump.TopicNames(spec))
	if err != nil {
		b.Fatal(err)
	}
	t, err := pump.NewTopics(spec, info)
	if err != nil {
		b.Fatal(err)
	}
	for _, way := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"fetch", func(ctx context.Context) error { return discard(ctx, f, t.Assignments(kafka.Earliest)) }},
		{"verdin", func(ctx context.Context) error { return live(ctx, b.TempDir(), f, spec, t) }},
		{"naive", func(ctx context.Context) error { return naive(ctx, f) }},
	} {
		b.Run(way.name, func(b *testing.B) {
			runtime.GC() // what was there before is not ours
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			cpu := used()
			for b.Loop() {
				if err := way.run(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
			cpu = used() - cpu
			runtime.ReadMemStats(&after)
			n := float64(f.events) * float64(b.N)
			b.ReportMetric(n/b.Elapsed().Seconds(), "events/s")
			b.ReportMetric(cpu.Seconds()*1e6/n, "µs-CPU/event")
			b.ReportMetric(float64(after.Mallocs-before.Mallocs)/n, "allocs/event")
		})
	}
}

// used is the CPU time of this process so far.
func used() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // of our own process
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// live is the engine as verdin run has it, with its journal; its verdicts go nowhere.
func live(ctx context.Context, dir string, f *filled, spec *decision.Spec, t *pump.Topics) error {
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	store, err := pump.OpenStore(dir, pump.StoreOptions{})
	if err != nil {
		return err
	}
	defer store.Close()
	c, err := kafka.Open(ctx, f.kafka, t.Assignments(kafka.Earliest))
	if err != nil {
		return err
	}
	defer c.Close()
	a := &journal.Activation{Format: journal.Format, Rollout: spec.FullName(), Generation: 1, Spec: string(f.spec),
		SpecDigest: spec.Digest, Rules: decision.RulesVersion, Wall: f.start, Start: f.start}
	for shard, logs := range t.Shards {
		for _, l := range logs {
			a.Logs = append(a.Logs, journal.Log{Topic: l.Topic, Partition: l.Partition, Kinds: l.Kinds, Shard: shard})
		}
	}
	batches := make(chan pump.Batch)
	reader := &pump.Reader{Topics: t, Layout: engine.Layout(spec), Log: log, Now: func() schemas.Time { return schemas.TimeOf(time.Now()) }}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go reader.Run(ctx, c.Records(), batches)
	from, err := store.Activate(a, spec, func(*pump.Place, *pump.Arrivals) (pump.Feed, error) {
		return pump.Feed{Batches: batches, Stop: func() {}}, nil
	})
	if err != nil {
		return err
	}
	ticks := make(chan pump.Tick)
	l := &pump.Live{Spec: spec, Core: from.Core, From: from, Store: store, Batches: batches, Ticks: ticks, Publish: func(*schemas.Verdict) {}}
	ended := make(chan error, 1)
	go func() { ended <- l.Run(ctx, t.Shards) }()
	if err := drive(ctx, f, t, ticks); err != nil {
		return err
	}
	stop()
	if err := <-ended; err != nil {
		return err
	}
	if n := counted(from.Core, spec, len(t.Shards)); n < f.events*99/100 {
		return fmt.Errorf("%d of %d events were counted", n, f.events)
	}
	return nil
}

// drive lets the events' clock tick as fast as the engine follows: at each step it waits
// until what had come by then is read, as a caught-up engine would, so that windows are
// judged and edges are learnt while the stream goes on.
func drive(ctx context.Context, f *filled, t *pump.Topics, ticks chan<- pump.Tick) error {
	done := make(chan struct{}, 1)
	for _, s := range f.steps {
		select {
		case ticks <- pump.Tick{Wall: s.wall, Until: until(s.ends, t), Lazy: true, Done: done}:
		case <-ctx.Done():
			return ctx.Err()
		}
		select {
		case <-done:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// until is where the logs ended, in the order of the shards.
func until(ends map[string][]int64, t *pump.Topics) [][]int64 {
	until := make([][]int64, len(t.Shards))
	for s, logs := range t.Shards {
		for _, l := range logs {
			until[s] = append(until[s], ends[l.Topic][l.Partition])
		}
	}
	return until
}

func counted(core *engine.Engine, spec *decision.Spec, shards int) (n int64) {
	for i := range shards {
		n += int64(core.Shard(i).Counts(spec.FullName()).Counted)
	}
	return n
}
