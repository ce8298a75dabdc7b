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
// order. It ends early with the error of each.
func ReadAudit(ctx context.Context, nc *natsgo.Conn, each func(Audited) error) error {
	js, err := jetstream.New(nc)
	if err != nil {
		return fmt.Errorf("nats: %w", err)
	}
	s, err := js.Stream(ctx, schemas.StreamAudit)
	if err != nil {
		return fmt.Errorf("nats: looking up stream %s: %w", schemas.StreamAudit, named(nc, err))
	}
	state := s.CachedInfo().State
	if state.Msgs == 0 {
		return nil
	}
	c, err := js.OrderedConsumer(ctx, schemas.StreamAudit, jetstream.OrderedConsumerConfig{FilterSubjects: []string{schemas.PrefixAudit + ".>"}})
	if err != nil {
		return fmt.Errorf("nats: reading %s: %w", schemas.StreamAudit, named(nc, err))
	}
	it, err := c.Messages()
	if err != nil {
		return fmt.Errorf("nats: reading %s: %w", schemas.StreamAudit, err)
	}
	defer it.Stop()
	for seq := uint64(0); seq < state.LastSeq; {
		m, err := it.Next(jetstream.NextContext(ctx))
		if err != nil {
			return fmt.Errorf("nats: reading %s: %w", schemas.StreamAudit, err)
		}
		meta, err := m.Metadata()
		if err != nil {
			return fmt.Errorf("nats: reading %s: %w", schemas.StreamAudit, err)
		}
		seq = meta.Sequence.Stream
		if err := each(Audited{seq, m.Subject(), natsgo.Header(m.Headers()), m.Data()}); err != nil {
			return err
		}
	}
	return nil
}
