package sequential

import (
	"math"

	"verdin/stats"
)

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

const (
	scoreBlocks = 5   // scored blocks before anything is claimed; also those that ρ is learnt from
	scoreUnits  = 200 // scored units per arm before anything is claimed
	scorePlan   = 30  // blocks for which a learnt ρ is best
	scoreAlpha  = 0.01
)

// Score tests means by a Gaussian mixture on the stratified score. Asymptotic: it
// claims nothing before 5 scored blocks and 200 units per arm.
//
// With a relative margin the canary's values are divided by the ratio at the margin
// and compared with the stable arm's; a caller that caps values must then cap the
// canary's at ratio × cap.
//
// no-row: an engine that the tests of the catalogue are made of
type Score struct {
	ratio, delta float64 // of the null: canary/ratio against stable + delta
	sign         float64 // +1 where a high canary is evidence
	harm         bool
	rho          float64
	learnt       float64   // variance of the blocks that ρ is learnt from
	s, v         []float64 // harm: of the copy that started with each stage; safe: of all stages, of the running one
	logs         []float64
	total        tally // scored blocks and units
	stage        tally // of the running stage, safe only
	running      int64
	logE, max    float64
	diff         [3]float64 // plain score, variance, weight of the difference canary − stable
	print        uint64
}

// tally counts what was scored; before the first score, what was learnt from.
type tally struct{ blocks, a, b int64 }

func (t *tally) add(a, b int64) {
	t.blocks++
	t.a += a
	t.b += b
}

func (t *tally) ready() bool {
	return t.blocks >= scoreBlocks && t.a >= scoreUnits && t.b >= scoreUnits
}

// NewScore starts a test.
func NewScore(opt ScoreOptions) *Score {
	t := &Score{ratio: opt.Null.ratio(), sign: -1, harm: opt.Harm}
	if opt.Harm == (opt.Null.Worse == Higher) {
		t.sign = 1
	}
	if !opt.Null.Relative {
		t.delta = opt.Null.margin()
		if opt.Null.Worse == Lower {
			t.delta = -t.delta
		}
	}
	if opt.Rho > 0 && opt.Rho <= math.MaxFloat64 {
		t.rho = opt.Rho
	}
	copies := 2
	if opt.Harm {
		copies = max(1, opt.Stages)
	}
	t.s, t.v, t.logs = make([]float64, copies), make([]float64, copies), make([]float64, copies)
	t.print = fingerprint("score", t.ratio, t.delta, t.sign, flag(t.harm), t.rho, float64(copies))
	return t
}

// StartStage starts the evidence of a stage anew, and only that.
func (t *Score) StartStage(stage int) {
	t.running, t.stage = int64(max(stage, 0)), tally{}
	if !t.harm {
		t.s[1], t.v[1] = 0, 0
		t.eval()
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
	s, v, w := BlockScore(a, z, t.delta)
	if w == 0 || s-s != 0 || v-v != 0 {
		return false
	}
	if t.rho == 0 {
		t.learn(v)
		return false
	}
	t.total.add(a.N, b.N)
	t.add(t.sign*s, v, stage, a.N, b.N)
	s, v, w = BlockScore(a, b, 0)
	for i, x := range [...]float64{s, v, w} {
		t.diff[i] += x
	}
	t.eval()
	return true
}

func (t *Score) learn(v float64) {
	t.learnt += v
	t.total.blocks++
	if t.total.blocks >= scoreBlocks && t.learnt > 0 {
		t.rho = BestRho(t.learnt/float64(t.total.blocks)*scorePlan, 2*scoreAlpha)
		t.total = tally{}
	}
}

func (t *Score) add(s, v float64, stage int, a, b int64) {
	if t.harm {
		for i := range t.s[:clampStage(stage, len(t.s))+1] {
			t.s[i] += s
			t.v[i] += v
		}
		return
	}
	t.s[0] += s
	t.v[0] += v
	if int64(stage) == t.running {
		t.stage.add(a, b)
		t.s[1] += s
		t.v[1] += v
	}
}

// eval computes log E. Outside the domain where the asymptotics are declared to
// hold, evidence is never positive.
func (t *Score) eval() {
	if t.rho == 0 {
		return
	}
	for i := range t.logs {
		t.logs[i] = NormalMixtureOneSided(t.s[i], t.v[i], t.rho)
	}
	t.logE = t.logs[0]
	if t.harm {
		t.logE = stats.LogSumExp(t.logs) - math.Log(float64(len(t.logs)))
	}
	if !t.Ready() {
		t.logE = math.Min(t.logE, 0)
	}
	t.max = math.Max(t.max, t.logE)
}

// Ready tells whether enough was scored for a claim: 5 blocks and 200 units per arm.
func (t *Score) Ready() bool { return t.rho > 0 && t.total.ready() }

// LogE is the log of the process now; not above 0 until Ready.
func (t *Score) LogE() float64 { return t.logE }

// LogEMax is its running maximum.
func (t *Score) LogEMax() float64 { return t.max }

// StageLogE is that of the running stage alone, for safety tests; it is not above 0
// until the stage itself has scored 5 blocks and 200 units per arm.
func (t *Score) StageLogE() float64 {
	if t.harm {
		return 0
	}
	if !t.stage.ready() || t.rho == 0 {
		return math.Min(t.logs[1], 0)
	}
	return t.logs[1]
}

// Interval returns the estimated difference canary − stable, weighted by block, and
// bounds that hold at every look with probability about 1 − alpha, whatever the
// null. All are 0 before the first scored block.
func (t *Score) Interval(alpha float64) (estimate, low, high float64) {
	if t.diff[2] == 0 || !(alpha > 0 && alpha < 1) {
		return 0, 0, 0
	}
	estimate = t.diff[0] / t.diff[2]
	half := NormalBound(t.diff[1], t.rho, alpha) / t.diff[2]
	return estimate, estimate - half, estimate + half
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
	for _, n := range []*int64{&t.total.blocks, &t.total.a, &t.total.b, &t.stage.blocks, &t.stage.a, &t.stage.b, &t.running} {
		c.count(n)
	}
	c.float(&t.max)
	if c.mode == reading {
		t.eval()
	}
}
