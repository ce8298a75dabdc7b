package bench

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"

	"verdin/stats/sequential"
)

// Enumerated is the greatest expectation of one block's factor, over all outcomes and
// over many designs and points of the null; at most 1 if the method is exact.
type Enumerated struct {
	Method   string
	Designs  int // of sizes, margins, alternatives and points of the null
	Outcomes int
	Greatest float64
}

// exactly is 1, and what rounding may add.
const exactly = 1 + 1e-12

func (e *Enumerated) see(na, nb int64, pa, pb float64, logE func(a, b sequential.Counts) float64) {
	sum := 0.0
	wa, wb := pmf(na, pa), pmf(nb, pb)
	for ya := range wa {
		for yb := range wb {
			f := logE(sequential.Counts{N: na, Y: int64(ya)}, sequential.Counts{N: nb, Y: int64(yb)})
			sum += wa[ya] * wb[yb] * math.Exp(f)
		}
	}
	e.Designs++
	e.Outcomes += len(wa) * len(wb)
	e.Greatest = math.Max(e.Greatest, sum)
}

// pmf are the probabilities of 0 … n successes.
func pmf(n int64, p float64) []float64 {
	out := make([]float64, n+1)
	for y := range out {
		out[y] = distuv.Binomial{N: float64(n), P: p}.Prob(float64(y))
		if p == 0 || p == 1 {
			out[y] = 0
		}
	}
	switch p {
	case 0:
		out[0] = 1
	case 1:
		out[n] = 1
	}
	return out
}

var (
	enumeratedNulls = []sequential.Null{{}, {Margin: 0.05}, {Margin: 0.3, Relative: true}, {Margin: 0.1, Worse: sequential.Lower}, {Margin: 0.2, Relative: true, Worse: sequential.Lower}}
	enumeratedRates = []float64{0.02, 0.3, 0.5, 0.9}
	enumeratedOpts  = sequential.Options{PriorRate: 0.2, GridPoints: 6}
)

// Enumerate goes through all sizes of both arms up to most units.
func Enumerate(most int64) []Enumerated {
	harm, safe := Enumerated{Method: "harm"}, Enumerated{Method: "safe"}
	cond, ratio := Enumerated{Method: "conditional tilt"}, Enumerated{Method: "sample ratio"}
	limit, rate := Enumerated{Method: "limit"}, Enumerated{Method: "rate, of units with at most one event"}
	for na := int64(1); na <= most; na++ {
		for nb := int64(1); nb <= most; nb++ {
			for _, pa := range enumeratedRates {
				for _, null := range enumeratedNulls {
					sharesOf(&harm, &safe, null, na, nb, pa)
				}
				cond.see(na, nb, pa, pa, func(a, b sequential.Counts) float64 {
					t := sequential.NewConditional(1, sequential.Higher, enumeratedOpts)
					t.Observe(a, b, 0)
					return t.LogE()
				})
				rate.see(na, nb, pa, pa, func(a, b sequential.Counts) float64 {
					t := sequential.NewRate(sequential.Null{}, true, true, enumeratedOpts)
					t.Observe(sequential.Events{Count: a.Y, Exposure: float64(a.N)}, sequential.Events{Count: b.Y, Exposure: float64(b.N)}, 0)
					return t.LogE()
				})
			}
		}
		for _, p := range enumeratedRates {
			ratio.see(0, 4*na, 0, p, func(_, b sequential.Counts) float64 {
				t := sequential.NewSampleRatio()
				t.Observe(p, b.N-b.Y, b.Y)
				return t.LogE()
			})
			limit.see(0, 4*na, 0, p, func(_, b sequential.Counts) float64 {
				t := sequential.NewLimit(p, enumeratedOpts)
				t.Observe(b, 0)
				return t.LogE()
			})
		}
	}
	return []Enumerated{harm, safe, cond, rate, ratio, limit}
}

// sharesOf enumerates harm and safety at points on the margin line and behind it.
func sharesOf(harm, safe *Enumerated, null sequential.Null, na, nb int64, pa float64) {
	edge := pa + null.Margin
	switch {
	case null.Relative && null.Worse == sequential.Lower:
		edge = pa * (1 - null.Margin)
	case null.Relative:
		edge = pa * (1 + null.Margin)
	case null.Worse == sequential.Lower:
		edge = pa - null.Margin
	}
	if edge < 0 || edge > 1 {
		return
	}
	better, worse := 0.0, 1.0
	if null.Worse == sequential.Lower {
		better, worse = 1, 0
	}
	for _, f := range []float64{0, 0.5} {
		harm.see(na, nb, pa, edge+f*(better-edge), func(a, b sequential.Counts) float64 {
			t := sequential.NewHarm(null, enumeratedOpts)
			t.Observe(a, b, 0)
			return t.LogE()
		})
		safe.see(na, nb, pa, edge+f*(worse-edge), func(a, b sequential.Counts) float64 {
			t := sequential.NewSafe(null, enumeratedOpts)
			t.Observe(a, b, 0)
			return t.LogE()
		})
	}
}
