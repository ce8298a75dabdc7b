package drift

import "verdin/stats/sequential"

// memories are bets that forget: what they predict from is worth so many canary events,
// and is drawn to the pool of both arms by the weight of trust.
var memories = [...]struct{ events, trust float64 }{{300, 100}, {1500, 200}}

// recent finds drift that begins inside a stage. What came before weighs on the other
// bets twice: as evidence against drift, and in what they predict. These forget, and
// their products begin at every block: a mixture over starts (sequential.Late).
type recent struct {
	*sequential.Late
	pasts [len(memories)]struct{ stable, canary []float64 }
	l     []float64 // scratch: the factors of a block
}

func newRecent(bins int) recent {
	r := recent{Late: sequential.NewLate(sequential.Uniform(len(memories))), l: make([]float64, len(memories))}
	for k := range r.pasts {
		r.pasts[k].stable, r.pasts[k].canary = make([]float64, bins), make([]float64, bins)
	}
	return r
}

// forgetful scores a block of n events by what the recent past predicts; only afterwards
// is it part of that.
func (t *PSI) forgetful(c Counts, n [2]int64) {
	for k, m := range memories {
		past := t.recent.pasts[k]
		predict(t.p, t.q, past.stable, past.canary, m.trust)
		t.recent.l[k] = t.near.factor(c, t.p, t.q, t.above, float64(n[0]), float64(n[1]))
		keep := m.events / (m.events + float64(n[1]))
		for i := range c.Stable {
			past.stable[i] = float64(past.stable[i]*keep) + float64(c.Stable[i])
			past.canary[i] = float64(past.canary[i]*keep) + float64(c.Canary[i])
		}
	}
	t.recent.Add(t.recent.l)
}

func (r *recent) walk(s *state) {
	for k := range r.pasts {
		s.floats(r.pasts[k].stable, 0, mostPast)
		s.floats(r.pasts[k].canary, 0, mostPast)
	}
	s.part(r.Late)
}
