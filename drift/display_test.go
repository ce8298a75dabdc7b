package drift

import (
	"math"
	"strings"
	"testing"
)

// Within a block both arms are equal; over blocks the law moves and the split too.
// Pooled counts then differ, weighted ones do not.
func TestEffectFollowsTheCanarysMixOfBlocks(t *testing.T) {
	each(t, func(t *testing.T, name string) {
		test := Methods[name](3, 0, 1)
		pooled := Counts{make([]int64, 3), make([]int64, 3)}
		for _, b := range []Block{whole([]int64{900, 90, 10}, []int64{90, 9, 1}), whole([]int64{10, 90, 900}, []int64{10, 90, 900})} {
			test.Observe(b)
			for i := range 3 {
				pooled.Stable[i] += int64(b.Stable[i])
				pooled.Canary[i] += int64(b.Canary[i])
			}
		}
		if raw, _ := pooled.PSI(); raw < 0.1 {
			t.Fatalf("pooled index %v: the case is too easy", raw)
		}
		if got := test.Effect().Estimate; got > 1e-9 {
			t.Errorf("effect %v, want none", got)
		}
	})
}

func TestEffectIsThatOfOneBlockAndOfTheCurrentStage(t *testing.T) {
	each(t, func(t *testing.T, name string) {
		c := Counts{[]int64{500, 300, 200}, []int64{20, 30, 50}}
		test := Methods[name](3, 0.1, 2)
		test.Observe(whole([]int64{5, 5, 990}, []int64{100, 0, 0}))
		b := whole(c.Stable, c.Canary)
		b.Stage = 1
		test.Observe(b)
		_, want := c.PSI()
		if name == "ks" {
			want, _ = c.KS()
		}
		if got := test.Effect(); math.Abs(got.Estimate-want) > 1e-12 || got.Scale != name || got.Level != 0 || !strings.Contains(got.Note, "current stage") {
			t.Errorf("effect %+v, want %v", got, want)
		}
		if n := test.N(); n != [2]int64{2000, 200} || test.Blocks() != 2 {
			t.Errorf("%v events in %d blocks, want all of the rollout", n, test.Blocks())
		}
	})
}

func TestEmptyCountsHaveNoDistance(t *testing.T) {
	for _, c := range []Counts{{}, {[]int64{0}, []int64{0}}, {[]int64{1, 2}, []int64{0, 0}}, {[]int64{0, 0}, []int64{1, 2}}, {[]int64{1}, []int64{1, 2}}} {
		raw, effect := c.PSI()
		low, high := c.KS()
		if raw != 0 || effect != 0 || low != 0 || high != 0 {
			t.Errorf("%v: index %v, effect %v, distance %v to %v, want none", c, raw, effect, low, high)
		}
	}
}

func TestDistancesOfHugeCountsAreExact(t *testing.T) {
	const many = 1_000_000_000
	c := Counts{[]int64{many, 0, many}, []int64{0, many, many}}
	if low, high := c.KS(); low != 0.5 || high != 0.5 {
		t.Errorf("KS between %v and %v, want 0.5", low, high)
	}
	if raw, effect := c.PSI(); math.IsInf(raw, 0) || math.IsNaN(effect) || raw < 10 {
		t.Errorf("PSI %v, %v", raw, effect)
	}
}
