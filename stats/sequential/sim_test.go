package sequential

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// world draws the blocks of one simulated rollout: a ramp of the canary's share, a
// daily pattern of the stable rate, and a canary that may be worse.
type world struct {
	perBlock float64 // units in both arms
	rate     float64 // stable share of bad units
	swing    float64 // daily pattern: rate·(1 ± swing)
	shares   []float64
	blocks   int
	harm     func(stage int, p float64) float64 // the canary's rate
}

var ramp = []float64{0.1, 0.25, 0.5, 0.75}

func same(_ int, p float64) float64 { return p }

func draw(r *rand.Rand, n int64, p float64) Counts {
	if n == 0 {
		return Counts{}
	}
	return Counts{n, int64(distuv.Binomial{N: float64(n), P: p, Src: r}.Rand())}
}

// run plays the world, block by block, until see returns true; it returns the number
// of blocks played, or 0 if see never did.
func (w world) run(r *rand.Rand, see func(a, b Counts, stage int) bool) int {
	phase := r.Float64()
	for i := range w.blocks {
		stage := i * len(w.shares) / w.blocks
		p := w.rate * (1 + w.swing*math.Sin(2*math.Pi*(phase+float64(i)/1440)))
		nb := draw(r, int64(w.perBlock), w.shares[stage]).Y
		a, b := draw(r, int64(w.perBlock)-nb, p), draw(r, nb, w.harm(stage, p))
		if see(a, b, stage) {
			return i + 1
		}
	}
	return 0
}

// upper is the Clopper–Pearson upper bound, at 99 %, of a rate seen k times in n.
func upper(k, n int) float64 {
	return distuv.Beta{Alpha: float64(k + 1), Beta: float64(n - k)}.Quantile(0.99)
}

// atMost plays the world with as many seeds as runs and demands that see comes true
// in a share of at most alpha of them, at 99 % confidence.
func (w world) atMost(t *testing.T, seed uint64, runs int, alpha float64, start func() func(a, b Counts, stage int) bool) {
	t.Helper()
	if testing.Short() {
		t.Skip("a simulation of some seconds")
	}
	k := 0
	for i := range runs {
		if w.run(rand.New(rand.NewPCG(seed, uint64(i))), start()) > 0 {
			k++
		}
	}
	if u := upper(k, runs); u > alpha {
		t.Errorf("%d of %d runs, upper bound %.4f, want at most %v", k, runs, u, alpha)
	} else {
		t.Logf("%d of %d runs, upper bound %.4f", k, runs, u)
	}
}

// harmShown starts a harm test that is looked at after every block.
func harmShown(null Null, opt Options, alpha float64) func() func(a, b Counts, stage int) bool {
	return func() func(a, b Counts, stage int) bool {
		h := NewHarm(null, opt)
		return func(a, b Counts, stage int) bool {
			h.Observe(a, b, stage)
			return h.LogEMax() >= -math.Log(alpha)
		}
	}
}

func safeShown(null Null, opt Options, alpha float64) func() func(a, b Counts, stage int) bool {
	return func() func(a, b Counts, stage int) bool {
		s := NewSafe(null, opt)
		return func(a, b Counts, stage int) bool {
			s.Observe(a, b, stage)
			return s.LogE() >= -math.Log(alpha)
		}
	}
}

// TestHarmlessIsLeftAlone looks at every block of harmless rollouts, up to harm that
// lies exactly at the margin. In 4,000 runs each, alarms came in 0.4 to 2.3 %.
func TestHarmlessIsLeftAlone(t *testing.T) {
	const alpha = 0.05
	for i, c := range []struct {
		name string
		null Null
		opt  Options
		w    world
	}{
		{"flat", Null{}, Options{Stages: 4}, world{1000, 0.01, 0, ramp, 120, same}},
		{"daily swing through the ramp", Null{}, Options{Stages: 4}, world{3000, 0.1, 0.5, ramp, 120, same}},
		{"rare errors, one canary in a hundred", Null{}, Options{}, world{300, 0.002, 0, []float64{0.01}, 120, same}},
		{"a handful of events", Null{}, Options{}, world{12, 0.2, 0.3, []float64{0.3}, 200, same}},
		{"wrong history", Null{}, Options{PriorRate: 0.2}, world{1000, 0.01, 0, ramp, 80, same}},
		{"at an absolute margin", Null{Margin: 0.005}, Options{Stages: 4}, world{1000, 0.01, 0.3, ramp, 120,
			func(_ int, p float64) float64 { return p + 0.005 }}},
		{"at a relative margin", Null{Margin: 0.2, Relative: true}, Options{}, world{1000, 0.05, 0.3, ramp, 80,
			func(_ int, p float64) float64 { return 1.2 * p }}},
		{"accuracy at a relative margin", Null{Margin: 0.05, Relative: true, Worse: Lower}, Options{}, world{1000, 0.9, 0.05, ramp, 80,
			func(_ int, p float64) float64 { return 0.95 * p }}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.w.atMost(t, uint64(100+i), 1000, alpha, harmShown(c.null, c.opt, alpha))
		})
	}
}

