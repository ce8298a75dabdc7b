package drift

// mixture is the e-process of several bets over the stages of a rollout,
//
//	E = Σ_s Σ_k E_k^(from stage s) / (S·K),
//
// where E_k^(s) is the product of the factors of bet k since stage s began, and 1
// before. Drift that begins late, under load, is found by the product that began
// late, and nothing is ever reset.
type mixture struct {
	bets    int
	average // its logs are those of E_k^(s), at s·bets+k
}

func newMixture(stages, bets int) mixture {
	return mixture{bets: bets, average: average{logs: make([]float64, max(stages, 1)*bets)}}
}

// add multiplies a factor, given as its logarithm, into the product of bet k from
// stage s; look then sees the new mean.
func (m *mixture) add(s, k int, factor float64) { m.logs[s*m.bets+k] += factor }

func (m *mixture) walk(s *state) {
	s.floats(m.logs, -largest, largest)
	s.float(&m.most, 0, largest)
	if s.reading {
		m.look()
	}
}
