package sequential

import (
	"math"

	"verdin/stats"
)

const (
	scoreBlocks = 5   // scored blocks before anything is claimed; also those that ρ is learnt from
	scoreUnits  = 200 // scored units per arm before anything is claimed
	scorePlan   = 30  // blocks for which a learnt ρ is best
	scoreAlpha  = 0.01
)

// gauss is what tests of engine G share: the copies of the process, the domain in
// which the asymptotics are declared to hold, and the mixture. Copies are, for harm,
// those that started with each stage, for safety that of all stages and that of the
// running one.
type gauss struct {
	sign         float64 // +1 where a high canary is evidence
	harm         bool
	rho          float64
	few          bool // another condition of the test for claims is not met
	logs         []float64
	total, stage tally // scored blocks and units; stage: of the running one, safe only
	running      int64
	logE, max    float64
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

func newGauss(opt ScoreOptions) gauss {
	t := gauss{sign: -1, harm: opt.Harm}
	if opt.Harm == (opt.Null.Worse == Higher) {
		t.sign = 1
	}
	if opt.Rho > 0 && opt.Rho <= math.MaxFloat64 {
		t.rho = opt.Rho
	}
	copies := 2
	if opt.Harm {
		copies = max(1, opt.Stages)
	}
	t.logs = make([]float64, copies)
	return t
}

// delta is the difference canary − stable at an absolute margin.
func (opt ScoreOptions) delta() float64 {
	switch {
	case opt.Null.Relative:
		return 0
	case opt.Null.Worse == Lower:
		return -opt.Null.margin()
	}
	return opt.Null.margin()
}

func (t *gauss) start(stage int) { t.running, t.stage = int64(max(stage, 0)), tally{} }

// tune fixes ρ from the variance of the blocks that were learnt from.
func (t *gauss) tune(v float64) {
	t.rho = BestRho(v/float64(t.total.blocks)*scorePlan, 2*scoreAlpha)
	t.total = tally{}
}

// count counts a scored block and returns the copies that it belongs to.
func (t *gauss) count(a, b int64, stage int) (lo, hi int) {
	t.total.add(a, b)
	switch {
	case t.harm:
		return 0, clampStage(stage, len(t.logs)) + 1
	case int64(stage) == t.running:
		t.stage.add(a, b)
		return 0, 2
	}
	return 0, 1
}

// eval computes log E from the score and the variance of each copy. Outside the
// domain where the asymptotics are declared to hold, evidence is never positive.
func (t *gauss) eval(s, v []float64) {
	if t.rho == 0 {
		return
	}
	for i := range t.logs {
		t.logs[i] = NormalMixtureOneSided(s[i], v[i], t.rho)
		if t.logs[i]-t.logs[i] != 0 {
			t.logs[i] = 0 // a damaged state may hold sums beyond all numbers: they say nothing
		}
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
func (t *gauss) Ready() bool { return t.rho > 0 && t.total.ready() && !t.few }

// LogE is the log of the process now; not above 0 until Ready.
func (t *gauss) LogE() float64 { return t.logE }

// LogEMax is its running maximum.
func (t *gauss) LogEMax() float64 { return t.max }

// StageLogE is that of the running stage alone, for safety tests; it is not above 0
// until the stage itself has scored 5 blocks and 200 units per arm.
func (t *gauss) StageLogE() float64 {
	if t.harm {
		return 0
	}
	if !t.stage.ready() || t.rho == 0 || t.few {
		return math.Min(t.logs[1], 0)
	}
	return t.logs[1]
}

func (t *gauss) interval(s, v, w, alpha float64) (estimate, low, high float64) {
	if w == 0 || t.rho == 0 || !(alpha > 0 && alpha < 1) {
		return 0, 0, 0
	}
	estimate = s / w
	half := NormalBound(v, t.rho, alpha) / w
	return estimate, estimate - half, estimate + half
}

func (t *gauss) state(c *codec) {
	for _, n := range []*int64{&t.total.blocks, &t.total.a, &t.total.b, &t.stage.blocks, &t.stage.a, &t.stage.b, &t.running} {
		c.count(n)
	}
	c.float(&t.max)
}