// TestHarmfulIsNotCalledSafe plays canaries that are exactly at the margin. In 4,000
// runs each, 3.1 to 3.3 % were called safe.
func TestHarmfulIsNotCalledSafe(t *testing.T) {
	const alpha = 0.05
	for i, c := range []struct {
		name string
		null Null
		w    world
	}{
		{"absolute", Null{Margin: 0.005}, world{1000, 0.01, 0.3, ramp, 120, func(_ int, p float64) float64 { return p + 0.005 }}},
		{"relative", Null{Margin: 0.5, Relative: true}, world{1000, 0.02, 0.3, ramp, 120, func(_ int, p float64) float64 { return 1.5 * p }}},
		{"accuracy", Null{Margin: 0.03, Worse: Lower}, world{400, 0.9, 0.05, ramp, 120, func(_ int, p float64) float64 { return p - 0.03 }}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.w.atMost(t, uint64(200+i), 2000, alpha, safeShown(c.null, Options{}, alpha))
		})
	}
}

// delays returns the blocks until see comes true, the full length where it never does.
func (w world) delays(seed uint64, runs int, start func() func(a, b Counts, stage int) bool) (all []int, found int) {
	for i := range runs {
		n := w.run(rand.New(rand.NewPCG(seed, uint64(i))), start())
		if n > 0 {
			found++
		} else {
			n = w.blocks
		}
		all = append(all, n)
	}
	slices.Sort(all)
	return all, found
}

func mean(xs []int) float64 {
	sum := 0
	for _, x := range xs {
		sum += x
	}
	return float64(sum) / float64(len(xs))
}

// odds2 doubles the odds.
func odds2(_ int, p float64) float64 { return tilted(p, 2) }

// TestTrueHarmIsFound: the mean delay of a doubled error rate at 1,000 units a block,
// 10 % canary, α = 1 %, is 19.7 blocks in background simulations of the method (bound
// by Wald 13.4); here with a historical rate and one stage, as there.
func TestTrueHarmIsFound(t *testing.T) {
	w := world{1000, 0.01, 0, []float64{0.1, 0.25, 0.5}, 150, odds2}
	d, found := w.delays(301, 200, harmShown(Null{}, Options{PriorRate: 0.01}, 0.01))
	if m := mean(d); found < 199 || m > 22 {
		t.Errorf("found in %d of 200 runs, mean delay %v blocks; want 199 and 22", found, m)
	}
	blocks, ok := PlanBinary(Null{}, 0.01, tilted(0.01, 2), Traffic{900, 100}, math.Log(100))
	if m := mean(d); !ok || math.Abs(blocks-m) > 0.2*m {
		t.Errorf("planned %v blocks, simulated %v", blocks, m)
	}
}

// TestLateHarmIsFound: harm that begins in the third stage, after long calm that speaks
// against it, is found about as fast as harm from the start (R32).
func TestLateHarmIsFound(t *testing.T) {
	w := world{1000, 0.02, 0, ramp, 400, func(stage int, p float64) float64 {
		if stage < 2 {
			return p
		}
		return tilted(p, 1.5)
	}}
	staged, found := w.delays(302, 100, harmShown(Null{}, Options{Stages: 4}, 0.01))
	plain, _ := w.delays(302, 100, harmShown(Null{}, Options{Stages: 1}, 0.01))
	if found < 99 || mean(staged)-200 > 0.8*(mean(plain)-200) {
		t.Errorf("found in %d of 100 runs, after %v blocks with stages, %v without", found, mean(staged)-200, mean(plain)-200)
	}
}

