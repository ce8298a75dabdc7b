package sequential

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"verdin/stats"
)

// The traps are the known ways in which canary statistics go wrong; each has a test by
// its number. Traps 2, 13, 15, 21 and 22 stand where their law belongs: edge_test.go,
// exact_test.go, sim_test.go.

// mostly demands that a wrong method is caught in the act: the trap is real.
func mostly(t *testing.T, what string, k, runs int) {
	t.Helper()
	if 2*k < runs {
		t.Errorf("%s: only %d of %d runs fall into the trap", what, k, runs)
	}
}

// TestTrap01PoolingOverStages: rates that rise through the ramp make the pooled
// comparison alarm; block by block nothing happens.
func TestTrap01PoolingOverStages(t *testing.T) {
	rising := func(pooled bool) func(*rand.Rand) bool {
		return func(r *rand.Rand) bool {
			h := NewHarm(Null{}, Options{Stages: 4, GridPoints: 8})
			var sa, sb Moments
			for i := range 80 {
				p := 0.02 + 0.03*float64(i)/80
				nb := int64(3000 * ramp[i/20])
				a, b := draw(r, 3000-nb, p), draw(r, nb, p)
				h.Observe(a, b, i/20)
				sa, sb = sa.Merge(a.Moments()), sb.Merge(b.Moments())
				s, v, _ := BlockScore(sa, sb, 0)
				if pooled && i > 5 && NormalMixture(s, v, 500) >= -math.Log(fivePercent) || !pooled && h.LogEMax() >= -math.Log(fivePercent) {
					return true
				}
			}
			return false
		}
	}
	rare(t, 701, 2000, fivePercent, rising(false))
	mostly(t, "pooled", share(702, 20, rising(true)), 20)
}

// TestTrap03StickyUsersAreNoFreshRequests: rows of units that come back make the row test
// alarm far too often; bucket scores do not.
func TestTrap03StickyUsersAreNoFreshRequests(t *testing.T) {
	rare(t, 703, 200, 1.2*fivePercent, stickyHarm(comingBack))
	rows := share(704, 100, func(r *rand.Rand) bool {
		h := NewHarm(Null{}, Options{GridPoints: 8})
		return comingBack.play(r, func(_ []Bucket, a, b Counts, stage int) bool {
			h.Observe(a, b, stage)
			return h.LogEMax() >= -math.Log(fivePercent)
		})
	})
	if rows < 12 {
		t.Errorf("row tests alarm in %d of 100 runs only: the world is too kind to show the trap", rows)
	}
}

// labelled plays conversions that come after about 20 blocks through a ramp, and counts
// them in the block of their arrival or of their exposure.
func labelled(byArrival bool) func(*rand.Rand) bool {
	const blocks, horizon = 80, 60
	return func(r *rand.Rand) bool {
		var n, y [blocks][2]int64
		for i := range blocks {
			nb := int64(1500 * ramp[i/20])
			for arm, units := range [2]int64{1500 - nb, nb} {
				n[i][arm] = units
				for range draw(r, units, 0.1).Y {
					delay := int(20 * r.ExpFloat64())
					switch at := i + delay; {
					case !byArrival && delay < horizon:
						y[i][arm]++
					case byArrival && at < blocks:
						y[at][arm]++
					}
				}
			}
		}
		h := NewHarm(Null{Worse: Lower}, Options{Stages: 4, GridPoints: 8})
		for i := range blocks {
			h.Observe(Counts{n[i][0], y[i][0]}, Counts{n[i][1], min(y[i][1], n[i][1])}, i/20)
		}
		return h.LogEMax() >= -math.Log(fivePercent)
	}
}

// TestTrap04LabelsBelongToTheirExposure: counted by arrival, a growing canary always
// seems to convert less; exposure cohorts with a fixed horizon know better.
func TestTrap04LabelsBelongToTheirExposure(t *testing.T) {
	rare(t, 705, 600, fivePercent, labelled(false))
	mostly(t, "by arrival", share(706, 10, labelled(true)), 10)
}

// TestTrap05LabelsThatDependOnTheOutcome: good outcomes that are labelled more often in
// both arms do no harm; in one arm only, coverage differs, and that is what is said.
func TestTrap05LabelsThatDependOnTheOutcome(t *testing.T) {
	play := func(r *rand.Rand, canaryMissing float64) (harm, coverage float64) {
		h, c := NewHarm(Null{Worse: Lower}, Options{GridPoints: 8}), NewBand(CoverageTolerance, Options{GridPoints: 8})
		for range 60 {
			var label, all [2]Counts
			for arm, n := range [2]int64{900, 100} {
				good := draw(r, n, 0.9)
				missing := [2]float64{0.2, canaryMissing}[arm]
				bad := draw(r, n-good.Y, 1-missing)
				label[arm] = Counts{good.Y + bad.Y, good.Y}
				all[arm] = Counts{n, good.Y + bad.Y}
			}
			h.Observe(label[0], label[1], 0)
			c.Observe(all[0], all[1])
		}
		return h.LogEMax(), c.LogEMax()
	}
	rare(t, 707, 1500, fivePercent, func(r *rand.Rand) bool {
		harm, coverage := play(r, 0.2)
		return math.Max(harm, coverage) >= -math.Log(fivePercent)
	})
	if _, coverage := play(rand.New(rand.NewPCG(708, 0)), 0.9); coverage < math.Log(1000) {
		t.Errorf("coverage 98 %% and 91 %%: log E %v", coverage)
	}
}

