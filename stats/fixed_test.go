package stats

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// big128 and big192 are the sums as integers without bounds.
func big128(s Sum128) *big.Int {
	v := new(big.Int).Lsh(big.NewInt(s.Hi), 64)
	return v.Add(v, new(big.Int).SetUint64(s.Lo))
}

func big192(q Sum192) *big.Int {
	v := new(big.Int)
	for _, w := range []uint64{q.Hi, q.Mid, q.Lo} {
		v.Lsh(v, 64)
		v.Add(v, new(big.Int).SetUint64(w))
	}
	return v
}

// mixed draws values of all sizes that a metric may have, both signs.
func mixed(r *rand.Rand) float64 {
	switch r.IntN(6) {
	case 0:
		return float64(r.IntN(2))
	case 1:
		return math.Ldexp(r.Float64(), 40)
	case 2:
		return -math.Ldexp(r.Float64(), r.IntN(41))
	}
	return math.Ldexp(r.Float64(), r.IntN(80)-40)
}

func TestFixIsTheNearestMultiple(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 20000 {
		x := mixed(r)
		v, clamped := Fix(x)
		if clamped {
			t.Fatalf("Fix(%v) was clamped", x)
		}
		exact := new(big.Float).SetPrec(200).SetMantExp(big.NewFloat(x), fixBits)
		gap := new(big.Float).SetPrec(200).Sub(exact, new(big.Float).SetInt(big128(v)))
		if gap.Abs(gap).Cmp(big.NewFloat(0.5)) > 0 {
			t.Fatalf("Fix(%v) = %v, off by %v units", x, v, gap)
		}
	}
}

func TestFixAtItsEnds(t *testing.T) {
	top, low := Sum128{64, 0}, Sum128{-64, 0} // ±2⁷⁰
	for _, c := range []struct {
		x       float64
		want    Sum128
		clamped bool
	}{
		{0, Sum128{}, false},
		{math.Copysign(0, -1), Sum128{}, false},
		{1, Sum128{0, 1 << 30}, false},
		{-1, Sum128{-1, ^uint64(0) - 1<<30 + 1}, false},
		{1.5 / (1 << 30), Sum128{0, 2}, false}, // half to even
		{2.5 / (1 << 30), Sum128{0, 2}, false},
		{fixSmall, Sum128{0, 1 << 62}, false},
		{fixLimit, top, false},
		{-fixLimit, low, false},
		{math.Nextafter(fixLimit, math.Inf(1)), top, true},
		{math.Inf(1), top, true},
		{math.Inf(-1), low, true},
		{math.NaN(), Sum128{}, true},
	} {
		if got, clamped := Fix(c.x); got != c.want || clamped != c.clamped {
			t.Errorf("Fix(%v) = %v, %v; want %v, %v", c.x, got, clamped, c.want, c.clamped)
		}
	}
}

func TestSumsAreExact(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	for range 200 {
		var s Sum128
		var q Sum192
		sum, square := new(big.Int), new(big.Int)
		n := uint64(1 + r.IntN(200))
		for range n {
			v, _ := Fix(mixed(r))
			s.Add(v)
			q.Add(v.square())
			sum.Add(sum, big128(v))
			square.Add(square, new(big.Int).Mul(big128(v), big128(v)))
		}
		if big128(s).Cmp(sum) != 0 || big192(q).Cmp(square) != 0 {
			t.Fatalf("sums %v, %v; want %v, %v", big128(s), big192(q), sum, square)
		}
		want := new(big.Int).Mul(square, new(big.Int).SetUint64(n))
		want.Sub(want, new(big.Int).Mul(sum, sum))
		got := new(big.Int)
		for w, i := spread(n, s, q), 3; i >= 0; i-- {
			got.Lsh(got, 64).Add(got, new(big.Int).SetUint64(w[i]))
		}
		if got.Cmp(want) != 0 {
			t.Fatalf("n·Σx² − (Σx)² = %v, want %v", got, want)
		}
		if f, _ := new(big.Float).SetInt(sum).Float64(); s.Float() != f*fixUnit {
			t.Fatalf("Float() = %v, want %v", s.Float(), f*fixUnit)
		}
		if f, _ := new(big.Float).SetInt(square).Float64(); q.Float() != f*fixUnit*fixUnit {
			t.Fatalf("Float() = %v, want %v", q.Float(), f*fixUnit*fixUnit)
		}
		if k := uint64(r.IntN(1 << 20)); big128(s.times(k)).Cmp(sum.Mul(sum, new(big.Int).SetUint64(k))) != 0 ||
			big192(q.times(k)).Cmp(square.Mul(square, new(big.Int).SetUint64(k))) != 0 {
			t.Fatalf("%d times %v or %v is off", k, s, q)
		}
	}
}

func TestSpreadOfCraftedSumsIsNotNegative(t *testing.T) {
	if got := spread(1, Sum128{5, 5}, Sum192{}); got != (wide{}) {
		t.Errorf("spread = %v, want 0", got)
	}
}
