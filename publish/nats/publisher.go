package nats

import (
	"context"
	"errors"
	"fmt"
	"strconv"
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

// ErrBehind says that the bucket does not hold the verdict before: it lost
// messages. Refill it from the local log of verdicts.
var ErrBehind = errors.New("nats: the bucket lost verdicts: refill it from the log of verdicts")

// ErrDown says that there is no connection now; nothing was sent.
var ErrDown = errors.New("nats: not connected")

// Options of a publisher.
type Options struct {
	Engine  string        // id of the engine, a DNS-1123 label
	Epoch   uint64        // of this start of the engine, growing
	Timeout time.Duration // of one exchange with the server, default 5 s
}

// Publisher writes signed verdicts and heartbeats. It keeps no state: the
// bucket is read before each write.
type Publisher struct {
	nc  *natsgo.Conn
	js  jetstream.JetStream
	get natsgo.JetStreamContext // reads from the stream's leader, never from a follower
	key *Key
	opt Options
}

// NewPublisher returns a publisher over a connection of Connect.
func NewPublisher(nc *natsgo.Conn, key *Key, opt Options) (*Publisher, error) {
	if err := schemas.CheckLabel("engine", opt.Engine); err != nil {
		return nil, err
	}
	if opt.Timeout <= 0 {
		opt.Timeout = 5 * time.Second
	}
	js, err := jetstream.New(nc)
	if err != nil {
		return nil, fmt.Errorf("nats: %w", err)
	}
	get, err := nc.JetStream()
	if err != nil {
		return nil, fmt.Errorf("nats: %w", err)
	}
	return &Publisher{nc: nc, js: js, get: get, key: key, opt: opt}, nil
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
	msg, err := p.message(v, payload)
	if err != nil {
		return "", err
	}
	ack, err := p.js.PublishMsg(ctx, msg, jetstream.WithExpectStream(schemas.StreamRoutes),
		jetstream.WithExpectLastSequencePerSubject(head.StreamSeq), jetstream.WithRetryAttempts(0))
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
	return "", fmt.Errorf("nats: publishing a verdict: %w", errors.Join(cause, err))
}

// Check tells what became of a payload without sending it: Acked, Fenced, or ""
// when the bucket neither holds it nor anything in its place.
func (p *Publisher) Check(ctx context.Context, payload []byte) (Result, error) {
	v, err := schemas.ParseVerdict(payload)
	if err != nil {
		return "", fmt.Errorf("publish: %w", err)
	}
	head, err := p.Head(ctx, v.Namespace, v.Rollout)
	if err != nil {
		return "", err
	}
	r, err := p.place(ctx, v, schemas.Digest(payload), head)
	if errors.Is(err, ErrBehind) {
		return "", nil
	}
	return r, err
}

// place compares a verdict with the head of its chain. "" = it comes next.
func (p *Publisher) place(ctx context.Context, v *schemas.Verdict, digest string, head Head) (Result, error) {
	h := head.Verdict
	rollback := v.Verdict == schemas.VerdictRollback // may leave out what was not sent
	switch {
	case h == nil || v.Generation > h.Generation:
		if v.Sequence == 1 || rollback {
			return "", nil
		}
		return "", fmt.Errorf("%w: %s comes after %s", ErrBehind, v.ID(), head.id())
	case digest == head.Digest:
		return Acked, nil
	case v.Generation == h.Generation && v.Sequence > h.Sequence:
		if rollback || v.Sequence == h.Sequence+1 && v.PrevDigest == head.Digest {
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
	sig, err := p.key.sign(schemas.VerdictMessage(v.Namespace, v.Rollout, payload))
	if err != nil {
		return nil, err
	}
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
	set(schemas.HeaderEpoch, strconv.FormatUint(p.opt.Epoch, 10))
	set(schemas.HeaderEngine, p.opt.Engine)
	set(schemas.HeaderKeyID, p.key.ID)
	set(schemas.HeaderSignature, sig)
	set(natsgo.MsgIdHdr, v.ID()+"/"+schemas.Digest(payload))
	return m, nil
}
