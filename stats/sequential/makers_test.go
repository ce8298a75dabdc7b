package sequential

import "verdin/stats"

// observer is what all tests have in common, each fed with counts.
type observer struct {
	observe func(a, b Counts, stage int)
	logs    func() []float64
	append  func([]byte) []byte
	restore func([]byte) error
}

// makers start every kind of process, under the name of its row of Methods, after
// which a comma may tell variants apart.
var makers = map[string]func() observer{
	"harm": func() observer {
		h := NewHarm(Null{Margin: 0.001}, Options{Stages: 3, PriorRate: 0.01})
		return observer{func(a, b Counts, s int) { h.Observe(a, b, s) },
			func() []float64 { return []float64{h.LogE(), h.LogEMax()} }, h.AppendState, h.Restore}
	},
	"harm, learning": func() observer {
		h := NewHarm(Null{Margin: 0.1, Relative: true, Worse: Lower}, Options{GridPoints: 8})
		return observer{func(a, b Counts, s int) { h.Observe(a, b, s) },
			func() []float64 { return []float64{h.LogE(), h.LogEMax()} }, h.AppendState, h.Restore}
	},
	"safe": func() observer {
		s := NewSafe(Null{Margin: 0.01}, Options{})
		running := 0
		return observer{func(a, b Counts, stage int) {
			if stage > running {
				running = stage
				s.StartStage(stage)
			}
			s.Observe(a, b, stage)
		}, func() []float64 { return []float64{s.LogE(), s.LogEMax(), s.StageLogE()} }, s.AppendState, s.Restore}
	},
	"safe, moved thresholds": func() observer {
		s := NewSafe(Null{}, Options{})
		return observer{func(a, b Counts, stage int) { s.ObserveAlt(a, b, 0.005, stage) },
			func() []float64 { return []float64{s.LogE(), s.LogEMax(), s.StageLogE()} }, s.AppendState, s.Restore}
	},
	"limit": func() observer {
		l := NewLimit(0.02, Options{Stages: 2})
		return observer{func(_, b Counts, s int) { l.Observe(b, s) },
			func() []float64 { return []float64{l.LogE(), l.LogEMax()} }, l.AppendState, l.Restore}
	},
	"sample ratio": func() observer {
		r := NewSampleRatio()
		return observer{func(a, b Counts, _ int) { r.Observe(0.1, a.N, b.N) },
			func() []float64 { return []float64{r.LogE(), r.LogEMax()} }, r.AppendState, r.Restore}
	},
	"conditional": func() observer {
		c := NewConditional(1.1, Lower, Options{Stages: 2, GridPoints: 6})
		return observer{func(a, b Counts, s int) { c.Observe(a, b, s) },
			func() []float64 { return []float64{c.LogE(), c.LogEMax()} }, c.AppendState, c.Restore}
	},
	"hold-back": func() observer {
		h := NewHoldBack(Null{Margin: 0.001}, Options{})
		return observer{func(a, b Counts, _ int) { h.Observe(a, b) },
			func() []float64 { return []float64{h.LogE(), h.LogEMax()} }, h.AppendState, h.Restore}
	},
	"ceiling": func() observer {
		c := NewCeiling(Options{})
		return observer{func(_, b Counts, _ int) { c.Observe(0.02, b) },
			func() []float64 { return []float64{c.LogE(), c.LogEMax()} }, c.AppendState, c.Restore}
	},
	"sticky, harm": func() observer {
		s := NewSticky(ScoreOptions{Harm: true, Stages: 3}, 0)
		return observer{func(a, b Counts, stage int) { s.Observe(spreadOver(Buckets, a, b), stage) }, scoreLogs(s), s.AppendState, s.Restore}
	},
	"sticky, safe": func() observer {
		s := NewSticky(ScoreOptions{Null: Null{Margin: 0.01, Worse: Lower}, Rho: 10}, 4)
		return observer{func(a, b Counts, stage int) { s.Observe(spreadOver(4, a, b), stage) }, scoreLogs(s), s.AppendState, s.Restore}
	},
	"band": func() observer {
		s := NewBand(CoverageTolerance, Options{})
		return observer{func(a, b Counts, _ int) { s.Observe(a, b) },
			func() []float64 { return []float64{s.LogE(), s.LogEMax()} }, s.AppendState, s.Restore}
	},
	"exceedance": func() observer {
		s := NewExceedance(QuantileOptions{Q: 0.9, Tolerance: Null{Margin: 0.1, Relative: true}, Margin: Null{Margin: 50}, Options: Options{Stages: 2}})
		return observer{func(a, b Counts, stage int) { s.Observe(histOf(0, a), histOf(1, b), stage, true) },
			func() []float64 { return []float64{s.Harm.LogE(), s.Harm.LogEMax(), s.Safe.LogE(), s.Safe.StageLogE()} }, s.AppendState, s.Restore}
	},
	"exceedance, lower": func() observer {
		s := NewExceedance(QuantileOptions{Q: 0.5, Worse: Lower})
		return observer{func(a, b Counts, stage int) { s.Observe(histOf(0, a), histOf(1, b), stage, stage != 1) },
			func() []float64 { return []float64{s.Harm.LogE(), s.Harm.LogEMax(), s.Safe.LogE(), s.Safe.StageLogE()} }, s.AppendState, s.Restore}
	},
	"order": func() observer {
		s := NewOrder(Null{Margin: 0.05, Relative: true}, Options{Stages: 2})
		return observer{func(a, b Counts, stage int) { s.Observe(histOf(0, a), histOf(1, b), stage) },
			func() []float64 { return []float64{s.LogE(), s.LogEMax()} }, s.AppendState, s.Restore}
	},
	"cap": func() observer {
		s := NewCapCheck(Null{}, Null{}, Options{Stages: 2})
		return observer{func(a, b Counts, stage int) { s.Observe(a, b, stage, true) },
			func() []float64 { return []float64{s.Harm.LogE(), s.Harm.LogEMax(), s.Safe.LogE(), s.Safe.StageLogE()} }, s.AppendState, s.Restore}
	},
	"paired, harm": func() observer { return pairedObserver(NewPaired(Null{Margin: 0.01}, true, Options{Stages: 2})) },
	"paired, safe": func() observer { return pairedObserver(NewPaired(Null{Margin: 0.05}, false, Options{})) },
	"share interval, difference": func() observer {
		s := NewShareInterval(Difference, Options{PriorRate: 0.01})
		return observer{func(a, b Counts, _ int) { s.Observe(a, b) }, boundsOf(s.Interval), s.AppendState, s.Restore}
	},
	"share interval, ratio": func() observer {
		s := NewShareInterval(Ratio, Options{})
		return observer{func(a, b Counts, _ int) { s.Observe(a, b) }, boundsOf(s.Interval), s.AppendState, s.Restore}
	},
	"quantile shift": func() observer {
		s := NewQuantileShift(0.9)
		return observer{func(a, b Counts, _ int) { s.Observe(histOf(0, a), histOf(1, b)) }, boundsOf(s.Interval), s.AppendState, s.Restore}
	},
	"rate, harm": func() observer {
		return rateObserver(NewRate(Null{Margin: 0.1, Relative: true}, true, true, Options{Stages: 2}))
	},
	"rate, safe": func() observer {
		return rateObserver(NewRate(Null{Margin: 0.2, Relative: true, Worse: Lower}, false, false, Options{}))
	},
	"ratio": func() observer {
		s := NewScore(ScoreOptions{Harm: true, Stages: 2, Null: Null{Margin: 0.05, Relative: true}})
		return observer{func(a, b Counts, stage int) { s.ObserveRatio(pairsOf(a), pairsOf(b), stage) }, scoreLogs(s), s.AppendState, s.Restore}
	},
	"paired mean": func() observer {
		s := NewScore(ScoreOptions{Harm: true, Stages: 2, Null: Null{Margin: 0.05}})
		return observer{func(a, b Counts, stage int) { s.ObservePaired(b.Moments(), stage) }, scoreLogs(s), s.AppendState, s.Restore}
	},
	"auc": func() observer {
		s := NewScore(ScoreOptions{Harm: true, Null: Null{Margin: 0.01, Worse: Lower}})
		return observer{func(a, b Counts, stage int) {
			s.ObserveAUC(Scores{histOf(0, a), histOf(1, a)}, Scores{histOf(2, b), histOf(3, b)}, stage)
		}, scoreLogs(s), s.AppendState, s.Restore}
	},
	"score, harm": func() observer {
		s := NewScore(ScoreOptions{Harm: true, Stages: 3})
		return observer{func(a, b Counts, stage int) { s.Observe(a.Moments(), b.Moments(), stage) }, scoreLogs(s), s.AppendState, s.Restore}
	},
	"score, safe": func() observer {
		s := NewScore(ScoreOptions{Null: Null{Margin: 0.1, Relative: true}, Rho: 10})
		return observer{func(a, b Counts, stage int) { s.Observe(a.Moments(), b.Moments(), stage) }, scoreLogs(s), s.AppendState, s.Restore}
	},
}

