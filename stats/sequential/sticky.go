package sequential

import "math"

// Buckets is the default number of buckets that units are hashed into, with a salt
// unrelated to the router's.
const Buckets = 128

// bucketsLeast is the number of buckets that must have been seen in both arms before
// anything is claimed: the variance comes from them.
const bucketsLeast = 20

// Bucket is what the units of one bucket add to a block, per arm (stable, canary).
type Bucket struct {
	Rows [2]int64
	Sum  [2]float64 // of the values: ones of a share, exceedances of a quantile, values of a mean, numerators of a ratio
	Base [2]float64 // what Sum is divided by: the rows, or for a ratio the sum of its denominators
}

// Sticky tests shares, means and ratios where the same unit comes back to the same
// arm, so that rows of different blocks are not independent. The score is that of
// Score, its variance comes from B buckets of units:
//
//	C(g) = Σ_blocks Σ_arms (1{canary} − q)·(sum − x̄·base),  q = base of canary ÷ base,  x̄ = pooled sum ÷ base
//	S = Σ C(g),  V = B/(B−1)·Σ (C(g) − C̄)²
//
// A small arm that by chance holds few ones has a small score and, by the same chance, a
// small variance: such a score looks surer than it is. So V is no less than what it would
// be if the smaller arm had the larger one's variance per row: that of √q·(sum − x̄·base)
// of stable, or of √(1−q)·(…) of the canary where that is larger. The interval is not
// widened.
//
// Asymptotic: it claims nothing before 5 scored blocks, 200 rows per arm and 20
// buckets that were seen in both arms.
type Sticky struct {
	gauss
	ratio, delta float64
	copies       [][]float64 // C(g) of each copy of the process
	larger       [][]float64 // the same as the larger arm has it
	diff         []float64   // C(g) against no difference
	weight       float64     // Σ na·nb/n of the bases
	seen         [2][]float64
	s, v         []float64
	print        uint64
}

// NewSticky starts a test with the given number of buckets, at least 2; 0 is the default.
func NewSticky(opt ScoreOptions, buckets int) *Sticky {
	if buckets <= 0 {
		buckets = Buckets
	}
	buckets = max(2, buckets)
	t := &Sticky{gauss: newGauss(opt), ratio: opt.Null.ratio(), delta: opt.delta(), diff: make([]float64, buckets)}
	t.s, t.v = make([]float64, len(t.logs)), make([]float64, len(t.logs))
	for range t.logs {
		t.copies, t.larger = append(t.copies, make([]float64, buckets)), append(t.larger, make([]float64, buckets))
	}
	t.seen = [2][]float64{make([]float64, buckets), make([]float64, buckets)}
	t.print = fingerprint("sticky, larger arm", t.ratio, t.delta, t.sign, flag(t.harm), t.rho, float64(len(t.logs)), float64(buckets))
	return t
}

// StartStage starts the evidence of a stage anew, and only that.
func (t *Sticky) StartStage(stage int) {
	t.start(stage)
	if !t.harm {
		clear(t.copies[1])
		clear(t.larger[1])
		t.update()
	}
}

// Observe scores a closed block, bucket by bucket, served in a stage. It tells whether
// it was scored: not with another number of buckets, without a base in both arms,
// or while ρ is being learnt from the first 5 blocks.
func (t *Sticky) Observe(block []Bucket, stage int) (scored bool) {
	if len(block) != len(t.diff) || !(t.ratio > 0) {
		return false
	}
	var all Bucket
	for i := range block {
		if !block[i].lawful() {
			return false
		}
		for arm := range 2 {
			all.Rows[arm] += block[i].Rows[arm]
			all.Sum[arm] += block[i].Sum[arm]
			all.Base[arm] += block[i].Base[arm]
		}
	}
	if !(all.Base[0] > 0 && all.Base[1] > 0) {
		return false
	}
	if t.rho == 0 {
		t.learn(block, &all)
		return false
	}
	lo, hi := t.count(all.Rows[0], all.Rows[1], stage)
	for i := lo; i < hi; i++ {
		addBuckets(t.copies[i], t.larger[i], block, &all, t.ratio, t.delta)
	}
	addBuckets(t.diff, nil, block, &all, 1, 0)
	t.weight += float64(all.Base[0] * (all.Base[1] / (all.Base[0] + all.Base[1])))
	for arm := range t.seen {
		for g := range block {
			if block[g].Rows[arm] > 0 {
				t.seen[arm][g] = 1
			}
		}
	}
	t.update()
	return true
}

