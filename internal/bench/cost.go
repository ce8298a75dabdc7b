package bench

import (
	"fmt"
	"math"
	"runtime"
	"testing"

	"verdin/stats"
	"verdin/stats/sequential"
)

// cost is one thing that is done once per metric and window.
type cost struct {
	name string
	bar  float64 // µs; 0 = none
	make func() func(i int)
}

var costs = []cost{
	{"harm of a share, 32 alternatives, five stages, no margin", 25, harmCost(sequential.Null{})},
	{"… absolute margin", 25, harmCost(sequential.Null{Margin: 0.005})},
	{"… relative margin", 25, harmCost(sequential.Null{Margin: 0.1, Relative: true})},
	{"safety of a share", 25, func() func(int) {
		s := sequential.NewSafe(sequential.Null{Margin: 0.005}, sequential.Options{PriorRate: 0.01})
		return func(i int) { s.Observe(some(900, 5, i&7), some(100, 0, i&1), 0) }
	}},
	{"interval of a share", 25, func() func(int) {
		s := sequential.NewShareInterval(sequential.Difference, sequential.Options{})
		return func(i int) { s.Observe(some(900, 5, i&7), some(100, 0, i&1)) }
	}},
	{"quantile, harm and safety", 25, exceedanceCost},
	{"mean", 2, func() func(int) {
		s := sequential.NewScore(sequential.ScoreOptions{Harm: true, Rho: 100, Stages: 5})
		return func(i int) {
			s.Observe(sequential.Moments{N: 900, Mean: 10 + float64(i&3), M2: 8000}, sequential.Moments{N: 100, Mean: 10, M2: 900}, i&3)
		}
	}},
	{"sample ratio", 2, func() func(int) {
		s := sequential.NewSampleRatio()
		return func(i int) { s.Observe(0.1, 900, int64(95+i&7)) }
	}},
}

func some(n int64, y, more int) sequential.Counts {
	return sequential.Counts{N: n, Y: int64(y + more)}
}

func harmCost(null sequential.Null) func() func(int) {
	return func() func(int) {
		h := sequential.NewHarm(null, sequential.Options{Stages: 5, PriorRate: 0.01})
		return func(i int) { h.Observe(some(900, 5, i&7), some(100, 0, i&1), i&3) }
	}
}

func exceedanceCost() func(int) {
	var arms [8]*stats.Histogram
	for i := range arms {
		h := stats.NewHistogram(false)
		for k := range 500 {
			h.Add(100 * math.Exp(0.5*math.Sin(float64(k*(i+3)))))
		}
		arms[i] = &h
	}
	t := sequential.NewExceedance(sequential.QuantileOptions{Q: 0.95, Options: sequential.Options{Stages: 5}})
	return func(i int) { t.Observe(arms[i&7], arms[(i+1)&7], i&3, true) }
}

// Cost measures them, as Go benchmarks, on the machine that it runs on.
func Cost() Report {
	r := Report{Part: "cost"}
	t := Table{Columns: []string{"per metric and window", "µs", "bar", "allocations"}}
	for _, c := range costs {
		us, allocations := c.measure()
		bar := "–"
		if c.bar > 0 {
			bar = Number(c.bar)
		}
		t.Rows = append(t.Rows, []string{c.name, Number(us), bar, fmt.Sprint(allocations)})
		if c.bar > 0 && us > c.bar {
			r.Break("%s takes %.1f µs, the bar is %v", c.name, us, c.bar)
		}
		if allocations > 0 {
			r.Break("%s allocates %d times a window", c.name, allocations)
		}
	}
	r.Section("Cost", fmt.Sprintf("Measured by `verdin bench cost`, one core, %s/%s, %s.", runtime.GOOS, runtime.GOARCH, runtime.Version()), t)
	return r
}

// measure returns microseconds and allocations of one step.
func (c cost) measure() (us float64, allocations int64) {
	b := testing.Benchmark(func(b *testing.B) {
		step := c.make()
		for i := range 100 {
			step(i)
		}
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			step(i)
		}
	})
	return float64(b.T.Nanoseconds()) / float64(b.N) / 1000, b.AllocsPerOp()
}
