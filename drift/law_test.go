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

// each runs a law for every method that Methods names.
func each(t *testing.T, check func(t *testing.T, name string)) {
	for _, name := range slices.Sorted(maps.Keys(Methods)) {
		t.Run(name, func(t *testing.T) { check(t, name) })
	}
}

// lived is a test that has seen a few windows and has events waiting.
func lived(name string, above float64) Test {
	r := rand.New(rand.NewPCG(9, 10))
	p, q := tilted(5, 0.3, distances[name])
	test := Methods[name](5, above, 3)
	for stage := range 3 {
		for range 5 {
			b := window(r, 16, p, q, 300, 33)
			b.Stage = stage
			test.Observe(b)
		}
	}
	last := window(r, 16, p, q, 50, 7)
	last.Stage = 2
	test.Observe(last)
	return test
}

// told is everything that a test says.
type told struct {
	log, most, estimate float64
	n                   [2]int64
	blocks              int64
}

func says(t Test) told {
	return told{t.LogE(), t.LogEMax(), t.Effect().Estimate, t.N(), t.Blocks()}
}

func (s told) finite() bool {
	for _, x := range []float64{s.log, s.most, s.estimate} {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return false
		}
	}
	return s.most >= 0 && s.most >= s.log && s.estimate >= 0
}

func TestAnEmptyArmChangesNothing(t *testing.T) {
	each(t, func(t *testing.T, name string) {
		r := rand.New(rand.NewPCG(1, 1))
		p := law(r, 5, 1)
		for _, test := range []Test{Methods[name](5, 0.1, 3), lived(name, 0), lived(name, 0.1)} {
			before := says(test)
			for _, n := range [][2]int{{0, 0}, {400, 0}, {0, 400}} {
				b := window(r, 16, p, p, n[0], n[1])
				b.Stage = 2
				if before.blocks == 0 {
					b.Stage = 0
				}
				test.Observe(b)
				if after := says(test); after != before {
					t.Errorf("%v events: %+v became %+v", n, before, after)
				}
			}
		}
	})
}

func TestARestoredTestGoesOnWithTheSameBits(t *testing.T) {
	each(t, func(t *testing.T, name string) {
		live, again := lived(name, 0.1), Methods[name](5, 0.1, 3)
		if err := again.Restore(live.AppendState([]byte("x"))[1:]); err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewPCG(2, 2))
		p, q := tilted(5, 0.4, distances[name])
		for range 20 {
			if says(live) != says(again) || !bytes.Equal(live.AppendState(nil), again.AppendState(nil)) {
				t.Fatalf("restored %+v, undisturbed %+v", says(again), says(live))
			}
			b := window(r, 16, p, q, 100, 15)
			b.Stage = 2
			live.Observe(b)
			again.Observe(b)
		}
	})
}

func TestRestoreRefusesWhatIsNotItsState(t *testing.T) {
	each(t, func(t *testing.T, name string) {
		state := lived(name, 0.1).AppendState(nil)
		damaged := map[string][]byte{"nothing": nil, "cut": state[:len(state)-1], "more": append(slices.Clone(state), 0)}
		nan := slices.Clone(state)
		copy(nan[len(nan)-8:], []byte{0, 0, 0, 0, 0, 0, 0xf8, 0x7f})
		damaged["not a number"] = nan
		test := lived(name, 0.1)
		before := says(test)
		for what, b := range damaged {
			if err := test.Restore(b); !errors.Is(err, ErrState) || says(test) != before {
				t.Errorf("%s: error %v, state %+v, want ErrState and no change", what, err, says(test))
			}
		}
		for what, other := range map[string]Test{"bins": Methods[name](4, 0.1, 3), "tolerance": Methods[name](5, 0.2, 3), "stages": Methods[name](5, 0.1, 2)} {
			if err := other.Restore(state); !errors.Is(err, ErrState) {
				t.Errorf("state of another number of %s: error %v, want ErrState", what, err)
			}
		}
	})
}

// extremes are windows at the edge of what can be counted, and some beyond.
func extremes() []Block {
	const many = 1_000_000_000
	return []Block{
		{},
		{Sub: 1, Bins: 3},
		{Sub: 1, Bins: 3, Stable: []uint64{1, 2, 3}, Canary: []uint64{1, 2}},
		{Sub: -1, Bins: 3, Stable: []uint64{1, 2, 3}, Canary: []uint64{1, 2, 3}},
		{Sub: 1, Bins: 3, Stable: []uint64{1, 2, 3}, Canary: []uint64{1, 2, 3}, Stage: -1},
		{Sub: 1, Bins: 3, Stable: []uint64{math.MaxUint64, 2, 3}, Canary: []uint64{1, math.MaxUint64, 3}},
		whole([]int64{1, 0, 0}, []int64{0, 0, 1}),
		whole([]int64{0, 0, many}, []int64{many, 0, 0}),
		whole([]int64{many, many, many}, []int64{many, many, many}),
		whole([]int64{many, 0, 0}, []int64{0, 0, 21}),
		whole([]int64{1, 0, 0}, []int64{0, many, 0}),
		{Sub: 1, Bins: 3, Stable: []uint64{1, 2, 3}, Canary: []uint64{30, 2, 3}, Stage: 1 << 40},
	}
}