// TestTrap06NoLookAhead: exchanging the arms' outcomes inside a block changes nothing that
// the block is scored with; blocks of five canary units raise no alarm.
func TestTrap06NoLookAhead(t *testing.T) {
	plain, swapped := NewHarm(Null{}, Options{GridPoints: 8}), NewHarm(Null{}, Options{GridPoints: 8})
	e1, e2 := NewExceedance(QuantileOptions{Q: 0.5}), NewExceedance(QuantileOptions{Q: 0.5})
	r := rand.New(rand.NewPCG(709, 0))
	for range 20 {
		a, b := draw(r, 50, 0.2), draw(r, 50, 0.2)
		p, _ := plain.base.rate()
		q, _ := swapped.base.rate()
		x, okx := e1.Edge()
		y, oky := e2.Edge()
		if p != q || x != y || okx != oky {
			t.Fatalf("rates %v and %v, edges %d and %d after the same past", p, q, x, y)
		}
		next := *swapped // the block as it would be scored with its arms exchanged
		next.score(b, a)
		plain.Observe(a, b, 0)
		swapped.Observe(a, b, 0)
		e1.Observe(histOf(0, a), histOf(1, b), 0, true)
		e2.Observe(histOf(0, a), histOf(1, b), 0, true)
	}
	world{50, 0.2, 0, []float64{0.1}, 150, same}.atMost(t, 710, 400, fivePercent, harmShown(Null{}, Options{GridPoints: 8}, fivePercent))
}

// TestTrap07AWindowThatStraddlesASplitChange is a false sample ratio alarm when it is
// fed whole, and none when it is cut at the change.
func TestTrap07AWindowThatStraddlesASplitChange(t *testing.T) {
	raw, cut := NewSampleRatio(), NewSampleRatio()
	raw.Observe(0.1, 1400, 600) // 1,000 units at 10 %, 1,000 at 50 %
	cut.Observe(0.1, 900, 100)
	cut.Observe(0.5, 500, 500)
	if raw.LogEMax() < math.Log(1000) || cut.LogEMax() >= math.Log(20) {
		t.Errorf("log E raw %v, cut %v", raw.LogEMax(), cut.LogEMax())
	}
}

// TestTrap08EvidenceIsNeverReset: a rollout of five stages, killed and restored at every
// block, spends its α once.
func TestTrap08EvidenceIsNeverReset(t *testing.T) {
	w := world{600, 0.03, 0.3, []float64{0.05, 0.1, 0.25, 0.5, 0.75}, 100, same}
	opt := Options{Stages: 5, GridPoints: 8}
	w.atMost(t, 711, 300, fivePercent, func() func(a, b Counts, stage int) bool {
		h := NewHarm(Null{}, opt)
		return func(a, b Counts, stage int) bool {
			h.Observe(a, b, stage)
			state := h.AppendState(nil)
			h = NewHarm(Null{}, opt)
			if err := h.Restore(state); err != nil {
				t.Fatal(err)
			}
			return h.LogEMax() >= -math.Log(fivePercent)
		}
	})
}

// TestTrap09SlidingWindowsCountTwice: five windows that overlap make one piece of
// evidence into five; windows here are disjoint, and that is why.
func TestTrap09SlidingWindowsCountTwice(t *testing.T) {
	play := func(times int) func(*rand.Rand) bool {
		return func(r *rand.Rand) bool {
			h := NewHarm(Null{}, Options{GridPoints: 8})
			for range 100 {
				a, b := draw(r, 900, 0.05), draw(r, 100, 0.05)
				for range times {
					h.Observe(a, b, 0)
				}
			}
			return h.LogEMax() >= -math.Log(fivePercent)
		}
	}
	rare(t, 712, 1500, fivePercent, play(1))
	if k := share(713, 50, play(5)); k < 8 {
		t.Errorf("each block five times: only %d of 50 runs fall into the trap", k)
	}
}

