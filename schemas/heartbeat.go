package schemas

import "fmt"

// MaxHeartbeat is the greatest size of a heartbeat in bytes.
const MaxHeartbeat = 512 << 10

// Heartbeat tells the routers of one namespace that an engine lives, and where
// its chains stand: silence with a heartbeat is calm, silence without is not.
type Heartbeat struct {
	Namespace string     `json:"namespace"`
	Engine    string     `json:"engine"`
	Time      Time       `json:"time"`
	Rollouts  []BeatHead `json:"rollouts"`
}

// BeatHead is the newest verdict of one rollout.
type BeatHead struct {
	Rollout      string  `json:"rollout"`
	Generation   uint64  `json:"generation"`
	Sequence     uint64  `json:"sequence"`
	Digest       string  `json:"digest"`
	LeaseSeconds float64 `json:"lease_seconds"` // how long a router may go on after this beat
}

// AppendJSON appends the canonical form.
func (h *Heartbeat) AppendJSON(dst []byte) []byte {
	return appendObject(dst, func(w *writer) {
		w.text("namespace", h.Namespace)
		w.text("engine", h.Engine)
		w.instant("time", h.Time)
		w.array("rollouts", len(h.Rollouts), func(dst []byte, i int) []byte { return appendObject(dst, h.Rollouts[i].members) })
	})
}

func (b *BeatHead) members(w *writer) {
	w.text("rollout", b.Rollout)
	w.unsigned("generation", b.Generation)
	w.unsigned("sequence", b.Sequence)
	w.text("digest", b.Digest)
	w.number("lease_seconds", b.LeaseSeconds)
}

// maxLeaseSeconds bounds a lease to a year: what is longer is a mistake.
const maxLeaseSeconds = 366 * 24 * 3600

// ParseHeartbeat reads what AppendJSON writes; unknown members are ignored.
func ParseHeartbeat(payload []byte) (*Heartbeat, error) {
	h := &Heartbeat{}
	if err := parse("heartbeat", payload, MaxHeartbeat, []string{"namespace", "engine", "time", "rollouts"}, h); err != nil {
		return nil, err
	}
	if err := CheckLabel("namespace", h.Namespace); err != nil {
		return nil, fmt.Errorf("heartbeat: %w", err)
	}
	if err := CheckLabel("engine", h.Engine); err != nil {
		return nil, fmt.Errorf("heartbeat: %w", err)
	}
	if h.Time == Never || h.Time == Unknown {
		return nil, fmt.Errorf("heartbeat: time %s is no instant", h.Time)
	}
	for _, b := range h.Rollouts {
		if err := CheckLabel("rollout", b.Rollout); err != nil {
			return nil, fmt.Errorf("heartbeat: %w", err)
		}
		if b.LeaseSeconds < 0 || b.LeaseSeconds > maxLeaseSeconds {
			return nil, fmt.Errorf("heartbeat: rollout %s: lease of %g s is outside 0 to %d", b.Rollout, b.LeaseSeconds, maxLeaseSeconds)
		}
	}
	return h, nil
}
