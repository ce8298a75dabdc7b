package sequential

import (
	"math"
	"os"
	"strings"
	"testing"

	"verdin/stats"
)

// laws holds for each exact method expectations of its factor at points of its null,
// by enumeration of all outcomes; each must be at most 1 (law Q1), for detectors at
// most the number of blocks, per block. Harm, Safe, Limit and SampleRatio have
// tests of their own in exact_test.go over more designs.
var laws = map[string]func(see func(what string, expectation float64)){
	"harm": func(see func(string, float64)) { lawOfShares(see, true) },
	"safe": func(see func(string, float64)) { lawOfShares(see, false) },
	"limit": func(see func(string, float64)) {
		for _, p := range []float64{0, 0.03, 0.05} {
			see("limit", expectation(0, 20, 0.5, p, func(_, b Counts) float64 {
				l := NewLimit(0.05, Options{})
				l.Observe(b, 0)
				return l.LogE()
			}))
		}
	},
	"conditional":    lawOfConditional,
	"band":           lawOfBand,
	"exceedance":     lawOfExceedance,
	"order":          lawOfOrder,
	"cap":            lawOfCap,
	"paired":         lawOfPaired,
	"share interval": lawOfShareInterval,
	"quantile shift": lawOfQuantileShift,
	"sample ratio": func(see func(string, float64)) {
		for _, share := range []float64{0.01, 0.3} {
			see("sample ratio", expectation(0, 40, 0.5, share, func(_, b Counts) float64 {
				r := NewSampleRatio()
				r.Observe(share, b.N-b.Y, b.Y)
				return r.LogE()
			}))
		}
	},
	"rate":      lawOfRate,
	"hold-back": lawOfHoldBack,
}

// TestExactMethodsAreExact ranges over the table: a row that says exact has a law.
func TestExactMethodsAreExact(t *testing.T) {
	for _, m := range Methods {
		law := laws[m.Name]
		if m.Exact != (law != nil) {
			t.Errorf("%s: exact %v, but a law by enumeration: %v", m.Name, m.Exact, law != nil)
		}
		if law == nil {
			continue
		}
		n, most := 0, 0.0
		law(func(what string, e float64) {
			n++
			most = math.Max(most, e)
			if !(e <= exactly) {
				t.Errorf("%s, %s: expectation %.15g", m.Name, what, e)
			}
		})
		if n == 0 || most < 0.2 {
			t.Errorf("%s: %d expectations, the greatest %v: the law says nothing", m.Name, n, most)
		}
	}
}

// TestEveryMethodIsInTheTable: makers, files and the documentation know the same methods.
func TestEveryMethodIsInTheTable(t *testing.T) {
	doc, err := os.ReadFile("../../docs/statistics.md")
	if err != nil {
		t.Fatal(err)
	}
	row := map[string]bool{}
	for _, m := range Methods {
		if row[m.Name] {
			t.Errorf("%s: two rows", m.Name)
		}
		row[m.Name] = true
		if _, err := os.Stat(m.File); err != nil {
			t.Errorf("%s: %v", m.Name, err)
		}
		if !strings.Contains(string(doc), "`"+m.File+"`") || !strings.Contains(string(doc), "**"+m.Name+"**") {
			t.Errorf("docs/statistics.md does not name %s of %s", m.Name, m.File)
		}
		if m.Claim == "" || m.Needs == "" || m.Source == "" {
			t.Errorf("%s: the row has gaps", m.Name)
		}
	}
	made := map[string]bool{}
	for name := range makers {
		kind, _, _ := strings.Cut(name, ",")
		made[kind] = true
		if !row[kind] {
			t.Errorf("%s has no row in Methods", name)
		}
	}
	for name := range row {
		if !made[name] {
			t.Errorf("%s: the laws of edge_test.go do not start it: add it to makers", name)
		}
	}
}

func lawOfShares(see func(string, float64), harm bool) {
	for _, null := range []Null{{}, {Margin: 0.1}, {Margin: 0.2, Relative: true}, {Margin: 0.1, Worse: Lower}} {
		for _, pa := range []float64{0.05, 0.5, 0.9} {
			for _, pb := range nullPoints(null, harm, pa) {
				see("shares", expectation(7, 4, pa, pb, func(a, b Counts) float64 {
					opt := Options{PriorRate: 0.3, GridPoints: 8}
					h, s := NewHarm(null, opt), NewSafe(null, opt)
					h.Observe(a, b, 0)
					s.Observe(a, b, 0)
					if harm {
						return h.LogE()
					}
					return s.LogE()
				}))
			}
		}
	}
}

