package nats

import (
	"context"
	"errors"
	"fmt"
	"strings"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"verdin/schemas"
)

// Codes of a server that cannot keep a stream as often as it is told
// (server/jetstream_errors_generated.go).
const (
	errNoPeers  jetstream.ErrorCode = 10005 // no suitable peers for placement
	errNoCopies jetstream.ErrorCode = 10074 // replicas > 1 not supported in non-clustered mode
)

// tooMany names the remedy where a stream cannot be kept as often as it was asked.
func tooMany(err error, replicas int) error {
	var api *jetstream.APIError
	if errors.As(err, &api) && (api.ErrorCode == errNoPeers || api.ErrorCode == errNoCopies) {
		return fmt.Errorf("nats.replicas is %d, and there are not so many servers with JetStream in one cluster: start them, or set nats.replicas to 1: %w", replicas, err)
	}
	return err
}

// CheckReplicas lists the streams that are kept by fewer servers than they should be.
// What it returns is a warning: they work, until a server is lost.
func CheckReplicas(ctx context.Context, nc *natsgo.Conn, replicas int) error {
	js, err := jetstream.New(nc)
	if err != nil {
		return fmt.Errorf("nats: %w", err)
	}
	var few []string
	for _, name := range []string{schemas.StreamRoutes, schemas.StreamAudit, schemas.StreamAcks, schemas.StreamJournal} {
		s, err := js.Stream(ctx, name)
		if err != nil {
			return fmt.Errorf("nats: looking up stream %s: %w", name, named(nc, err))
		}
		if n := s.CachedInfo().Config.Replicas; n < replicas {
			few = append(few, fmt.Sprintf("%s stands on %d of %d servers (fix: nats stream edit %s --replicas=%d)", name, n, replicas, name, replicas))
		}
	}
	if few == nil {
		return nil
	}
	return fmt.Errorf("nats: fewer copies than nats.replicas asks for, so a server that is lost may take verdicts with it:\n  %s", strings.Join(few, "\n  "))
}
