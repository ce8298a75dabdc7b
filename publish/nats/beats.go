package nats

import (
	"fmt"

	natsgo "github.com/nats-io/nats.go"

	"verdin/schemas"
)

// FollowBeats calls each for every heartbeat of a namespace that a trusted key signed,
// this engine's own among them, until stop. Nothing is kept for it: what was sent before
// is not heard.
func (p *Publisher) FollowBeats(ns string, each func(*schemas.Heartbeat)) (stop func(), err error) {
	s, err := p.nc.Subscribe(schemas.PrefixBeat+"."+ns+".*", func(m *natsgo.Msg) {
		b, err := schemas.ParseHeartbeat(m.Data)
		if err == nil && schemas.BeatSubject(b.Namespace, b.Engine) != m.Subject {
			err = fmt.Errorf("it is of %s in %s", b.Engine, b.Namespace)
		}
		if err == nil {
			err = p.trusted(m.Header, schemas.BeatMessage(b.Namespace, b.Engine, m.Data))
		}
		if err != nil {
			p.opt.OnError(fmt.Errorf("nats: a heartbeat on %s is passed over: %w", m.Subject, err))
			return
		}
		each(b)
	})
	if err != nil {
		return nil, fmt.Errorf("nats: following heartbeats of %s: %w", ns, p.name(err))
	}
	return func() { _ = s.Unsubscribe() }, nil // the connection may be gone already
}
