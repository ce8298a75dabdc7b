package drift

import (
	"fmt"
	"math"

	"verdin/stats"
	"verdin/stats/sequential"
)

// Sticky tests the distance between the arms where units come back: rows of one user
// depend on each other over windows, so that no test above holds for them. The parts
// of a window are buckets of units, by a hash of the unit unrelated to the router's,
// and the variance of the share below each edge, and of each bin's share, comes from
// the buckets. Asymptotic: nothing is claimed before 5 scored blocks, 200 rows per arm
// and 20 buckets seen in both arms; the first 5 windows stay unscored.
//
// Null "KS ≤ above": no share below an edge differs by more. Null "PSI ≤ above": no
// such share, nor that of a bin, differs by more than √above/2, which follows from it
// (PSI is the sum of both divergences, each at least 2·TV²: Pinsker). That is a weaker
// claim than PSI's own test makes, and needs more events.
//
// no-row: a row of StickyMethods
type Sticky struct {
	scale   string
	above   float64
	bins    int
	stages  int
	buckets int
	sides   []stickySide
	block   []sequential.Bucket // scratch
	parts   Counts              // scratch
	mean    average             // of the sides
	shown   display
}

// stickySide is one indicator and one direction.
type stickySide struct {
	from, to int // bins counted
	*sequential.Sticky
}

// StickyMethods names the tests for units that come back. Buckets is the number of parts
// of a window, at least 2; 0 is 128.
var StickyMethods = map[string]func(bins, buckets int, above float64, stages int) Test{
	"psi": func(bins, buckets int, above float64, stages int) Test {
		return NewSticky("psi", bins, buckets, above, stages)
	},
	"ks": func(bins, buckets int, above float64, stages int) Test {
		return NewSticky("ks", bins, buckets, above, stages)
	},
}

// NewSticky starts a test of "psi" or "ks".
func NewSticky(scale string, bins, buckets int, above float64, stages int) *Sticky {
	if buckets <= 0 {
		buckets = sequential.Buckets
	}
	t := &Sticky{scale: scale, above: clean(above), bins: max(bins, 1), stages: max(stages, 1), buckets: max(buckets, 2)}
	margin := t.above
	if scale == "psi" {
		margin = math.Sqrt(t.above) / 2
	}
	edges := min(t.bins-1, mostEdges)
	for e := 1; e <= edges; e++ {
		t.watch(0, e*t.bins/(edges+1), margin)
	}
	for b := 0; scale == "psi" && t.bins > 2 && b < t.bins && t.bins <= 2*mostEdges; b++ {
		t.watch(b, b+1, margin)
	}
	t.block = make([]sequential.Bucket, t.buckets)
	t.parts = Counts{make([]int64, t.bins), make([]int64, t.bins)}
	t.mean.logs = make([]float64, len(t.sides))
	t.shown = newDisplay(t.bins)
	return t
}

// watch adds both directions of the share of bins from … to−1.
func (t *Sticky) watch(from, to int, margin float64) {
	for _, worse := range []sequential.Worse{sequential.Higher, sequential.Lower} {
		opt := sequential.ScoreOptions{Null: sequential.Null{Worse: worse, Margin: margin}, Harm: true, Stages: t.stages}
		t.sides = append(t.sides, stickySide{from, to, sequential.NewSticky(opt, t.buckets)})
	}
}

// Observe scores a window as one block. One of another shape, or without events of
// an arm, is left out.
func (t *Sticky) Observe(b Block) {
	if !stickyShape(&b, t.bins, t.buckets) {
		return
	}
	for _, s := range t.sides {
		for g := range t.block {
			t.block[g] = bucket(&b, g, s.from, s.to)
		}
		s.Sticky.Observe(t.block, b.Stage)
	}
	clear(t.parts.Stable)
	clear(t.parts.Canary)
	for i := range b.Stable {
		t.parts.Stable[i%t.bins] += int64(b.Stable[i])
		t.parts.Canary[i%t.bins] += int64(b.Canary[i])
	}
	t.shown.add(t.parts, b.Stage)
	lookAt(&t.mean, t.sides)
}

// bucket is what part g of a window adds for the share of bins from … to−1.
func bucket(b *Block, g, from, to int) (out sequential.Bucket) {
	for arm, counts := range [2][]uint64{b.Stable, b.Canary} {
		for i, n := range counts[g*b.Bins : (g+1)*b.Bins] {
			out.Rows[arm] += int64(n)
			if from <= i && i < to {
				out.Sum[arm] += float64(n)
			}
		}
		out.Base[arm] = float64(out.Rows[arm])
	}
	return out
}

// LogE is the log of the mean of the indicators' processes now.
func (t *Sticky) LogE() float64 { return t.mean.log }

// LogEMax is its running maximum.
func (t *Sticky) LogEMax() float64 { return t.mean.most }

// Effect is as that of the test without units.
func (t *Sticky) Effect() stats.Interval {
	if t.scale == "psi" {
		raw, effect := psi(t.shown.arms())
		return stats.Interval{Estimate: effect, Scale: t.scale, Note: fmt.Sprintf("raw index %.4g, current stage; units recur, so the part owed to sample size is larger", raw)}
	}
	low, high := ks(t.shown.arms())
	return stats.Interval{Estimate: low, Scale: t.scale, Note: fmt.Sprintf("between %.4g and %.4g inside the bins, current stage", low, high)}
}

// N is the number of scored events: stable, canary.
func (t *Sticky) N() [2]int64 { return t.shown.n }

// Blocks is the number of scored blocks.
func (t *Sticky) Blocks() int64 { return t.shown.blocks }

// AppendState appends the state to b.
func (t *Sticky) AppendState(b []byte) []byte {
	s := state{buf: b}
	t.walk(&s)
	return s.buf
}

// Restore replaces the state by one that AppendState wrote for a test of the same
// arguments; else it returns an error that wraps ErrState.
func (t *Sticky) Restore(b []byte) error {
	next, s := NewSticky(t.scale, t.bins, t.buckets, t.above, t.stages), state{buf: b, reading: true}
	next.walk(&s)
	if err := s.end(); err != nil {
		return err
	}
	*t = *next
	return nil
}

func (t *Sticky) walk(s *state) {
	s.head(t.scale[0], t.bins, t.stages, t.above)
	buckets := int64(t.buckets)
	s.int(&buckets, buckets, buckets)
	for _, side := range t.sides {
		s.part(side.Sticky)
	}
	s.float(&t.mean.most, 0, math.MaxFloat64) // the sides bound their evidence no more narrowly
	t.shown.walk(s)
	if s.reading {
		lookAt(&t.mean, t.sides)
	}
}
