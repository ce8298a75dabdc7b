package sequential

import "testing"

func BenchmarkHarm(b *testing.B) {
	for name, null := range map[string]Null{"margin 0": {}, "absolute": {Margin: 0.005}, "relative": {Margin: 0.1, Relative: true}} {
		b.Run(name, func(b *testing.B) {
			h := NewHarm(null, Options{Stages: 5, PriorRate: 0.01})
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				h.Observe(Counts{900, int64(5 + i&7)}, Counts{100, int64(i & 1)}, i&3)
			}
		})
	}
}

func BenchmarkSafe(b *testing.B) {
	s := NewSafe(Null{Margin: 0.005}, Options{PriorRate: 0.01})
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		s.Observe(Counts{900, int64(5 + i&7)}, Counts{100, int64(i & 1)}, 0)
	}
}

func BenchmarkScore(b *testing.B) {
	s := NewScore(ScoreOptions{Harm: true, Rho: 100, Stages: 5})
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		s.Observe(Moments{900, 10 + float64(i&3), 8000}, Moments{100, 10, 900}, i&3)
	}
}

func BenchmarkSampleRatio(b *testing.B) {
	r := NewSampleRatio()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		r.Observe(0.1, 900, int64(95+i&7))
	}
}
