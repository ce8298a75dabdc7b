package nats

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"verdin/schemas"
)

// Result is what became of a verdict.
type Result string

const (
	Acked   Result = "acked"   // it stands in the bucket
	Fenced  Result = "fenced"  // another verdict stands in its place: stop deciding, follow
	Expired Result = "expired" // it was not sent: too old, or overtaken by a rollback
)

// Options of a publisher.
type Options struct {
	Engine  string        // id of the engine, a DNS-1123 label
	Version string        // of the engine's program, "" = not told
	Epoch   uint64        // least epoch to claim, so that a stream that lost its claims does not go back; the time will do
	Trusted []string      // public keys whose messages count; empty = signatures are not looked at
	Timeout time.Duration // of one exchange with the server, default 5 s
	OnError func(error)   // hears of messages that were passed over; must not block; nil drops them
}

// Publisher writes signed verdicts and heartbeats. It knows which chains it
// holds; all else is read from the bucket before each write.
type Publisher struct {
	nc     *natsgo.Conn
	js     jetstream.JetStream
	get    natsgo.JetStreamContext // reads from the stream's leader, never from a follower
	key    *Key
	trust  Trust
	opt    Options
	start  string // of this publisher alone: tells its claims from those of an engine with the same id
	mu     sync.Mutex
	epochs map[string]uint64 // claimed, by key of the rollout
}

// NewPublisher returns a publisher over a connection of Connect.
func NewPublisher(nc *natsgo.Conn, key *Key, opt Options) (*Publisher, error) {
	if err := schemas.CheckLabel("engine", opt.Engine); err != nil {
		return nil, err
	}
	if opt.Timeout <= 0 {
		opt.Timeout = 5 * time.Second
	}
	if opt.OnError == nil {
		opt.OnError = func(error) {}
	}
	trust, err := NewTrust(opt.Trusted)
	if err != nil {
		return nil, fmt.Errorf("nats: %w", err)
	}
	if len(opt.Trusted) > 0 && !slices.Contains(opt.Trusted, key.ID) {
		return nil, fmt.Errorf("nats: the engine's own key %s is not among the trusted ones: add it to the list (nats.trusted)", key.ID)
	}
	js, err := jetstream.New(nc)
	if err != nil {
		return nil, fmt.Errorf("nats: %w", err)
	}
	get, err := nc.JetStream()
	if err != nil {
		return nil, fmt.Errorf("nats: %w", err)
	}
	return &Publisher{nc: nc, js: js, get: get, key: key, trust: trust, opt: opt, start: rand.Text(), epochs: map[string]uint64{}}, nil
}

