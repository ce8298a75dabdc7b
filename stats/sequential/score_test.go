package sequential

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// sampled draws n values and returns their moments.
func sampled(n int64, value func() float64) Moments {
	var m Moments
	for range n {
		m = m.Merge(Moments{N: 1, Mean: value()})
	}
	return m
}

// meanWorld draws values of one shape; the canary's are multiplied by ratio.
type meanWorld struct {
	value  func(*rand.Rand) float64
	ratio  float64
	n      int64 // units a block, one in ten to the canary
	blocks int
}

// alarms counts the runs in which the test's claim was shown at some block, and the
// mean block at which it was.
func (w meanWorld) alarms(seed uint64, runs int, opt ScoreOptions, alpha float64) (found int, delay float64) {
	for i := range runs {
		r := rand.New(rand.NewPCG(seed, uint64(i)))
		t := NewScore(opt)
		for k := range w.blocks {
			a := sampled(w.n*9/10, func() float64 { return w.value(r) })
			b := sampled(w.n/10, func() float64 { return w.ratio * w.value(r) })
			t.Observe(a, b, 0)
			shown := t.LogEMax()
			if !opt.Harm {
				shown = t.LogE()
			}
			if shown >= -math.Log(alpha) {
				found++
				delay += float64(k + 1)
				break
			}
		}
	}
	return found, delay / math.Max(1, float64(found))
}

func normal(r *rand.Rand) float64    { return 10 + 3*r.NormFloat64() }
func lognormal(r *rand.Rand) float64 { return math.Min(30, math.Exp(1.5*r.NormFloat64())) } // capped at about its 99 % quantile

// TestScoreLeavesHarmlessAlone: asymptotic, so the bar is 1.2·α; blocks of 300 units,
// 30 of them the canary's, ρ learnt from the first five.
func TestScoreLeavesHarmlessAlone(t *testing.T) {
	if testing.Short() {
		t.Skip("a simulation of some seconds")
	}
	const alpha, runs = 0.05, 600
	for i, c := range []struct {
		name  string
		value func(*rand.Rand) float64
		ratio float64
		opt   ScoreOptions
	}{
		{"normal", normal, 1, ScoreOptions{Harm: true}},
		{"normal, lower is worse", normal, 1, ScoreOptions{Harm: true, Null: Null{Worse: Lower}}},
		{"lognormal, capped", lognormal, 1, ScoreOptions{Harm: true}},
		{"lognormal, capped, lower is worse", lognormal, 1, ScoreOptions{Harm: true, Null: Null{Worse: Lower}}},
		{"at a relative margin", normal, 1.05, ScoreOptions{Harm: true, Null: Null{Margin: 0.05, Relative: true}}},
		{"not safe at an absolute margin", normal, 1.05, ScoreOptions{Null: Null{Margin: 0.5}}},
		{"not safe at a relative margin", normal, 0.9, ScoreOptions{Null: Null{Margin: 0.1, Relative: true, Worse: Lower}}},
	} {
		found, _ := meanWorld{c.value, c.ratio, 300, 60}.alarms(uint64(400+i), runs, c.opt, alpha)
		t.Logf("%s: %d of %d runs", c.name, found, runs)
		if u := upper(found, runs); u > 1.2*alpha {
			t.Errorf("%s: %d of %d runs, upper bound %.4f, want %v", c.name, found, runs, u, 1.2*alpha)
		}
	}
}

func TestScoreFindsHarmAndSafety(t *testing.T) {
	w := meanWorld{normal, 1.06, 300, 150}
	rho := BestRho(0.5*30*30*9, 0.02) // Σ w·σ² over about 15 blocks: w = 27, σ = 3
	found, delay := w.alarms(410, 60, ScoreOptions{Harm: true, Rho: rho}, 0.01)
	blocks, ok := PlanMean(Null{}, 10, 10.6, 3, Traffic{270, 30}, math.Log(100))
	if found < 60 || !ok || math.Abs(blocks-delay) > 0.2*delay {
		t.Errorf("found in %d of 60 runs after %v blocks, planned %v", found, delay, blocks)
	}
	w.ratio = 1
	if found, delay := w.alarms(411, 60, ScoreOptions{Null: Null{Margin: 0.1, Relative: true}}, 0.05); found < 60 {
		t.Errorf("safety shown in %d of 60 runs, after %v blocks", found, delay)
	}
}

// TestScoreClaimsNothingBeforeItsDomain: five scored blocks and 200 units per arm.
func TestScoreClaimsNothingBeforeItsDomain(t *testing.T) {
	s := NewScore(ScoreOptions{Harm: true, Rho: 10})
	for i := range 12 {
		if s.LogE() > 0 || s.LogEMax() > 0 || s.Ready() {
			t.Fatalf("after %d blocks of 18 canary units: log E %v, ready %v", i, s.LogE(), s.Ready())
		}
		if !s.Observe(Moments{100, 1, 5}, Moments{18, 9, 5}, 0) {
			t.Fatalf("block %d was not scored", i)
		}
	}
	if !s.Ready() || s.LogEMax() < 100 {
		t.Errorf("after 216 canary units: log E %v, ready %v", s.LogE(), s.Ready())
	}
}

