package nats

import (
	"context"
	"fmt"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"verdin/schemas"
)

// FollowAcks calls each for the last acknowledgement of every router and then
// for each new one, in the order of the stream, until ctx ends. The same one
// may come again: routers repeat it after an outage. What is no acknowledgement
// goes to onError, which may be nil.
func FollowAcks(ctx context.Context, nc *natsgo.Conn, each func(schemas.Ack), onError func(error)) error {
	return followAcks(ctx, nc, jetstream.OrderedConsumerConfig{DeliverPolicy: jetstream.DeliverLastPerSubjectPolicy},
		func(_ uint64, a schemas.Ack) { each(a) }, onError)
}

// FollowAcksFrom is FollowAcks from a sequence of the stream on: an engine that
// journalled the acknowledgement at sequence s goes on from s+1 and misses none.
// What the stream holds no longer is left out; 0 and 1 are its beginning.
func FollowAcksFrom(ctx context.Context, nc *natsgo.Conn, from uint64, each func(seq uint64, a schemas.Ack), onError func(error)) error {
	return followAcks(ctx, nc, jetstream.OrderedConsumerConfig{DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: max(from, 1)},
		each, onError)
}

// FollowAcksOf is FollowAcksFrom for one rollout alone.
func FollowAcksOf(ctx context.Context, nc *natsgo.Conn, ns, rollout string, from uint64, each func(seq uint64, a schemas.Ack), onError func(error)) error {
	return followAcks(ctx, nc, jetstream.OrderedConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: max(from, 1), FilterSubjects: []string{schemas.AckSubject(ns, rollout, "*")}}, each, onError)
}

func followAcks(ctx context.Context, nc *natsgo.Conn, cfg jetstream.OrderedConsumerConfig, each func(uint64, schemas.Ack), onError func(error)) error {
	if onError == nil {
		onError = func(error) {}
	}
	js, err := jetstream.New(nc)
	if err != nil {
		return fmt.Errorf("nats: %w", err)
	}
	if cfg.FilterSubjects == nil {
		cfg.FilterSubjects = []string{schemas.PrefixAck + ".>"}
	}
	c, err := js.OrderedConsumer(ctx, schemas.StreamAcks, cfg)
	if err != nil {
		return fmt.Errorf("nats: following acknowledgements in %s: %w", schemas.StreamAcks, err)
	}
	run, err := c.Consume(func(m jetstream.Msg) {
		seq, a, err := parseAck(m)
		if err != nil {
			onError(err)
			return
		}
		each(seq, *a)
	}, jetstream.ConsumeErrHandler(func(_ jetstream.ConsumeContext, err error) {
		onError(fmt.Errorf("nats: following acknowledgements: %w", err))
	}))
	if err != nil {
		return fmt.Errorf("nats: following acknowledgements: %w", err)
	}
	<-ctx.Done()
	run.Stop()
	<-run.Closed()
	return nil
}

func parseAck(m jetstream.Msg) (seq uint64, a *schemas.Ack, err error) {
	meta, err := m.Metadata()
	if err != nil {
		return 0, nil, fmt.Errorf("nats: an acknowledgement without its place in the stream: %w", err)
	}
	a, err = schemas.ParseAck(m.Subject(), m.Data())
	return meta.Sequence.Stream, a, err
}
