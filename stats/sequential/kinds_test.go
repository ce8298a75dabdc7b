package sequential

import (
	"math"
	"testing"

	"verdin/stats"
)

// TestThresholdsComeFromThePast: a block in which everything is ten times slower is
// scored with the threshold that was known before it, in every test on histograms.
func TestThresholdsComeFromThePast(t *testing.T) {
	e := NewExceedance(QuantileOptions{Q: 0.9, Tolerance: Null{Margin: 0.1, Relative: true}})
	o := NewOrder(Null{}, Options{})
	harm := NewHarm(Null{}, Options{PriorRate: 1 - inside(0.9)})
	var at []*Harm
	for _, q := range orderQuantiles {
		at = append(at, NewHarm(Null{}, Options{PriorRate: 1 - q, GridPoints: orderPoints}))
	}
	for _, level := range []float64{1, 1, 10, 0.1, 1} {
		a, b := histOfLevel(level, 0), histOfLevel(level, 5)
		if edge, ok := e.Edge(); ok {
			harm.Observe(Beyond(a, edge, Higher), Beyond(b, ShiftEdge(edge, Null{Margin: 0.1, Relative: true}, true), Higher), 0)
			for i, q := range orderQuantiles {
				if o.past.Reaches(min(q, 1-q)) {
					c := o.past.Edge(q)
					at[i].Observe(Beyond(a, c, Higher), Beyond(b, c, Higher), 0)
				}
			}
		}
		e.Observe(a, b, 0, true)
		o.Observe(a, b, 0)
		if e.Harm.LogE() != harm.LogE() {
			t.Fatalf("level %v: log E %v, with the threshold from before %v", level, e.Harm.LogE(), harm.LogE())
		}
		for i := range at {
			if o.at[i].LogE() != at[i].LogE() {
				t.Fatalf("level %v, quantile %v: log E %v, with the threshold from before %v", level, orderQuantiles[i], o.at[i].LogE(), at[i].LogE())
			}
		}
	}
}

// histOfLevel holds 600 values spread evenly from 50 to 150, moved by some, times level.
func histOfLevel(level, move float64) *stats.Histogram {
	h := stats.NewHistogram(false)
	for i := range 600 {
		h.Add(level * (50 + float64(i)/6 + move))
	}
	return &h
}

// TestTailForgets: after 60 blocks at another level the threshold is the new level's.
func TestTailForgets(t *testing.T) {
	var past Tail
	for range 100 {
		past.Add(histOfLevel(1, 0))
	}
	for range 60 {
		past.Add(histOfLevel(3, 0))
	}
	if got, want := stats.GridEdge(past.Edge(0.5)), 300.0; math.Abs(got-want) > 0.06*want {
		t.Errorf("median %v, want %v", got, want)
	}
	if past.N() > 600*20 {
		t.Errorf("%v values remembered of 600 a block", past.N())
	}
}

// TestMarginsAreRoundedAgainstTheClaim: outward for harm, inward for safety, in either direction.
func TestMarginsAreRoundedAgainstTheClaim(t *testing.T) {
	edge := stats.GridSnap(100, true)
	c := stats.GridEdge(edge)
	for _, null := range []Null{{Margin: 0.05, Relative: true}, {Margin: 7}, {Margin: 0.05, Relative: true, Worse: Lower}, {Margin: 7, Worse: Lower}} {
		d := null.Margin
		if null.Relative {
			d *= c
		}
		harm, safe := stats.GridEdge(ShiftEdge(edge, null, true)), stats.GridEdge(ShiftEdge(edge, null, false))
		if null.Worse == Lower {
			harm, safe, d = -harm, -safe, d-2*c
		}
		if at := c + d; !(harm >= at && safe <= at && harm-safe < 0.03*c) {
			t.Errorf("%+v: threshold %v moved to %v for harm and %v for safety", null, c, harm, safe)
		}
	}
	if ShiftEdge(edge, Null{}, true) != edge || ShiftEdge(edge, Null{}, false) != edge {
		t.Error("no margin moves the threshold")
	}
}

// TestStickyNeedsBuckets: 19 buckets seen in both arms give a variance that means
// nothing yet, 20 give a claim.
func TestStickyNeedsBuckets(t *testing.T) {
	for _, n := range []int{19, 20} {
		s := NewSticky(ScoreOptions{Harm: true, Rho: 10}, 0)
		block := make([]Bucket, Buckets)
		for g := range block {
			block[g] = Bucket{Rows: [2]int64{30, 0}, Base: [2]float64{30, 0}, Sum: [2]float64{float64(g % 2), 0}}
			if g < n {
				block[g] = Bucket{Rows: [2]int64{30, 30}, Base: [2]float64{30, 30}, Sum: [2]float64{float64(g % 2), 6 + float64(g%3)}}
			}
		}
		for range 8 {
			s.Observe(block, 0)
		}
		if shown := s.LogEMax() >= math.Log(100); shown != (n >= bucketsLeast) || shown != s.Ready() {
			t.Errorf("%d buckets: log E %v, ready %v", n, s.LogEMax(), s.Ready())
		}
	}
}

// TestStickyLearnsRhoFromUnscoredBlocks as Score does.
func TestStickyLearnsRhoFromUnscoredBlocks(t *testing.T) {
	s := NewSticky(ScoreOptions{Harm: true}, 0)
	for i := range 7 {
		if scored := s.Observe(spreadOver(Buckets, Counts{9000, 900 + int64(i)}, Counts{3000, 290}), 0); scored != (i >= scoreBlocks) {
			t.Errorf("block %d: scored %v", i, scored)
		}
	}
	if !(s.rho > 0) || s.total.blocks != 2 {
		t.Errorf("ρ %v, blocks scored %d", s.rho, s.total.blocks)
	}
}

