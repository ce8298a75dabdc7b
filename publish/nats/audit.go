package nats

import (
	"context"
	"fmt"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"verdin/schemas"
)

// Audited is one message of the audit stream.
type Audited struct {
	Seq     uint64 // in the audit stream
	Subject string
	Header  natsgo.Header
	Payload []byte
}

// ReadAudit calls each for every message that the audit stream held at the call, in
// order: of one rollout "namespace/name", or of all if it is empty. It ends early
// with the error of each.
func ReadAudit(ctx context.Context, nc *natsgo.Conn, rollout string, each func(Audited) error) error {
	filter := schemas.PrefixAudit + ".>"
	if rollout != "" {
		ns, name, err := schemas.SplitRollout(rollout)
		if err != nil {
			return fmt.Errorf("nats: %w", err)
		}
		filter = schemas.PrefixAudit + "." + schemas.Key(ns, name)
	}
	fail := func(err error) error { return fmt.Errorf("nats: reading %s: %w", schemas.StreamAudit, named(nc, err)) }
	js, err := jetstream.New(nc)
	if err != nil {
		return fail(err)
	}
	s, err := js.Stream(ctx, schemas.StreamAudit)
	if err != nil {
		return fail(err)
	}
	info, err := s.Info(ctx, jetstream.WithSubjectFilter(filter))
	if err != nil {
		return fail(err)
	}
	var left uint64 // as the leader tells: who delivers may be a node that does not have all yet
	for _, n := range info.State.Subjects {
		left += n
	}
	if left == 0 {
		return nil
	}
	c, err := js.OrderedConsumer(ctx, schemas.StreamAudit, jetstream.OrderedConsumerConfig{FilterSubjects: []string{filter}})
	if err != nil {
		return fail(err)
	}
	it, err := c.Messages()
	if err != nil {
		return fail(err)
	}
	defer it.Stop()
	for {
		m, err := it.Next(jetstream.NextContext(ctx))
		if err != nil {
			return fail(err)
		}
		meta, err := m.Metadata()
		if err != nil {
			return fail(err)
		}
		if err := each(Audited{meta.Sequence.Stream, m.Subject(), natsgo.Header(m.Headers()), m.Data()}); err != nil {
			return err
		}
		if left--; left == 0 {
			return nil
		}
	}
}
