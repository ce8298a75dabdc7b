package story

import (
	"time"

	"verdin/internal/pump"
	"verdin/schemas"
)

// router serves what it heard last, if it follows.
type router struct {
	name          string
	follows, acks bool
	delay         time.Duration // until its acknowledgement is heard
	share         float64       // what it serves whatever it hears; -1 = as told
	cross         float64       // share of the requests that are assigned by themselves
	unmarked      bool          // its events do not say under which verdict they were served

	bps        int
	generation uint32
	stage      int
	sequence   uint64 // of the verdict that it acknowledged last, with its generation
	acked      uint64
}

// hear takes the verdict that stands, and returns its acknowledgement if there is one.
func (r *router) hear(v *schemas.Verdict, now schemas.Time) (ack pump.Ack, ok bool) {
	if v == nil {
		return ack, false
	}
	if r.follows {
		split := pump.SplitOf(v)
		r.bps, r.generation, r.stage = split.CanaryBps, split.Generation, int(split.Stage)
	}
	if !r.acks || r.acked == v.Generation && r.sequence >= v.Sequence {
		return ack, false
	}
	r.acked, r.sequence = v.Generation, v.Sequence
	return pump.Ack{Router: r.name, Generation: v.Generation, Sequence: v.Sequence, At: now.Add(r.delay)}, true
}

// serves is the share of the canary in 1/10,000.
func (r *router) serves() int {
	if r.share >= 0 {
		return int(r.share*1e4 + 0.5)
	}
	return r.bps
}
