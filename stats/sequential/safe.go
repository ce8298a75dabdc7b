package sequential

import "math"

// safeSteps place the alternatives between "nothing changed" and the boundary of the
// null; with a margin of 0 there is no room between them, and safeOdds say how much
// better the canary may be instead.
var (
	safeSteps = [...]float64{0, 0.25, 0.5, 0.75}
	safeOdds  = [...]float64{0.1, 0.2, 0.4, 0.8}
)

// Safe tests the null "harm ≥ margin" on shares. While its log E is at least
// log(1/α), harm below the margin is shown. It keeps two processes: over all stages,
// and of the running stage alone. Exact.
//
// no-row: an engine that the tests of the catalogue are made of
type Safe struct {
	null    half
	base    base
	odds    []float64
	l       []float64
	all     Mixture
	one     Mixture // of the running stage
	running int64
	print   uint64
}

// NewSafe starts a test; the grid of the options is not used: the alternatives are
// "nothing changed" and three steps from there towards the margin.
func NewSafe(null Null, opt Options) *Safe {
	s := &Safe{null: null.safe()}
	s.base = newBase(s.null, opt)
	s.print = fingerprint("safe", append(s.null.args(), s.base.anchor)...)
	s.odds = odds(safeOdds[:], s.null.above)
	s.l = make([]float64, len(safeSteps))
	s.all, s.one = newMixture(Uniform(len(s.l))), newMixture(Uniform(len(s.l)))
	return s
}

// StartStage starts the evidence of a stage anew, and only that.
func (s *Safe) StartStage(stage int) {
	s.running = int64(max(stage, 0))
	s.one.reset()
}

// Observe scores a closed block of stable a and canary b served in a stage. It tells
// whether the block was scored, as Harm.Observe does.
func (s *Safe) Observe(a, b Counts, stage int) (scored bool) {
	return s.observe(a, b, -1, stage)
}

// ObserveAlt is Observe where the canary is counted by another rule than the stable
// arm (above a threshold that a margin has moved), so that its rate is altB when
// nothing has changed. The rate must come from past blocks.
func (s *Safe) ObserveAlt(a, b Counts, altB float64, stage int) (scored bool) {
	if !(altB >= 0 && altB <= 1) {
		return false
	}
	return s.observe(a, b, s.null.rate(altB), stage)
}

// observe takes a rate of the canary, or −1 for that of the stable arm.
func (s *Safe) observe(a, b Counts, calm float64, stage int) (scored bool) {
	if !a.lawful() || !b.lawful() {
		return false
	}
	a, b = s.null.counts(a), s.null.counts(b)
	p, ready := s.base.rate()
	if scored = ready && a.N > 0 && b.N > 0; scored {
		for k := range s.l {
			s.l[k] = s.null.logFactor(a, b, p, s.alternative(p, calm, k))
		}
		s.all.Add(s.l)
		if int64(stage) == s.running {
			s.one.Add(s.l)
		}
	}
	s.base.add(a)
	return scored
}

// alternative is the canary's rate at point k of the grid.
func (s *Safe) alternative(p, calm float64, k int) float64 {
	if calm < 0 {
		calm = p
	}
	edge := math.Min(math.Max(s.null.at(p), 0), 1)
	if calm == edge {
		return tilted(p, s.odds[k])
	}
	return inside(calm + float64((edge-calm)*safeSteps[k]))
}

// LogE is the log of the e-process over all stages now.
func (s *Safe) LogE() float64 { return s.all.logE }

// LogEMax is its running maximum. A step forward needs LogE, not this.
func (s *Safe) LogEMax() float64 { return s.all.max }

// StageLogE is the log of the e-process of the running stage alone, now.
func (s *Safe) StageLogE() float64 { return s.one.logE }

// AppendState appends the state of the test.
func (s *Safe) AppendState(b []byte) []byte { return appendState(b, s) }

// Restore sets the state that AppendState wrote, in a test made with the same
// arguments; else it returns ErrState and changes nothing.
func (s *Safe) Restore(b []byte) error { return restore(b, s) }

func (s *Safe) state(c *codec) {
	c.print(s.print)
	s.base.state(c)
	s.all.state(c)
	s.one.state(c)
	c.count(&s.running)
}
