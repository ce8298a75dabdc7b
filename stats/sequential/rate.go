package sequential

import "math"

// Events are the events of one arm in one block and the exposure in which they came:
// units, seconds, requests. Exposure > 0.
type Events struct {
	Count    int64
	Exposure float64
}

func (e Events) lawful() bool { return e.Count >= 0 && e.Exposure > 0 && e.Exposure <= 1e300 }

// Rate tests a null on the ratio of two event rates by tilts of the canary's share of
// all events (RateShare). Exact for Poisson counts; also, and then on the safe side,
// where every unit of exposure has at most one event: the bound for rare shares,
// which needs no base rate. Counts that come in clusters make it wrong: see Exact.
type Rate struct {
	ratio   float64
	exact   bool
	harm    bool
	phi, l  []float64
	staged  Staged
	one     Mixture // safety: of the running stage
	running int64
	print   uint64
}

// NewRate starts a test of "harm ≤ margin" (harm) or "harm ≥ margin". The margin must
// be relative; another one counts as 0. poisson declares that events are independent,
// or at most one per unit of exposure. Of the options harm uses the stages and the grid,
// whose points are log rate ratios; safety's alternatives are "nothing changed" and
// three steps from there towards the margin.
func NewRate(null Null, harm, poisson bool, opt Options) *Rate {
	t := &Rate{ratio: 1, exact: poisson, harm: harm}
	if null.Relative {
		t.ratio = null.ratio()
	}
	psis := opt.grid()
	if !harm {
		psis = t.calm()
	}
	for _, psi := range psis {
		if harm != (null.Worse == Higher) {
			psi = -psi
		}
		t.phi = append(t.phi, psi)
	}
	stages := 1
	if harm {
		stages = opt.Stages
	}
	t.l = make([]float64, len(t.phi))
	t.staged, t.one = newStaged(Uniform(len(t.phi)), stages), newMixture(Uniform(len(t.phi)))
	t.print = fingerprint("rate", append([]float64{t.ratio, flag(harm), flag(poisson)}, t.phi...)...)
	return t
}

// calm are the log rate ratios, against the margin, of what is tested for safety.
func (t *Rate) calm() []float64 {
	out := safeOdds
	if size := math.Abs(math.Log(t.ratio)); size > 0 && size < maxMargin {
		for i, step := range safeSteps {
			out[i] = size * (1 - step)
		}
	}
	return out[:]
}

// Exact tells whether the counts were declared to be Poisson.
func (t *Rate) Exact() bool { return t.exact }

// StartStage starts the evidence of a stage anew, and only that.
func (t *Rate) StartStage(stage int) {
	t.running = int64(max(stage, 0))
	t.one.reset()
}

// Observe scores a closed block of stable a and canary b served in a stage; without
// exposure in both arms there is nothing to score.
func (t *Rate) Observe(a, b Events, stage int) (scored bool) {
	if !a.lawful() || !b.lawful() || !(t.ratio > 0) {
		return false
	}
	share := RateShare(t.ratio, a.Exposure, b.Exposure)
	if !(share > 0 && share < 1) {
		return false
	}
	Tilt(t.l, t.phi, share, a.Count, b.Count)
	t.staged.Add(t.l, stage)
	if !t.harm && int64(stage) == t.running {
		t.one.Add(t.l)
	}
	return true
}

// LogE is the log of the e-process now.
func (t *Rate) LogE() float64 { return t.staged.logE }

// LogEMax is its running maximum.
func (t *Rate) LogEMax() float64 { return t.staged.max }

// StageLogE is the log of the e-process of the running stage alone, for safety.
func (t *Rate) StageLogE() float64 { return t.one.logE }

// AppendState appends the state of the test.
func (t *Rate) AppendState(b []byte) []byte { return appendState(b, t) }

// Restore sets the state that AppendState wrote, in a test made with the same
// arguments; else it returns ErrState and changes nothing.
func (t *Rate) Restore(b []byte) error { return restore(b, t) }

func (t *Rate) state(c *codec) {
	c.print(t.print)
	t.staged.state(c)
	t.one.state(c)
	c.count(&t.running)
}