// Publish makes one fenced write of a payload. Any error means: not known yet,
// call again with the same bytes. It is safe to call it twice.
func (p *Publisher) Publish(ctx context.Context, payload []byte) (Result, error) {
	v, err := schemas.ParseVerdict(payload)
	if err != nil {
		return "", fmt.Errorf("publish: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, p.opt.Timeout)
	defer cancel()
	head, err := p.Head(ctx, v.Namespace, v.Rollout)
	if err != nil {
		return "", err
	}
	if r, err := p.place(ctx, v, schemas.Digest(payload), head); r != "" || err != nil {
		return r, err
	}
	head, ok, err := p.hold(ctx, v.Namespace, v.Rollout, head)
	if err != nil {
		return "", err
	}
	if !ok {
		return Fenced, nil
	}
	msg, err := p.message(v, payload)
	if err != nil {
		return "", err
	}
	ack, err := p.send(ctx, msg, v.Namespace, v.Rollout, head)
	if err == nil && !ack.Duplicate {
		return Acked, nil
	}
	return p.resolve(ctx, payload, err)
}

// resolve settles an unclear answer by what the bucket holds: a lost
// acknowledgement, a write of another engine, a duplicate, or nothing at all.
func (p *Publisher) resolve(ctx context.Context, payload []byte, cause error) (Result, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.opt.Timeout)
	defer cancel()
	r, err := p.Check(ctx, payload)
	if r != "" {
		return r, nil
	}
	if cause == nil {
		cause = errors.New("the server saw a duplicate that is not in the bucket")
	}
	return "", fmt.Errorf("nats: publishing a verdict: %w", errors.Join(p.name(cause), err))
}

// Check tells what became of a payload without sending it: Acked, Fenced, or ""
// when the bucket neither holds it nor anything in its place.
func (p *Publisher) Check(ctx context.Context, payload []byte) (Result, error) {
	r, _, _, err := p.look(ctx, payload)
	return r, err
}

// Withdraw makes sure that a payload that may be under way never arrives, so that
// its place in the chain can be given to another: Expired. It is Acked if it stands
// in the bucket already, Fenced if this engine has no say any more. An error means:
// not known yet, call again.
func (p *Publisher) Withdraw(ctx context.Context, payload []byte) (Result, error) {
	ctx, cancel := context.WithTimeout(ctx, p.opt.Timeout)
	defer cancel()
	r, v, head, err := p.look(ctx, payload)
	if r != "" || err != nil {
		return r, err
	}
	if mine := p.epoch(v.Namespace, v.Rollout); mine > 0 && head.Epoch > mine {
		return Fenced, nil
	}
	if _, err := p.claim(ctx, v.Namespace, v.Rollout, head); err != nil { // the payload states what was last before
		return "", err
	}
	return Expired, nil
}

// look is Check, with what it saw.
func (p *Publisher) look(ctx context.Context, payload []byte) (Result, *schemas.Verdict, Head, error) {
	v, err := schemas.ParseVerdict(payload)
	if err != nil {
		return "", nil, Head{}, fmt.Errorf("publish: %w", err)
	}
	head, err := p.Head(ctx, v.Namespace, v.Rollout)
	if err != nil {
		return "", nil, Head{}, err
	}
	r, err := p.place(ctx, v, schemas.Digest(payload), head)
	if errors.Is(err, ErrBehind) {
		err = nil
	}
	return r, v, head, err
}

// place compares a verdict with the head of its chain. "" = it comes next.
func (p *Publisher) place(ctx context.Context, v *schemas.Verdict, digest string, head Head) (Result, error) {
	h := head.Verdict
	rollback := v.Verdict == schemas.VerdictRollback // may leave out what was not sent
	switch {
	case h == nil || v.Generation > h.Generation:
		if v.PrevDigest == "" || rollback {
			return "", nil
		}
		return "", fmt.Errorf("%w: %s comes after %s", ErrBehind, v.ID(), head.id())
	case digest == head.Digest:
		return Acked, nil
	case v.Generation == h.Generation && v.Sequence == h.Sequence:
		return Fenced, nil
	case v.Generation == h.Generation && v.Sequence > h.Sequence:
		if rollback || v.PrevDigest == head.Digest { // a sequence that is left out was never sent
			return "", nil
		}
		if v.Sequence == h.Sequence+1 {
			return Fenced, nil
		}
		return "", fmt.Errorf("%w: %s comes after %s", ErrBehind, v.ID(), head.id())
	}
	return p.past(ctx, v, digest, head)
}

// message is the signed message of a verdict, ready for the write subject.
func (p *Publisher) message(v *schemas.Verdict, payload []byte) (*natsgo.Msg, error) {
	m := natsgo.NewMsg(schemas.WriteSubject(v.Namespace, v.Rollout))
	m.Data = payload
	set := func(name, value string) { m.Header[name] = []string{value} } // as written: NATS headers keep their case
	set("ce-specversion", "1.0")
	set("ce-id", v.ID())
	set("ce-type", schemas.TypeVerdict)
	set("ce-source", "verdin/"+p.opt.Engine)
	set("ce-subject", v.Namespace+"/"+v.Rollout)
	set("ce-time", v.Time.String())
	set("content-type", "application/json")
	set(natsgo.MsgIdHdr, v.ID()+"/"+schemas.Digest(payload))
	return m, p.sign(m, schemas.VerdictMessage(v.Namespace, v.Rollout, payload), p.epoch(v.Namespace, v.Rollout))
}
