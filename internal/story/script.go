package story

import (
	"fmt"
	"time"

	"verdin/decision"
)

// Script is a story as it was read.
type Script struct {
	File    string
	Title   string // a claim
	Seed    uint64 // of all chance
	Refused string // words of the error that the spec is refused with; then there is no story
	Spec    *decision.Spec
	Text    string // the spec as YAML, whole
	Base    bool   // the spec and the usual world are the built-in ones
	End     time.Duration

	world []line // what happens, in order of time
	sees  []see  // verdicts that must be seen, in order
	looks []look // what must be true at a time
	never []never
}

// line is something that happens: it takes effect at the first tick at or after At.
type line struct {
	Line int
	At   time.Duration
	Text string // as it was written, without its time
	do   action
}

// see is a verdict that must come within [From, To].
type see struct {
	Line            int
	From, To        time.Duration
	Verdict, Reason string
	Weight          float64 // of the canary, in percent; -1 = not said
	Texts           []string
	Within          int64 // canary events served until then at most; 0 = not said
}

func (s see) String() string {
	text := fmt.Sprintf("%v..%v see %s %s", s.From, s.To, s.Verdict, s.Reason)
	if s.Weight >= 0 {
		text += fmt.Sprintf(" canary %g%%", s.Weight)
	}
	for _, t := range s.Texts {
		text += fmt.Sprintf(" %q", t)
	}
	return text
}

// look is a question about the state after the last cut up to At.
type look struct {
	Line int
	At   time.Duration
	What string // "phase", "canary", "missing", "held", "reason"
	Text string
}

// never is what may not be seen within [From, To).
type never struct {
	Line     int
	From, To time.Duration
	Word     string  // a verdict or a reason; "" = a weight
	Above    float64 // percent of the canary
}

// Tick is the step of a story's clock: the engine looks and the world moves this often.
const Tick = 5 * time.Second
