package kafka

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol/saslauthenticate"
	"github.com/segmentio/kafka-go/protocol/saslhandshake"
	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"
)

// ErrCredentials is wrapped by the error of a login that the broker refused.
var ErrCredentials = errors.New("the credentials were refused")

// login runs the SASL exchange on a fresh connection.
func (d *dialer) login(ctx context.Context, c *conn) error {
	mechanism, err := d.cfg.SASL.mechanism()
	if err != nil {
		return err
	}
	hello, err := call[*saslhandshake.Response](c, &saslhandshake.Request{Mechanism: mechanism.Name()})
	if err != nil {
		return fmt.Errorf("%w: the broker ended the login: check that this listener expects SASL", err)
	}
	if kafka.Error(hello.ErrorCode) == kafka.IllegalSASLState {
		return fmt.Errorf("kafka broker %s: this listener expects no login (%w): remove kafka.sasl, or use the port of a listener with SASL",
			c.addr, kafka.Error(hello.ErrorCode))
	}
	if hello.ErrorCode != 0 {
		offer := strings.ToLower(strings.Join(hello.Mechanisms, ", "))
		return fmt.Errorf("kafka broker %s does not accept kafka.sasl.mechanism %s (%w): it offers %s",
			c.addr, d.cfg.SASL.Mechanism, kafka.Error(hello.ErrorCode), orNothing(offer))
	}
	state, answer, err := mechanism.Start(ctx)
	for done := false; !done && err == nil; {
		var res *saslauthenticate.Response
		if res, err = call[*saslauthenticate.Response](c, &saslauthenticate.Request{AuthBytes: answer}); err != nil {
			break
		}
		if res.ErrorCode != 0 {
			err = kafka.Error(res.ErrorCode)
			break
		}
		done, answer, err = state.Next(ctx, res.AuthBytes)
	}
	if err == nil {
		return nil
	}
	return d.refused(c.addr, err)
}

// refused explains why a login failed. Brokers may close the connection
// instead of naming the cause, so a hang-up here counts as a refusal.
func (d *dialer) refused(addr string, err error) error {
	s := d.cfg.SASL
	if hungUp(err) || errors.Is(err, kafka.SASLAuthenticationFailed) {
		return fmt.Errorf("kafka broker %s: login of user %q with %s: %w: check kafka.sasl.user and the password that it refers to",
			addr, s.User, s.Mechanism, ErrCredentials)
	}
	return fmt.Errorf("kafka broker %s: login of user %q with %s: %w: check kafka.sasl", addr, s.User, s.Mechanism, err)
}

func (s *SASLConfig) mechanism() (sasl.Mechanism, error) {
	password, err := s.Password.read()
	if err != nil {
		return nil, err
	}
	switch s.Mechanism {
	case Plain:
		return plain.Mechanism{Username: s.User, Password: password}, nil
	case ScramSHA256:
		return scram.Mechanism(scram.SHA256, s.User, password)
	case ScramSHA512:
		return scram.Mechanism(scram.SHA512, s.User, password)
	}
	return nil, fmt.Errorf("kafka.sasl.mechanism is %q", s.Mechanism)
}

// hungUp tells whether the other side ended the connection.
func hungUp(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

func orNothing(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
