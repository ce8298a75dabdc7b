package nats

import (
	"context"
	"errors"
	"fmt"
	"time"

	natsgo "github.com/nats-io/nats.go"

	"verdin/schemas"
)

// Standing is where the chain of one rollout stands.
type Standing struct {
	Namespace string
	schemas.BeatHead
}

// Beat sends one signed heartbeat per namespace. Nothing is retried or kept:
// the next one comes soon.
func (p *Publisher) Beat(now schemas.Time, all []Standing) error {
	var beats []*schemas.Heartbeat // in order of first appearance
	for _, s := range all {
		i := 0
		for i < len(beats) && beats[i].Namespace != s.Namespace {
			i++
		}
		if i == len(beats) {
			beats = append(beats, &schemas.Heartbeat{Namespace: s.Namespace, Engine: p.opt.Engine, Time: now})
		}
		beats[i].Rollouts = append(beats[i].Rollouts, s.BeatHead)
	}
	var errs []error
	for _, b := range beats {
		errs = append(errs, p.beat(b))
	}
	return errors.Join(errs...)
}

func (p *Publisher) beat(b *schemas.Heartbeat) error {
	payload := b.AppendJSON(nil)
	sig, err := p.key.sign(schemas.BeatMessage(b.Namespace, b.Engine, payload))
	if err != nil {
		return err
	}
	m := natsgo.NewMsg(schemas.BeatSubject(b.Namespace, b.Engine))
	m.Data = payload
	m.Header[schemas.HeaderKeyID] = []string{p.key.ID}
	m.Header[schemas.HeaderSignature] = []string{sig}
	if err := p.nc.PublishMsg(m); err != nil {
		return fmt.Errorf("nats: heartbeat for %s: %w", b.Namespace, err)
	}
	return nil
}

// RunBeats sends a heartbeat at once and then every interval until ctx ends.
// A recorded or compressed clock calls Beat itself instead.
func (p *Publisher) RunBeats(ctx context.Context, every time.Duration, now func() schemas.Time, all func() []Standing, onError func(error)) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if err := p.Beat(now(), all()); err != nil && onError != nil {
			onError(err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
