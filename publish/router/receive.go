package router

import (
	"encoding/base64"
	"fmt"
	"time"

	"verdin/schemas"
)

// header is the part of a NATS header that is read here.
type header map[string][]string

func (h header) first(name string) string {
	if v := h[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// signed is a verdict as it came: what a trusted key has signed.
type signed struct {
	KeyID     string `json:"key_id"`
	Signature string `json:"signature"`
	Payload   string `json:"payload"`
	says      *schemas.Verdict
}

// trusts tells whether a trusted key signed msg.
func (r *Router) trusts(keyID, signature string, msg []byte) bool {
	key := r.trusted[keyID]
	sig, err := base64.RawURLEncoding.DecodeString(signature)
	return key != nil && err == nil && key.Verify(msg, sig) == nil
}

// read verifies a verdict and fills in what it says. The signature covers the rollout
// of the subject, so a verdict for another one is forged here (U1).
func (r *Router) read(l *lane, s *signed) error {
	if !r.trusts(s.KeyID, s.Signature, schemas.VerdictMessage(l.ns, l.name, []byte(s.Payload))) {
		r.count.forged.Add(1)
		return fmt.Errorf("%s/%s: a verdict without the signature of a trusted key was ignored", l.ns, l.name)
	}
	v, err := schemas.ParseVerdict([]byte(s.Payload))
	if err == nil && (v.Namespace != l.ns || v.Rollout != l.name) {
		err = fmt.Errorf("it is for %s/%s", v.Namespace, v.Rollout)
	}
	if err != nil {
		r.count.malformed.Add(1)
		return fmt.Errorf("%s/%s: a signed verdict was ignored: %w", l.ns, l.name, err)
	}
	s.says = v
	return nil
}

// verdict takes a message from the bucket.
func (r *Router) verdict(l *lane, h header, payload []byte) outcome {
	m := &signed{KeyID: h.first(schemas.HeaderKeyID), Signature: h.first(schemas.HeaderSignature), Payload: string(payload)}
	if err := r.read(l, m); err != nil {
		r.cfg.OnError(fmt.Errorf("router: %w", err))
		return ignored
	}
	now := r.cfg.Now()
	before := l.status(now).Served
	o := l.offer(now, m)
	switch o {
	case older:
		r.count.older.Add(1)
	case conflict:
		r.count.conflicts.Add(1)
		r.cfg.OnError(fmt.Errorf("router: verdict %s contradicts the one in force and was ignored: do two engines sign for this rollout?", m.says.ID()))
	case accepted:
		r.changed(l, before)
	}
	return o
}

// heartbeat takes a message of an engine for one namespace.
func (r *Router) heartbeat(subject string, h header, payload []byte) {
	b, err := schemas.ParseHeartbeat(payload)
	if err != nil || schemas.BeatSubject(b.Namespace, b.Engine) != subject {
		r.count.malformed.Add(1)
		return
	}
	if !r.trusts(h.first(schemas.HeaderKeyID), h.first(schemas.HeaderSignature), schemas.BeatMessage(b.Namespace, b.Engine, payload)) {
		r.count.forged.Add(1)
		return
	}
	r.count.beats.Add(1)
	now := r.cfg.Now()
	for _, head := range b.Rollouts {
		l := r.lanes[b.Namespace+"/"+head.Rollout]
		if l == nil {
			continue
		}
		lease := time.Duration(head.LeaseSeconds * float64(time.Second))
		if lease <= 0 {
			lease = r.cfg.Lease
		}
		before := l.status(now)
		if l.beat(now, b.Time, head, lease) {
			r.rouse()
		}
		if before.Waiting {
			r.changed(l, before.Served)
		}
	}
}

// changed reports a lane after its head or what it serves may have changed.
func (r *Router) changed(l *lane, servedBefore uint64) {
	r.unsaved.Store(true)
	s := l.status(r.cfg.Now())
	if s.Served != servedBefore {
		r.count.applied.Add(1)
	}
	r.rouse()
	r.cfg.OnChange(s)
}

// rouse tells the worker that there is something to send or to fetch.
func (r *Router) rouse() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}
