package nats

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"verdin/schemas"
)

// Head is where the chain of a rollout ends.
type Head struct {
	Verdict   *schemas.Verdict // the last one; nil = none
	Digest    string           // of its payload
	Epoch     uint64           // of the engine that holds the chain; 0 = nobody claimed it
	Engine    string           // its id
	StreamSeq uint64           // of the last message, be it verdict or claim; 0 = none
}

func (h Head) id() string {
	if h.Verdict == nil {
		return "an empty bucket"
	}
	return h.Verdict.ID()
}

// Head reads the end of a chain from the stream's leader. A message that no
// trusted key signed, and the mark of a deleted key, stand in no chain: they are
// passed over, reported to OnError, and the next verdict covers them.
func (p *Publisher) Head(ctx context.Context, ns, rollout string) (Head, error) {
	if !p.nc.IsConnected() {
		return Head{}, ErrDown
	}
	ctx, cancel := context.WithTimeout(ctx, p.opt.Timeout)
	defer cancel()
	last, err := p.lastMsg(ctx, schemas.ChainFilter(ns, rollout))
	if err != nil || last == nil {
		return Head{}, err
	}
	h := Head{StreamSeq: last.Sequence}
	m := last
	if last.Subject == schemas.EpochSubject(ns, rollout) {
		if m, err = p.lastMsg(ctx, schemas.WriteSubject(ns, rollout)); err != nil {
			return Head{}, err
		}
	}
	if m != nil {
		h.Verdict, err = p.read(m.Header, ns, rollout, m.Data)
		h.Digest = schemas.Digest(m.Data)
		if err != nil {
			p.opt.OnError(fmt.Errorf("nats: what stands at %s is passed over: %w: look who may write there", m.Subject, err))
			if h.Verdict, h.Digest, err = p.lastGood(ctx, ns, rollout, m.Sequence); err != nil {
				return Head{}, err
			}
		}
	}
	return h, p.holder(ctx, ns, rollout, last, &h)
}

// holder finds who holds the chain: the last claim says it, and no verdict is
// written without one.
func (p *Publisher) holder(ctx context.Context, ns, rollout string, last *natsgo.RawStreamMsg, h *Head) (err error) {
	c := last
	if last.Subject != schemas.EpochSubject(ns, rollout) {
		if c, err = p.lastMsg(ctx, schemas.EpochSubject(ns, rollout)); err != nil || c == nil {
			return err
		}
	}
	if err := p.trusted(c.Header, schemas.EpochMessage(ns, rollout, c.Data)); err != nil {
		p.opt.OnError(fmt.Errorf("nats: the claim at %s is passed over: %w: look who may write there", c.Subject, err))
		return nil
	}
	h.Engine = c.Header.Get(schemas.HeaderEngine)
	h.Epoch, err = strconv.ParseUint(c.Header.Get(schemas.HeaderEpoch), 10, 64)
	if err != nil {
		return fmt.Errorf("nats: the claim at %s names no epoch: look who wrote it: %w", c.Subject, err)
	}
	return nil
}

// lastMsg is the last message of the stream on a subject, nil if there is none.
func (p *Publisher) lastMsg(ctx context.Context, subject string) (*natsgo.RawStreamMsg, error) {
	m, err := p.get.GetLastMsg(schemas.StreamRoutes, subject, natsgo.Context(ctx))
	if errors.Is(err, natsgo.ErrMsgNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("nats: reading the last message of %s: %w", subject, p.name(err))
	}
	return m, nil
}

// read takes a message for a verdict of this rollout.
func (p *Publisher) read(h natsgo.Header, ns, rollout string, payload []byte) (*schemas.Verdict, error) {
	if len(payload) == 0 {
		return nil, errors.New("somebody deleted the key")
	}
	if err := p.trusted(h, schemas.VerdictMessage(ns, rollout, payload)); err != nil {
		return nil, err
	}
	v, err := schemas.ParseVerdict(payload)
	if err == nil && (v.Namespace != ns || v.Rollout != rollout) {
		err = fmt.Errorf("it is for %s/%s", v.Namespace, v.Rollout)
	}
	return v, err
}

func (p *Publisher) trusted(h natsgo.Header, message []byte) error {
	if len(p.opt.Trusted) == 0 {
		return nil
	}
	return p.trust.check(h, message)
}

// lastGood is the last verdict of a rollout before a place in the stream.
func (p *Publisher) lastGood(ctx context.Context, ns, rollout string, before uint64) (v *schemas.Verdict, digest string, err error) {
	err = p.eachMsg(ctx, ns, rollout, before, func(m *jetstream.RawStreamMsg) bool {
		if got, bad := p.read(m.Header, ns, rollout, m.Data); bad == nil {
			v, digest = got, schemas.Digest(m.Data)
		}
		return true
	})
	if v == nil {
		digest = ""
	}
	return v, digest, err
}

// past tells whether an older verdict is part of the history: after a crash an
// engine sends again what it is not sure of.
func (p *Publisher) past(ctx context.Context, v *schemas.Verdict, digest string, head Head) (Result, error) {
	r := Fenced
	err := p.eachMsg(ctx, v.Namespace, v.Rollout, head.StreamSeq, func(m *jetstream.RawStreamMsg) bool {
		if schemas.Digest(m.Data) == digest && p.trusted(m.Header, schemas.VerdictMessage(v.Namespace, v.Rollout, m.Data)) == nil {
			r = Acked
		}
		return r != Acked
	})
	if err != nil {
		return "", err
	}
	return r, nil
}

// eachMsg calls each for the messages of a rollout before a place in the stream,
// in order, while it says so. There are at most 64 of them.
func (p *Publisher) eachMsg(ctx context.Context, ns, rollout string, before uint64, each func(*jetstream.RawStreamMsg) bool) error {
	s, err := p.js.Stream(ctx, schemas.StreamRoutes)
	for seq := uint64(1); err == nil && seq < before; {
		var m *jetstream.RawStreamMsg
		m, err = s.GetMsg(ctx, seq, jetstream.WithGetMsgSubject(schemas.WriteSubject(ns, rollout)))
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			return nil
		}
		if err != nil || m.Sequence >= before || !each(m) {
			break
		}
		seq = m.Sequence + 1
	}
	if err != nil {
		return fmt.Errorf("nats: reading the history of %s/%s: %w", ns, rollout, p.name(err))
	}
	return nil
}
