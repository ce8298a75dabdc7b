package sequential

import "math"

// Options tune a test on shares. The zero value works.
type Options struct {
	Stages      int       // stages of the rollout, at least 1 (R32: evidence is spread over their starts)
	MDE         float64   // smallest effect of interest as log odds ratio; 0 = the default grid
	Grid        []float64 // log odds ratios > 0 of the alternatives; overrides MDE and GridPoints
	GridPoints  int       // number of alternatives, default 32
	PriorRate   float64   // stable rate known from history, of the outcome that is counted; 0 = none
	PriorWeight float64   // units that it is worth, default 200
	Late        bool      // harm: a part of the evidence is spread over starts inside the stages
}

const (
	gridPoints = 32
	gridLeast  = 0.05 // log odds ratio
	gridMost   = 2.5
)

// grid returns the log odds ratios of the alternatives, spread evenly in log.
func (o Options) grid() []float64 {
	if len(o.Grid) > 0 {
		return o.Grid
	}
	k := o.GridPoints
	if k <= 0 {
		k = gridPoints
	}
	least := gridLeast
	if o.MDE > 0 {
		least = min(o.MDE/2, gridMost)
	}
	return LogGrid(least, gridMost, k)
}

// LogGrid returns k points from least to most, evenly spread in log.
func LogGrid(least, most float64, k int) []float64 {
	out := make([]float64, k)
	for i := range out {
		out[i] = least
		if i > 0 {
			out[i] = least * math.Pow(most/least, float64(i)/float64(k-1))
		}
	}
	return out
}

// alternatives score blocks on shares against a half-plane null: around its boundary
// at the stable rate that past blocks predict, canary = expit(logit(boundary) ± ψ) for
// ψ of the grid.
type alternatives struct {
	null  half
	base  base
	odds  []float64 // odds ratio of each alternative
	l     []float64 // log factors of the last scored block
	print uint64
}

func newAlternatives(kind string, null half, opt Options) alternatives {
	a := alternatives{null: null, base: newBase(null, opt)}
	psi := opt.grid()
	a.print = fingerprint(kind, append(append(null.args(), a.base.anchor), psi...)...)
	a.odds = odds(psi, null.above)
	a.l = make([]float64, len(psi))
	return a
}

// odds returns the odds ratios of log odds ratios, downward where the null lies above.
func odds(psi []float64, down bool) []float64 {
	out := make([]float64, len(psi))
	for k, x := range psi {
		if down {
			x = -x
		}
		out[k] = math.Exp(x)
	}
	return out
}

// score fills l with the log factors of a block and learns from it for the next. It
// is false, and l untouched, if an arm is empty or counts are unlawful, and while
// there is neither a historical rate nor a past block of the stable arm.
func (f *alternatives) score(a, b Counts) (scored bool) {
	if !a.lawful() || !b.lawful() {
		return false
	}
	a, b = f.null.counts(a), f.null.counts(b)
	p, ready := f.base.rate()
	if scored = ready && a.N > 0 && b.N > 0; scored {
		edge := inside(f.null.at(p))
		for k, o := range f.odds {
			f.l[k] = f.null.logFactor(a, b, p, tilted(edge, o))
		}
	}
	f.base.add(a)
	return scored
}

func (f *alternatives) state(c *codec) {
	c.print(f.print)
	f.base.state(c)
}

// Harm tests the null "harm ≤ margin" on shares. When its log E has ever reached
// log(1/α), harm beyond the margin was shown. Exact.
//
// no-row: an engine that the tests of the catalogue are made of
type Harm struct {
	alternatives
	staged Staged
}

// NewHarm starts a test.
func NewHarm(null Null, opt Options) *Harm {
	h := &Harm{alternatives: newAlternatives("harm", null.harm(), opt)}
	h.staged = newStaged(Uniform(len(h.l)), opt.Stages)
	if opt.Late {
		h.staged.late = NewLate(Uniform(len(h.l)))
	}
	return h
}

// Observe scores a closed block of stable a and canary b served in a stage. It tells
// whether the block was scored: not if an arm is empty, nor while there is neither a
// historical rate nor a past block of the stable arm.
func (h *Harm) Observe(a, b Counts, stage int) (scored bool) {
	if scored = h.score(a, b); scored {
		h.staged.Add(h.l, stage)
	}
	return scored
}

// LogE is the log of the e-process now.
func (h *Harm) LogE() float64 { return h.staged.logE }

// LogEMax is its running maximum: min(1, exp(−LogEMax)) is a p-value at every look.
func (h *Harm) LogEMax() float64 { return h.staged.max }

// AppendState appends the state of the test.
func (h *Harm) AppendState(b []byte) []byte { return appendState(b, h) }

// Restore sets the state that AppendState wrote, in a test made with the same
// arguments; else it returns ErrState and changes nothing.
func (h *Harm) Restore(b []byte) error { return restore(b, h) }

func (h *Harm) state(c *codec) {
	h.alternatives.state(c)
	h.staged.state(c)
}

func (p *base) state(c *codec) {
	c.float(&p.ones)
	c.float(&p.n)
}
