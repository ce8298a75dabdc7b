package decision

import (
	"fmt"
	"math"
	"time"

	"verdin/schemas"
)

// Probabilities that a healthy arm is silent by chance, at which a silence is shown.
const (
	silenceHolds = 1e-4
	silenceRolls = 1e-6
)

// silent: does an arm, or everything, say nothing?
func silent(spec *Spec, st *State, in *Input) (step, bool) {
	h := &in.Health
	if in.Cut.Ended || in.Cut.Drained || in.Faults.Internal != "" { // it may be the engine that hears nothing
		return step{}, false
	}
	usual := spec.Source.Lateness + spec.Source.Window // how old the last judged window is in quiet weather
	since := func(last schemas.Time) time.Duration { return in.Cut.Wall.Sub(max(last, h.Since)) - usual }
	if quiet := since(max(h.LastData, in.Cut.Told)); quiet >= spec.Health.NoData {
		s := step{verdict: hold, code: ReasonNoData, message: fmt.Sprintf("no event of either arm for %v", quiet.Round(time.Second))}
		if spec.Health.NoDataRolls && !in.Cut.CatchingUp && in.Cut.Unread == "" { // what was not read yet is no silence
			s.verdict = rollback
		}
		return s, true
	}
	if !st.applied() {
		return step{}, false
	}
	share, alone := expected(spec, st, in), st.alone(spec)
	stable, canary := st.unanswered(h)
	if p := chance(1-share[1], stable); p <= silenceHolds && !alone {
		return mute(spec, since(max(h.LastArm[1], st.servedSince())), p, stable), true
	}
	if p := chance(1-share[0], canary); p <= silenceHolds && !alone {
		return step{verdict: hold, code: ReasonNoBaseline,
			message: fmt.Sprintf("stable is silent while the canary had %d events: nothing can be compared", canary)}, true
	}
	return step{}, false
}

// expected is each arm's share of the traffic. A recording need not follow the
// verdicts: there the spec's share counts, else the lesser of what the stage orders
// and what was seen in it, so that no arm is missed where it was never sent to.
func expected(spec *Spec, st *State, in *Input) [2]float64 {
	if spec.Mirrored(st.Stage) {
		return [2]float64{0.5, 0.5} // both answer every request
	}
	ordered := st.ShareOf(spec, st.Stage)
	if in.Cut.Foreign && spec.Share > 0 {
		ordered = spec.Share
	}
	share := [2]float64{1 - ordered, ordered}
	seen := in.Stage.Samples
	for a, n := range seen {
		if in.Cut.Foreign && spec.Share == 0 && n > 0 {
			share[a] = min(share[a], float64(n)/float64(seen[0]+seen[1]))
		}
	}
	return share
}

// Quiet is what one arm had said since the other's last word when windows first
// reached the stage that the routers had just acknowledged: it was said under another
// split, so it shows no silence.
type Quiet struct {
	Known          bool
	Stable, Canary int64 // stable events since the canary's last, and the reverse
}

// listen notes the Quiet of a stage as soon as it can be known.
func (st *State) listen(h *HealthData) {
	if !st.Quiet.Known && st.applied() && h.Mark >= st.servedSince() {
		st.Quiet = Quiet{true, h.StableSinceCanary, h.CanarySinceStable}
	}
}

// unanswered counts what each arm has said under the running split since the other's
// last word.
func (st *State) unanswered(h *HealthData) (stable, canary int64) {
	count := func(n, before int64, last schemas.Time) int64 {
		switch {
		case last > st.servedSince():
			return n // the count began anew in this stage
		case !st.Quiet.Known:
			return 0
		}
		return max(0, n-before)
	}
	return count(h.StableSinceCanary, st.Quiet.Stable, h.LastArm[1]), count(h.CanarySinceStable, st.Quiet.Canary, h.LastArm[0])
}

// chance is the probability that n events in a row all go to the arm of that share.
func chance(share float64, n int64) float64 {
	if n == 0 {
		return 1
	}
	return math.Pow(share, float64(n))
}

// mute is what a silent canary leads to.
func mute(spec *Spec, quiet time.Duration, p float64, stable int64) step {
	s := step{verdict: hold, code: ReasonCanarySilent,
		message: fmt.Sprintf("the canary is silent for %v while stable had %d events: by chance %.1g", quiet.Round(time.Second), stable, p)}
	if p <= silenceRolls && quiet >= spec.Health.SilentCanary && spec.Health.SilentCanaryRolls {
		s.verdict = rollback
	}
	return s
}
