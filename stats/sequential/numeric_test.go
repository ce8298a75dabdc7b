package sequential

import (
	"math"
	"math/big"
	"testing"

	"verdin/stats"
)

// exactMGF is Σ h(y)·e^{φy} with big integers and 200-bit floats.
func exactMGF(phi float64, na, nb, s int64) float64 {
	sum := new(big.Float).SetPrec(200)
	for y := max(0, s-na); y <= min(s, nb); y++ {
		ways := new(big.Int).Mul(new(big.Int).Binomial(nb, y), new(big.Int).Binomial(na, s-y))
		term := new(big.Float).SetPrec(200).SetInt(ways)
		sum.Add(sum, term.Mul(term, bigExp(phi*float64(y))))
	}
	sum.Quo(sum, new(big.Float).SetPrec(200).SetInt(new(big.Int).Binomial(na+nb, s)))
	return bigLog(sum)
}

// bigExp is e^x to float64's precision, with any exponent: 2^k·e^r.
func bigExp(x float64) *big.Float {
	k := math.Round(x / math.Ln2)
	hi, lo := 6.93147180369123816490e-01, 1.90821492927058770002e-10 // log 2 in two parts
	m := new(big.Float).SetPrec(200).SetFloat64(math.Exp(x - k*hi - k*lo))
	return m.SetMantExp(m, int(k))
}

func bigLog(x *big.Float) float64 {
	m := new(big.Float)
	e := x.MantExp(m)
	f, _ := m.Float64()
	return math.Log(f) + float64(e)*math.Ln2
}

// FuzzHypergeometric compares the tilt's normaliser with big integers.
func FuzzHypergeometric(f *testing.F) {
	f.Add(0.5, uint16(900), uint16(100), uint16(12))
	f.Add(-2.5, uint16(1), uint16(1), uint16(1))
	f.Add(2.5, uint16(300), uint16(200), uint16(499))
	f.Fuzz(func(t *testing.T, phi float64, a, b, k uint16) {
		na, nb := int64(a%1000), int64(b%1000)
		if na+nb == 0 || !(math.Abs(phi) <= 30) {
			return
		}
		s := int64(k) % (na + nb + 1)
		near(t, "log M", LogHypergeometricMGF(phi, na, nb, s), exactMGF(phi, na, nb, s), 1e-10)
	})
}

// TestHypergeometricOfAThousandMillion: the probabilities of one law sum to 1, and a tilt
// back and forth cancels, at counts where log gammas keep no digit.
func TestHypergeometricOfAThousandMillion(t *testing.T) {
	for _, c := range [][3]int64{{9e8, 1e8, 5e6}, {1e9, 1e9, 1e9}, {1e9, 10, 1e8}, {5, 1e9, 1e6}} {
		if got := LogHypergeometricMGF(0, c[0], c[1], c[2]); math.Abs(got) > 1e-7 {
			t.Errorf("%v: log of the sum of all probabilities %v", c, got)
		}
		lo := max(0, c[2]-c[0])
		hi := min(c[2], c[1])
		for _, phi := range []float64{-2.5, 0.01, 2.5} {
			if got := LogHypergeometricMGF(phi, c[0], c[1], c[2]) / phi; !(got >= float64(lo)-1e-6 && got <= float64(hi)+1e-6) {
				t.Errorf("%v: log M(%v)/φ = %v, outside of the support [%d, %d]", c, phi, got, lo, hi)
			}
		}
	}
}

func TestLogChooseIsABigInteger(t *testing.T) {
	for _, c := range [][2]int64{{1, 0}, {5, 2}, {12, 3}, {30, 15}, {1000, 400}, {5000, 4999}, {3, 7}, {4, -1}} {
		want := bigLog(new(big.Float).SetInt(new(big.Int).Binomial(max(c[0], 1), min(max(c[1], 0), c[0]))))
		near(t, "log C", LogChoose(c[0], c[1]), want, 1e-12)
	}
}

// FuzzFactor enumerates the outcomes of a small block for any alternative and margin: law Q1.
func FuzzFactor(f *testing.F) {
	f.Add(0.2, 0.6, 0.1, 0.3, false, false)
	f.Add(1e-9, 1-1e-9, 0.0, 0.5, true, true)
	f.Add(0.5, 0.5000001, 2.0, 0.01, true, false)
	f.Fuzz(func(t *testing.T, pa, pb, margin, theta float64, relative, lower bool) {
		if !(pa > 0 && pa < 1 && pb > 0 && pb < 1 && theta >= 0 && theta <= 1) {
			return
		}
		null := Null{Relative: relative, Margin: margin}
		if lower {
			null.Worse = Lower
		}
		for _, h := range []half{null.harm(), null.safe()} {
			b := h.at(theta) // on the boundary
			if !(b >= 0 && b <= 1) {
				continue
			}
			e := expectation(4, 3, theta, b, func(x, y Counts) float64 { return h.logFactor(x, y, inside(pa), inside(pb)) })
			if !(e <= exactly) {
				t.Errorf("%+v, alternative %v %v, rates %v %v: expectation %.16g", h, pa, pb, theta, b, e)
			}
		}
	})
}

