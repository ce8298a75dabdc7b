package drift

import (
	"math"

	"verdin/stats/sequential"
)

// StickyEquivalents names the tests of equivalence for units that come back: the parts of
// a window are buckets of units, at least 2; 0 is 128. Single is as for NewKSSame.
var StickyEquivalents = map[string]func(bins int, single []bool, buckets int, below float64, stages int) Equivalence{
	"psi": func(bins int, _ []bool, buckets int, below float64, _ int) Equivalence {
		return NewStickyPSISame(bins, buckets, below)
	},
	"ks": func(bins int, single []bool, buckets int, below float64, _ int) Equivalence {
		return NewStickyKSSame(bins, single, buckets, below)
	},
}

// StickyKSSame is KSSame where units come back: the same claims about every bin, each by
// the score with the variance of buckets of units. Asymptotic, with the domain of Sticky.
type StickyKSSame struct {
	below   float64
	single  []bool
	buckets int
	spans   []stickySpan
	block   []sequential.Bucket // scratch
}

// stickySpan is span by another test.
type stickySpan struct {
	stable, canary int // edges: values in bins before it are counted
	*sequential.Sticky
}

// NewStickyKSSame starts a test. A bound that is no number above 0 is never shown.
func NewStickyKSSame(bins int, single []bool, buckets int, below float64) *StickyKSSame {
	if buckets <= 0 {
		buckets = sequential.Buckets
	}
	t := &StickyKSSame{below: clean(below), single: make([]bool, max(bins, 1)), buckets: max(buckets, 2)}
	copy(t.single, single)
	t.block = make([]sequential.Bucket, t.buckets)
	watch := func(stable, canary int, worse sequential.Worse) {
		opt := sequential.ScoreOptions{Null: sequential.Null{Worse: worse, Margin: t.below}}
		t.spans = append(t.spans, stickySpan{stable, canary, sequential.NewSticky(opt, t.buckets)})
	}
	for i := range t.single {
		from := i
		if t.single[i] {
			from = i + 1
		}
		if from == len(t.single) {
			continue // both arms have all their values below the last edge
		}
		watch(from, i+1, sequential.Higher)
		watch(i+1, from, sequential.Lower)
	}
	return t
}

// Observe takes a window as one block. One of another shape is left out.
func (t *StickyKSSame) Observe(b Block) {
	if !stickyShape(&b, len(t.single), t.buckets) {
		return
	}
	for _, s := range t.spans {
		for g := range t.block {
			t.block[g] = spanBucket(&b, g, s.stable, s.canary)
		}
		s.Sticky.Observe(t.block, b.Stage)
	}
}

// stickyShape tells whether a window has so many bins in each of so many buckets, and
// events in both arms.
func stickyShape(b *Block, bins, buckets int) bool {
	stable, okay := total(b.Stable)
	canary, ok := total(b.Canary)
	return b.Bins == bins && b.Sub == buckets && b.Stage >= 0 && b.Stage <= math.MaxInt32 && len(b.Stable) == b.Sub*b.Bins &&
		len(b.Canary) == len(b.Stable) && ok && okay && stable > 0 && canary > 0
}

// spanBucket is what bucket g of a window adds for the values below an edge of each arm.
func spanBucket(b *Block, g, stable, canary int) sequential.Bucket {
	out := bucket(b, g, 0, stable)
	out.Sum[1] = bucket(b, g, 0, canary).Sum[1]
	return out
}

// StartStage starts the evidence of a stage anew, and only that.
func (t *StickyKSSame) StartStage(stage int) {
	for _, s := range t.spans {
		s.StartStage(stage)
	}
}

// P is 1 over the process of the claim that is furthest from being refuted.
func (t *StickyKSSame) P() float64 { return t.weakest((*sequential.Sticky).LogE) }

// StageP is the same from the running stage alone.
func (t *StickyKSSame) StageP() float64 { return t.weakest((*sequential.Sticky).StageLogE) }

func (t *StickyKSSame) weakest(log func(*sequential.Sticky) float64) float64 {
	if t.below == 0 || len(t.spans) == 0 {
		return 1
	}
	least := math.Inf(1)
	for _, s := range t.spans {
		if !s.Ready() {
			return 1
		}
		least = math.Min(least, log(s.Sticky))
	}
	return math.Min(1, math.Exp(-least))
}

// Exact is false.
func (t *StickyKSSame) Exact() bool { return false }

// AppendState appends the state to b.
func (t *StickyKSSame) AppendState(b []byte) []byte {
	s := state{buf: b}
	t.walk(&s)
	return s.buf
}

// Restore replaces the state by one that AppendState wrote for a test of the same
// arguments; else it returns an error that wraps ErrState.
func (t *StickyKSSame) Restore(b []byte) error {
	next, s := NewStickyKSSame(len(t.single), t.single, t.buckets, t.below), state{buf: b, reading: true}
	next.walk(&s)
	if err := s.end(); err != nil {
		return err
	}
	*t = *next
	return nil
}

func (t *StickyKSSame) walk(s *state) {
	s.head('T', len(t.single), t.buckets, t.below)
	for _, sp := range t.spans {
		s.part(sp.Sticky)
	}
}
