package sequential

import (
	"math"
	"math/rand/v2"
	"testing"

	"verdin/stats"
)

// share plays runs and returns in how many see said yes.
func share(seed uint64, runs int, see func(*rand.Rand) bool) (k int) {
	for i := range runs {
		if see(rand.New(rand.NewPCG(seed, uint64(i)))) {
			k++
		}
	}
	return k
}

// rare demands, at 99 % confidence, that see says yes in a share of at most alpha of the runs.
func rare(t *testing.T, seed uint64, runs int, alpha float64, see func(*rand.Rand) bool) {
	t.Helper()
	if testing.Short() {
		t.Skip("a simulation of some seconds")
	}
	k := share(seed, runs, see)
	if u := upper(k, runs); u > alpha {
		t.Errorf("%d of %d runs, upper bound %.4f, want at most %v", k, runs, u, alpha)
	} else {
		t.Logf("%d of %d runs, upper bound %.4f", k, runs, u)
	}
}

// users come back through a ramp that moves them to the canary one after the other;
// each has a rate of its own, times odds in the canary.
type users struct {
	n, blocks int
	odds      float64
	shares    []float64
}

// play gives each block as buckets and as plain counts.
func (w users) play(r *rand.Rand, see func(block []Bucket, a, b Counts, stage int) (stop bool)) bool {
	rate := make([]float64, w.n)
	for i := range rate {
		rate[i] = tilted(0.1, math.Exp(2*r.NormFloat64()))
	}
	block := make([]Bucket, Buckets)
	for j := range w.blocks {
		stage := j * len(w.shares) / w.blocks
		clear(block)
		var c [2]Counts
		for i, p := range rate {
			if r.Float64() > 0.6 {
				continue
			}
			arm := 0
			if float64(i) < w.shares[stage]*float64(w.n) {
				arm, p = 1, tilted(p, w.odds)
			}
			b := &block[(i*7919)%Buckets]
			b.Rows[arm]++
			b.Base[arm]++
			c[arm].N++
			if r.Float64() < p {
				b.Sum[arm]++
				c[arm].Y++
			}
		}
		if see(block, c[0], c[1], stage) {
			return true
		}
	}
	return false
}

const fivePercent = 0.05

// stickyHarm tells whether bucket scores show harm at 5 %.
func stickyHarm(w users) func(*rand.Rand) bool {
	return func(r *rand.Rand) bool {
		s := NewSticky(ScoreOptions{Harm: true, Rho: 40, Stages: len(w.shares)}, 0)
		return w.play(r, func(block []Bucket, _, _ Counts, stage int) bool {
			s.Observe(block, stage)
			return s.LogEMax() >= -math.Log(fivePercent)
		})
	}
}

var comingBack = users{n: 1200, blocks: 40, odds: 1, shares: []float64{0.1, 0.3, 0.5}}

// TestStickyFindsHarm: odds doubled among units that come back.
func TestStickyFindsHarm(t *testing.T) {
	w := comingBack
	w.odds = 2
	if k := share(601, 20, stickyHarm(w)); k < 19 {
		t.Errorf("found in %d of 20 runs", k)
	}
}

