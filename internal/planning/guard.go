package planning

import (
	"fmt"
	"math"
	"time"

	"gonum.org/v1/gonum/stat/distuv"

	"verdin/decision"
	"verdin/stats"
	"verdin/stats/sequential"
)

// DefaultSpread is the standard deviation of the log of a latency, where none is
// stated.
const DefaultSpread = 0.5

// guard is a guardrail with what is known of it before data.
type guard struct {
	spec       *decision.Metric
	base, sd   float64
	spread     float64
	harm, safe float64 // thresholds, log
	pair       float64 // harm of pairs
}

// newGuard says why there is no law for a metric, if there is none.
func newGuard(spec *decision.Spec, m *decision.Metric, spread map[string]float64) (g guard, why string) {
	budget := spec.Budget(1)
	base, known := spec.Traffic.Base[m.Name]
	g = guard{spec: m, base: base.Value, sd: base.SD, spread: spread[m.Name],
		// Harm's evidence is the mean of one process per stage.
		harm: budget.Threshold(m.Name, "harm") + math.Log(float64(len(spec.Stages))),
		safe: budget.Threshold(m.Name, "safe"),
		pair: budget.Threshold(m.Name, "paired") + math.Log(float64(len(spec.Stages))),
	}
	if !(g.spread > 0) {
		g.spread = DefaultSpread
	}
	switch {
	case m.On == "resource":
		return g, "its unit is the instance, not the request"
	case m.Kind == decision.Quantile && !m.Margin.Relative && !(g.base > 0):
		return g, fmt.Sprintf("its margin is absolute: give its value with --rate %s=120", m.Name)
	case m.Kind == decision.Quantile:
		return g, ""
	case m.Kind != decision.Proportion && m.Kind != decision.SLO && m.Kind != decision.Mean:
		return g, "there is no formula for kind " + m.Kind
	case !known:
		return g, fmt.Sprintf("its base value is not known: give it with --rate %s=%s", m.Name, map[bool]string{true: "12:30 (mean:standard deviation)", false: "0.02"}[m.Kind == decision.Mean])
	case m.Kind == decision.Mean && !(g.sd > 0):
		return g, fmt.Sprintf("its standard deviation is not known: give --rate %s=%g:SD", m.Name, g.base)
	case m.Kind != decision.Mean && !(g.base > 0 && g.base < 1):
		return g, fmt.Sprintf("its base value %g is no share between 0 and 1", g.base)
	}
	return g, ""
}

// metric is a guardrail in one stage.
type metric struct {
	guard
	margin    decision.Margin
	per       sequential.Traffic
	pairs     bool // of a mirrored stage: the canary answers every request, as stable does
	first     bool // stage: base rates, ρ and tails are still learnt
	window    time.Duration
	late      time.Duration // from the end of a window until it is judged
	shownSafe sequential.Passage
}

func (g guard) in(spec *decision.Spec, stage int, per sequential.Traffic) metric {
	m := metric{guard: g, margin: g.spec.Margin, per: per, first: stage == 0, window: spec.Source.Window, late: spec.Source.Lateness}
	m.pairs = spec.Mirrored(stage)
	if own, ok := spec.Stages[stage].Margins[g.spec.Name]; ok {
		m.margin = own
	}
	if g.spec.On == "outcome" {
		m.late += spec.Source.Horizon
	}
	m.shownSafe, _ = m.passage(m.margin, 0, true)
	return m
}

func (m metric) row(bake float64) Row {
	base := m.base
	if m.spec.Kind == decision.Quantile {
		base = m.tail()
	}
	found, _ := m.passage(m.spec.Tolerance, 2*m.margin.Value, false)
	return Row{Metric: m.spec.Name, Margin: m.margin.Value, Relative: m.margin.Relative, Base: base,
		Reachable: m.reachable(bake), Safe: m.time(m.shownSafe), Harm: m.time(found)}
}

func (m metric) time(p sequential.Passage) Time { return timeOf(p.Quantile, m.window, m.late) }

// timeOf turns quantiles in windows into times.
func timeOf(quantile func(q float64) float64, window, late time.Duration) Time {
	t := Time{Median: quantile(0.5), P90: quantile(0.9)}
	if t.Median > 0 {
		t.MedianTime = Duration(duration(t.Median, window) + late)
	}
	if t.P90 > 0 {
		t.P90Time = Duration(duration(t.P90, window) + late)
	}
	return t
}

// duration of windows; at most a hundred years, which is never.
func duration(windows float64, window time.Duration) time.Duration {
	if windows > float64(century/window) {
		return century
	}
	return time.Duration(windows) * window
}

// reachable is the least margin whose median time to safety is at most the bake, 0 if
// there is none below its natural limit.
func (m metric) reachable(bake float64) float64 {
	margin := m.margin
	fits := func(x float64) bool {
		margin.Value = x
		p, ok := m.passage(margin, 0, true)
		q := p.Quantile(0.5)
		return ok && q > 0 && q <= bake
	}
	lo, hi := 1e-9, m.widest()
	if !fits(hi) {
		return 0
	}
	for range 60 {
		if mid := math.Sqrt(lo * hi); fits(mid) {
			hi = mid
		} else {
			lo = mid
		}
	}
	return hi
}

