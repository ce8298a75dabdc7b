package drift

import (
	"math"

	"verdin/stats/sequential"
)

// StickyPSISame is PSISame where units come back. Rows of one unit depend on each other,
// so the index of equal arms is larger than rows alone make it. How much larger tells the
// design effect of a bin: the variance of its score from buckets of units, over what it
// would be if rows were independent. The arms count as that many times smaller as the
// largest design effect of a bin says (Rao and Scott 1981, who take the mean: the largest
// is more cautious). Asymptotic, with the domain of Sticky and that of PSISame.
type StickyPSISame struct {
	below   float64
	bins    int
	buckets int
	shown   display
	scores  [][]float64 // per bin and bucket: Σ (1{canary} − q)·(rows in the bin − share·rows)
	plain   []float64   // per bin: the variance of their sum if rows were independent
	seen    [2][]float64
	blocks  int64      // of the running stage
	rows    [2]int64   // of the running stage
	n       [2][]int64 // scratch: rows by bucket
	parts   Counts     // scratch
	p       float64
}

const (
	stickyBlocks  = 5   // of the stage before anything is shown
	stickyRows    = 200 // per arm
	stickyBuckets = 20  // seen in both arms
)

// NewStickyPSISame starts a test. A bound that is no number above 0 is never shown.
func NewStickyPSISame(bins, buckets int, below float64) *StickyPSISame {
	if buckets <= 0 {
		buckets = sequential.Buckets
	}
	t := &StickyPSISame{below: clean(below), bins: max(bins, 1), buckets: max(buckets, 2), p: 1}
	t.shown, t.plain = newDisplay(t.bins), make([]float64, t.bins)
	for range t.bins {
		t.scores = append(t.scores, make([]float64, t.buckets))
	}
	for arm := range t.seen {
		t.seen[arm], t.n[arm] = make([]float64, t.buckets), make([]int64, t.buckets)
	}
	t.parts = Counts{make([]int64, t.bins), make([]int64, t.bins)}
	return t
}

// Observe takes a window as one block. One of another shape is left out.
func (t *StickyPSISame) Observe(b Block) {
	if !stickyShape(&b, t.bins, t.buckets) {
		return
	}
	t.gather(&b)
	t.shown.add(t.parts, b.Stage)
	t.score(&b)
	t.look()
}

// gather sums a window by bin and by bucket.
func (t *StickyPSISame) gather(b *Block) {
	for arm, counts := range [2][]uint64{b.Stable, b.Canary} {
		into := [2][]int64{t.parts.Stable, t.parts.Canary}[arm]
		clear(into)
		clear(t.n[arm])
		for i, k := range counts {
			into[i%t.bins] += int64(k)
			t.n[arm][i/t.bins] += int64(k)
		}
		for g, n := range t.n[arm] {
			if n > 0 {
				t.seen[arm][g] = 1
			}
			t.rows[arm] += n
		}
	}
	t.blocks++
}

// score adds a window to the scores of the bins.
func (t *StickyPSISame) score(b *Block) {
	n := t.parts.Totals()
	all := float64(n[0] + n[1])
	q := float64(n[1]) / all
	for i := range t.bins {
		share := float64(t.parts.Stable[i]+t.parts.Canary[i]) / all
		for g := range t.buckets {
			stable := float64(b.Stable[g*t.bins+i]) - float64(share*float64(t.n[0][g]))
			canary := float64(b.Canary[g*t.bins+i]) - float64(share*float64(t.n[1][g]))
			t.scores[i][g] += float64((1-q)*canary) - float64(q*stable)
		}
		t.plain[i] += float64(q * (1 - q) * all * share * (1 - share))
	}
}

// design is the largest design effect of a bin, at least 1.
func (t *StickyPSISame) design() float64 {
	most := 1.0
	for i, c := range t.scores {
		if t.plain[i] <= 0 {
			continue
		}
		s, v := 0.0, 0.0
		for _, x := range c {
			s += x
		}
		for _, x := range c {
			d := x - s/float64(t.buckets)
			v += float64(d * d)
		}
		most = math.Max(most, v*float64(t.buckets)/float64(t.buckets-1)/t.plain[i])
	}
	return most
}

// ready tells whether the stage has what the asymptotics want.
func (t *StickyPSISame) ready() bool {
	both := 0.0
	for g, x := range t.seen[0] {
		both += min(x, t.seen[1][g])
	}
	return t.blocks >= stickyBlocks && min(t.rows[0], t.rows[1]) >= stickyRows && both >= min(stickyBuckets, float64(t.buckets))
}

func (t *StickyPSISame) look() {
	t.p = 1
	if !t.ready() {
		return
	}
	stable, canary, n, m := t.shown.arms()
	design := t.design()
	t.p = sameP(stable, canary, n, m, design, t.below, t.shown.blocks)
}

// StartStage forgets what earlier stages showed. The count of looks goes on.
func (t *StickyPSISame) StartStage(stage int) {
	t.shown.begin(stage)
	for i := range t.scores {
		clear(t.scores[i])
	}
	clear(t.plain)
	t.blocks, t.rows, t.p = 0, [2]int64{}, 1
	for arm := range t.seen {
		clear(t.seen[arm])
	}
}

// P is the p-value of the present look times π²k²/6, at the k-th look.
func (t *StickyPSISame) P() float64 { return t.p }

// StageP is P: the index is that of the running stage.
func (t *StickyPSISame) StageP() float64 { return t.p }

// Exact is false.
func (t *StickyPSISame) Exact() bool { return false }

// AppendState appends the state to b.
func (t *StickyPSISame) AppendState(b []byte) []byte {
	s := state{buf: b}
	t.walk(&s)
	return s.buf
}

// Restore replaces the state by one that AppendState wrote for a test of the same
// arguments; else it returns an error that wraps ErrState.
func (t *StickyPSISame) Restore(b []byte) error {
	next, s := NewStickyPSISame(t.bins, t.buckets, t.below), state{buf: b, reading: true}
	next.walk(&s)
	if err := s.end(); err != nil {
		return err
	}
	*t = *next
	return nil
}

func (t *StickyPSISame) walk(s *state) {
	s.head('U', t.bins, t.buckets, t.below)
	t.shown.walk(s)
	for _, c := range t.scores {
		s.floats(c, -largest, largest)
	}
	s.floats(t.plain, 0, largest)
	for arm := range t.seen {
		s.floats(t.seen[arm], 0, 1)
	}
	s.int(&t.blocks, 0, mostPast)
	s.ints(t.rows[:], 0, mostPast)
	if s.reading && s.err == nil {
		t.look()
	}
}
