package drift

import (
	"math"
	"math/rand/v2"
	"testing"
)

// columns are values of several shapes, with the reference's edges.
func columns(n int) map[string][]float64 {
	r := rand.New(rand.NewPCG(31, 32))
	make := func(f func() float64) []float64 {
		xs := make([]float64, n)
		for i := range xs {
			xs[i] = f()
		}
		return xs
	}
	return map[string][]float64{
		"normal":    make(r.NormFloat64),
		"lognormal": make(func() float64 { return math.Exp(r.NormFloat64()) }),
		"unit":      make(r.Float64),
		"heavy":     make(func() float64 { return r.NormFloat64() / r.NormFloat64() }),
		"zeros":     make(func() float64 { return math.Max(0, r.NormFloat64()) }),
		"integers":  make(func() float64 { return float64(r.IntN(20)) }),
		"clock":     make(func() float64 { return 1.7e9 + 1e3*r.NormFloat64() }),
	}
}

// BenchmarkHistogram counts one value: the target is 8 ns with nulls.
func BenchmarkHistogram(b *testing.B) {
	const n = 1 << 16
	valid := make([]byte, n/8)
	for i := range valid {
		valid[i] = 0xff
		if i%5 == 0 {
			valid[i] = 0xb7 // one row in 20 has no value
		}
	}
	for name, xs := range columns(n) {
		e, err := Learn(xs, 0)
		if err != nil {
			b.Fatal(err)
		}
		h := NewHistogram(e)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			rows := 0
			for b.Loop() {
				h.Add(xs, valid, 0)
				rows += n
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(rows), "ns/value")
		})
	}
}

// BenchmarkSame scores a window of 21 bins and 16 parts for equivalence.
func BenchmarkSame(b *testing.B) {
	for _, name := range []string{"psi", "ks"} {
		b.Run(name, func(b *testing.B) {
			p, _ := tilted(21, 0, distance)
			test, w := Equivalents[name](21, 0.1, 5), window(rand.New(rand.NewPCG(1, 2)), 16, p, p, 9000, 1000)
			b.ReportAllocs()
			for b.Loop() {
				test.Observe(w)
			}
		})
	}
}

// BenchmarkFaults scores a window of 27 bins and 16 parts for seven kinds of fault.
func BenchmarkFaults(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	p := law(r, groups0+20, 1)
	test, w := NewFaults(20, 0.01, 5, 0), window(r, 16, p, p, 9000, 1000)
	b.ReportAllocs()
	for b.Loop() {
		test.Observe(w)
	}
}

// BenchmarkMeasure computes every distance of 21 bins, p-values among them.
func BenchmarkMeasure(b *testing.B) {
	c := Counts{make([]int64, 21), make([]int64, 21)}
	for i := range 21 {
		c.Stable[i], c.Canary[i] = int64(3000+i), int64(300+i/5)
	}
	var out []Measured
	b.ReportAllocs()
	for b.Loop() {
		out = c.Measure(out[:0], nil)
	}
}