// buffer keeps the tests that count allocations from counting their own.
var buffer [Buckets]Bucket

// spreadOver deals the units of a block out to buckets, the ones in other shares than the rest.
func spreadOver(n int64, a, b Counts) []Bucket {
	for g := range n {
		x := &buffer[g]
		for arm, c := range [2]Counts{a, b} {
			part := func(total, from int64) int64 { return (total*(g+1)+from)/n - (total*g+from)/n }
			x.Rows[arm] = part(c.N, 0)
			x.Base[arm], x.Sum[arm] = float64(x.Rows[arm]), float64(part(c.Y, 3))
		}
	}
	return buffer[:n]
}

func scoreLogs(s interface {
	logged
	Interval(float64) (float64, float64, float64)
}) func() []float64 {
	return func() []float64 {
		e, l, h := s.Interval(0.05)
		return []float64{s.LogE(), s.LogEMax(), s.StageLogE(), e, l, h}
	}
}

// logged is what many tests have in common.
type logged interface {
	LogE() float64
	LogEMax() float64
	StageLogE() float64
}

func pairedObserver(p *Paired) observer {
	return observer{func(a, b Counts, stage int) { p.Observe(Triple{b.Y, a.Y, b.N - b.Y}, stage) }, logsOf(p), p.AppendState, p.Restore}
}

