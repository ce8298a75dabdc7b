package drift

import (
	"fmt"
	"math"

	"verdin/stats"
	"verdin/stats/sequential"
)

// KS tests the null hypothesis "the Kolmogorov–Smirnov distance between the arms,
// taken at the edges of ordered bins, is at most above". With above = 0 the null is
// that the shares of all bins are equal.
//
// At each edge, the share below it must not be higher, nor lower, in the canary by
// more than the tolerance: two one-sided tests on shares. The mean over edges and
// sides of their e-processes, which run on one clock, is an e-process again. The test
// is exact at every look.
//
// no-row: a row of Methods, which the engine's drift check looks up by name
type KS struct {
	above   float64
	stages  int
	bins    int
	pending pending
	sides   []side
	mean    average // of the sides
	shown   display
	score   func(Counts, int)
}

// side is one direction at one edge: the lower edge of a bin.
type side struct {
	bin int
	*sequential.Harm
}

const (
	mostEdges = 16 // edges tested; with more bins they are spread evenly
	ksGrid    = 8  // alternatives of each side
)

// NewKS returns a test over the given number of bins, which are ordered, for a
// rollout of so many stages. A tolerance that is negative or not a number counts as 0.
func NewKS(bins int, above float64, stages int) *KS {
	bins, stages = max(bins, 1), max(stages, 1)
	t := &KS{above: clean(above), stages: stages, bins: bins, pending: newPending(bins), shown: newDisplay(bins)}
	edges := min(bins-1, mostEdges)
	opt := sequential.Options{Stages: stages, GridPoints: ksGrid, Late: true}
	for e := 1; e <= edges; e++ {
		for _, worse := range []sequential.Worse{sequential.Higher, sequential.Lower} {
			null := sequential.Null{Worse: worse, Margin: t.above}
			t.sides = append(t.sides, side{e * bins / (edges + 1), sequential.NewHarm(null, opt)})
		}
	}
	t.mean.logs = make([]float64, len(t.sides))
	t.score = t.block
	return t
}

// Observe takes a window. Blocks that it completes are scored, the rest waits.
// A window whose shape is not that of the test, or without stable events, is left out.
func (t *KS) Observe(b Block) { t.pending.observe(&b, t.score) }

// block scores a closed block.
func (t *KS) block(c Counts, stage int) {
	n := c.Totals()
	stable, canary := sequential.Counts{N: n[0]}, sequential.Counts{N: n[1]}
	bin := 0
	for _, s := range t.sides {
		for ; bin < s.bin; bin++ {
			stable.Y += c.Stable[bin]
			canary.Y += c.Canary[bin]
		}
		s.Observe(stable, canary, stage)
	}
	lookAt(&t.mean, t.sides)
	t.shown.add(c, stage)
}

// LogE is the log of the e-process now.
func (t *KS) LogE() float64 { return t.mean.log }

// LogEMax is its running maximum: a distance beyond the tolerance is shown once it
// reaches log(1/α).
func (t *KS) LogEMax() float64 { return t.mean.most }

// Effect is the distance at the edges in the current stage; the note says how large
// the distance between the values themselves may be.
func (t *KS) Effect() stats.Interval {
	low, high := ks(t.shown.arms())
	return stats.Interval{Estimate: low, Scale: "ks", Note: fmt.Sprintf("between %.4g and %.4g inside the bins, current stage", low, high)}
}

// N is the number of scored events: stable, canary.
func (t *KS) N() [2]int64 { return t.shown.n }

// Blocks is the number of scored blocks.
func (t *KS) Blocks() int64 { return t.shown.blocks }

// AppendState appends the state to b.
func (t *KS) AppendState(b []byte) []byte {
	s := state{buf: b}
	t.walk(&s)
	return s.buf
}

// Restore replaces the state by one that AppendState wrote for a test of the same
// bins, tolerance and stages; else it returns an error that wraps ErrState.
func (t *KS) Restore(b []byte) error {
	next, s := NewKS(t.bins, t.above, t.stages), state{buf: b, reading: true}
	next.walk(&s)
	if err := s.end(); err != nil {
		return err
	}
	*t = *next
	t.score = t.block
	return nil
}

func (t *KS) walk(s *state) {
	s.head('K', t.bins, t.stages, t.above)
	t.pending.walk(s)
	for _, side := range t.sides {
		s.part(side.Harm)
	}
	s.float(&t.mean.most, 0, math.MaxFloat64) // the sides bound their evidence no more narrowly
	t.shown.walk(s)
	if s.reading {
		lookAt(&t.mean, t.sides)
	}
}