func lawOfConditional(see func(string, float64)) {
	for _, omega := range []float64{0.5, 1, 2} {
		for _, worse := range []Worse{Higher, Lower} {
			for _, f := range []float64{1, 0.6, 0.1} {
				if worse == Lower {
					f = 1 / f
				}
				for _, pa := range []float64{0.05, 0.5, 0.9} {
					see("odds", expectation(7, 5, pa, tilted(pa, omega*f), func(a, b Counts) float64 {
						c := NewConditional(omega, worse, Options{GridPoints: 6})
						c.Observe(a, b, 0)
						return c.LogE()
					}))
				}
			}
		}
	}
}

func lawOfBand(see func(string, float64)) {
	for _, tolerance := range []float64{0, 0.05, 0.3} {
		for _, pa := range []float64{0.1, 0.5, 0.98} {
			for _, d := range []float64{-tolerance, -tolerance / 2, 0, tolerance} {
				if pb := pa + d; pb >= 0 && pb <= 1 {
					see("band", expectation(6, 5, pa, pb, func(a, b Counts) float64 {
						t := NewBand(tolerance, Options{PriorRate: 0.5, GridPoints: 6})
						t.Observe(a, b)
						return t.LogE()
					}))
				}
			}
		}
	}
}

func lawOfCap(see func(string, float64)) {
	for _, pb := range []float64{0.02, 0.2} {
		see("harm", expectation(6, 5, 0.2, pb, func(a, b Counts) float64 {
			t := NewCapCheck(Null{}, Null{}, Options{PriorRate: 0.1})
			t.Observe(a, b, 0, true)
			return t.Harm.LogE()
		}))
	}
	for _, pb := range []float64{0.205, 0.5} {
		see("safe", expectation(6, 5, 0.2, pb, func(a, b Counts) float64 {
			t := NewCapCheck(Null{}, Null{}, Options{PriorRate: 0.1})
			t.Observe(a, b, 0, true)
			return t.Safe.LogE()
		}))
	}
}

func lawOfPaired(see func(string, float64)) {
	const n = 9
	for _, delta := range []float64{0, 0.05, 0.3} {
		for _, tie := range []float64{0, 0.4, 0.7} {
			for _, step := range []float64{0, 0.1, 0.3} {
				for _, harm := range []bool{true, false} {
					d := delta - step
					if !harm {
						d = delta + step
					}
					worse, better := (1-tie+d)/2, (1-tie-d)/2
					if worse < 0 || better < 0 {
						continue
					}
					sum := 0.0
					for w := int64(0); w <= n; w++ {
						for b := int64(0); b+w <= n; b++ {
							p := NewPaired(Null{Margin: delta}, harm, Options{GridPoints: 6})
							p.Observe(Triple{w, b, n - w - b}, 0)
							sum += math.Exp(logTrinomial(n, w, b, worse, better) + p.LogE())
						}
					}
					see("pairs", sum)
				}
			}
		}
	}
}

func logTrinomial(n, w, b int64, pw, pb float64) float64 {
	rest := 0.0
	if pw < 1 {
		rest = math.Min(1, pb/(1-pw))
	}
	return logBinomial(Counts{n, w}, pw) + logBinomial(Counts{n - w, b}, rest)
}

// lawOfShareInterval looks at two blocks, so that predictions of both arms matter.
func lawOfShareInterval(see func(string, float64)) {
	for _, scale := range []Scale{Difference, Ratio} {
		for _, node := range []int{intervalSide - 30, intervalSide, intervalSide + 25} {
			pa := 0.3
			start := func() *ShareInterval { return NewShareInterval(scale, Options{PriorRate: pa, PriorWeight: 2}) }
			first := start()
			first.Observe(Counts{1, 0}, Counts{1, 0})
			pb := pa + first.nodes[node]
			if scale == Ratio {
				pb = pa * first.nodes[node]
			}
			for side := range 2 {
				see("interval", expectation(3, 2, pa, pb, func(a1, b1 Counts) float64 {
					return math.Log(expectation(2, 3, pa, pb, func(a2, b2 Counts) float64 {
						t := start()
						t.Observe(a1, b1)
						t.Observe(a2, b2)
						return [2]float64{t.inv.low[node], t.inv.high[node]}[side]
					}))
				}))
			}
		}
	}
}

// lawOfRate sums over Poisson counts and over shares, where the bound is on the safe side.
func lawOfRate(see func(string, float64)) {
	factor := func(t *Rate, a, b Counts) float64 {
		t.Observe(Events{a.Y, float64(a.N)}, Events{b.Y, float64(b.N)}, 0)
		return t.LogE()
	}
	for _, worse := range []Worse{Higher, Lower} {
		for _, harm := range []bool{true, false} {
			null := Null{Margin: 0.3, Relative: true, Worse: worse}
			up := harm != (worse == Higher) // the null reaches upward
			for _, f := range []float64{1, 0.5} {
				if up {
					f = 1 / f
				}
				start := func() *Rate { return NewRate(null, harm, true, Options{GridPoints: 8}) }
				ra, rb := 0.3, 0.3*null.ratio()*f
				see("shares", expectation(8, 5, ra, rb, func(a, b Counts) float64 { return factor(start(), a, b) }))
				sum := 0.0
				for ya := range int64(40) {
					for yb := range int64(40) {
						p := logPoisson(ya, 8*ra) + logPoisson(yb, 5*rb)
						sum += math.Exp(p + factor(start(), Counts{8, ya}, Counts{5, yb}))
					}
				}
				see("Poisson", sum)
			}
		}
	}
}

