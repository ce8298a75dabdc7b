package drift

import (
	"math"

	"verdin/stats"
)

// mixture is the e-process of several bets over the stages of a rollout,
//
//	E = Σ_s Σ_k E_k^(from stage s) / (S·K),
//
// where E_k^(s) is the product of the factors of bet k since stage s began, and 1
// before. Drift that begins late, under load, is found by the product that began
// late, and nothing is ever reset.
type mixture struct {
	bets      int
	sums      []float64 // log E_k^(s) at s·bets+k
	log, most float64   // log E, and its running maximum
}

func newMixture(stages, bets int) mixture {
	return mixture{bets: bets, sums: make([]float64, max(stages, 1)*bets)}
}

// add multiplies the factors of a block, given as logarithms, one for each bet.
func (m *mixture) add(stage int, factors []float64) {
	last := min((stage+1)*m.bets, len(m.sums))
	for i := range m.sums[:last] {
		m.sums[i] = math.Max(m.sums[i]+factors[i%m.bets], -worth)
	}
	m.log = stats.LogSumExp(m.sums) - math.Log(float64(len(m.sums)))
	m.most = math.Max(m.most, m.log)
}

// worth bounds a logarithm of evidence: far beyond any threshold, and finite.
const worth = 1e15

func (m *mixture) walk(s *state) {
	s.floats(m.sums, -worth, worth)
	s.float(&m.log, -worth, worth)
	s.float(&m.most, 0, worth)
}