// TestHarmlessIsShownSafe: 1,000 units a block, 10 % canary, 1 % errors, margin one
// point: median 11 blocks in background simulations, 7 for a fixed sample at 80 % power.
func TestHarmlessIsShownSafe(t *testing.T) {
	w := world{1000, 0.01, 0.3, []float64{0.1}, 100, same}
	d, found := w.delays(303, 200, safeShown(Null{Margin: 0.01}, Options{}, 0.05))
	if median := d[100]; found < 198 || median > 13 {
		t.Errorf("found in %d of 200 runs, median %d blocks; want 198 and 13", found, median)
	}
	blocks, ok := PlanBinary(Null{Margin: 0.01}, 0.01, 0.01, Traffic{900, 100}, math.Log(20))
	if !ok || math.Abs(blocks-float64(d[100])) > max(1, 0.2*float64(d[100])) {
		t.Errorf("planned %v blocks, simulated %v", blocks, d[100])
	}
}

// TestTrap22SmallSamplesShowNothing: with too little data neither claim appears.
func TestTrap22SmallSamplesShowNothing(t *testing.T) {
	w := world{50, 0.01, 0, []float64{0.1}, 5, same}
	both := func() func(a, b Counts, stage int) bool {
		harm, safe := harmShown(Null{}, Options{}, 0.01)(), safeShown(Null{Margin: 0.005}, Options{}, 0.05)()
		return func(a, b Counts, stage int) bool { return harm(a, b, stage) || safe(a, b, stage) }
	}
	if _, found := w.delays(304, 200, both); found > 0 {
		t.Errorf("a claim was shown in %d of 200 runs", found)
	}
}

// TestTrap21TrivialHarmIsTolerated: 0.01 points more errors in ten million units are harm
// under margin 0, and none under a margin of 0.1 points.
func TestTrap21TrivialHarmIsTolerated(t *testing.T) {
	w := world{2.5e5, 0.0005, 0, []float64{0.5}, 40, func(_ int, p float64) float64 { return p + 0.0001 }}
	if _, found := w.delays(305, 5, harmShown(Null{}, Options{}, 0.01)); found < 5 {
		t.Errorf("margin 0: found in %d of 5 runs", found)
	}
	if _, found := w.delays(306, 5, harmShown(Null{Margin: 0.001}, Options{}, 0.01)); found > 0 {
		t.Errorf("margin 0.1 points: alarm in %d of 5 runs", found)
	}
}

func TestLimitIsHeld(t *testing.T) {
	limited := func(alpha float64) func() func(a, b Counts, stage int) bool {
		return func() func(a, b Counts, stage int) bool {
			l := NewLimit(0.05, Options{Stages: 4})
			return func(_, b Counts, stage int) bool {
				l.Observe(b, stage)
				return l.LogEMax() >= -math.Log(alpha)
			}
		}
	}
	world{500, 0.05, 0, ramp, 120, same}.atMost(t, 307, 600, 0.05, limited(0.05))
	if _, found := (world{500, 0.05, 0, ramp, 120, odds2}).delays(308, 100, limited(0.01)); found < 100 {
		t.Errorf("twice the limit was found in %d of 100 runs", found)
	}
}

func TestSampleRatioSeesAWrongSplit(t *testing.T) {
	watched := func(stated []float64) func() func(a, b Counts, stage int) bool {
		return func() func(a, b Counts, stage int) bool {
			r := NewSampleRatio()
			return func(a, b Counts, stage int) bool {
				r.Observe(stated[stage], a.N, b.N)
				return r.LogEMax() >= math.Log(20)
			}
		}
	}
	w := world{1000, 0.01, 0, ramp, 120, same}
	w.atMost(t, 309, 600, 0.05, watched(ramp))
	if d, found := w.delays(310, 100, watched([]float64{0.12, 0.25, 0.5, 0.75})); found < 100 || mean(d) > 20 {
		t.Errorf("12 %% declared, 10 %% sent: found in %d of 100 runs, after %v blocks", found, mean(d))
	}
	// A canary that sends nothing is no good news: seen within 3 blocks at 10 %.
	r := NewSampleRatio()
	for range 3 {
		r.Observe(0.1, 900, 0)
	}
	if r.LogEMax() < math.Log(1000) {
		t.Errorf("a silent canary after 3 blocks: log E %v", r.LogEMax())
	}
}
