package nats

import (
	"context"
	"fmt"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// ReadJournal is Publisher.ReadJournal for somebody who only reads and signs nothing.
func ReadJournal(ctx context.Context, nc *natsgo.Conn, ns, rollout string, from uint64, each func(index uint64, record []byte) error) error {
	js, err := jetstream.New(nc)
	if err != nil {
		return fmt.Errorf("nats: %w", err)
	}
	get, err := nc.JetStream()
	if err != nil {
		return fmt.Errorf("nats: %w", err)
	}
	return (&Publisher{nc: nc, js: js, get: get}).ReadJournal(ctx, ns, rollout, from, each)
}
