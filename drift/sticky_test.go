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

// crowd is a set of users who come back in every window: each user prefers one bin of
// the law, and takes it half of the time. Even users of a bucket go to the canary.
type crowd struct {
	r       *rand.Rand
	bins    int
	taste   [2][]int
	bucket  [2][]int
	p, q    []float64
	buckets int
}

func newCrowd(r *rand.Rand, p, q []float64, users, buckets int) *crowd {
	c := &crowd{r: r, bins: len(p), p: p, q: q, buckets: buckets}
	for range users {
		arm := 0
		if r.IntN(3) == 0 {
			arm = 1
		}
		c.taste[arm] = append(c.taste[arm], draw(r, [][]float64{p, q}[arm]))
		c.bucket[arm] = append(c.bucket[arm], r.IntN(buckets))
	}
	return c
}

func draw(r *rand.Rand, p []float64) int {
	u := r.Float64()
	for i, x := range p {
		if u -= x; u < 0 {
			return i
		}
	}
	return len(p) - 1
}

// window has one row of each user, a user's taste half of the time.
func (c *crowd) window() Block {
	b := Block{Sub: c.buckets, Bins: c.bins, Stable: make([]uint64, c.buckets*c.bins), Canary: make([]uint64, c.buckets*c.bins)}
	for arm, counts := range [2][]uint64{b.Stable, b.Canary} {
		for u, taste := range c.taste[arm] {
			if c.r.IntN(2) == 0 {
				taste = draw(c.r, [][]float64{c.p, c.q}[arm])
			}
			counts[c.bucket[arm][u]*c.bins+taste]++
		}
	}
	return b
}

func eachSticky(t *testing.T, check func(t *testing.T, name string)) {
	for _, name := range slices.Sorted(maps.Keys(StickyMethods)) {
		t.Run(name, func(t *testing.T) { check(t, name) })
	}
}

// Users who come back are no drift for the tests of this kind, where those for
// independent events alarm.
func TestUsersWhoComeBackAreNoDrift(t *testing.T) {
	const runs, looks, alpha = 60, 40, 0.05
	p, _ := tilted(6, 0, distance)
	eachSticky(t, func(t *testing.T, name string) {
		r := rand.New(rand.NewPCG(61, 62))
		alarms, naive := 0, 0
		for range runs {
			users := newCrowd(r, p, p, 600, 64)
			test, plain := StickyMethods[name](6, 64, 0, 1), Methods[name](6, 0, 1)
			for range looks {
				b := users.window()
				test.Observe(b)
				plain.Observe(b)
			}
			if test.LogEMax() >= -math.Log(alpha) {
				alarms++
			}
			if plain.LogEMax() >= -math.Log(alpha) {
				naive++
			}
		}
		t.Logf("%d of %d alarmed, of those for independent events %d", alarms, runs, naive)
		if alarms > alpha*runs {
			t.Errorf("%d of %d alarmed", alarms, runs)
		}
		if naive <= alpha*runs*2 {
			t.Errorf("the test for independent events alarmed %d times of %d: the case is too easy", naive, runs)
		}
	})
}

func TestStickyFindsDrift(t *testing.T) {
	eachSticky(t, func(t *testing.T, name string) {
		p, q := tilted(6, 1, distance)
		found := 0
		for seed := range uint64(10) {
			users := newCrowd(rand.New(rand.NewPCG(63, seed)), p, q, 3000, 64)
			test := StickyMethods[name](6, 64, 0.05, 1)
			for range 60 {
				test.Observe(users.window())
			}
			if test.LogEMax() >= math.Log(1/0.05) {
				found++
			}
		}
		if found < 8 {
			t.Errorf("found in %d of 10 runs", found)
		}
	})
}

func TestStickyGoesOnWithTheSameBits(t *testing.T) {
	eachSticky(t, func(t *testing.T, name string) {
		p, q := tilted(4, 1, distance)
		users := newCrowd(rand.New(rand.NewPCG(65, 66)), p, q, 500, 32)
		live, again := StickyMethods[name](4, 32, 0.01, 2), StickyMethods[name](4, 32, 0.01, 2)
		for range 9 {
			live.Observe(users.window())
		}
		state := live.AppendState(nil)
		if err := again.Restore(state); err != nil {
			t.Fatal(err)
		}
		for range 5 {
			b := users.window()
			b.Stage = 1
			live.Observe(b)
			again.Observe(b)
			if says(live) != says(again) || !bytes.Equal(live.AppendState(nil), again.AppendState(nil)) {
				t.Fatalf("restored %+v, undisturbed %+v", says(again), says(live))
			}
		}
		for _, b := range [][]byte{nil, state[:len(state)-1], append(slices.Clone(state), 0)} {
			if err := again.Restore(b); !errors.Is(err, ErrState) {
				t.Errorf("%d bytes: error %v, want ErrState", len(b), err)
			}
		}
		if err := StickyMethods[name](4, 64, 0.01, 2).Restore(state); !errors.Is(err, ErrState) {
			t.Errorf("other buckets: error %v, want ErrState", err)
		}
		for _, shape := range [][2]int{{3, 2}, {1, 0}, {0, -1}} {
			test := StickyMethods[name](shape[0], shape[1], math.NaN(), 0)
			for i, b := range extremes() {
				test.Observe(b)
				if s := says(test); !s.finite() {
					t.Fatalf("shape %v: window %d leaves %+v", shape, i, s)
				}
			}
		}
	})
}
