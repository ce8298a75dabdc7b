package sequential

import "testing"

// BenchmarkMethods measures one block of every kind of process; the bars are 25 µs for a
// test on a share, 2 µs for one on a mean or the sample ratio, and no allocation.
func BenchmarkMethods(b *testing.B) {
	for _, m := range Methods {
		for name, start := range makers {
			if name != m.Name && (len(name) <= len(m.Name) || name[:len(m.Name)+1] != m.Name+",") {
				continue
			}
			b.Run(name, func(b *testing.B) {
				p := start()
				for _, x := range blocksOf(900, 12) {
					p.observe(x[0], x[1], 0)
				}
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					p.observe(Counts{900, int64(5 + i&7)}, Counts{100, int64(i & 3)}, 0)
				}
			})
		}
	}
}
