package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	natsgo "github.com/nats-io/nats.go"

	"verdin/decision"
	"verdin/ingest/kafka"
	"verdin/internal/engine"
	"verdin/internal/pump"
	"verdin/internal/telemetry"
	"verdin/publish/nats"
	"verdin/schemas"
)

// wires are the connections that the rollouts of one engine share.
type wires struct {
	kafka     kafka.Config
	nc        *natsgo.Conn
	publisher *nats.Publisher
	outbox    *nats.Outbox
	board     *board
	now       func() schemas.Time
	log       *slog.Logger
	metrics   *telemetry.Metrics
	running   sync.WaitGroup
}

// connect opens the NATS side: bucket and streams, publisher, outbox and
// acknowledgements. The outbox and the listener run until ctx ends.
func connect(ctx context.Context, cfg nats.Config, key *nats.Key, engineName string, now func() schemas.Time, log *slog.Logger) (*wires, error) {
	report := func(err error) {
		if ctx.Err() == nil { // at the end connections close: nothing to report
			log.Error("nats", "err", err)
		}
	}
	nc, err := nats.Connect(cfg, report)
	if err != nil {
		return nil, err
	}
	w := &wires{nc: nc, board: newBoard(), now: now, log: log, metrics: telemetry.New()}
	if err := nats.Setup(ctx, nc, 1); err != nil {
		nc.Close()
		return nil, err
	}
	w.publisher, err = nats.NewPublisher(nc, key, nats.Options{Engine: engineName, Epoch: uint64(time.Now().UnixMilli())})
	if err != nil {
		nc.Close()
		return nil, err
	}
	w.outbox = nats.NewOutbox(w.publisher, nats.OutboxOptions{Now: now, Done: w.done, OnError: report})
	w.running.Go(func() { w.outbox.Run(ctx) })
	w.running.Go(func() {
		if err := nats.FollowAcks(ctx, nc, w.board.ack, report); err != nil {
			report(err)
		}
	})
	return w, nil
}

// close waits for what connect has started, whose context must have ended, and
// closes the connection.
func (w *wires) close() {
	w.running.Wait()
	w.nc.Close()
}

// done takes what became of a verdict.
func (w *wires) done(o nats.Outcome) {
	w.log.Info("verdict "+string(o.Result), "rollout", o.Namespace+"/"+o.Rollout, "generation", o.Generation, "sequence", o.Sequence)
	w.board.result(o)
}

// begin is a rollout that is ready to run: its topics were found and its place in
// the chain of verdicts is known.
type begin struct {
	*wires
	spec     *decision.Spec
	topics   *pump.Topics
	layout   *schemas.Layout
	consumer *kafka.Consumer
	core     *engine.Engine
}

// prepare checks the topics of a spec, opens the consumer at their end, and starts
// the rollout after the last generation that stands in NATS.
func (w *wires) prepare(ctx context.Context, spec *decision.Spec) (*begin, error) {
	info, err := kafka.Describe(ctx, w.kafka, pump.TopicNames(spec))
	if err != nil {
		return nil, err
	}
	topics, err := pump.NewTopics(spec, info)
	if err != nil {
		return nil, usage(err)
	}
	head, err := w.publisher.Head(ctx, spec.Namespace, spec.Name)
	if err != nil {
		return nil, err
	}
	var last decision.Head
	if v := head.Verdict; v != nil {
		if decision.Final(v.Phase) && v.SpecDigest == spec.Digest {
			return nil, fmt.Errorf("%w: %s, generation %d", errEnded, v.Phase, v.Generation)
		}
		last = decision.Head{Generation: v.Generation}
	}
	b := &begin{wires: w, spec: spec, topics: topics, layout: engine.Layout(spec), core: engine.New(topics.Shards)}
	if b.consumer, err = kafka.Open(ctx, w.kafka, topics.Assignments(kafka.Latest)); err != nil {
		return nil, err
	}
	if err := b.core.Start(spec, b.layout, last, w.now().Add(spec.Source.Window)); err != nil {
		b.consumer.Close()
		return nil, err
	}
	b.declare()
	return b, nil
}

// errEnded says that there is nothing left to do for a spec: a restarted engine must
// not serve again what was rolled back.
var errEnded = errors.New("the rollout has ended")

func (b *begin) name() string { return b.spec.FullName() }

// run feeds the rollout until ctx ends; each hears of every cut.
func (b *begin) run(ctx context.Context, ticks <-chan pump.Tick, each func(engine.Outcome, decision.Cut)) {
	defer b.consumer.Close()
	line := b.board.join(b.name(), ctx.Done())
	defer b.board.leave(b.name())
	batches := make(chan pump.Batch)
	reader := &pump.Reader{Topics: b.topics, Layout: b.layout, Now: b.now, Log: b.log,
		Rejected: func(_ string, r schemas.Rejection) { b.metrics.Rejected(r.Reason, 1) }}
	read := make(chan struct{})
	go func() {
		defer close(read)
		reader.Run(ctx, b.consumer.Records(), batches)
		if err := b.consumer.Err(); err != nil {
			b.log.Error("reading stopped", "rollout", b.name(), "err", err)
		}
	}()
	live := &pump.Live{Spec: b.spec, Core: b.core, Batches: batches, Ticks: ticks, Acks: line.acks, Results: line.results,
		Publish: b.publish, Each: func(o engine.Outcome, c decision.Cut) {
			b.observe(o)
			if each != nil {
				each(o, c)
			}
		}}
	live.Run(ctx, b.topics.Shards)
	<-read
}

// publish hands a verdict to the outbox.
func (b *begin) publish(v *schemas.Verdict) {
	payload := v.AppendJSON(nil)
	b.log.Info("verdict", "rollout", b.name(), "sequence", v.Sequence, "verdict", v.Verdict, "reason", v.Reason.Code, "message", v.Reason.Message)
	b.board.queue(v, schemas.Digest(payload), b.spec.Publish.Lease.Seconds())
	if err := b.outbox.Add(payload); err != nil {
		b.log.Error("verdict not queued", "rollout", b.name(), "err", fmt.Errorf("a verdict of our own cannot be read: %w", err))
	}
}