func (b *Bucket) lawful() bool {
	for arm := range 2 {
		if s, n := b.Sum[arm], b.Base[arm]; b.Rows[arm] < 0 || !(n >= 0) || s-s != 0 || n-n != 0 {
			return false
		}
	}
	return true
}

// addBuckets adds a block's scores to c, with the canary's sums moved back by the
// margin: (sum − delta·base)/ratio; and to larger, if it is given, those of the larger arm.
func addBuckets(c, larger []float64, block []Bucket, all *Bucket, ratio, delta float64) {
	back := func(b *Bucket) float64 { return (b.Sum[1] - float64(delta*b.Base[1])) / ratio }
	base := all.Base[0] + all.Base[1]
	mean, q := (all.Sum[0]+back(all))/base, all.Base[1]/base
	for g := range block {
		b := &block[g]
		canary := back(b) - float64(mean*b.Base[1])
		stable := b.Sum[0] - float64(mean*b.Base[0])
		c[g] += float64((1-q)*canary) - float64(q*stable)
		switch {
		case larger == nil:
		case q < 0.5:
			larger[g] += float64(math.Sqrt(q) * stable)
		default:
			larger[g] += float64(math.Sqrt(1-q) * canary)
		}
	}
}

// spread returns the score and its bucket variance.
func spread(c []float64) (s, v float64) {
	for _, x := range c {
		s += x
	}
	n := float64(len(c))
	for _, x := range c {
		d := x - s/n
		v += float64(d * d)
	}
	return s, v * (n / (n - 1))
}

func (t *Sticky) learn(block []Bucket, all *Bucket) {
	addBuckets(t.copies[0], t.larger[0], block, all, t.ratio, t.delta)
	t.total.blocks++
	if _, v := spread(t.copies[0]); t.total.blocks >= scoreBlocks && v > 0 {
		t.tune(v)
		clear(t.copies[0])
		clear(t.larger[0])
	}
}

func (t *Sticky) update() {
	for i, c := range t.copies {
		s, v := spread(c)
		_, least := spread(t.larger[i])
		t.s[i], t.v[i] = float64(t.sign*s), math.Max(v, least)
	}
	t.few = !t.enough()
	t.eval(t.s, t.v)
}

// enough tells whether enough buckets were seen in both arms.
func (t *Sticky) enough() bool {
	n := 0.0
	for g, x := range t.seen[0] {
		n += min(x, t.seen[1][g])
	}
	return n >= min(bucketsLeast, float64(len(t.diff)))
}

// Interval is as that of Score.
func (t *Sticky) Interval(alpha float64) (estimate, low, high float64) {
	s, v := spread(t.diff)
	return t.interval(s, v, t.weight, alpha)
}

// AppendState appends the state of the test.
func (t *Sticky) AppendState(b []byte) []byte { return appendState(b, t) }

// Restore sets the state that AppendState wrote, in a test made with the same
// arguments; else it returns ErrState and changes nothing.
func (t *Sticky) Restore(b []byte) error { return restore(b, t) }

func (t *Sticky) state(c *codec) {
	c.print(t.print)
	c.float(&t.rho)
	for i := range t.copies {
		c.floats(t.copies[i])
		c.floats(t.larger[i])
	}
	c.floats(t.diff)
	c.float(&t.weight)
	for _, x := range t.seen {
		c.floats(x)
	}
	t.gauss.state(c)
	if c.mode == reading {
		t.update()
	}
}
