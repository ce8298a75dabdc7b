package sequential

// capMargin is how many more of the canary's values may lie at or beyond the cap: half
// a point of all.
const capMargin = 0.005

// CapCheck accompanies a mean whose values are capped, where a tail beyond the cap
// would be invisible: it tests the shares of values at or beyond the cap by engine B.
// Its Harm takes a part of the mean's error budget, its Safe is part of the condition
// for a step forward. Exact.
type CapCheck struct {
	Harm *Harm
	Safe *Safe
}

// NewCapCheck starts a check. The nulls are absolute margins on the share at the cap,
// Higher; the zero Null of harm has no tolerance, and that of safety a margin of half a point.
func NewCapCheck(harm, safe Null, opt Options) *CapCheck {
	if safe.margin() == 0 {
		safe = Null{Margin: capMargin}
	}
	return &CapCheck{NewHarm(harm, opt), NewSafe(safe, opt)}
}

// StartStage starts the evidence of a stage of Safe anew, and only that.
func (t *CapCheck) StartStage(stage int) { t.Safe.StartStage(stage) }

// Observe scores a closed block: the values of stable a and canary b, of which Y were at
// or beyond the arm's cap. Safety wants blocks that are clean.
func (t *CapCheck) Observe(a, b Counts, stage int, clean bool) {
	t.Harm.Observe(a, b, stage)
	if clean {
		t.Safe.Observe(a, b, stage)
	}
}

// AppendState appends the state of the check.
func (t *CapCheck) AppendState(b []byte) []byte { return appendState(b, t) }

// Restore sets the state that AppendState wrote, in a check made with the same
// arguments; else it returns ErrState and changes nothing.
func (t *CapCheck) Restore(b []byte) error { return restore(b, t) }

func (t *CapCheck) state(c *codec) {
	t.Harm.state(c)
	t.Safe.state(c)
}