// TestSafetyWantsCleanBlocks: a block that is not clean speaks for harm and never for safety.
func TestSafetyWantsCleanBlocks(t *testing.T) {
	c := NewCapCheck(Null{}, Null{Margin: 0.05}, Options{PriorRate: 0.01})
	e := NewExceedance(QuantileOptions{Q: 0.9, Margin: Null{Margin: 0.2, Relative: true}})
	for range 10 {
		c.Observe(Counts{900, 9}, Counts{900, 9}, 0, false)
		e.Observe(histOfLevel(1, 0), histOfLevel(1, 0), 0, false)
	}
	if c.Safe.LogE() != 0 || e.Safe.LogE() != 0 || c.Harm.LogE() == 0 || e.Harm.LogE() == 0 {
		t.Errorf("log E of safety %v and %v, of harm %v and %v", c.Safe.LogE(), e.Safe.LogE(), c.Harm.LogE(), e.Harm.LogE())
	}
	for range 10 {
		e.Observe(histOfLevel(1, 0), histOfLevel(1, 0), 0, true)
		c.Observe(Counts{900, 9}, Counts{900, 9}, 0, true)
	}
	if c.Safe.LogE() < math.Log(20) || e.Safe.LogE() < math.Log(20) {
		t.Errorf("clean blocks: log E of safety %v and %v", c.Safe.LogE(), e.Safe.LogE())
	}
}

// TestSafetyOfOtherKindsIsFound: equal rates and equal pairs are shown safe, in the
// running stage too, and a stage that begins starts its own evidence anew.
func TestSafetyOfOtherKindsIsFound(t *testing.T) {
	for _, worse := range []Worse{Higher, Lower} {
		rate := NewRate(Null{Margin: 0.2, Relative: true, Worse: worse}, false, true, Options{})
		pairs := NewPaired(Null{Margin: 0.03}, false, Options{})
		for range 8 {
			rate.Observe(Events{900, 900}, Events{100, 100}, 0)
			pairs.Observe(Triple{4, 4, 92}, 0)
		}
		for what, p := range map[string]logged{"rate": rate, "pairs": pairs} {
			if p.LogE() < 1.3 || p.StageLogE() != p.LogE() {
				t.Errorf("%s, worse %v: log E %v, of the stage %v", what, worse, p.LogE(), p.StageLogE())
			}
		}
		rate.StartStage(1)
		pairs.StartStage(1)
		if rate.StageLogE() != 0 || pairs.StageLogE() != 0 || rate.LogE() < 1.3 || pairs.LogE() < 1.3 {
			t.Errorf("a new stage: log E %v and %v, of the stage %v and %v", rate.LogE(), pairs.LogE(), rate.StageLogE(), pairs.StageLogE())
		}
	}
}

// TestPairedMeanVarianceIsOverSigns: Σ(d − δ)² about the null, whatever the mean.
func TestPairedMeanVarianceIsOverSigns(t *testing.T) {
	d := []float64{1, -0.5, 2, 0.25}
	var m Moments
	s, v := 0.0, 0.0
	for _, x := range d {
		m = m.Merge(Moments{N: 1, Mean: x})
		s, v = s+(x-0.1), v+(x-0.1)*(x-0.1)
	}
	score := NewScore(ScoreOptions{Harm: true, Rho: 1, Null: Null{Margin: 0.1}})
	if !score.ObservePaired(m, 0) {
		t.Fatal("not scored")
	}
	near(t, "score", score.s[0], s, 1e-12)
	near(t, "variance", score.v[0], v, 1e-12)
	if NewScore(ScoreOptions{Rho: 1, Null: Null{Margin: 0.1, Relative: true}}).ObservePaired(m, 0) {
		t.Error("a relative margin on differences was scored")
	}
}

// TestPerfectSeparationIsNoCertainty: both arms order everything rightly, and a margin
// against them gets no more than a little evidence per block.
func TestPerfectSeparationIsNoCertainty(t *testing.T) {
	lo, hi := histOf(0, Counts{12, 0}), histOf(1, Counts{12, 12})
	s := NewScore(ScoreOptions{Rho: 1e-6, Null: Null{Margin: 0.001, Worse: Lower}})
	for range 40 {
		s.ObserveAUC(Scores{hi, lo}, Scores{hi, lo}, 0)
	}
	if _, low, high := s.Interval(0.05); s.LogE() >= math.Log(20) || !(low < -0.001 && high > 0.001) {
		t.Errorf("log E %v, interval [%v, %v]", s.LogE(), low, high)
	}
}

// TestCalmIsStillBeforeTheFirstBlock: a detector reports 0 until it has seen a block, and
// a threshold without a budget is never.
func TestCalmIsStillBeforeTheFirstBlock(t *testing.T) {
	h := NewHoldBack(Null{}, Options{PriorRate: 0.1})
	if h.LogE() != 0 || h.LogEMax() != 0 {
		t.Errorf("log E %v, maximum %v", h.LogE(), h.LogEMax())
	}
	for _, x := range [][2]float64{{0, 0.05}, {100, 0}, {math.NaN(), 0.05}, {100, math.NaN()}, {math.Inf(1), 0.05}} {
		if got := DetectorThreshold(x[0], x[1]); got != math.MaxFloat64 {
			t.Errorf("%v blocks at %v: threshold %v, want never", x[0], x[1], got)
		}
	}
}