// widest is a margin that no claim of safety needs to exceed.
func (m metric) widest() float64 {
	lower := m.spec.Worse == "lower"
	switch {
	case m.margin.Relative && lower:
		return 0.999
	case m.margin.Relative && m.spec.Kind != decision.Mean && m.spec.Kind != decision.Quantile:
		return 0.999/m.base - 1
	case m.margin.Relative:
		return 10
	case m.spec.Kind == decision.Mean || m.spec.Kind == decision.Quantile:
		return 10 * (math.Abs(m.base) + m.sd)
	case lower:
		return 0.999 * m.base
	}
	return 0.999 - m.base
}

// passage is the law of the time until a claim about a margin is shown when the canary
// is worse by harm, on the scale of the metric's margin.
func (m metric) passage(margin decision.Margin, harm float64, safe bool) (p sequential.Passage, ok bool) {
	null := sequential.Null{Relative: margin.Relative, Margin: margin.Value}
	line := m.harm
	if m.spec.Worse == "lower" {
		null.Worse = sequential.Lower
	}
	switch {
	case safe:
		line = m.safe
	case m.pairs:
		line = m.pair
	}
	if !safe && harm == 0 || math.IsInf(line, 0) {
		return sequential.Passage{}, false
	}
	a, b := m.base, m.worse(m.base, harm)
	switch {
	case m.pairs:
		return m.paired(margin.Value, a, b, safe, line)
	case m.spec.Kind == decision.Quantile:
		p, ok = m.quantile(margin, harm, safe, line)
	case m.spec.Kind == decision.Mean:
		p, ok = sequential.PassageMeans(null, a, b, m.sd, m.per, line, !m.first)
	default:
		if b <= 0 || b >= 1 || !safe && b == a {
			return sequential.Passage{}, false
		}
		p, ok = sequential.PassageShares(null, a, b, m.per, line)
	}
	if ok && (m.first || safe) {
		p.Wait++ // the first window teaches the base rate; that of a step belongs to two splits
	}
	return p, ok
}

// paired is the law for shares of pairs, as if the answers failed independently: those
// that fail together are shown sooner. Nothing is learnt first.
func (m metric) paired(margin, a, b float64, safe bool, line float64) (sequential.Passage, bool) {
	if m.spec.Worse == "lower" {
		a, b = 1-a, 1-b
	}
	return sequential.PassagePairs(sequential.Null{Margin: margin}, sequential.Apart(a, b), m.per.Canary, line, !safe)
}

// unpaired says why pairs of a metric are not planned in a mirrored stage; "" = they are.
func unpaired(spec *decision.Spec, m *decision.Metric) string {
	switch {
	case !spec.Pairs(m):
		return "it has no test of pairs"
	case m.Kind == decision.Mean:
		return "how far the answers to one request are apart is not known, so there is no formula for means of pairs"
	case m.Margin.Relative:
		return "there is no formula for relative margins of pairs"
	}
	return ""
}

// worse is a value that is worse by harm.
func (m metric) worse(x, harm float64) float64 {
	if m.margin.Relative {
		harm *= x
	}
	if m.spec.Worse == "lower" {
		return x - harm
	}
	return x + harm
}

// tail is the share of stable values beyond the quantile, on its bad side.
func (m metric) tail() float64 {
	if m.spec.Worse == "lower" {
		return m.spec.Quantile
	}
	return 1 - m.spec.Quantile
}

// quantile is the law for exceedances when the log of the values is normal: a
// factor r moves them by log r. Thresholds are edges of a grid; on average they lie half
// a cell further out for harm, and further in for safety.
func (m metric) quantile(margin decision.Margin, harm float64, safe bool, line float64) (p sequential.Passage, ok bool) {
	sign := 1.0
	if m.spec.Worse == "lower" {
		sign = -1
	}
	shift := func(x float64) float64 { // size of a shift in logs, in the bad direction
		if !margin.Relative {
			x /= m.base
		}
		return sign * math.Log1p(sign*x)
	}
	moved, half := shift(margin.Value), 0.5*math.Log(stats.GridEdge(2001)/stats.GridEdge(2000))
	switch {
	case safe:
		moved = math.Max(0, moved-half)
	case margin.Value > 0:
		moved += half
	}
	z := distuv.UnitNormal.Quantile(1 - m.tail())
	a := distuv.UnitNormal.CDF(-z - half/m.spread)
	b := distuv.UnitNormal.CDF(-z - half/m.spread - (moved-shift(harm))/m.spread)
	if math.IsNaN(b) || a == b {
		return sequential.Passage{}, false
	}
	if p, ok = sequential.PassageShares(sequential.Null{}, a, b, m.per, line); ok && m.first {
		p.Wait += math.Ceil(5/(m.tail()*m.per.Stable)) - 1 // values wanted in the tail
	}
	return p, ok
}
