package drift

import (
	"bytes"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
)

func eachStickySame(t *testing.T, check func(t *testing.T, name string)) {
	for _, name := range slices.Sorted(maps.Keys(StickyEquivalents)) {
		t.Run(name, func(t *testing.T) { check(t, name) })
	}
}

// singles are bins without room inside, so that the bound is the distance at the edges.
func singles(bins int) []bool { return slices.Repeat([]bool{true}, bins) }

// largestGap is the KS distance between two laws of ordered bins.
func largestGap(p, q []float64) (most float64) {
	gap := 0.0
	for i := range p {
		gap += q[i] - p[i]
		most = max(most, gap, -gap)
	}
	return most
}

// Arms that are as far apart as the bound are not called alike, though users come back;
// the test for independent events calls them so.
func TestStickyArmsAtTheBoundAreNotAlike(t *testing.T) {
	const runs, looks, alpha = 200 / stride, 100, 0.05
	eachStickySame(t, func(t *testing.T, name string) {
		r := rand.New(rand.NewPCG(71, 72))
		p, q := tilted(6, 0.1, distance)
		bound := distance(p, q)
		if name == "ks" {
			bound = largestGap(p, q)
		}
		alike, naive := 0, 0
		for range runs {
			users := newCrowd(r, p, q, 400, 64)
			test := StickyEquivalents[name](6, singles(6), 64, bound, 1)
			plain := Equivalents[name](6, bound, 1)
			if name == "ks" {
				plain = NewKSSame(6, singles(6), bound, 1)
			}
			shown, fooled := false, false
			for range looks {
				b := users.window()
				test.Observe(b)
				plain.Observe(b)
				shown, fooled = shown || test.P() <= alpha, fooled || plain.P() <= alpha
			}
			if shown {
				alike++
			}
			if fooled {
				naive++
			}
		}
		t.Logf("%d of %d are called alike, of those for independent events %d", alike, runs, naive)
		if float64(alike) > 1.2*alpha*runs {
			t.Errorf("%d of %d are called alike", alike, runs)
		}
		if float64(naive) <= 1.2*alpha*runs {
			t.Errorf("the test for independent events calls %d of %d alike: the case is too easy", naive, runs)
		}
	})
}

// Equal arms are shown to be alike, with a crowd that is large enough.
func TestStickyArmsThatAreEqualAreAlike(t *testing.T) {
	eachStickySame(t, func(t *testing.T, name string) {
		p, _ := tilted(6, 0, distance)
		found := 0
		for seed := range uint64(10) {
			users := newCrowd(rand.New(rand.NewPCG(73, seed)), p, p, 6000, 64)
			test := StickyEquivalents[name](6, singles(6), 64, 0.1, 2)
			test.StartStage(0)
			for range 30 {
				test.Observe(users.window())
			}
			if test.P() <= 0.05 && test.StageP() <= 0.05 {
				found++
			}
			if test.StartStage(1); test.StageP() <= 0.05 {
				t.Error("a new stage begins with what the last one has shown")
			}
			if test.Exact() {
				t.Error("it is called exact")
			}
		}
		if found < 9 {
			t.Errorf("shown in %d of 10 runs", found)
		}
	})
}

// A handful of users, or a few windows, show nothing, whatever they look like.
func TestStickyAlikeWantsItsDomain(t *testing.T) {
	eachStickySame(t, func(t *testing.T, name string) {
		for _, c := range []struct{ users, windows int }{{12, 400}, {6000, 4}} {
			p, _ := tilted(3, 0, distance)
			users := newCrowd(rand.New(rand.NewPCG(75, 76)), p, p, c.users, 64)
			test := StickyEquivalents[name](3, singles(3), 64, 0.9, 1)
			for range c.windows {
				if test.Observe(users.window()); test.P() < 1 {
					t.Fatalf("%d users in up to %d windows: p %v", c.users, c.windows, test.P())
				}
			}
		}
		if test := StickyEquivalents[name](3, singles(3), 64, 0, 1); test.P() != 1 {
			t.Error("a distance below 0 is shown")
		}
	})
}

func TestStickyAlikeGoesOnWithTheSameBits(t *testing.T) {
	eachStickySame(t, func(t *testing.T, name string) {
		p, q := tilted(4, 0.5, distance)
		users := newCrowd(rand.New(rand.NewPCG(77, 78)), p, q, 900, 32)
		live, again := StickyEquivalents[name](4, nil, 32, 0.3, 2), StickyEquivalents[name](4, nil, 32, 0.3, 2)
		for i := range 24 {
			if i == 12 {
				live.StartStage(1)
			}
			live.Observe(users.window())
		}
		state := live.AppendState(nil)
		if err := again.Restore(state); err != nil {
			t.Fatal(err)
		}
		for range 9 {
			b := users.window()
			b.Stage = 1
			live.Observe(b)
			again.Observe(b)
			if live.P() != again.P() || live.StageP() != again.StageP() || !bytes.Equal(live.AppendState(nil), again.AppendState(nil)) {
				t.Fatal("the restored test goes another way")
			}
		}
		for cut := range state {
			if err := again.Restore(state[:cut]); !errors.Is(err, ErrState) {
				t.Fatalf("%d of %d bytes: %v", cut, len(state), err)
			}
		}
		if err := StickyEquivalents[name](4, nil, 32, 0.2, 2).Restore(state); !errors.Is(err, ErrState) {
			t.Errorf("another bound: %v", err)
		}
	})
}

func FuzzStickySameRestore(f *testing.F) {
	for _, name := range slices.Sorted(maps.Keys(StickyEquivalents)) {
		f.Add(name, StickyEquivalents[name](2, nil, 2, 0.3, 1).AppendState(nil))
	}
	f.Fuzz(func(t *testing.T, name string, b []byte) {
		make, ok := StickyEquivalents[name]
		if !ok {
			return
		}
		test := make(2, nil, 2, 0.3, 1)
		if err := test.Restore(b); err != nil {
			if !errors.Is(err, ErrState) {
				t.Fatal(err)
			}
			return
		}
		test.Observe(Block{Sub: 2, Bins: 2, Stable: []uint64{1, 2, 3, 4}, Canary: []uint64{4, 3, 2, 1}})
		if p := test.P(); !(p >= 0 && p <= 1) {
			t.Fatalf("p %v", p)
		}
	})
}