func logPoisson(y int64, m float64) float64 {
	g, _ := math.Lgamma(float64(y) + 1)
	return float64(y)*math.Log(m) - m - g
}

// lawOfHoldBack: the expectation of the detector after T blocks is at most T.
func lawOfHoldBack(see func(string, float64)) {
	for _, pb := range []float64{0.05, 0.2} {
		see("two blocks", 0.5*expectation(3, 3, 0.2, pb, func(a1, b1 Counts) float64 {
			return math.Log(expectation(3, 3, 0.2, pb, func(a2, b2 Counts) float64 {
				h := NewHoldBack(Null{}, Options{PriorRate: 0.1, GridPoints: 4})
				h.Observe(a1, b1)
				h.Observe(a2, b2)
				return h.LogE()
			}))
		}))
	}
}

// levels are three values of a small world; canaries deal them out by pb.
var levels = [3]float64{50, 100, 200}

// overLevels sums exp(log factor) over all multinomial outcomes of two arms.
func overLevels(na, nb int64, pa, pb [3]float64, logFactor func(a, b *stats.Histogram) float64) float64 {
	sum := 0.0
	eachOutcome(na, pa, func(ha *stats.Histogram, la float64) {
		eachOutcome(nb, pb, func(hb *stats.Histogram, lb float64) { sum += math.Exp(la + lb + logFactor(ha, hb)) })
	})
	return sum
}

func eachOutcome(n int64, p [3]float64, f func(h *stats.Histogram, logP float64)) {
	for x := int64(0); x <= n; x++ {
		for y := int64(0); x+y <= n; y++ {
			h := stats.NewHistogram(false)
			for i, k := range []int64{x, y, n - x - y} {
				for range k {
					h.Add(levels[i])
				}
			}
			f(&h, logTrinomial(n, x, y, p[0], p[1]))
		}
	}
}

// learnt is a block before the one that is enumerated.
func learnt() *stats.Histogram {
	h := stats.NewHistogram(false)
	for i := range 60 {
		h.Add(levels[i%3])
	}
	return &h
}

var calm, better = [3]float64{0.3, 0.4, 0.3}, [3]float64{0.5, 0.3, 0.2}

func lawOfExceedance(see func(string, float64)) {
	for _, q := range []float64{0.3, 0.6} {
		for _, worse := range []Worse{Higher, Lower} {
			start := func() *Exceedance {
				t := NewExceedance(QuantileOptions{Q: q, Worse: worse, Options: Options{GridPoints: 6}})
				t.Observe(learnt(), learnt(), 0, false)
				t.Harm = NewHarm(Null{}, Options{GridPoints: 6, PriorRate: 0.3})
				return t
			}
			good, bad := better, calm
			if worse == Lower {
				good, bad = calm, better
			}
			see("harm, same", overLevels(4, 3, calm, calm, func(a, b *stats.Histogram) float64 {
				t := start()
				t.Observe(a, b, 0, true)
				return t.Harm.LogE()
			}))
			see("harm, better canary", overLevels(4, 3, bad, good, func(a, b *stats.Histogram) float64 {
				t := start()
				t.Observe(a, b, 0, true)
				return t.Harm.LogE()
			}))
			see("safe, worse canary", overLevels(4, 3, good, bad, func(a, b *stats.Histogram) float64 {
				t := start()
				t.Observe(a, b, 0, true)
				return t.Safe.LogE()
			}))
		}
	}
}

func lawOfOrder(see func(string, float64)) {
	for name, p := range map[string][3]float64{"same": calm, "better canary": better} {
		see(name, overLevels(4, 3, calm, p, func(a, b *stats.Histogram) float64 {
			t := NewOrder(Null{}, Options{GridPoints: 4})
			t.past.Add(learnt())
			t.past.Add(learnt())
			t.Observe(a, b, 0)
			return t.LogE()
		}))
	}
}

func lawOfQuantileShift(see func(string, float64)) {
	for side := range 2 {
		see("no shift", overLevels(4, 3, calm, calm, func(a, b *stats.Histogram) float64 {
			t := NewQuantileShift(0.6)
			t.Observe(learnt(), learnt())
			t.past[1].Add(learnt()) // the canary's prediction is off
			t.past[1].cells[stats.GridCell(200)] *= [2]float64{3, 0.3}[side]
			t.Observe(a, b)
			return [2]float64{t.inv.low[shiftSide], t.inv.high[shiftSide]}[side]
		}))
	}
}
