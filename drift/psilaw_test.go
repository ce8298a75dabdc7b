package drift

import (
	"math"
	"math/rand/v2"
	"testing"
)

func drawCounts(r *rand.Rand, p, q []float64, n, m int) Counts {
	b := window(r, 1, p, q, n, m)
	c := Counts{make([]int64, len(p)), make([]int64, len(p))}
	for i := range p {
		c.Stable[i], c.Canary[i] = int64(b.Stable[i]), int64(b.Canary[i])
	}
	return c
}

// At a true index of d, one look rejects "index ≤ d" and "index ≥ d" as often as it
// says, and the interval holds d as often as it says; so do the arms without drift.
func TestOneLookErrsAsOftenAsItSays(t *testing.T) {
	const runs = 3000 / stride
	for _, d := range []float64{0, 0.05, 0.2} {
		p, q := tilted(10, d, distance)
		r := rand.New(rand.NewPCG(101, 102))
		above, below, missed := 0, 0, 0
		for i := range runs {
			c := drawCounts(r, p, q, 1800, 600)
			a, b := c.PSIP(d)
			if a <= 0.05 {
				above++
			}
			if b <= 0.05 {
				below++
			}
			if i%10 == 0 {
				if in := c.PSIInterval(0.9); d < in.Low-1e-12 || d > in.High {
					missed++
				}
			}
		}
		t.Logf("index %v: above %d, below %d of %d, interval missed %d of %d", d, above, below, runs, missed, runs/10)
		most := 0.05*runs + 4*math.Sqrt(0.05*runs)
		if least := 0.05*runs - 4*math.Sqrt(0.05*runs); float64(above) > most || float64(above) < least || float64(below) > most || d > 0 && float64(below) < least {
			t.Errorf("index %v: rejected above %d and below %d times of %d, want 5 %%", d, above, below, runs)
		}
		if missed > 50/stride {
			t.Errorf("index %v: the interval missed it %d of %d times", d, missed, runs/10)
		}
	}
}

func TestLimitAndPValueAreOneLaw(t *testing.T) {
	c := Counts{[]int64{200, 300, 300, 200}, []int64{15, 25, 32, 58}}
	raw, _ := c.PSI()
	for _, alpha := range []float64{0.2, 0.01, 1e-4} {
		d := bisect(0, 10, func(d float64) bool { return PSILimit(alpha, d, 4, 1000, 130) < raw })
		if above, _ := c.PSIP(d); math.Abs(above/alpha-1) > 1e-6 {
			t.Errorf("the index is the limit of risk %v at %v, where its p-value is %v", alpha, d, above)
		}
	}
}

func TestBoundsOfKSMoveWithTheTolerance(t *testing.T) {
	c := Counts{[]int64{900, 100, 0}, []int64{80, 10, 10}}
	low, high := c.KS()
	root := math.Sqrt(1.0/1000 + 1.0/100)
	for _, d := range []float64{0, 0.05, low, high, 0.5} {
		above, below := c.KSBounds(d)
		if above != kolmogorovAbove((low-d)/root) || below != kolmogorovAbove((d-high)/root) {
			t.Errorf("d = %v: bounds %v and %v", d, above, below)
		}
	}
	if p, method := c.KSP(); method != "exact" || !(p > 0 && p < 1) {
		t.Errorf("p = %v by %s", p, method)
	}
	for _, want := range []struct {
		n      int64
		method string
	}{{2000, "stephens"}, {10_000_000, "limit"}} {
		big := Counts{[]int64{want.n, want.n}, []int64{want.n, want.n + want.n/50}}
		if p, method := big.KSP(); method != want.method || !(p >= 0 && p <= 1) {
			t.Errorf("%d events: p = %v by %s, want by %s", want.n, p, method, want.method)
		}
	}
}

func TestLawsOfNothing(t *testing.T) {
	for _, c := range []Counts{{}, {[]int64{1}, []int64{2}}, {[]int64{1, 2}, []int64{0, 0}}} {
		a, b := c.PSIP(0.1)
		x, y := c.KSBounds(0.1)
		in := c.PSIInterval(0.95)
		if a != 1 || b != 1 || x < 0.5 || y > 1 || in.Level != 0 {
			t.Errorf("%v: %v %v, %v %v, %+v", c, a, b, x, y, in)
		}
	}
	c := Counts{[]int64{1, 2}, []int64{2, 1}}
	for _, level := range []float64{0, 1, -1, math.NaN()} {
		if in := c.PSIInterval(level); in.Level != 0 {
			t.Errorf("level %v: %+v", level, in)
		}
	}
	for _, x := range []float64{PSILimit(0.01, 0, 1, 5, 5), PSILimit(0.01, 0, 5, 0, 5), PSILimit(math.NaN(), math.NaN(), 5, 5, 5), Spent(0.05, 0), Spent(math.NaN(), 1)} {
		if x != 0 {
			t.Errorf("a question without an answer gives %v, want 0", x)
		}
	}
	for _, x := range []float64{KSLimit(0.05, 1, 0, 5), DKWLimit(0.05, 1, 5, 0), DKWLimit(0, 1, 5, 5), KSLimit(0, 1, 5, 5)} {
		if !(x >= 0 && x <= 1) {
			t.Errorf("limit %v", x)
		}
	}
}

// The divergence of laws that are close has few digits to lose.
func TestDivergenceIsAccurateForCloseLaws(t *testing.T) {
	for _, x := range []float64{1e-12, 1e-6, 9.9e-4, 1.01e-3, 0.01} {
		want := x * x * (1 + x*x/6 + x*x*x*x/15)
		if got := entropyGap(x); math.Abs(got/want-1) > 1e-9 {
			t.Errorf("t = %v: %v, want %v", x, got, want)
		}
	}
}
