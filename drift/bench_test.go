package drift

import (
	"math/rand/v2"
	"testing"
)

// BenchmarkWindow scores a window of 21 bins and 16 parts in the last of 5 stages,
// while the arms drift: the costly case. The target is 500 µs for both together.
func BenchmarkWindow(b *testing.B) {
	for _, name := range []string{"psi", "ks"} {
		b.Run(name, func(b *testing.B) {
			r := rand.New(rand.NewPCG(17, 18))
			p, q := tilted(21, 0.2, distances[name])
			test := Methods[name](21, 0.1, 5)
			var windows []Block
			for i := range 64 {
				w := window(r, 16, p, q, 900, 100)
				w.Stage = min(i, 4)
				windows = append(windows, w)
				test.Observe(w)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				test.Observe(windows[4+i%60])
			}
		})
	}
}

// BenchmarkFactor weighs one block against one bet.
func BenchmarkFactor(b *testing.B) {
	p, q := tilted(21, 0.2, distance)
	c := Counts{make([]int64, 21), make([]int64, 21)}
	s := newNearest(21)
	b.ReportAllocs()
	for b.Loop() {
		s.factor(c, p, q, 0.1, 900, 100)
	}
}

// BenchmarkDistances computes what is displayed when a window closes: the bracket of KS
// from the fine bins, and PSI of the coarse ones. The target is 10 µs.
func BenchmarkDistances(b *testing.B) {
	fine, coarse := Counts{make([]int64, 320), make([]int64, 320)}, Counts{make([]int64, 21), make([]int64, 21)}
	for i := range 320 {
		fine.Stable[i], fine.Canary[i] = int64(300+i), int64(30+i/5)
		coarse.Stable[i%21], coarse.Canary[i%21] = int64(300+i), int64(30+i/5)
	}
	b.ReportAllocs()
	for b.Loop() {
		coarse.PSI()
		fine.KS()
	}
}
