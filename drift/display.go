package drift

import "math"

// display gathers the current stage for readers. The stable arm is weighted to the
// canary's mix of blocks, so that a change of traffic during the stage looks like
// none: share of a bin = Σ_j (n_bj/N_b) F_aj, effective size m = N_b² / Σ_j n_bj²/n_aj.
type display struct {
	stage   int64
	blocks  int64
	n       [2]int64  // scored in the whole rollout
	stable  []float64 // Σ_j n_bj F_aj
	canary  []int64
	spread  float64 // Σ_j n_bj²/n_aj
	weights []float64
}

func newDisplay(bins int) display {
	return display{stable: make([]float64, bins), canary: make([]int64, bins), weights: make([]float64, bins)}
}

func (d *display) add(c Counts, stage int) {
	if int64(stage) != d.stage {
		d.begin(stage)
	}
	n := c.Totals()
	ratio := float64(n[1]) / float64(n[0])
	for i := range c.Stable {
		d.stable[i] += float64(float64(c.Stable[i]) * ratio)
		d.canary[i] += c.Canary[i]
	}
	d.spread += float64(float64(n[1]) * ratio)
	d.n[0] += n[0]
	d.n[1] += n[1]
	d.blocks++
}

// begin forgets the stage before.
func (d *display) begin(stage int) {
	d.stage = int64(max(stage, 0))
	clear(d.stable)
	clear(d.canary)
	d.spread = 0
}

// arms returns weighted counts of the stable arm, counts of the canary, and sizes.
func (d *display) arms() (stable []float64, canary []int64, n, m float64) {
	m = float64(sum(d.canary))
	if m == 0 || d.spread == 0 {
		return d.weights, d.canary, 0, 0
	}
	n = m * (m / d.spread)
	for i, w := range d.stable {
		d.weights[i] = w / m * n
	}
	return d.weights, d.canary, n, m
}

func (d *display) walk(s *state) {
	s.int(&d.stage, 0, math.MaxInt32)
	s.int(&d.blocks, 0, mostPast)
	s.ints(d.n[:], 0, mostPast)
	s.floats(d.stable, 0, mostPast)
	s.ints(d.canary, 0, mostPast)
	s.float(&d.spread, 0, largest)
}
