package peers

import (
	"math"

	"verdin/stats/sequential"
)

// Sample is one arm of an experiment, pooled over its whole time.
type Sample struct{ N, Mean, Variance float64 }

// Proportion is the sample of y ones among n units, with variance p(1−p).
func Proportion(n, y float64) Sample { return Sample{n, y / n, y / n * (1 - y/n)} }

// Mean is the sample of n values with their sum and sum of squares.
func Mean(n, sum, squares float64) Sample {
	return Sample{n, sum / n, (squares - sum*sum/n) / (n - 1)}
}

// Sides says against which alternatives a test looks.
type Sides int

const (
	TwoSided Sides = iota
	Greater        // the treatment is greater
	Lesser
)

// GrowthBook is the sequential test of GrowthBook (gbstats 0.8): Waudby-Smith's
// asymptotic confidence sequence of the pooled difference, with Welch's variance.
type GrowthBook struct {
	Alpha    float64
	Tuning   float64 // units at which the interval is tightest; their default is 5,000
	Relative bool    // of (b − a)/a, by the delta method
	Sides    Sides
}

// Result is what the program reports. Where an arm has no variance it gives up: no
// effect, p = 1, an interval of width 0.
type Result struct {
	Point, Low, High, P, StdErr float64
	GaveUp                      bool
}

// Test compares treatment b with control a.
func (g GrowthBook) Test(a, b Sample) Result {
	r := g.Interval(a, b)
	if !r.GaveUp {
		r.P = g.p(r, a.N+b.N)
	}
	return r
}

// Interval is Test without the p-value, which costs most of it for one side.
func (g GrowthBook) Interval(a, b Sample) Result {
	if !(a.Variance > 0 && b.Variance > 0) || g.Relative && a.Mean == 0 {
		return Result{P: 1, GaveUp: true}
	}
	r := Result{Point: b.Mean - a.Mean, StdErr: math.Sqrt(a.Variance/a.N + b.Variance/b.N)}
	if g.Relative {
		r.Point /= a.Mean
		r.StdErr = math.Sqrt(b.Variance/b.N/(a.Mean*a.Mean) + a.Variance/a.N*b.Mean*b.Mean/math.Pow(a.Mean, 4))
	}
	n := a.N + b.N
	half := g.halfWidth(r.StdErr, n, g.Alpha)
	r.Low, r.High = r.Point-half, r.Point+half
	switch g.Sides {
	case Greater:
		r.High = math.Inf(1)
	case Lesser:
		r.Low = math.Inf(-1)
	}
	return r
}

func (g GrowthBook) rho(alpha float64) float64 { return sequential.BestRho(g.Tuning, alpha) }

// halfWidth of the two-sided interval is sequential.NormalBound; that of one side is
// their closed form, an upper bound of the root.
func (g GrowthBook) halfWidth(stdErr, n, alpha float64) float64 {
	sd := stdErr * math.Sqrt(n)
	if g.Sides == TwoSided {
		return sd * sequential.NormalBound(n, g.rho(alpha), alpha) / n
	}
	rho := g.rho(2 * g.Alpha)
	ratio := (n + rho) / rho
	return sd * math.Sqrt(2*(n+rho)*math.Log(math.Sqrt(ratio)/(2*alpha)+1)) / n
}

// p is exact for two sides; for one side it is the α at which the bound reaches 0,
// found by bisection to 10⁻⁶ in [10⁻⁵, 0.4999].
func (g GrowthBook) p(r Result, n float64) float64 {
	if g.Sides == TwoSided {
		s := r.Point / r.StdErr * math.Sqrt(n)
		return math.Min(1, math.Exp(-sequential.NormalMixture(s, n, g.rho(g.Alpha))))
	}
	point := r.Point
	if g.Sides == Lesser {
		point = -point
	}
	lo, hi := 1e-5, 0.4999
	reaches := func(alpha float64) bool { return point-g.halfWidth(r.StdErr, n, alpha) >= 0 }
	if reaches(lo) {
		return lo
	}
	for hi-lo > 1e-9 {
		if mid := (lo + hi) / 2; reaches(mid) {
			hi = mid
		} else {
			lo = mid
		}
	}
	return hi
}