// TestScoresOfOtherKindsLeaveHarmlessAlone: ratios, pairs and areas are asymptotic: 1.2·α.
func TestScoresOfOtherKindsLeaveHarmlessAlone(t *testing.T) {
	sessions := func(r *rand.Rand, n int) (p Pairs) { // clicks per view, views vary
		for range n {
			views := 1 + float64(r.IntN(9))
			clicks := 0.0
			for range int(views) {
				if r.Float64() < 0.2 {
					clicks++
				}
			}
			p = p.Merge(Pairs{N: 1, MeanY: clicks, MeanM: views})
		}
		return p
	}
	scored := func(r *rand.Rand, n int, shift float64) *stats.Histogram {
		h := stats.NewHistogram(false)
		for range n {
			h.Add(1 / (1 + math.Exp(-r.NormFloat64()-shift)))
		}
		return &h
	}
	for i, c := range []struct {
		name string
		see  func(s *Score, r *rand.Rand)
		null Null
	}{
		{"ratio", func(s *Score, r *rand.Rand) { s.ObserveRatio(sessions(r, 90), sessions(r, 12), 0) }, Null{}},
		{"pairs", func(s *Score, r *rand.Rand) {
			s.ObservePaired(sampled(20, func() float64 { return math.Max(-3, math.Min(3, r.NormFloat64())) + 0.5 }), 0)
		}, Null{Margin: 0.5}},
		{"area", func(s *Score, r *rand.Rand) {
			s.ObserveAUC(Scores{scored(r, 40, 1), scored(r, 40, 0)}, Scores{scored(r, 15, 1), scored(r, 15, 0)}, 0)
		}, Null{Worse: Lower}},
	} {
		t.Run(c.name, func(t *testing.T) {
			rare(t, uint64(620+i), 400, 1.2*fivePercent, func(r *rand.Rand) bool {
				s := NewScore(ScoreOptions{Harm: true, Null: c.null})
				for range 40 {
					c.see(s, r)
					if s.LogEMax() >= -math.Log(fivePercent) {
						return true
					}
				}
				return false
			})
		})
	}
}

// TestIntervalsHoldAtEveryLook: the truth leaves the interval at some look in at most 5 % of runs.
func TestIntervalsHoldAtEveryLook(t *testing.T) {
	for i, scale := range []Scale{Difference, Ratio} {
		rare(t, uint64(630+i), 300, fivePercent, func(r *rand.Rand) bool {
			s := NewShareInterval(scale, Options{})
			pa, pb := 0.05, 0.065
			truth := [2]float64{pb - pa, pb / pa}[scale]
			for range 60 {
				s.Observe(draw(r, 900, pa), draw(r, 100, pb))
				if v := s.Interval(fivePercent); v.Level > 0 && (truth < v.Low || truth > v.High) {
					return true
				}
			}
			return false
		})
	}
	rare(t, 632, 200, fivePercent, func(r *rand.Rand) bool {
		s := NewQuantileShift(0.9)
		for range 40 {
			a, b := latencies(r, 270, 1), latencies(r, 30, 1.1)
			s.Observe(a, b)
			if v := s.Interval(fivePercent); v.Level > 0 && (1.1 < v.Low || 1.1 > v.High) {
				return true
			}
		}
		return false
	})
}

func latencies(r *rand.Rand, n int, factor float64) *stats.Histogram {
	h := stats.NewHistogram(false)
	for range n {
		h.Add(factor * 100 * math.Exp(0.5*r.NormFloat64()))
	}
	return &h
}

// TestIntervalsShrink to about the width that a fixed sample would have, times two.
func TestIntervalsShrink(t *testing.T) {
	r := rand.New(rand.NewPCG(640, 0))
	d, f, q := NewShareInterval(Difference, Options{}), NewShareInterval(Ratio, Options{}), NewQuantileShift(0.9)
	for range 200 {
		a, b := draw(r, 900, 0.05), draw(r, 100, 0.05)
		d.Observe(a, b)
		f.Observe(a, b)
		q.Observe(latencies(r, 300, 1), latencies(r, 100, 1.1))
	}
	fixed := 2 * 1.96 * math.Sqrt(0.05*0.95*(1.0/180000+1.0/20000))
	for name, c := range map[string]struct {
		got  stats.Interval
		most float64
	}{
		"difference": {d.Interval(0.05), 2.6 * fixed}, "ratio": {f.Interval(0.05), 2.6 * fixed / 0.05},
		"quantile shift": {q.Interval(0.05), 0.16},
	} {
		if w := c.got.High - c.got.Low; c.got.Level != 0.95 || !(w > 0 && w < c.most) {
			t.Errorf("%s: %+v, width %v, want below %v", name, c.got, w, c.most)
		}
	}
}

