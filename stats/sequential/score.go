package sequential

// Moments are the number of values of one arm in one block, their mean, and the sum
// of their squared deviations from it.
type Moments struct {
	N        int64
	Mean, M2 float64
}

// Merge returns the moments of both sets of values (Chan, Golub, LeVeque 1983).
func (m Moments) Merge(o Moments) Moments {
	switch {
	case o.N == 0:
		return m
	case m.N == 0:
		return o
	}
	n, d := float64(m.N)+float64(o.N), o.Mean-m.Mean
	return Moments{
		N:    m.N + o.N,
		Mean: m.Mean + float64(d*(float64(o.N)/n)),
		M2:   m.M2 + o.M2 + float64(d*d*(float64(m.N)/n*float64(o.N))),
	}
}

func (m Moments) lawful() bool { return m.N > 0 && m.Mean-m.Mean == 0 && m.M2 >= 0 && m.M2-m.M2 == 0 }

// BlockScore is the stratified score of one block against the null difference
// delta (canary − stable), its variance, and its weight:
//
//	w = na·nb/n,  s = w·(x̄b − x̄a − delta),  v = w·SS/(n−1)
//
// SS pools both arms about the null, so that v is the exact variance of s over random
// assignments when all values of an arm are shifted by delta: a canary of one unit
// is lawful. It needs a unit in each arm and three in all, else w is 0.
func BlockScore(a, b Moments, delta float64) (s, v, w float64) {
	if !a.lawful() || !b.lawful() || a.N+b.N < 3 {
		return 0, 0, 0
	}
	na, nb := float64(a.N), float64(b.N)
	w = na * (nb / (na + nb))
	d := b.Mean - a.Mean - delta
	ss := a.M2 + b.M2 + float64(w*float64(d*d))
	return w * d, w * (ss / (na + nb - 1)), w
}

// ScoreOptions make a Score. The zero value is a safety test with margin 0, of use
// for its interval alone.
type ScoreOptions struct {
	Null   Null
	Harm   bool    // true: null "harm ≤ margin", false: null "harm ≥ margin"
	Rho    float64 // planned variance over log terms, see BestRho; 0 = from the first 5 blocks, which stay unscored
	Stages int     // stages of the rollout, at least 1
}

// Score tests means by a Gaussian mixture on the stratified score. Asymptotic: it
// claims nothing before 5 scored blocks and 200 units per arm.
//
// With a relative margin the canary's values are divided by the ratio at the margin
// and compared with the stable arm's; a caller that caps values must then cap the
// canary's at ratio × cap.
//
// no-row: an engine that the tests of the catalogue are made of
type Score struct {
	gauss
	ratio, delta float64    // of the null: canary/ratio against stable + delta
	learnt       float64    // variance of the blocks that ρ is learnt from
	s, v         []float64  // per copy of the process
	diff         [3]float64 // plain score, variance, weight of the difference canary − stable
	print        uint64
}

// NewScore starts a test.
func NewScore(opt ScoreOptions) *Score {
	t := &Score{gauss: newGauss(opt), ratio: opt.Null.ratio(), delta: opt.delta()}
	t.s, t.v = make([]float64, len(t.logs)), make([]float64, len(t.logs))
	t.print = fingerprint("score", t.ratio, t.delta, t.sign, flag(t.harm), t.rho, float64(len(t.logs)))
	return t
}

// StartStage starts the evidence of a stage anew, and only that.
func (t *Score) StartStage(stage int) {
	t.start(stage)
	if !t.harm {
		t.s[1], t.v[1] = 0, 0
		t.eval(t.s, t.v)
	}
}

// Observe scores a closed block of stable a and canary b served in a stage. It tells
// whether the block was scored: not without a unit in each arm and three in all, nor
// while ρ is being learnt.
func (t *Score) Observe(a, b Moments, stage int) (scored bool) {
	if !(t.ratio > 0) {
		return false // the canary may fall to nothing: no harm is possible
	}
	z := Moments{b.N, b.Mean / t.ratio, b.M2 / t.ratio / t.ratio}
	return t.observe(partOf(a, z, t.delta), partOf(a, b, 0), a.N, b.N, stage)
}

// part is what a block adds: a score, its variance, and the weight by which score ÷
// weight is an effect.
type part struct{ s, v, w float64 }

func partOf(a, b Moments, delta float64) part {
	s, v, w := BlockScore(a, b, delta)
	return part{s, v, w}
}

func (p part) lawful() bool { return p.w > 0 && p.s-p.s == 0 && p.v-p.v == 0 && p.w-p.w == 0 }

// observe takes a block's score against the null and against no difference.
func (t *Score) observe(null, plain part, a, b int64, stage int) (scored bool) {
	if !null.lawful() || !plain.lawful() {
		return false
	}
	if t.rho == 0 {
		t.learn(null.v)
		return false
	}
	lo, hi := t.count(a, b, stage)
	for i := lo; i < hi; i++ {
		t.s[i] += float64(t.sign * null.s)
		t.v[i] += null.v
	}
	for i, x := range [...]float64{plain.s, plain.v, plain.w} {
		t.diff[i] += x
	}
	t.eval(t.s, t.v)
	return true
}

func (t *Score) learn(v float64) {
	t.learnt += v
	t.total.blocks++
	if t.total.blocks >= scoreBlocks && t.learnt > 0 {
		t.tune(t.learnt)
	}
}

// Interval returns the estimated difference canary − stable, weighted by block, and
// bounds that hold at every look with probability about 1 − alpha, whatever the
// null. All are 0 before the first scored block.
func (t *Score) Interval(alpha float64) (estimate, low, high float64) {
	return t.interval(t.diff[0], t.diff[1], t.diff[2], alpha)
}

// AppendState appends the state of the test.
func (t *Score) AppendState(b []byte) []byte { return appendState(b, t) }

// Restore sets the state that AppendState wrote, in a test made with the same
// arguments; else it returns ErrState and changes nothing.
func (t *Score) Restore(b []byte) error { return restore(b, t) }

func (t *Score) state(c *codec) {
	c.print(t.print)
	c.float(&t.rho)
	c.float(&t.learnt)
	c.floats(t.s)
	c.floats(t.v)
	c.floats(t.diff[:])
	t.gauss.state(c)
	if c.mode == reading {
		t.eval(t.s, t.v)
	}
}