// TestScoreLearnsRhoFromUnscoredBlocks: without a plan, the first five blocks only
// tune the test, and a stage that starts meanwhile loses none of them.
func TestScoreLearnsRhoFromUnscoredBlocks(t *testing.T) {
	s := NewScore(ScoreOptions{})
	for i := range 8 {
		if i == 2 {
			s.StartStage(1)
		}
		scored := s.Observe(Moments{90, 1, 9}, Moments{10, 1, 1}, 1)
		if scored != (i >= 5) {
			t.Errorf("block %d: scored %v", i, scored)
		}
	}
	flat := NewScore(ScoreOptions{})
	for range 8 {
		if flat.Observe(Moments{90, 1, 0}, Moments{10, 1, 0}, 0) {
			t.Error("a block was scored before any variance was seen")
		}
	}
}

// TestStageEvidenceStandsAlone: earlier stages do not speak for the running one.
func TestStageEvidenceStandsAlone(t *testing.T) {
	s := NewScore(ScoreOptions{Null: Null{Margin: 1}, Rho: 1000})
	calm := func(blocks, stage int) {
		for range blocks {
			s.Observe(Moments{900, 10, 8100}, Moments{100, 10, 900}, stage)
		}
	}
	calm(10, 0)
	before := s.LogE()
	if before < 5 || s.StageLogE() != before {
		t.Fatalf("first stage: log E %v, of the stage %v", before, s.StageLogE())
	}
	s.StartStage(1)
	if s.LogE() != before || s.StageLogE() != 0 {
		t.Errorf("second stage begins with log E %v, of the stage %v", s.LogE(), s.StageLogE())
	}
	calm(3, 1)
	if s.StageLogE() > 0 {
		t.Errorf("after 3 blocks the stage claims %v", s.StageLogE())
	}
	calm(7, 1)
	calm(5, 0) // late blocks of the first stage
	if s.StageLogE() != before {
		t.Errorf("stage of 10 blocks: %v, want %v as the first", s.StageLogE(), before)
	}
}

// TestIntervalCoversAtEveryLook: bounds on a mean difference, ρ planned for 10⁴ units.
func TestIntervalCoversAtEveryLook(t *testing.T) {
	const runs = 400
	missed := 0
	for i := range runs {
		r := rand.New(rand.NewPCG(420, uint64(i)))
		s := NewScore(ScoreOptions{Rho: 250})
		for range 60 {
			a, b := draw(r, 180, 0.2), draw(r, 120, 0.25)
			s.Observe(a.Moments(), b.Moments(), 0)
			if _, low, high := s.Interval(0.05); s.Ready() && !(low <= 0.05 && 0.05 <= high) {
				missed++
				break
			}
		}
	}
	if u := upper(missed, runs); u > 0.06 {
		t.Errorf("missed in %d of %d runs, upper bound %.4f", missed, runs, u)
	}
}

// TestIntervalShowsTheDifference, not an overlap of the arms' own bounds.
func TestIntervalShowsTheDifference(t *testing.T) {
	s := NewScore(ScoreOptions{Rho: 250})
	for range 10 {
		s.Observe(Counts{1000, 200}.Moments(), Counts{1000, 250}.Moments(), 0)
	}
	est, low, high := s.Interval(0.05)
	if math.Abs(est-0.05) > 1e-12 || !(0 < low && low < est && est < high) || math.Abs(high-est-(est-low)) > 1e-12 {
		t.Errorf("estimate %v in [%v, %v]", est, low, high)
	}
	if e, l, h := NewScore(ScoreOptions{Rho: 1}).Interval(0.05); e != 0 || l != 0 || h != 0 {
		t.Errorf("without data: %v in [%v, %v]", e, l, h)
	}
}

func TestLogNormalCDFInBothTails(t *testing.T) {
	// mpmath at 50 digits: log(ncdf(x)).
	for x, want := range map[float64]float64{
		0: -0.6931471805599453, 1: -0.17275377902344988, 8: -6.220960574271785e-16,
		-5: -15.0649983939887257, -29: -424.787419909730163, -31: -484.853963627179289, -100: -5005.52420869420509,
	} {
		if got := LogNormalCDF(x); math.Abs(got-want) > 1e-10*math.Abs(want) {
			t.Errorf("log Φ(%v) = %v, want %v", x, got, want)
		}
	}
	for x := -29.9; x < 2; x += 0.37 { // above, the log of a rounded Φ is worse than ours
		if want := math.Log(distuv.UnitNormal.CDF(x)); math.Abs(LogNormalCDF(x)-want) > 1e-9*math.Abs(want) {
			t.Errorf("log Φ(%v) = %v, want %v", x, LogNormalCDF(x), want)
		}
	}
	below, above := LogNormalCDF(-30-1e-9), LogNormalCDF(-30+1e-9)
	if math.Abs(below-above) > 1e-6 {
		t.Errorf("the two formulas differ at −30: %v and %v", below, above)
	}
}
