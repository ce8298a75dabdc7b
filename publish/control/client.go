package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/micro"
	"github.com/nats-io/nkeys"

	"verdin/schemas"
)

// ErrNobody says that no engine runs the rollout that was asked about.
var ErrNobody = errors.New("no engine answers for it")

// Client asks engines over NATS.
type Client struct {
	NC      *natsgo.Conn
	Actor   string              // who says to give orders
	Key     nkeys.KeyPair       // signs orders; nil = unsigned
	Now     func() schemas.Time // for signed orders
	Timeout time.Duration       // of one exchange, default 6 s
}

func (c *Client) timeout() time.Duration {
	if c.Timeout > 0 {
		return c.Timeout
	}
	return patience + time.Second
}

// Order gives an order. A receipt that refuses is no error.
func (c *Client) Order(ctx context.Context, ns, rollout, verb, reason string) (r Receipt, err error) {
	req := Request{Reason: reason, Actor: c.Actor}
	if c.Key != nil {
		req.At = c.Now()
	}
	m := natsgo.NewMsg(Subject(ns, rollout, verb))
	if m.Data, err = json.Marshal(req); err != nil {
		return r, err
	}
	if c.Key != nil {
		id, sig, err := Sign(c.Key, m.Subject, m.Data)
		if err != nil {
			return r, fmt.Errorf("sign the order: %w", err)
		}
		m.Header[schemas.HeaderKeyID], m.Header[schemas.HeaderSignature] = []string{id}, []string{sig}
	}
	return r, c.ask(ctx, m, &r)
}

// Status asks where one rollout stands.
func (c *Client) Status(ctx context.Context, ns, rollout string) (st Status, err error) {
	return st, c.ask(ctx, natsgo.NewMsg(Subject(ns, rollout, VerbStatus)), &st)
}

func (c *Client) ask(ctx context.Context, m *natsgo.Msg, answer any) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout())
	defer cancel()
	reply, err := c.NC.RequestMsgWithContext(ctx, m)
	switch {
	case errors.Is(err, natsgo.ErrNoResponders):
		return fmt.Errorf("%s: %w", m.Subject, ErrNobody)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s: no answer within %v: the engine is busy or another one took over, or this user may not publish there", m.Subject, c.timeout())
	case err != nil:
		return fmt.Errorf("%s: %w", m.Subject, err)
	}
	if len(reply.Data) == 0 {
		return fmt.Errorf("%s: the engine answers %q", m.Subject, reply.Header.Get(micro.ErrorHeader))
	}
	if err := json.Unmarshal(reply.Data, answer); err != nil {
		return fmt.Errorf("%s: the answer cannot be read: %w", m.Subject, err)
	}
	return nil
}

// List finds every rollout that an engine runs, and asks where it stands.
func (c *Client) List(ctx context.Context) ([]Status, error) {
	names, err := c.find(ctx)
	if err != nil {
		return nil, err
	}
	var all []Status
	for _, n := range names {
		st, err := c.Status(ctx, n[0], n[1])
		if errors.Is(err, ErrNobody) {
			continue // it has stopped since
		}
		if err != nil {
			return nil, err
		}
		all = append(all, st)
	}
	slices.SortFunc(all, byName)
	return all, nil
}

// find lists the instances of the service.
func (c *Client) find(ctx context.Context) (names [][2]string, err error) {
	subject, err := micro.ControlSubject(micro.PingVerb, ServiceName, "")
	if err != nil {
		return nil, err
	}
	inbox := c.NC.NewRespInbox()
	sub, err := c.NC.SubscribeSync(inbox)
	if err != nil {
		return nil, err
	}
	defer func() { _ = sub.Unsubscribe() }()
	if err := c.NC.PublishRequest(subject, inbox, nil); err != nil {
		return nil, err
	}
	const quiet = 300 * time.Millisecond // nobody else is expected after that
	for {
		ctx, cancel := context.WithTimeout(ctx, quiet)
		m, err := sub.NextMsgWithContext(ctx)
		cancel()
		if err != nil || len(m.Data) == 0 { // silence, or nobody listens at all
			return names, nil
		}
		var ping micro.Ping
		if json.Unmarshal(m.Data, &ping) != nil {
			continue
		}
		ns, rollout, err := schemas.SplitRollout(ping.Metadata["rollout"])
		if n := [2]string{ns, rollout}; err == nil && !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
}
