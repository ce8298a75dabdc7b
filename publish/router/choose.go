package router

import (
	"github.com/twmb/murmur3"

	"verdin/schemas"
)

// Choice is the answer to one request.
type Choice struct {
	Arm          string // schemas.ArmStable or schemas.ArmCanary
	ModelVersion string // empty before the first verdict
	Generation   uint64 // of the verdict in force; 0 = none: expired, killed, or not known
	Stage        int    // index of its stage; −1 where Generation is 0
	Mirror       string // version of the canary that is to answer a copy of which the client sees nothing; "" = none
}

// view is all that a choice needs. It is never changed, only replaced.
type view struct {
	weight  int          // of the canary, basis points
	until   schemas.Time // deadline
	after   int          // weight after the deadline
	salt    string
	canary  Choice
	stable  Choice
	outside [2]Choice // stable, canary when no verdict is in force
}

// Choose says which arm serves a request. The id is the request's, or the
// unit's for sticky assignment: the same id gets the same arm while the weight
// stays, and a canary that grows never loses one. It takes no lock, allocates
// nothing for ids up to about 128 bytes, and serves stable for a rollout that is not configured.
func (r *Router) Choose(rollout, id string) Choice {
	l := r.lanes[rollout]
	if l == nil {
		return Choice{Arm: schemas.ArmStable, Stage: -1}
	}
	v := l.view.Load()
	weight, choices := v.weight, [2]*Choice{&v.stable, &v.canary}
	if r.cfg.Now() > v.until {
		weight, choices = v.after, [2]*Choice{&v.outside[0], &v.outside[1]}
	}
	if l.killed.Load() {
		return v.outside[0]
	}
	if weight > 0 && slot(v.salt, id) < weight {
		return *choices[1]
	}
	return *choices[0]
}

// slot maps an id to 0 … 9,999: the rule of flagd's fractional operator, with
// the canary first (R29).
func slot(salt, id string) int {
	var buf [256]byte
	b := append(append(buf[:0], salt...), id...)
	return int(uint64(murmur3.Sum32(b)) * schemas.WeightTotal >> 32)
}
