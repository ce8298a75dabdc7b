package decision

import (
	"time"

	"verdin/schemas"
	"verdin/stats"
)

// Outlook is what a rollout's next step forward still needs.
type Outlook struct {
	Missing []string      // in the words of a hold; empty = nothing
	ETA     time.Duration // until all is there if traffic and evidence go on as in this stage; 0 = not known
}

// Ahead looks ahead from a look at a rollout that has a running stage, as Missing does.
// The time is good for planning a coffee, not a promise.
func Ahead(spec *Spec, st State, in Input) (out Outlook) {
	next := next(Missing(spec, st, in))
	out.Missing = next.Missing
	if !st.Paused { // else it is an operator's time
		out.ETA = time.Duration(next.ETASeconds) * time.Second
	}
	return out
}

// Checks puts evidence into the form of a verdict.
func Checks(all []stats.Evidence) []schemas.Check {
	out := make([]schemas.Check, len(all))
	for i, e := range all {
		out[i] = check(e)
	}
	return out
}