func TestNothingIsEverNaN(t *testing.T) {
	each(t, func(t *testing.T, name string) {
		for _, above := range []float64{0, -1, math.NaN(), math.Inf(1), 1e-300, 1e-9, 0.1, 1e9} {
			for _, shape := range [][2]int{{3, 2}, {1, 1}, {0, 0}, {-1, -1}} {
				test := Methods[name](shape[0], above, shape[1])
				for range 3 {
					for i, b := range extremes() {
						test.Observe(b)
						if s := says(test); !s.finite() {
							t.Fatalf("above %v, shape %v: window %d leaves %+v", above, shape, i, s)
						}
					}
				}
				if err := test.Restore(test.AppendState(nil)); err != nil {
					t.Errorf("above %v, shape %v: %v", above, shape, err)
				}
			}
		}
	})
}

func TestAHugeDifferenceIsShownAtOnce(t *testing.T) {
	each(t, func(t *testing.T, name string) {
		test := Methods[name](3, 0.1, 1)
		for range 3 {
			test.Observe(whole([]int64{0, 0, 1_000_000_000}, []int64{1_000_000_000, 0, 0}))
		}
		if test.LogEMax() < 1e6 {
			t.Errorf("log E is %v after two thousand million events in other bins", test.LogEMax())
		}
	})
}

func TestEitherDirectionIsSeen(t *testing.T) {
	each(t, func(t *testing.T, name string) {
		p, q := tilted(5, 0.4, distances[name])
		for _, world := range []arms{{p, q, 180, 20}, {q, p, 180, 20}} {
			r := rand.New(rand.NewPCG(5, 5))
			if n := first(r, Methods[name](5, 0.1, 1), world, 200, 0.01); n == 0 || n > 1000 {
				t.Errorf("stable %.2f, canary %.2f: shown after %d canary events", world.p, world.q, n)
			}
		}
	})
}

func TestObserveAllocatesNothing(t *testing.T) {
	each(t, func(t *testing.T, name string) {
		r := rand.New(rand.NewPCG(3, 3))
		p, q := tilted(10, 0.3, distances[name])
		test, b := Methods[name](10, 0.1, 5), window(r, 16, p, q, 900, 100)
		test.Observe(b)
		if n := testing.AllocsPerRun(20, func() { test.Observe(b) }); n != 0 {
			t.Errorf("%v allocations a window", n)
		}
	})
}

// PSI has no order of bins.
func TestPSIDoesNotDependOnTheOrderOfBins(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	p, q := tilted(4, 0.3, distance)
	a, b := NewPSI(4, 0.05, 1), NewPSI(4, 0.05, 1)
	for range 30 {
		w := window(r, 1, p, q, 90, 25)
		a.Observe(w)
		slices.Reverse(w.Stable)
		slices.Reverse(w.Canary)
		b.Observe(w)
	}
	if math.Abs(a.LogE()-b.LogE()) > 1e-6 || a.LogE() < 1 {
		t.Errorf("log E is %v, in reverse %v", a.LogE(), b.LogE())
	}
}

// What a block is tested against does not change with the block: exchanging its
// arms leaves both predictions as they were.
func TestPredictionsHaveNotSeenTheBlock(t *testing.T) {
	lived := func() *PSI { return lived("psi", 0.1).(*PSI) }
	a, b := lived(), lived()
	stable, canary := []int64{9, 8, 7, 6, 5}, []int64{1, 2, 3, 40, 50}
	a.block(Counts{stable, canary}, 2)
	b.block(Counts{canary, stable}, 2)
	if !slices.Equal(a.p, b.p) || !slices.Equal(a.q, b.q) {
		t.Errorf("predictions %v %v, with the arms exchanged %v %v", a.p, a.q, b.p, b.q)
	}
}

func FuzzRestore(f *testing.F) {
	for _, name := range []string{"psi", "ks"} {
		f.Add(name == "psi", lived(name, 0.1).AppendState(nil))
	}
	f.Fuzz(func(t *testing.T, isPSI bool, state []byte) {
		name := "ks"
		if isPSI {
			name = "psi"
		}
		test := Methods[name](5, 0.1, 3)
		if test.Restore(state) != nil {
			return
		}
		for _, b := range []Block{whole([]int64{5, 4, 3, 2, 1}, []int64{9, 8, 7, 6, 5}), whole([]int64{0, 0, 0, 0, 1}, []int64{50, 0, 0, 0, 0})} {
			test.Observe(b)
			if s := says(test); !s.finite() {
				t.Fatalf("%+v", s)
			}
		}
		test.Restore(test.AppendState(nil))
	})
}