// TestTrap10RetriesInflateCounts: a canary whose clients try three times on errors has the
// same logical requests, and three times the errors when tries are counted.
func TestTrap10RetriesInflateCounts(t *testing.T) {
	logical, tries := NewHarm(Null{}, Options{PriorRate: 0.02}), NewHarm(Null{}, Options{PriorRate: 0.02})
	r := rand.New(rand.NewPCG(714, 0))
	for range 60 {
		a, b := draw(r, 900, 0.02), draw(r, 100, 0.02)
		logical.Observe(a, b, 0)
		tries.Observe(a, Counts{b.N + 2*b.Y, 3 * b.Y}, 0)
	}
	if logical.LogEMax() >= math.Log(20) || tries.LogEMax() < math.Log(100) {
		t.Errorf("log E by logical request %v, by try %v", logical.LogEMax(), tries.LogEMax())
	}
}

// TestTrap11NothingOverflows: e-values beyond the greatest float, Φ at −99.9, and
// detectors past exp(709) stay finite in logs.
func TestTrap11NothingOverflows(t *testing.T) {
	h := NewHarm(Null{}, Options{PriorRate: 0.01})
	d := NewDetector(ShiryaevRoberts, []float64{0})
	for range 20 {
		h.Observe(Counts{1e6, 1e4}, Counts{1e6, 9e4}, 0)
		d.Add([]float64{800})
	}
	for what, x := range map[string]float64{"harm": h.LogE(), "detector": d.LogE()} {
		if !(x > 710) || math.IsInf(x, 0) {
			t.Errorf("%s: log E %v", what, x)
		}
	}
	if p := math.Min(1, math.Exp(-h.LogEMax())); p != 0 {
		t.Errorf("p %v", p)
	}
	if got, want := LogNormalCDF(-99.9), -4995.5292; math.Abs(got-want) > 1e-3 {
		t.Errorf("log Φ(−99.9) = %v, want %v", got, want)
	}
	for _, x := range []float64{-1e8, -40, -30, 0, 40, 1e8} {
		if l := LogNormalCDF(x); !(l <= 0) || math.IsInf(l, 0) {
			t.Errorf("log Φ(%v) = %v", x, l)
		}
	}
}

// TestTrap12OneSideIsNotTwo: a fall is no evidence for a rise, and the one-sided bound is
// the tighter one at the same α.
func TestTrap12OneSideIsNotTwo(t *testing.T) {
	if down, both := NormalMixtureOneSided(-50, 100, 20), NormalMixture(-50, 100, 20); down >= 0 || both <= 1 {
		t.Errorf("a fall: log E one-sided %v, two-sided %v", down, both)
	}
	if one, two := NormalBoundOneSided(100, 20, 0.05), NormalBound(100, 20, 0.05); one >= two || one < NormalBound(100, 20, 0.1)*0.98 {
		t.Errorf("bounds at 5 %%: one-sided %v, two-sided %v, two-sided at 10 %% %v", one, two, NormalBound(100, 20, 0.1))
	}
}

// TestTrap20AChangedTestIsAnotherTest: a grid, an mde or a margin that is edited after
// data came does not take over the old evidence.
func TestTrap20AChangedTestIsAnotherTest(t *testing.T) {
	state := NewHarm(Null{Margin: 0.01}, Options{}).AppendState(nil)
	for name, h := range map[string]*Harm{
		"mde": NewHarm(Null{Margin: 0.01}, Options{MDE: 0.3}), "margin": NewHarm(Null{Margin: 0.02}, Options{}),
		"grid": NewHarm(Null{Margin: 0.01}, Options{Grid: []float64{1}}), "history": NewHarm(Null{Margin: 0.01}, Options{PriorRate: 0.2}),
	} {
		if err := h.Restore(state); !errors.Is(err, ErrState) {
			t.Errorf("another %s: error %v", name, err)
		}
	}
}

// TestTrap19OrderOfMerging: values with a great common offset, added up in any tree, give
// the same bits.
func TestTrap19OrderOfMerging(t *testing.T) {
	r := rand.New(rand.NewPCG(719, 0))
	parts := make([]stats.Summary, 40)
	for i := range parts {
		parts[i] = stats.NewSummary(stats.Shape{Kind: stats.Mean})
		for range 50 {
			parts[i].Add(1e9 + r.NormFloat64())
		}
	}
	var first []byte
	for range 20 {
		r.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
		total := stats.NewSummary(stats.Shape{Kind: stats.Mean})
		for lo := 0; lo < len(parts); {
			hi := min(len(parts), lo+1+r.IntN(7))
			branch := stats.NewSummary(stats.Shape{Kind: stats.Mean})
			for i := lo; i < hi; i++ {
				branch.Merge(&parts[i])
			}
			total.Merge(&branch)
			lo = hi
		}
		if b := total.AppendBinary(nil); first == nil {
			first = b
		} else if string(b) != string(first) {
			t.Fatal("another tree of merges gave other bytes")
		}
	}
}
