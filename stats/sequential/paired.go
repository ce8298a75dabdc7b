package sequential

import "math"

// Triple are the pairs of one block in which a canary answered beside the stable arm on
// the same prediction: canary worse, stable worse, neither.
type Triple struct{ Canary, Stable, Ties int64 }

// The grid of bets, as parts of the greatest lawful one.
const pairsLeast, pairsMost = 0.005, 0.95

func (p Triple) lawful() bool { return p.Canary >= 0 && p.Stable >= 0 && p.Ties >= 0 }

// Paired tests shares of pairs: with D the share in which the canary is worse minus
// that in which stable is, harm's null is D ≤ δ, safety's D ≥ δ. A pair's factor is a
// bet on its sign d ∈ {1, −1, 0},
//
//	1 + λ·(d − δ)   with 0 < λ < 1/(1+δ) for harm, −1/(1−δ) < λ < 0 for safety
//
// so that its expectation is at most 1 wherever the block's average lies in the null.
// Exact. With δ = 0 ties say nothing.
type Paired struct {
	worse, better, tie []float64 // log factors of a pair
	l                  []float64
	staged             Staged
	one                Mixture // safety: of the running stage
	harm               bool
	running            int64
	print              uint64
}

// NewPaired starts a test for a margin on the difference of shares; null.Relative
// and null.Worse do not matter. Of the options it uses the stages and the number of points.
func NewPaired(null Null, harm bool, opt Options) *Paired {
	delta, k := min(null.margin(), 1), opt.GridPoints
	if k <= 0 {
		k = gridPoints
	}
	most, sign := 1/(1+delta), 1.0
	if !harm {
		most, sign = 1/max(1-delta, leastRate), -1
	}
	p := &Paired{harm: harm, l: make([]float64, k), print: fingerprint("paired", delta, flag(harm), float64(k))}
	for _, f := range LogGrid(pairsLeast, pairsMost, k) {
		bet := sign * f * most
		if delta == 1 {
			bet = 0 // no difference of shares is beyond the margin, or below −1
		}
		p.worse = append(p.worse, math.Log1p(bet*(1-delta)))
		p.better = append(p.better, math.Log1p(-bet*(1+delta)))
		p.tie = append(p.tie, math.Log1p(-bet*delta))
	}
	stages := 1
	if harm {
		stages = opt.Stages
	}
	p.staged, p.one = newStaged(Uniform(k), stages), newMixture(Uniform(k))
	return p
}

// StartStage starts the evidence of a stage anew, and only that.
func (p *Paired) StartStage(stage int) {
	p.running = int64(max(stage, 0))
	p.one.reset()
}

// Observe scores a closed block of pairs served in a stage.
func (p *Paired) Observe(c Triple, stage int) (scored bool) {
	if !c.lawful() || c.Canary+c.Stable+c.Ties <= 0 {
		return false
	}
	for k := range p.l {
		p.l[k] = float64(float64(c.Canary)*p.worse[k]) + float64(float64(c.Stable)*p.better[k]) + float64(float64(c.Ties)*p.tie[k])
	}
	p.staged.Add(p.l, stage)
	if !p.harm && int64(stage) == p.running {
		p.one.Add(p.l)
	}
	return true
}

// LogE is the log of the e-process now.
func (p *Paired) LogE() float64 { return p.staged.logE }

// LogEMax is its running maximum.
func (p *Paired) LogEMax() float64 { return p.staged.max }

// StageLogE is the log of the e-process of the running stage alone, for safety.
func (p *Paired) StageLogE() float64 { return p.one.logE }

// AppendState appends the state of the test.
func (p *Paired) AppendState(b []byte) []byte { return appendState(b, p) }

// Restore sets the state that AppendState wrote, in a test made with the same
// arguments; else it returns ErrState and changes nothing.
func (p *Paired) Restore(b []byte) error { return restore(b, p) }

func (p *Paired) state(c *codec) {
	c.print(p.print)
	p.staged.state(c)
	p.one.state(c)
	c.count(&p.running)
}

// ObservePaired is Score.Observe for pairs: d are the moments of canary − stable per
// pair. The score about the null is Σ(d − δ), its variance the sum of squares, which
// is exact over random signs. Relative margins have no meaning here: such a test
// scores nothing. The domain counts every pair in both arms.
func (t *Score) ObservePaired(d Moments, stage int) (scored bool) {
	if !d.lawful() || t.ratio != 1 {
		return false
	}
	at := func(delta float64) part {
		n, x := float64(d.N), d.Mean-delta
		return part{n * x, d.M2 + float64(n*float64(x*x)), n}
	}
	return t.observe(at(t.delta), at(0), d.N, d.N, stage)
}
