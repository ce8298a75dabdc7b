package drift

import (
	"bytes"
	"errors"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func eachSame(t *testing.T, check func(t *testing.T, name string)) {
	for _, name := range slices.Sorted(maps.Keys(Equivalents)) {
		t.Run(name, func(t *testing.T) { check(t, name) })
	}
}

// Arms that are exactly at the bound, or beyond, are called alike in at most the risk
// of runs, in 100 looks.
func TestDifferentArmsAreNotCalledAlike(t *testing.T) {
	const runs, looks, alpha = 120 / stride, 100, 0.05
	eachSame(t, func(t *testing.T, name string) {
		for _, c := range []struct {
			bound, truth float64
			m            int
		}{{0.1, 0.1, 40}, {0.2, 0.2, 100}, {0.1, 0.13, 40}} {
			p, q := tilted(10, c.truth, distances[name])
			r, wrong := rand.New(rand.NewPCG(41, 42)), 0
			for range runs {
				test, shown := Equivalents[name](10, c.bound, 1), false
				for range looks {
					test.Observe(window(r, 4, p, q, 300, c.m))
					shown = shown || test.P() <= alpha
				}
				if shown {
					wrong++
				}
			}
			t.Logf("%+v: %d of %d", c, wrong, runs)
			if float64(wrong) > alpha*runs {
				t.Errorf("%+v: %d of %d were called alike", c, wrong, runs)
			}
		}
	})
}

func TestEqualArmsAreCalledAlike(t *testing.T) {
	eachSame(t, func(t *testing.T, name string) {
		p, _ := tilted(20, 0, distance)
		var all []int64
		for seed := range uint64(15) {
			r, test, n := rand.New(rand.NewPCG(43, seed)), Equivalents[name](20, 0.1, 1), int64(0)
			for test.P() > 0.05 && n < 100_000 {
				test.Observe(window(r, 4, p, p, 900, 100))
				n += 100
			}
			if test.P() != test.StageP() {
				t.Errorf("P %v, from the only stage %v", test.P(), test.StageP())
			}
			all = append(all, n)
		}
		slices.Sort(all)
		t.Logf("median %d canary events", all[7])
		if all[7] > 20_000 {
			t.Errorf("equal arms are called alike after %d canary events", all[7])
		}
	})
}

// Bins hide distance: a bound below the mass of a bin is never shown, unless the bins
// hold single values.
func TestKSSameCountsWhatBinsHide(t *testing.T) {
	p, single := []float64{0.25, 0.25, 0.25, 0.25}, []bool{true, true, true, true}
	blind, sharp := NewKSSame(4, nil, 0.2, 1), NewKSSame(4, single, 0.2, 1)
	r := rand.New(rand.NewPCG(44, 45))
	for range 50 {
		b := window(r, 4, p, p, 900, 100)
		blind.Observe(b)
		sharp.Observe(b)
	}
	if blind.P() < 1 || sharp.P() > 1e-6 {
		t.Errorf("P is %v in bins of a quarter each, want 1; %v in bins of one value, want about 0", blind.P(), sharp.P())
	}
}

// Every span that is in its null, given any past: its evidence does not grow in the mean.
func TestKSSameSpansAreSupermartingales(t *testing.T) {
	r := rand.New(rand.NewPCG(46, 47))
	met := 0.0
	for range 12 {
		p, q := law(r, 3, 0.6), law(r, 3, 0.6)
		test := NewKSSame(3, []bool{false, r.IntN(2) == 0, false}, 0, 2)
		gaps := make([]float64, len(test.spans)) // how far each null lies beyond equality
		for i, s := range test.spans {
			gaps[i] = sum(q[:s.canary]) - sum(p[:s.stable])
			if i%2 == 1 {
				gaps[i] = -gaps[i]
			}
		}
		worst := 0
		for i := range gaps {
			if gaps[i] > gaps[worst] {
				worst = i
			}
		}
		test = NewKSSame(3, test.single, gaps[worst], 2)
		for range 3 {
			test.Observe(window(r, 1, p, p, 40, 25))
		}
		present, state, mean := test.spans[worst].LogE(), test.AppendState(nil), 0.0
		outcomes(3, 5, func(stable []int64) {
			outcomes(3, 6, func(canary []int64) {
				if err := test.Restore(state); err != nil {
					t.Fatal(err)
				}
				test.block(Counts{stable, canary}, 0)
				mean += chance(stable, p) * chance(canary, q) * math.Exp(test.spans[worst].LogE()-present)
			})
		})
		met = math.Max(met, mean)
		if mean > 1+1e-12 {
			t.Errorf("null %v %v at %v: evidence grows by %v in the mean", p, q, gaps[worst], mean)
		}
	}
	if met < 0.99 {
		t.Errorf("the largest mean is %v: no boundary was met", met)
	}
}

func TestEquivalenceGoesOnWithTheSameBits(t *testing.T) {
	eachSame(t, func(t *testing.T, name string) {
		r := rand.New(rand.NewPCG(48, 49))
		p, _ := tilted(5, 0, distance)
		live := Equivalents[name](5, 0.25, 2)
		for range 10 {
			live.Observe(window(r, 16, p, p, 300, 33))
		}
		live.StartStage(1)
		again, state := Equivalents[name](5, 0.25, 2), live.AppendState(nil)
		if err := again.Restore(state); err != nil {
			t.Fatal(err)
		}
		for i := range 20 {
			b := window(r, 16, p, p, 300, 33)
			b.Stage = 1
			live.Observe(b)
			again.Observe(b)
			if live.P() != again.P() || live.StageP() != again.StageP() || !bytes.Equal(live.AppendState(nil), again.AppendState(nil)) {
				t.Fatalf("window %d: restored %v, undisturbed %v", i, again.P(), live.P())
			}
		}
		for what, b := range map[string][]byte{"nothing": nil, "cut": state[:len(state)-1], "more": append(slices.Clone(state), 0)} {
			if err := again.Restore(b); !errors.Is(err, ErrState) {
				t.Errorf("%s: error %v, want ErrState", what, err)
			}
		}
		if err := Equivalents[name](5, 0.3, 2).Restore(state); !errors.Is(err, ErrState) {
			t.Errorf("state of another bound: error %v, want ErrState", err)
		}
	})
}

func TestEquivalenceIsNeverNaNNorShownForNothing(t *testing.T) {
	eachSame(t, func(t *testing.T, name string) {
		for _, below := range []float64{0, -1, math.NaN(), math.Inf(1), 1e-9, 0.1, 1e9} {
			for _, bins := range []int{3, 1, 0} {
				test := Equivalents[name](bins, below, 2)
				for i, b := range extremes() {
					test.Observe(b)
					test.StartStage(i % 3)
					if p, s := test.P(), test.StageP(); !(p >= 0 && p <= 1 && s >= 0 && s <= 1) {
						t.Fatalf("below %v, %d bins: window %d leaves %v, %v", below, bins, i, p, s)
					}
				}
			}
		}
		for range 3 {
			if test := Equivalents[name](4, 0, 1); test.P() != 1 || test.StageP() != 1 {
				t.Error("a bound of 0 is shown")
			}
		}
	})
}

func FuzzRestoreEquivalence(f *testing.F) {
	for _, name := range []string{"psi", "ks"} {
		test := Equivalents[name](3, 0.2, 2)
		test.Observe(whole([]int64{50, 40, 30}, []int64{30, 20, 10}))
		f.Add(name == "psi", test.AppendState(nil))
	}
	f.Fuzz(func(t *testing.T, isPSI bool, state []byte) {
		name := "ks"
		if isPSI {
			name = "psi"
		}
		test := Equivalents[name](3, 0.2, 2)
		if test.Restore(state) != nil {
			return
		}
		test.Observe(whole([]int64{5, 4, 3}, []int64{29, 8, 7}))
		if p := test.P(); !(p >= 0 && p <= 1) {
			t.Fatalf("P = %v", p)
		}
	})
}

// Evidence of all stages stays when a stage starts; that of the stage alone does not.
func TestANewStageKeepsTheEvidenceOfAll(t *testing.T) {
	p, _ := tilted(10, 0, distance)
	r, test := rand.New(rand.NewPCG(50, 51)), NewKSSame(10, nil, 0.2, 2)
	for range 40 {
		test.Observe(window(r, 4, p, p, 900, 100))
	}
	before := test.P()
	test.StartStage(1)
	if test.P() > before || test.StageP() != 1 {
		t.Errorf("P was %v and is %v; that of the new stage is %v, want 1", before, test.P(), test.StageP())
	}
	for range 40 {
		b := window(r, 4, p, p, 900, 100)
		b.Stage = 1
		test.Observe(b)
	}
	if test.P() >= test.StageP() || test.StageP() > 0.01 {
		t.Errorf("P %v of all stages, %v of this one", test.P(), test.StageP())
	}
}