func rateObserver(r *Rate) observer {
	return observer{func(a, b Counts, stage int) { r.Observe(Events{a.Y, float64(a.N)}, Events{b.Y, float64(b.N)}, stage) }, logsOf(r), r.AppendState, r.Restore}
}

func logsOf(p logged) func() []float64 {
	return func() []float64 { return []float64{p.LogE(), p.LogEMax(), p.StageLogE()} }
}

func boundsOf(f func(float64) stats.Interval) func() []float64 {
	return func() []float64 {
		i := f(0.05)
		return []float64{i.Estimate, i.Low, i.High, i.Level}
	}
}

var histBuffer [4]stats.Histogram

// histOf is a histogram of c.N values around 100, c.Y of them around 300.
func histOf(slot int, c Counts) *stats.Histogram {
	h := &histBuffer[slot]
	h.Reset()
	if !c.lawful() {
		return h
	}
	for i := range min(c.N, 1500) {
		x := 80 + float64(i%50)
		if i < c.Y {
			x *= 3
		}
		h.Add(x)
	}
	return h
}

// pairsOf are units whose denominators go up and down with their numerators.
func pairsOf(c Counts) Pairs {
	m := c.Moments()
	return Pairs{m.N, m.Mean, 2 + m.Mean, m.M2, 1.5 * m.M2, m.M2}
}
