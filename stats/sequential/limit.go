package sequential

import "math"

// Limit tests the null "the canary's share is at most L", without a stable arm:
//
//	ℓ = y·log(p/L) + (n − y)·log((1−p)/(1−L)),  p = expit(logit L + ψ)
//
// Exact whenever the block's average share is at most L.
//
// no-row: an engine that the tests of the catalogue are made of
type Limit struct {
	one, zero []float64 // log factors of a unit that counts, of one that does not
	l         []float64
	staged    Staged
	print     uint64
}

// NewLimit starts a test against a limit, a share in (0, 1); others are moved to
// 10⁻⁹ from its ends. Of the options it uses the stages and the grid.
func NewLimit(limit float64, opt Options) *Limit {
	if !(limit > 0) {
		limit = 0
	}
	limit = inside(limit)
	psi := opt.grid()
	t := &Limit{print: fingerprint("limit", append([]float64{limit}, psi...)...)}
	for _, o := range odds(psi, false) {
		p := max(limit, tilted(limit, o))
		t.one = append(t.one, math.Log(p/limit))
		t.zero = append(t.zero, math.Log((1-p)/(1-limit)))
	}
	t.l = make([]float64, len(psi))
	t.staged = newStaged(Uniform(len(psi)), opt.Stages)
	return t
}

// Observe scores a closed block of the canary served in a stage.
func (t *Limit) Observe(b Counts, stage int) (scored bool) {
	if !b.lawful() || b.N == 0 {
		return false
	}
	for k := range t.l {
		t.l[k] = float64(float64(b.Y)*t.one[k]) + float64(float64(b.N-b.Y)*t.zero[k])
	}
	t.staged.Add(t.l, stage)
	return true
}

// LogE is the log of the e-process now.
func (t *Limit) LogE() float64 { return t.staged.logE }

// LogEMax is its running maximum.
func (t *Limit) LogEMax() float64 { return t.staged.max }

// AppendState appends the state of the test.
func (t *Limit) AppendState(b []byte) []byte { return appendState(b, t) }

// Restore sets the state that AppendState wrote, in a test made with the same
// arguments; else it returns ErrState and changes nothing.
func (t *Limit) Restore(b []byte) error { return restore(b, t) }

func (t *Limit) state(c *codec) {
	c.print(t.print)
	t.staged.state(c)
}
