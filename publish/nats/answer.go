package nats

import (
	"context"
	"errors"
	"fmt"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

var (
	// ErrBehind says that the bucket does not hold the verdict before: it lost
	// messages. Refill it from the local log of verdicts.
	ErrBehind = errors.New("nats: the bucket lost verdicts: refill it from the log of verdicts")
	// ErrDown says that there is no connection now; nothing was sent.
	ErrDown = errors.New("nats: not connected")
	// ErrFull says that the server has no room: verdicts wait in the outbox.
	ErrFull = errors.New("nats: the server has no room for verdicts: raise max_file_store of its JetStream, or the limits of the stream and its account")
	// ErrForbidden says that this user's rights do not suffice.
	ErrForbidden = errors.New("nats: the server forbids it: give this user the rights of its role in deploy/nats")
)

// Codes of the server that mean: no room (server/jetstream_errors_generated.go).
var fullCodes = map[jetstream.ErrorCode]bool{
	10002: true, // account resources exceeded
	10023: true, // insufficient resources
	10028: true, // resource limits exceeded
	10047: true, // insufficient storage resources
	10077: true, // maximum bytes, messages or subjects exceeded
}

// name puts a name to an answer of the server that an operator must act on. A
// forbidden subject has no answer at all: the connection has heard why.
func (p *Publisher) name(err error) error { return named(p.nc, err) }

func named(nc *natsgo.Conn, err error) error {
	var api *jetstream.APIError
	var old *natsgo.APIError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &api) && fullCodes[api.ErrorCode]:
		return fmt.Errorf("%w: %w", ErrFull, err)
	case errors.As(err, &old) && fullCodes[jetstream.ErrorCode(old.ErrorCode)]:
		return fmt.Errorf("%w: %w", ErrFull, err)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, natsgo.ErrTimeout):
		if last := nc.LastError(); errors.Is(last, natsgo.ErrPermissionViolation) {
			return fmt.Errorf("%w: %w", ErrForbidden, last)
		}
	}
	return err
}