// FuzzNothingBreaks feeds every process with any counts: all figures stay finite.
func FuzzNothingBreaks(f *testing.F) {
	f.Add(int64(900), int64(9), int64(100), int64(3), 1)
	f.Add(int64(-1), int64(1<<62), int64(0), int64(0), -5)
	f.Fuzz(func(t *testing.T, na, ya, nb, yb int64, stage int) {
		const most = 1_000_000_000
		a, b := Counts{na % (most + 1), ya % (most + 1)}, Counts{nb % (most + 1), yb % (most + 1)}
		for name, start := range makers {
			p := start()
			for range 3 {
				p.observe(a, b, stage)
				p.observe(Counts{900, 9}, Counts{100, 2}, 0)
			}
			for _, x := range p.logs() {
				if x-x != 0 {
					t.Fatalf("%s: stable %v, canary %v: %v", name, a, b, p.logs())
				}
			}
		}
	})
}

// FuzzPaired: any margin, any pairs; the factor of a single pair has an expectation of at
// most 1 at the corner of its null.
func FuzzPaired(f *testing.F) {
	f.Add(0.05, 0.3)
	f.Add(1.0, 0.0)
	f.Fuzz(func(t *testing.T, delta, tie float64) {
		delta = Null{Margin: delta}.margin()
		worse, better := (1-tie+delta)/2, (1-tie-delta)/2
		if !(delta <= 1 && worse >= 0 && better >= 0 && tie >= 0) {
			return
		}
		for _, harm := range []bool{true, false} {
			p := NewPaired(Null{Margin: delta}, harm, Options{GridPoints: 5})
			for k := range p.l {
				e := worse*math.Exp(p.worse[k]) + better*math.Exp(p.better[k]) + tie*math.Exp(p.tie[k])
				if !(e <= 1+1e-12) {
					t.Errorf("margin %v, ties %v, harm %v: expectation %v", delta, tie, harm, e)
				}
			}
		}
	})
}

// TestAUCIsTheShareOfPairs in order, and DeLong's variance that of its two parts,
// computed pair by pair.
func TestAUCIsTheShareOfPairs(t *testing.T) {
	pos, neg := []float64{0.9, 0.8, 0.8, 0.4, 0.2}, []float64{0.8, 0.5, 0.3, 0.1}
	var p, q stats.Histogram
	for _, x := range pos {
		p.Add(x)
	}
	for _, x := range neg {
		q.Add(x)
	}
	below := func(x, y float64) float64 {
		switch {
		case x > y:
			return 1
		case x == y:
			return 0.5
		}
		return 0
	}
	var f, g Moments
	for _, x := range pos {
		sum := 0.0
		for _, y := range neg {
			sum += below(x, y)
		}
		f = f.Merge(Moments{N: 1, Mean: sum / 4})
	}
	for _, y := range neg {
		sum := 0.0
		for _, x := range pos {
			sum += below(x, y)
		}
		g = g.Merge(Moments{N: 1, Mean: sum / 5})
	}
	area, variance := Scores{&p, &q}.AUC()
	near(t, "area", area, f.Mean, 1e-12)
	near(t, "variance", variance, f.M2/4/5+g.M2/3/4, 1e-12)
	if a, v := (Scores{&stats.Histogram{}, &q}).AUC(); a != 0 || v != 0 {
		t.Errorf("no positives: area %v, variance %v", a, v)
	}
}

// TestRatioResidualsAreThoseOfTheRows: moments of pairs give what the rows would.
func TestRatioResidualsAreThoseOfTheRows(t *testing.T) {
	y, m := []float64{3, 0, 5, 2, 8, 1}, []float64{4, 2, 9, 2, 9, 3}
	var pairs Pairs
	var rows, ys, ms, sums Moments
	r, ratio, delta := 0.4, 1.2, 0.05
	for i := range y {
		pairs = pairs.Merge(Pairs{N: 1, MeanY: y[i], MeanM: m[i]})
		rows = rows.Merge(Moments{N: 1, Mean: (y[i]-delta*m[i])/ratio - r*m[i]})
		ys, ms, sums = ys.Merge(Moments{N: 1, Mean: y[i]}), ms.Merge(Moments{N: 1, Mean: m[i]}), sums.Merge(Moments{N: 1, Mean: y[i] + m[i]})
	}
	for what, p := range map[string]Pairs{"merged": pairs, "from three sums": PairsOf(ys, ms, sums)} {
		got := p.residuals(r, ratio, delta)
		near(t, what+", mean", got.Mean, rows.Mean, 1e-12)
		near(t, what+", M2", got.M2, rows.M2, 1e-12)
	}
}

// TestSmallNumbersOfInstancesShowNothing: 3 of 12 pods reach an e-value of 220 at most.
func TestSmallNumbersOfInstancesShowNothing(t *testing.T) {
	near(t, "bound", InstanceBound(12, 3), math.Log(220), 1e-12)
	if InstancesCanShow(12, 3, 0.001) || !InstancesCanShow(12, 3, 0.005) || InstancesCanShow(12, 0, 0.5) || InstancesCanShow(40, 20, 0) {
		t.Error("a claim is thought within reach, or out of it, against the number of assignments")
	}
}
