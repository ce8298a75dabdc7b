package drift

import (
	"math"

	"verdin/stats/sequential"
)

// KSSame shows that the Kolmogorov–Smirnov distance between the values themselves is
// below a bound d, whatever the bins hide. If it were d or more at some x in a bin
// [e, f), one arm would have at least d more of its values below f than the other has
// below e. So the claim is shown when that is refuted for every bin and both arms:
// an intersection-union test, in which no correction is due. Exact at every look.
//
// The bound must exceed the mass of the heaviest bin that holds more than one value;
// else nothing can ever be shown.
type KSSame struct {
	below   float64
	stages  int
	single  []bool
	pending pending
	spans   []span
	past    []float64 // stable counts of past blocks
	score   func(Counts, int)
}

// span refutes one of two nulls about a bin. Of the arm with more values below, those
// under the upper edge are counted, of the other those under the lower edge.
type span struct {
	stable, canary int // edges: values in bins before it are counted
	*sequential.Safe
}

// NewKSSame starts a test. Single marks bins that hold one value only, which hide
// nothing; nil marks none. A bound that is no number above 0 is never shown.
func NewKSSame(bins int, single []bool, below float64, stages int) *KSSame {
	bins, stages = max(bins, 1), max(stages, 1)
	t := &KSSame{below: clean(below), stages: stages, single: make([]bool, bins), pending: newPending(bins), past: make([]float64, bins)}
	copy(t.single, single)
	opt := sequential.Options{Stages: stages}
	higher, lower := sequential.Null{Margin: t.below}, sequential.Null{Margin: t.below, Worse: sequential.Lower}
	for i := range bins {
		from := i
		if t.single[i] {
			from = i + 1
		}
		if from == bins {
			continue // both arms have all their values below the last edge
		}
		t.spans = append(t.spans,
			span{from, i + 1, sequential.NewSafe(higher, opt)},
			span{i + 1, from, sequential.NewSafe(lower, opt)})
	}
	t.score = t.block
	return t
}

// Observe takes a window, as Test does.
func (t *KSSame) Observe(b Block) { t.pending.observe(&b, t.score) }

// StartStage starts the evidence of a stage anew, and only that. Events that wait are
// scored first: they belong to the stage before.
func (t *KSSame) StartStage(stage int) {
	t.pending.flush(t.score)
	for _, s := range t.spans {
		s.StartStage(stage)
	}
}

func (t *KSSame) block(c Counts, stage int) {
	n := c.Totals()
	seen := sum(t.past)
	for _, s := range t.spans {
		a := sequential.Counts{N: n[0], Y: sum(c.Stable[:s.stable])}
		b := sequential.Counts{N: n[1], Y: sum(c.Canary[:s.canary])}
		calm := (sum(t.past[:s.canary]) + 0.5) / (seen + 1) // the canary's share if nothing changed
		s.ObserveAlt(a, b, calm, stage)
	}
	for i, k := range c.Stable {
		t.past[i] += float64(k)
	}
}

// P is 1 over the e-process of the claim that is furthest from being refuted.
func (t *KSSame) P() float64 { return t.weakest((*sequential.Safe).LogE) }

// StageP is the same from the running stage alone.
func (t *KSSame) StageP() float64 { return t.weakest((*sequential.Safe).StageLogE) }

func (t *KSSame) weakest(log func(*sequential.Safe) float64) float64 {
	if t.below == 0 {
		return 1
	}
	least := math.Inf(1)
	for _, s := range t.spans {
		least = math.Min(least, log(s.Safe))
	}
	if len(t.spans) == 0 {
		return 1 // one value: nothing is compared
	}
	return math.Min(1, math.Exp(-least))
}

// Exact is true.
func (t *KSSame) Exact() bool { return true }

// AppendState appends the state to b.
func (t *KSSame) AppendState(b []byte) []byte {
	s := state{buf: b}
	t.walk(&s)
	return s.buf
}

// Restore replaces the state by one that AppendState wrote for a test of the same
// arguments; else it returns an error that wraps ErrState.
func (t *KSSame) Restore(b []byte) error {
	next, s := NewKSSame(len(t.single), t.single, t.below, t.stages), state{buf: b, reading: true}
	next.walk(&s)
	if err := s.end(); err != nil {
		return err
	}
	*t = *next
	t.score = t.block
	return nil
}

func (t *KSSame) walk(s *state) {
	s.head('S', len(t.single), t.stages, t.below)
	t.pending.walk(s)
	s.floats(t.past, 0, mostPast)
	for _, sp := range t.spans {
		s.part(sp.Safe)
	}
}
