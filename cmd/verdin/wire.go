package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	natsgo "github.com/nats-io/nats.go"

	"verdin/decision"
	"verdin/ingest/kafka"
	"verdin/ingest/registry"
	"verdin/internal/engine"
	"verdin/internal/pump"
	"verdin/internal/telemetry"
	"verdin/publish/control"
	"verdin/publish/nats"
	"verdin/schemas"
)

// wires are the connections that the rollouts of one engine share.
type wires struct {
	kafka     kafka.Config
	registry  *registry.Registry // nil = no record is framed
	committer *kafka.Committer   // nil = positions are shown to no group
	state     stateConfig
	nc        *natsgo.Conn
	publisher *nats.Publisher
	outbox    *nats.Outbox
	board     *board
	desk      *control.Desk
	candidate candidate
	prepared  func(context.Context) error // makes or verifies the streams
	back      chan struct{}               // that NATS is back; one place
	operators *control.AccessFile         // nil = orders over NATS need no signature
	now       func() schemas.Time
	log       *slog.Logger
	metrics   *telemetry.Metrics
	health    *telemetry.Health
	hooks     *hooks // nil = nobody hears by https
	running   sync.WaitGroup
	report    func(error)
}

// connect opens the NATS side: bucket and streams, publisher and outbox, which runs
// until ctx ends.
func connect(ctx context.Context, cfg natsConfig, as candidate, key *nats.Key, engineName string, now func() schemas.Time, log *slog.Logger) (*wires, error) {
	report := func(err error) {
		if ctx.Err() == nil { // at the end connections close: nothing to report
			log.Error("nats", "err", err)
		}
	}
	nc, err := nats.Connect(cfg.Config, report)
	if err != nil {
		return nil, err
	}
	w := &wires{nc: nc, board: newBoard(), desk: control.NewDesk(engineName, now, nc.IsConnected), now: now, log: log, report: report, candidate: as, back: make(chan struct{}, 1),
		metrics: telemetry.New(), health: telemetry.NewHealth("nats", "journal", "rollouts")}
	if err := w.setup(ctx, cfg); err != nil {
		nc.Close()
		return nil, err
	}
	trusted, err := cfg.TrustedKeys()
	if err == nil {
		w.publisher, err = nats.NewPublisher(nc, key, nats.Options{Engine: engineName, Version: version(), Epoch: uint64(time.Now().UnixMilli()), Trusted: trusted, OnError: report})
	}
	if err != nil {
		nc.Close()
		return nil, err
	}
	w.outbox = nats.NewOutbox(w.publisher, nats.OutboxOptions{Now: now, Done: w.done, OnError: report, Refill: w.refill})
	w.running.Go(func() { w.outbox.Run(ctx) })
	return w, nil
}

// close waits for what connect has started, whose context must have ended, and
// closes the connection.
func (w *wires) close() {
	w.running.Wait()
	w.nc.Close()
	if w.committer != nil {
		w.committer.Close()
	}
	if w.registry != nil {
		w.registry.Close()
	}
}

// done takes what became of a verdict.
func (w *wires) done(o nats.Outcome) {
	w.log.Info("verdict "+string(o.Result), "rollout", o.Namespace+"/"+o.Rollout, "generation", o.Generation, "sequence", o.Sequence)
	if took, ok := w.board.took(o); ok && o.Result == nats.Acked {
		w.metrics.PublishSeconds(took.Seconds())
	}
	if o.Result == nats.Acked {
		w.desk.Acked(o.Namespace, o.Rollout, o.Generation, o.Sequence)
	}
	w.hooks.done(o)
	w.board.result(o)
}

// begin is a rollout that is ready to run: its topics were found and its place in
// the chain of verdicts is known.
type begin struct {
	*wires
	spec       *decision.Spec
	text       string // of the spec, as it stands in its file
	topics     *pump.Topics
	ids        map[string]string // of the topics, where the brokers have ids
	layout     *schemas.Layout
	live       pump.Live
	consumer   *kafka.Consumer
	batches    chan pump.Batch
	orders     chan decision.Command // to the pump, as it makes its cuts
	reading    sync.WaitGroup
	unread     context.CancelFunc // ends the reading
	late       [2]int64           // late rows of the stage by arm, as the metrics have them
	told       [7]uint64          // rows by fate, as the metrics have them
	hinted     bool               // it was told that no row counts
	generation uint64             // 0 = whichever
	head       nats.Head          // of the chain in NATS, as it was found
	rebuild    rebuild
	lead       leadership
}

// find looks up the topics of a spec.
func (w *wires) find(ctx context.Context, spec *decision.Spec, text string) (*begin, error) {
	info, err := kafka.Describe(ctx, w.kafka, pump.TopicNames(spec))
	if err != nil {
		return nil, err
	}
	topics, err := pump.NewTopics(spec, info)
	if err != nil {
		return nil, usage(err)
	}
	b := &begin{wires: w, spec: spec, text: text, topics: topics, layout: engine.Layout(spec), orders: make(chan decision.Command), ids: map[string]string{}}
	for name, t := range info {
		if t.ID != (kafka.TopicID{}) {
			b.ids[name] = hex.EncodeToString(t.ID[:])
		}
	}
	b.declare()
	return b, nil
}

// prepare readies a rollout that keeps nothing, after the last generation that stands
// in NATS: the demo's.
func (w *wires) prepare(ctx context.Context, spec *decision.Spec) (*begin, error) {
	b, err := w.find(ctx, spec, "")
	if err != nil {
		return nil, err
	}
	head, err := w.publisher.Head(ctx, spec.Namespace, spec.Name)
	if err != nil {
		return nil, err
	}
	var last decision.Head
	if v := head.Verdict; v != nil {
		last.Generation = v.Generation
	}
	b.live.Core = engine.New(b.topics.Shards)
	if err := b.live.Core.Start(spec, b.layout, last, w.now().Add(spec.Source.Window)); err != nil {
		return nil, err
	}
	return b, b.read(ctx, b.topics.Assignments(kafka.Latest), nil)
}

