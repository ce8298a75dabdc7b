package drift

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// By hand: of 3 a, 1 b draw 2: {aa, ab}: 3 of 6 pairs are aa, 3 are ab.
func TestRarefiedIsTheMeanOverDraws(t *testing.T) {
	for _, c := range []struct {
		counts []int64
		k      int64
		want   float64
	}{
		{[]int64{3, 1}, 2, 1.5}, {[]int64{3, 1}, 1, 1}, {[]int64{3, 1}, 4, 2}, {[]int64{3, 1}, 99, 2}, {[]int64{1, 1, 1}, 2, 2},
		{nil, 2, 0}, {[]int64{0}, 2, 0}, {[]int64{3, 1}, 0, 0}, {[]int64{3, 1}, -1, 0}, {[]int64{-3, 1}, 1, 0}, {[]int64{math.MaxInt64, 1}, 1, 0},
	} {
		if got := Rarefied(c.counts, c.k); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%v, %d drawn: %v, want %v", c.counts, c.k, got, c.want)
		}
	}
	for _, c := range [][3]int64{{100_000, 1500, 2000}, {1 << 40, 5000, 1 << 30}, {1 << 40, 1 << 20, 1 << 20}} {
		exact := 0.0
		few, many := min(c[1], c[2]), max(c[1], c[2])
		for i := range few {
			exact += math.Log1p(-float64(many) / float64(c[0]-i))
		}
		if got := absent(c[0], c[1], c[2]); math.Abs(got-math.Exp(exact)) > 1e-6*math.Exp(exact)+1e-12 {
			t.Errorf("%v: %v, by the product %v", c, got, math.Exp(exact))
		}
	}
}

// A tenth of the traffic sees fewer values; at equal numbers it sees as many.
func TestCardinalityIsComparedAtEqualNumbers(t *testing.T) {
	r := rand.New(rand.NewPCG(91, 92))
	p := law(r, 500, 0.5)
	b := window(r, 1, p, p, 9000, 1000)
	c := Counts{make([]int64, 500), make([]int64, 500)}
	seen := [2]int{}
	for i := range 500 {
		c.Stable[i], c.Canary[i] = int64(b.Stable[i]), int64(b.Canary[i])
		for arm, n := range []int64{c.Stable[i], c.Canary[i]} {
			if n > 0 {
				seen[arm]++
			}
		}
	}
	got := c.Cardinality()
	if got.Events != 1000 || math.Abs(got.Stable/got.Canary-1) > 0.12 || float64(seen[0])/float64(seen[1]) < 1.2 {
		t.Errorf("distinct values %v, at equal numbers %+v", seen, got)
	}
	if got := (Counts{[]int64{1}, []int64{0}}).Cardinality(); got != (Cardinality{}) {
		t.Errorf("an empty arm has %+v", got)
	}
}

func TestGiniOfKnownCounts(t *testing.T) {
	for _, c := range []struct {
		counts []int64
		want   float64
	}{{[]int64{1, 1, 1, 1}, 0}, {[]int64{0, 0, 0, 8}, 0.75}, {[]int64{1, 2, 3, 4}, 0.25}, {nil, 0}, {[]int64{0, 0}, 0}, {[]int64{-1, 2}, 0}} {
		if got := Gini(c.counts); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%v: %v, want %v", c.counts, got, c.want)
		}
	}
}

// Arms of one law and very different sizes look alike; a canary that recommends the
// head more often does not.
func TestConcentrationComparesArmsOfDifferentSize(t *testing.T) {
	r := rand.New(rand.NewPCG(93, 94))
	p := law(r, 300, 0.7)
	narrow := slices.Clone(p)
	for i := range narrow {
		narrow[i] = p[i] * p[i]
	}
	total := sum(narrow)
	for i := range narrow {
		narrow[i] /= total
	}
	compare := func(q []float64) Concentration {
		b := window(r, 1, p, q, 20_000, 2000)
		c := Counts{make([]int64, 300), make([]int64, 300)}
		for i := range 300 {
			c.Stable[i], c.Canary[i] = int64(b.Stable[i]), int64(b.Canary[i])
		}
		return c.Concentration(7)
	}
	for what, pair := range map[string][2]Concentration{"same": {compare(p), compare(p)}, "narrow": {compare(narrow), compare(narrow)}} {
		for _, got := range pair {
			cover, gini, simpson := got.Coverage[1]-got.Coverage[0], got.Gini[1]-got.Gini[0], got.Simpson[1]/got.Simpson[0]
			alike := math.Abs(cover) < 0.03 && math.Abs(gini) < 0.02 && math.Abs(simpson-1) < 0.1
			worse := cover < -0.1 && gini > 0.1 && simpson > 1.5
			if got.Events != 2000 || what == "same" && !alike || what == "narrow" && !worse {
				t.Errorf("%s: %+v", what, got)
			}
		}
	}
	if got := (Counts{[]int64{1}, []int64{0}}).Concentration(1); got != (Concentration{}) {
		t.Errorf("an empty arm has %+v", got)
	}
}

func TestThinningKeepsTheNumberAndTheSeedDecides(t *testing.T) {
	counts := []int64{500, 0, 30, 4000, 1}
	a, b, c := thin(counts, 700, 1), thin(counts, 700, 1), thin(counts, 700, 2)
	if sum(a) != 700 || !slices.Equal(a, b) || slices.Equal(a, c) {
		t.Errorf("drawn %v, again %v, with another seed %v", a, b, c)
	}
	for i := range a {
		if a[i] > counts[i] || a[i] < 0 {
			t.Errorf("%v of %v", a, counts)
		}
	}
	big := thin([]int64{mostEvents, mostEvents}, 1<<20, 1)
	if sum(big) != 1<<20 {
		t.Errorf("%v", big)
	}
}
