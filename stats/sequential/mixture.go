package sequential

import (
	"math"

	"verdin/stats"
)

// Mixture is an additive log mixture over a grid of alternatives:
//
//	log E = log Σ w(k)·exp(L(k)),  L(k) = the sum of the blocks' log factors at point k
//
// A fixed mixture of e-processes is an e-process.
type Mixture struct {
	l, logw   []float64
	logE, max float64
}

// NewMixture starts a mixture with given log weights, which should sum to at most 1
// as weights. The slice is kept.
func NewMixture(logw []float64) *Mixture {
	m := newMixture(logw)
	return &m
}

func newMixture(logw []float64) Mixture {
	m := Mixture{l: make([]float64, len(logw)), logw: logw}
	m.logE = m.eval()
	m.max = m.logE
	return m
}

// Uniform returns the log weights of k equal alternatives.
func Uniform(k int) []float64 {
	out := make([]float64, k)
	for i := range out {
		out[i] = -math.Log(float64(k))
	}
	return out
}

// Add adds the log factors of one block, one per point of the grid.
func (m *Mixture) Add(l []float64) {
	for k := range m.l {
		m.l[k] += l[k]
	}
	m.logE = m.eval()
	m.max = math.Max(m.max, m.logE)
}

func (m *Mixture) eval() float64 {
	top := math.Inf(-1)
	for k, l := range m.l {
		top = math.Max(top, l+m.logw[k])
	}
	sum := 0.0
	for k, l := range m.l {
		sum += math.Exp(l + m.logw[k] - top)
	}
	return top + math.Log(sum)
}

// LogE is the log of the e-process now.
func (m *Mixture) LogE() float64 { return m.logE }

// LogEMax is its running maximum, latched.
func (m *Mixture) LogEMax() float64 { return m.max }

// reset starts the mixture anew.
func (m *Mixture) reset() {
	clear(m.l)
	m.logE = m.eval()
	m.max = m.logE
}

func (m *Mixture) state(c *codec) {
	c.floats(m.l)
	c.float(&m.max)
	if c.mode == reading {
		m.logE = m.eval()
	}
}

// Staged is the mean of copies of one mixture, one per stage of a rollout; a copy
// is 1 until its stage starts. So harm that begins in a late stage is found as fast
// as if the process had begun there, at the price of log(stages) nats:
//
//	E = Σ v(s)·E(s),  v(s) = 1/S,  E(s) = product of the blocks of stages ≥ s
type Staged struct {
	copies    []Mixture
	late      *Late     // of starts inside the stages, nil = not asked for
	logs      []float64 // of the copies
	logE, max float64
}

// newStaged makes a staged mixture with the given number of stages, at least 1.
func newStaged(logw []float64, stages int) Staged {
	s := Staged{copies: make([]Mixture, max(1, stages))}
	for i := range s.copies {
		s.copies[i] = newMixture(logw)
	}
	s.logs = make([]float64, len(s.copies))
	s.logE = s.eval()
	s.max = s.logE
	return s
}

// Add adds the log factors of a block that was served in a stage (0 is the first).
func (s *Staged) Add(l []float64, stage int) {
	for i := range s.copies[:clampStage(stage, len(s.copies))+1] {
		s.copies[i].Add(l)
	}
	if s.late != nil {
		s.late.Add(l)
	}
	s.logE = s.eval()
	s.max = math.Max(s.max, s.logE)
}

func (s *Staged) eval() float64 {
	for i := range s.copies {
		s.logs[i] = s.copies[i].logE
	}
	log := stats.LogSumExp(s.logs) - math.Log(float64(len(s.logs)))
	if s.late != nil {
		log = WithLate(log, s.late.logE)
	}
	return log
}

// LogE is the log of the e-process now.
func (s *Staged) LogE() float64 { return s.logE }

// LogEMax is its running maximum, latched: an alarm survives a later decline.
func (s *Staged) LogEMax() float64 { return s.max }

func (s *Staged) state(c *codec) {
	for i := range s.copies {
		s.copies[i].state(c)
	}
	if s.late != nil {
		s.late.state(c)
	}
	c.float(&s.max)
	if c.mode == reading {
		s.logE = s.eval()
	}
}

func clampStage(stage, stages int) int { return min(max(stage, 0), stages-1) }
