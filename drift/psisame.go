package drift

import "math"

// PSISame shows that the population stability index of the running stage is below a
// bound d. Look k compares the index with the noncentral chi-square law that it has at
// a true index of d, at the part 6α/(π²k²) of the risk. Not exact: the law holds as
// counts grow, for independent events, so that fewer than 50 canary events, or 10 for
// each bin, show nothing.
type PSISame struct {
	below   float64
	bins    int
	stages  int
	pending pending
	shown   display
	p       float64
	score   func(Counts, int)
}

const (
	sameLeast   = 50 // canary events before anything is shown
	samePerBins = 10 // and for each bin
)

// NewPSISame starts a test. A bound that is no number above 0 is never shown.
func NewPSISame(bins int, below float64, stages int) *PSISame {
	bins, stages = max(bins, 1), max(stages, 1)
	t := &PSISame{below: clean(below), bins: bins, stages: stages, pending: newPending(bins), shown: newDisplay(bins), p: 1}
	t.score = t.block
	return t
}

// Observe takes a window, as Test does.
func (t *PSISame) Observe(b Block) { t.pending.observe(&b, t.score) }

// StartStage forgets what earlier stages showed. The count of looks goes on.
func (t *PSISame) StartStage(stage int) {
	t.pending.flush(t.score)
	t.shown.begin(stage)
	t.p = 1
}

func (t *PSISame) block(c Counts, stage int) {
	t.shown.add(c, stage)
	t.look()
}

func (t *PSISame) look() {
	stable, canary, n, m := t.shown.arms()
	t.p = sameP(stable, canary, n, m, 1, t.below, t.shown.blocks)
}

// sameP is the p-value of "the index is bound or more" at the k-th look, times π²k²/6,
// where each arm is worth so many times fewer independent events as design says.
func sameP(stable []float64, canary []int64, n, m, design, bound float64, looks int64) float64 {
	if worth := m / design; bound == 0 || worth < sameLeast || worth < float64(samePerBins*len(stable)) || !(n > 0) {
		return 1
	}
	raw, _ := psi(stable, canary, n, m)
	filled := 0
	for i := range stable {
		if stable[i] > 0 || canary[i] > 0 {
			filled++
		}
	}
	if filled < 2 {
		return 1 // one bin cannot tell
	}
	size := float64(design * (1/n + 1/m))
	below := noncentralBelow(float64(filled-1), bound/size, raw/size)
	k := float64(looks)
	return math.Min(1, float64(below*math.Pi*math.Pi/6*k*k))
}

// P is the p-value of the present look times π²k²/6.
func (t *PSISame) P() float64 { return t.p }

// StageP is P: the index is that of the running stage.
func (t *PSISame) StageP() float64 { return t.p }

// Exact is false.
func (t *PSISame) Exact() bool { return false }

// AppendState appends the state to b.
func (t *PSISame) AppendState(b []byte) []byte {
	s := state{buf: b}
	t.walk(&s)
	return s.buf
}

// Restore replaces the state by one that AppendState wrote for a test of the same
// arguments; else it returns an error that wraps ErrState.
func (t *PSISame) Restore(b []byte) error {
	next, s := NewPSISame(t.bins, t.below, t.stages), state{buf: b, reading: true}
	next.walk(&s)
	if err := s.end(); err != nil {
		return err
	}
	*t = *next
	t.score = t.block
	return nil
}

func (t *PSISame) walk(s *state) {
	s.head('Q', t.bins, t.stages, t.below)
	t.pending.walk(s)
	t.shown.walk(s)
	if s.reading && s.err == nil {
		t.look()
	}
}