// TestAnEffectThatTurnsFitsNoValue: then an interval says so instead of lying.
func TestAnEffectThatTurnsFitsNoValue(t *testing.T) {
	s := NewShareInterval(Difference, Options{PriorRate: 0.1})
	for i := range 60 {
		y := int64(300)
		if i >= 30 {
			y = 30
		}
		s.Observe(Counts{1000, 100}, Counts{1000, y})
	}
	if v := s.Interval(0.05); v.Note != notConstant || v.Level != 0 {
		t.Errorf("%+v", v)
	}
}

// TestHoldBackKeepsItsPromise: P(alarm within T blocks) ≤ T/c, and late harm is found.
func TestHoldBackKeepsItsPromise(t *testing.T) {
	const blocks = 200
	limit := DetectorThreshold(blocks, fivePercent)
	watched := func(from int, until int) func(*rand.Rand) bool {
		return func(r *rand.Rand) bool {
			h := NewHoldBack(Null{}, Options{PriorRate: 0.02, GridPoints: 12})
			for i := range until {
				p := 0.02 * (1 + 0.3*math.Sin(float64(i)/30))
				pb := p
				if i >= from {
					pb = tilted(p, 2)
				}
				h.Observe(draw(r, 150, p), draw(r, 2850, pb))
				if h.LogEMax() >= limit {
					return true
				}
			}
			return false
		}
	}
	rare(t, 650, 300, fivePercent, watched(blocks, blocks))
	if k := share(651, 20, watched(100, blocks)); k < 19 {
		t.Errorf("a doubled rate from block 100 was found in %d of 20 runs", k)
	}
}

// TestExceedanceFollowsADailySwing: latency ±30 % through the ramp, a canary 5 % slower
// where 5 % are allowed is left alone, one 20 % slower is found.
func TestExceedanceFollowsADailySwing(t *testing.T) {
	slower := func(factor float64) func(*rand.Rand) bool {
		return func(r *rand.Rand) bool {
			s := NewExceedance(QuantileOptions{Q: 0.9, Tolerance: Null{Margin: 0.05, Relative: true}, Options: Options{Stages: 4, GridPoints: 8}})
			phase := 6 * r.Float64()
			for i := range 80 {
				day := 1 + 0.3*math.Sin(phase+float64(i)/60)
				n := int(400 * ramp[i/20])
				s.Observe(latencies(r, 400-n, day), latencies(r, n, day*factor), i/20, true)
				if s.Harm.LogEMax() >= -math.Log(fivePercent) {
					return true
				}
			}
			return false
		}
	}
	rare(t, 660, 150, fivePercent, slower(1.05))
	if k := share(661, 10, slower(1.2)); k < 10 {
		t.Errorf("20 %% slower: found in %d of 10 runs", k)
	}
}

// TestOrderFindsAShapeThatOneQuantileMisses: one slow value in ten becomes three times as slow.
func TestOrderFindsAShapeThatOneQuantileMisses(t *testing.T) {
	median, order := NewExceedance(QuantileOptions{Q: 0.5}), NewOrder(Null{}, Options{})
	r := rand.New(rand.NewPCG(670, 0))
	for range 80 {
		a, b := latencies(r, 450, 1), stats.NewHistogram(false)
		for range 150 {
			x := 100 * math.Exp(0.5*r.NormFloat64())
			if x > 130 && r.Float64() < 0.1 {
				x *= 3
			}
			b.Add(x)
		}
		median.Observe(a, &b, 0, true)
		order.Observe(a, &b, 0)
	}
	if order.LogEMax() < math.Log(100) || median.Harm.LogEMax() >= math.Log(100) {
		t.Errorf("log E of order %v, of the median %v", order.LogEMax(), median.Harm.LogEMax())
	}
}
