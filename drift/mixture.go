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
	bets int
	logs []float64 // of E_k^(s), at s·bets+k
}

func newMixture(stages, bets int) mixture {
	return mixture{bets: bets, logs: make([]float64, max(stages, 1)*bets)}
}

// add multiplies a factor, given as its logarithm, into the product of bet k from
// stage s.
func (m *mixture) add(s, k int, factor float64) { m.logs[s*m.bets+k] += factor }

// LogE is the log of E now.
func (m *mixture) LogE() float64 {
	return stats.LogSumExp(m.logs) - math.Log(float64(len(m.logs)))
}

func (m *mixture) walk(s *state) { s.floats(m.logs, -largest, largest) }