// errEnded says that there is nothing left to do for a spec: a restarted engine must
// not serve again what was rolled back.
var errEnded = errors.New("the rollout has ended")

func (b *begin) name() string { return b.spec.FullName() }

// read opens the consumer and decodes what it brings until stopReading.
func (b *begin) read(ctx context.Context, as []kafka.Assignment, then *pump.Arrivals) (err error) {
	if b.consumer, err = kafka.Open(ctx, b.kafka, as); err != nil {
		return err
	}
	b.decode(ctx, then)
	return nil
}

// decode starts the reader on the open consumer.
func (b *begin) decode(ctx context.Context, then *pump.Arrivals) {
	ctx, b.unread = context.WithCancel(ctx)
	out, consumer := make(chan pump.Batch), b.consumer
	b.batches = out
	reader := &pump.Reader{Topics: b.topics, Layout: b.layout, Now: b.now, Log: b.log, Arrivals: then, Schemas: b.schemas(),
		Rejected: func(_ string, r schemas.Rejection) { b.metrics.Rejected(r.Reason, 1) }, Read: b.count, Lost: b.lost}
	b.reading.Go(func() {
		reader.Run(ctx, consumer.Records(), out)
		if err := consumer.Err(); err != nil {
			b.log.Error("reading stopped", "rollout", b.name(), "err", err)
		}
	})
}

// stopReading closes the consumer.
func (b *begin) stopReading() {
	if b.consumer != nil {
		b.unread()
		b.reading.Wait()
		b.consumer.Close()
		b.consumer = nil
	}
}

// close lets go of what was opened for a rollout.
func (b *begin) close() error {
	b.stopReading()
	return b.live.Store.Close()
}

// run feeds the rollout until ctx ends or its journal cannot be written; each hears of
// every cut.
func (b *begin) run(ctx context.Context, ticks <-chan pump.Tick, each func(engine.Outcome, decision.Cut)) error {
	rollout := ctx // ends when somebody stops it
	ctx, yield := context.WithCancelCause(ctx)
	defer yield(nil)
	b.lead.judge(yield)
	line := b.board.join(b.name(), ctx.Done(), yield)
	defer b.board.leave(b.name())
	var beside sync.WaitGroup
	aside, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer beside.Wait()
	defer stop()
	l := &b.live
	l.Spec, l.Batches, l.Ticks, l.Acks, l.Results, l.Publish = b.spec, b.batches, ticks, line.acks, line.results, b.publish
	l.Took = b.metrics.CutSeconds
	l.Refused = b.strange
	l.Failed = func(at, stack string) {
		b.metrics.Failed(b.name())
		b.log.Error("internal error: the rollout holds until a restart, others go on", "rollout", b.name(), "at", at, "stack", stack)
	}
	l.Each = func(o engine.Outcome, c decision.Cut) {
		b.observe(o)
		if o.State.Fenced {
			yield(errFenced)
		}
		if each != nil {
			each(o, c)
		}
	}
	leave, err := b.attend(ctx, func(a schemas.Ack) { b.board.ack(0, a) })
	if err != nil {
		return errors.Join(err, b.close())
	}
	defer leave()
	beside.Go(func() { b.followAcks(aside) })
	if l.Store != nil {
		behind := b.copyJournal(aside, &beside)
		defer func() {
			if !yielded(ctx) {
				b.awaitMirror(behind)
			}
		}()
		b.takeUp()
	}
	err = l.Run(ctx, b.topics.Shards)
	if cerr := b.close(); err == nil {
		err = cerr
	}
	if err == nil && rollout.Err() == nil && yielded(ctx) {
		b.outbox.Forget(b.spec.Namespace, b.spec.Name)
		b.board.forget(b.name())
		return context.Cause(ctx)
	}
	return err
}

// followAcks passes on what routers acknowledge of this generation.
func (b *begin) followAcks(ctx context.Context) {
	from := uint64(0)
	if b.live.From != nil {
		from = b.live.From.Place.Stream + 1
	}
	take := func(seq uint64, a schemas.Ack) {
		if b.generation == 0 || a.Generation == b.generation {
			b.board.ack(seq, a)
		}
	}
	err := nats.FollowAcksOf(ctx, b.nc, b.spec.Namespace, b.spec.Name, from, take, b.report)
	if err != nil && ctx.Err() == nil {
		b.report(fmt.Errorf("rollout %s hears no router: %w", b.name(), err))
	}
}

// strange tells of an acknowledgement that counts for nothing.
func (b *begin) strange(a pump.Ack) {
	b.metrics.AckRefused(b.name())
	b.log.Warn("acknowledgement of no verdict of ours, or of a router that publish.routers does not name", "rollout", b.name(),
		"router", a.Router, "generation", a.Generation, "sequence", a.Sequence)
}

// publish hands a verdict to the outbox.
func (b *begin) publish(v *schemas.Verdict) {
	payload := v.AppendJSON(nil)
	b.log.Info("verdict", "rollout", b.name(), "sequence", v.Sequence, "verdict", v.Verdict, "reason", v.Reason.Code, "message", v.Reason.Message)
	b.board.queue(v, payload, b.spec.Publish.Lease.Seconds(), b.now())
	b.hooks.keep(v, payload)
	if err := b.outbox.Add(payload); err != nil {
		b.log.Error("verdict not queued", "rollout", b.name(), "err", fmt.Errorf("a verdict of our own cannot be read: %w", err))
	}
}
