package nats

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	natsgo "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"verdin/schemas"
)

// claim is the payload of a message on the epoch subject of a rollout: from now
// on this engine writes the chain.
type claim struct {
	Namespace string `json:"namespace"`
	Rollout   string `json:"rollout"`
	Epoch     uint64 `json:"epoch"`
	Engine    string `json:"engine"`
}

// Claim takes the chain of a rollout over, also from an engine that lives: the
// epoch grows, and what an earlier holder still sends is refused for good, because
// every write states the last message of verdicts and claims together. An engine
// that takes over calls it before it decides; Publish does so before the first
// write of a rollout. An error means: not known yet, call again.
func (p *Publisher) Claim(ctx context.Context, ns, rollout string) (epoch uint64, err error) {
	ctx, cancel := context.WithTimeout(ctx, p.opt.Timeout)
	defer cancel()
	head, err := p.Head(ctx, ns, rollout)
	if err != nil {
		return 0, err
	}
	head, err = p.claim(ctx, ns, rollout, head)
	return head.Epoch, err
}

// hold returns the head with the fence that the next write must state, after a
// claim if this engine does not hold the chain yet. ok is false if another took over.
func (p *Publisher) hold(ctx context.Context, ns, rollout string, head Head) (_ Head, ok bool, err error) {
	switch mine := p.epoch(ns, rollout); {
	case mine > 0 && head.Epoch > mine:
		return head, false, nil
	case mine > 0 && head.Epoch == mine:
		return head, true, nil
	} // the first write, or the stream lost our claim
	head, err = p.claim(ctx, ns, rollout, head)
	return head, err == nil, err
}

// claim writes the next epoch after a head.
func (p *Publisher) claim(ctx context.Context, ns, rollout string, head Head) (Head, error) {
	epoch := max(head.Epoch+1, p.epoch(ns, rollout)+1, p.opt.Epoch)
	payload, err := json.Marshal(claim{ns, rollout, epoch, p.opt.Engine})
	if err != nil {
		return head, fmt.Errorf("nats: %w", err)
	}
	m := natsgo.NewMsg(schemas.EpochSubject(ns, rollout))
	m.Data = payload
	if err := p.sign(m, schemas.EpochMessage(ns, rollout, payload), epoch); err != nil {
		return head, err
	}
	m.Header[natsgo.MsgIdHdr] = []string{fmt.Sprintf("epoch/%s/%s/%d/%s", ns, rollout, epoch, p.start)}
	seq, err := p.sendClaim(ctx, m, ns, rollout, head)
	if err != nil {
		return head, fmt.Errorf("nats: claiming the chain of %s/%s: %w", ns, rollout, p.name(err))
	}
	p.mu.Lock()
	p.epochs[schemas.Key(ns, rollout)] = epoch
	p.mu.Unlock()
	head.Epoch, head.Engine, head.StreamSeq = epoch, p.opt.Engine, seq
	return head, nil
}

// sendClaim returns the stream sequence of a claim, also if only its answer was lost.
func (p *Publisher) sendClaim(ctx context.Context, m *natsgo.Msg, ns, rollout string, head Head) (seq uint64, err error) {
	ack, err := p.send(ctx, m, ns, rollout, head)
	if err == nil && !ack.Duplicate {
		return ack.Sequence, nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.opt.Timeout)
	defer cancel()
	last, e := p.lastMsg(ctx, schemas.ChainFilter(ns, rollout))
	if e == nil && last != nil && last.Header.Get(natsgo.MsgIdHdr) == m.Header.Get(natsgo.MsgIdHdr) {
		return last.Sequence, nil
	}
	if err == nil {
		err = errors.New("the server saw a duplicate that is not in the stream")
	}
	return 0, err
}

// Leads tells whether the chain that ends in a head is this publisher's to write: it has
// claimed it, and nobody has since. A stream that has lost its last claims is.
func (p *Publisher) Leads(ns, rollout string, head Head) bool {
	mine := p.epoch(ns, rollout)
	return mine > 0 && head.Epoch <= mine
}

// epoch is the last one that this publisher claimed for a rollout, 0 = none.
func (p *Publisher) epoch(ns, rollout string) uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.epochs[schemas.Key(ns, rollout)]
}

// send makes a write that is refused if the chain has moved since head was read.
func (p *Publisher) send(ctx context.Context, m *natsgo.Msg, ns, rollout string, head Head) (*jetstream.PubAck, error) {
	return p.js.PublishMsg(ctx, m, jetstream.WithExpectStream(schemas.StreamRoutes), jetstream.WithRetryAttempts(0),
		jetstream.WithExpectLastSequenceForSubject(head.StreamSeq, schemas.ChainFilter(ns, rollout)))
}

// sign sets the headers that say who wrote a message.
func (p *Publisher) sign(m *natsgo.Msg, message []byte, epoch uint64) error {
	sig, err := p.key.sign(message)
	if err != nil {
		return err
	}
	m.Header[schemas.HeaderEpoch] = []string{strconv.FormatUint(epoch, 10)}
	m.Header[schemas.HeaderEngine] = []string{p.opt.Engine}
	if p.opt.Version != "" {
		m.Header[schemas.HeaderVersion] = []string{p.opt.Version}
	}
	m.Header[schemas.HeaderKeyID] = []string{p.key.ID}
	m.Header[schemas.HeaderSignature] = []string{sig}
	return nil
}
