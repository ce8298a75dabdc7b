package schemas

import "fmt"

// Ack is a router's word that it serves a verdict.
type Ack struct {
	Namespace  string `json:"namespace"`
	Rollout    string `json:"rollout"`
	Router     string `json:"router"`
	Generation uint64 `json:"generation"`
	Sequence   uint64 `json:"sequence"`
	At         Time   `json:"at"`               // when the weights took effect
	Digest     string `json:"digest,omitempty"` // of the verdict's payload; "" = the router does not tell
}

// AppendJSON appends the canonical form.
func (a *Ack) AppendJSON(dst []byte) []byte {
	return appendObject(dst, func(w *writer) {
		w.text("namespace", a.Namespace)
		w.text("rollout", a.Rollout)
		w.text("router", a.Router)
		w.unsigned("generation", a.Generation)
		w.unsigned("sequence", a.Sequence)
		w.instant("at", a.At)
		w.optional("digest", a.Digest)
	})
}

// Subject is where the acknowledgement goes.
func (a *Ack) Subject() string { return AckSubject(a.Namespace, a.Rollout, a.Router) }

// ParseAck reads what AppendJSON writes. The subject it came on must be its
// own: a user's permissions bind the subject, nothing binds the payload.
func ParseAck(subject string, payload []byte) (*Ack, error) {
	a := &Ack{}
	if err := parse("acknowledgement", payload, 4<<10, []string{"namespace", "rollout", "router", "generation", "sequence", "at"}, a); err != nil {
		return nil, err
	}
	for _, l := range [][2]string{{"namespace", a.Namespace}, {"rollout", a.Rollout}, {"router", a.Router}} {
		if err := CheckLabel(l[0], l[1]); err != nil {
			return nil, fmt.Errorf("acknowledgement: %w", err)
		}
	}
	if a.Subject() != subject {
		return nil, fmt.Errorf("acknowledgement: %.80q does not belong on subject %.200q", a.Subject(), subject)
	}
	if a.At == Never || a.At == Unknown || a.Generation == 0 || a.Sequence == 0 {
		return nil, fmt.Errorf("acknowledgement: generation %d, sequence %d at %s names no verdict", a.Generation, a.Sequence, a.At)
	}
	return a, nil
}
