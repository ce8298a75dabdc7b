package sequential

import "math"

// base predicts the stable arm's rate in the next block from blocks before it.
// It chooses alternatives only: a bad guess costs power, never validity.
type base struct {
	ones, n float64 // decayed sums
	anchor  float64 // worth one unit for ever, so that the rate is never 0
	known   bool    // the anchor is a historical rate
}

const (
	baseDecay = 0.95 // per block
	baseKeep  = 2000 // units below which nothing is forgotten
	baseLeast = 20   // units seen before anything is scored, without a historical rate

	priorWeight = 200 // units that a historical rate is worth at the start

	leastRate = 1e-9 // alternatives stay inside [leastRate, 1 − leastRate]
)

// newBase starts at the historical rate of the options, if they name one.
func newBase(h half, opt Options) base {
	if !(opt.PriorRate > 0 && opt.PriorRate < 1) {
		return base{anchor: 0.5}
	}
	rate, weight := h.rate(opt.PriorRate), min(opt.PriorWeight, 1e9)
	if !(weight > 0) {
		weight = priorWeight
	}
	return base{ones: rate * weight, n: weight, anchor: rate, known: true}
}

// rate is the prediction; ready is false while too few units were seen.
func (p *base) rate() (rate float64, ready bool) {
	return inside((p.ones + p.anchor) / (p.n + 1)), p.known || p.n >= baseLeast
}

func (p *base) add(c Counts) {
	if p.n > baseKeep {
		p.ones *= baseDecay
		p.n *= baseDecay
	}
	p.ones += float64(c.Y)
	p.n += float64(c.N)
}

func inside(p float64) float64 { return math.Min(math.Max(p, leastRate), 1-leastRate) }

// tilted returns the rate whose odds are those of p times factor.
func tilted(p, factor float64) float64 {
	odds := float64(p / (1 - p) * factor)
	return inside(odds / (1 + odds))
}
