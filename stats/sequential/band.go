package sequential

import (
	"math"

	"verdin/stats"
)

// Tolerances of the checks on the data itself, in points of a share.
const (
	CoverageTolerance = 0.01  // labels present at the horizon, canary against stable
	LatenessTolerance = 0.005 // rows that came too late to be counted
)

// Band tests the null "the arms' shares differ by at most a tolerance", to either side:
// the mean of two Harm processes, one per side, which is an e-process on the null
// they share. With tolerance 0 it tests equality. It serves label coverage and the
// share of late rows, where a difference makes comparisons invalid, not the canary bad.
// Exact.
type Band struct {
	up, down  *Harm
	logE, max float64
}

// NewBand starts a test. Of the options it does not use the stages: such a check runs
// over the whole rollout.
func NewBand(tolerance float64, opt Options) *Band {
	opt.Stages = 1
	return &Band{up: NewHarm(Null{Margin: tolerance}, opt), down: NewHarm(Null{Margin: tolerance, Worse: Lower}, opt)}
}

// Observe scores a closed block of stable a and canary b.
func (t *Band) Observe(a, b Counts) (scored bool) {
	scored = t.up.Observe(a, b, 0)
	t.down.Observe(a, b, 0)
	t.eval()
	return scored
}

func (t *Band) eval() {
	t.logE = stats.LogAddExp(t.up.LogE(), t.down.LogE()) - math.Ln2
	t.max = math.Max(t.max, t.logE)
}

// LogE is the log of the e-process now.
func (t *Band) LogE() float64 { return t.logE }

// LogEMax is its running maximum.
func (t *Band) LogEMax() float64 { return t.max }

// AppendState appends the state of the test.
func (t *Band) AppendState(b []byte) []byte { return appendState(b, t) }

// Restore sets the state that AppendState wrote, in a test made with the same
// arguments; else it returns ErrState and changes nothing.
func (t *Band) Restore(b []byte) error { return restore(b, t) }

func (t *Band) state(c *codec) {
	t.up.state(c)
	t.down.state(c)
	c.float(&t.max)
	if c.mode == reading {
		t.eval()
	}
}
