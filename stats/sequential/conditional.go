package sequential

import "math"

// LogHypergeometricMGF is log Σ h(y)·e^{φy}: the log moment generating function of
// the number of canary units among the s that count, when every choice of s of the
// na + nb units is equally likely. It is the sum over the support, from the tilted
// mode outwards until what is left is below 10⁻¹⁸ of it.
func LogHypergeometricMGF(phi float64, na, nb, s int64) float64 {
	lo, hi := max(0, s-na), min(s, nb)
	if lo >= hi || na < 0 || nb < 0 {
		return float64(phi * float64(max(lo, 0)))
	}
	rise := func(y int64) float64 { // weight of y+1 over that of y
		return float64(nb-y) / float64(y+1) * (float64(s-y) / float64(na-s+y+1)) * math.Exp(phi)
	}
	mode := lo
	for l, h := lo, hi; l < h; { // the first y from which weights fall
		mid := l + (h-l)/2
		if rise(mid) > 1 {
			l = mid + 1
		} else {
			h = mid
		}
		mode = l
	}
	sum := 1.0
	for y, t := mode, 1.0; y < hi && t > 1e-18*sum; y++ {
		t = float64(t * rise(y))
		sum += t
	}
	for y, t := mode, 1.0; y > lo && t > 1e-18*sum; y-- {
		t /= rise(y - 1)
		sum += t
	}
	return float64(phi*float64(mode)) + logHypergeometricPMF(mode, na, nb, s) + math.Log(sum)
}

// logHypergeometricPMF is log h(y), by three binomials of the common share.
func logHypergeometricPMF(y, na, nb, s int64) float64 {
	n := float64(na) + float64(nb)
	p := float64(s) / n
	return logBinomialPMF(float64(y), float64(nb), p) + logBinomialPMF(float64(s-y), float64(na), p) - logBinomialPMF(float64(s), n, p)
}

// Conditional tests the null "the canary's odds are at most ω times the stable arm's"
// on shares by a tilt of the conditional law of the canary's count, given the
// block's total s:
//
//	ℓ(φ) = (φ − log ω)·yb − log M(φ) + log M(log ω),  φ > log ω
//
// (for Lower: at least ω times, φ < log ω). With ω = 1 it is a randomisation test: it
// needs no model of the outcomes, only that assignment was random. It needs no base
// rate, so that it scores from the first block on; each block costs a sum over the
// support per alternative. Exact.
type Conditional struct {
	log1   float64 // log ω
	phi, l []float64
	staged Staged
	print  uint64
}

// NewConditional starts a test; odds ratios that are not positive numbers count as 1.
// Of the options it uses the stages and the grid.
func NewConditional(oddsRatio float64, worse Worse, opt Options) *Conditional {
	if !(oddsRatio > 0 && oddsRatio <= maxMargin && 1/oddsRatio <= maxMargin) {
		oddsRatio = 1
	}
	c := &Conditional{log1: math.Log(oddsRatio)}
	for _, psi := range opt.grid() {
		if worse == Lower {
			psi = -psi
		}
		c.phi = append(c.phi, c.log1+psi)
	}
	c.l = make([]float64, len(c.phi))
	c.staged = newStaged(Uniform(len(c.phi)), opt.Stages)
	c.print = fingerprint("conditional", append([]float64{c.log1}, c.phi...)...)
	return c
}

// Observe scores a closed block of stable a and canary b served in a stage; without
// units in both arms there is nothing to score.
func (c *Conditional) Observe(a, b Counts, stage int) (scored bool) {
	if !a.lawful() || !b.lawful() || a.N == 0 || b.N == 0 {
		return false
	}
	s := a.Y + b.Y
	at := LogHypergeometricMGF(c.log1, a.N, b.N, s)
	for k, phi := range c.phi {
		c.l[k] = float64((phi-c.log1)*float64(b.Y)) - LogHypergeometricMGF(phi, a.N, b.N, s) + at
	}
	c.staged.Add(c.l, stage)
	return true
}

// LogE is the log of the e-process now.
func (c *Conditional) LogE() float64 { return c.staged.logE }

// LogEMax is its running maximum.
func (c *Conditional) LogEMax() float64 { return c.staged.max }

// AppendState appends the state of the test.
func (c *Conditional) AppendState(b []byte) []byte { return appendState(b, c) }

// Restore sets the state that AppendState wrote, in a test made with the same
// arguments; else it returns ErrState and changes nothing.
func (c *Conditional) Restore(b []byte) error { return restore(b, c) }

func (c *Conditional) state(k *codec) {
	k.print(c.print)
	c.staged.state(k)
}
