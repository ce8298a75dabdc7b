package nats

import (
	"context"
	"errors"
	"fmt"
	"slices"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"verdin/schemas"
)

// Head is the last verdict of a rollout in the bucket.
type Head struct {
	Verdict   *schemas.Verdict // nil = none
	Digest    string           // of its payload
	StreamSeq uint64           // of the last message on the subject; 0 = none
}

func (h Head) id() string {
	if h.Verdict == nil {
		return "an empty bucket"
	}
	return h.Verdict.ID()
}

// Head reads the last verdict of a rollout from the stream's leader.
func (p *Publisher) Head(ctx context.Context, ns, rollout string) (Head, error) {
	if !p.nc.IsConnected() {
		return Head{}, ErrDown
	}
	ctx, cancel := context.WithTimeout(ctx, p.opt.Timeout)
	defer cancel()
	m, err := p.get.GetLastMsg(schemas.StreamRoutes, schemas.WriteSubject(ns, rollout), natsgo.Context(ctx))
	if errors.Is(err, natsgo.ErrMsgNotFound) {
		return Head{}, nil
	}
	if err != nil {
		return Head{}, fmt.Errorf("nats: reading the last verdict of %s/%s: %w", ns, rollout, err)
	}
	if len(m.Data) == 0 { // somebody deleted the key: the fence stays
		return Head{StreamSeq: m.Sequence}, nil
	}
	v, err := schemas.ParseVerdict(m.Data)
	if err != nil {
		return Head{}, fmt.Errorf("nats: what stands at %s is no verdict, look who wrote it: %w", m.Subject, err)
	}
	return Head{Verdict: v, Digest: schemas.Digest(m.Data), StreamSeq: m.Sequence}, nil
}

// past tells whether an older verdict is part of the history: after a crash an
// engine sends again what it is not sure of.
func (p *Publisher) past(ctx context.Context, v *schemas.Verdict, digest string, head Head) (Result, error) {
	s, err := p.js.Stream(ctx, schemas.StreamRoutes)
	subject := schemas.WriteSubject(v.Namespace, v.Rollout)
	for seq := uint64(1); err == nil && seq < head.StreamSeq; {
		var m *jetstream.RawStreamMsg
		if m, err = s.GetMsg(ctx, seq, jetstream.WithGetMsgSubject(subject)); err != nil {
			break
		}
		if schemas.Digest(m.Data) == digest {
			return Acked, nil
		}
		seq = m.Sequence + 1
	}
	if err != nil {
		return "", fmt.Errorf("nats: reading the history of %s/%s: %w", v.Namespace, v.Rollout, err)
	}
	return Fenced, nil
}

// Refill writes those verdicts of a rollout's log that the bucket has lost, in
// the order of the log.
func (p *Publisher) Refill(ctx context.Context, ns, rollout string, log [][]byte) error {
	head, err := p.Head(ctx, ns, rollout)
	if err != nil {
		return err
	}
	if head.Verdict != nil {
		i := slices.IndexFunc(log, func(b []byte) bool { return schemas.Digest(b) == head.Digest })
		if i < 0 {
			return fmt.Errorf("nats: refilling %s/%s: its last verdict %s is not in the log: another engine wrote it", ns, rollout, head.id())
		}
		log = log[i+1:]
	}
	for _, payload := range log {
		r, err := p.Publish(ctx, payload)
		if err == nil && r != Acked {
			err = fmt.Errorf("nats: refilling %s/%s: a verdict was %s: another engine writes this rollout", ns, rollout, r)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
