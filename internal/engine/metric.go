package engine

import (
	"fmt"
	"math"
	"slices"

	"verdin/decision"
	"verdin/ingest/window"
	"verdin/schemas"
	"verdin/stats"
	"verdin/stats/sequential"
)

// metricTest is what the tests of every kind of metric share: where its summaries
// stand in a block, and the figures that a reader wants beside the evidence.
type metricTest struct {
	spec    *decision.Metric
	segment int    // number among the plan's segments, 0 = all traffic
	within  string // its name
	lane    window.Lane
	at      int // among the lane's metrics
	limits  thresholds
	blocks  int64
	skipped stats.Skips // of the harm test
	unsafe  stats.Skips // of the safety test
	n       [2]int64    // of the running stage
	first   [2]int64    // first crossing of harm, of safety: Unix ms of the window's start
	info    float64
	margins []decision.Margin // distinct margins of the stages: one safety test each
	use     []int             // per stage: index into margins
	pairs   bool              // in mirrored stages its pairs are compared
	stage   int               // the running one
}

type thresholds struct{ harm, safe, limit, cap float64 }

// metricTests makes one metricTest per metric of one of the kinds that compares arms
// which answer different requests.
func (c compiled) metricTests(kinds ...string) []metricTest {
	return c.testsOf(c.spec.Apart, kinds...)
}

// testsOf makes one metricTest per metric of one of the kinds that is wanted.
func (c compiled) testsOf(wanted func(*decision.Metric) bool, kinds ...string) []metricTest {
	var out []metricTest
	for i := range c.spec.Metrics {
		if m := &c.spec.Metrics[i]; slices.Contains(kinds, m.Kind) && !ruled(m) && wanted(m) {
			out = append(out, c.metricTest(i))
			out = append(out, c.segmentTests(i)...)
		}
	}
	return out
}

// slot is the first of the plan's metrics that the i-th of the spec takes.
func (c compiled) slot(i int) (slot int) {
	for k := range i {
		slot += width(&c.spec.Metrics[k])
	}
	return slot
}

// segmentTests ask for harm of the i-th metric within each segment of the rollout.
func (c compiled) segmentTests(i int) (out []metricTest) {
	if c.spec.Metrics[i].On == "resource" {
		return nil
	}
	for number, in := range c.segments() {
		t := c.metricTest(i)
		spec := *t.spec
		spec.Role, spec.Limit = in.field.RoleIn(c.spec.Metrics[i].Role, in.n), decision.Limit{}
		t.spec, t.segment, t.within, t.margins, t.use = &spec, number, in.name(), nil, nil
		t.limits = thresholds{harm: c.budget.SegmentThreshold(spec.Name, "harm", t.within)}
		out = append(out, t)
	}
	return out
}

// metricTest is that of the i-th metric.
func (c compiled) metricTest(i int) metricTest {
	m, slot, at := &c.spec.Metrics[i], c.slot(i), 0
	lane := c.plan.Metrics[slot].Lane()
	for k := range slot {
		if c.plan.Metrics[k].Lane() == lane {
			at++
		}
	}
	if m.Kind == decision.SLO { // what is counted are the bad ones
		bad := *m
		bad.Worse, m = "higher", &bad
	}
	t := metricTest{spec: m, lane: lane, at: at, limits: thresholds{
		harm:  c.budget.Threshold(m.Name, "harm"),
		safe:  c.budget.Threshold(m.Name, "safe"),
		limit: c.budget.Threshold(m.Name, "limit"),
		cap:   c.budget.Threshold(m.Name, "cap"),
	}}
	t.pairs = c.spec.Pairs(m)
	if m.Role == decision.Guardrail {
		t.setMargins(c.spec)
	}
	return t
}

// setMargins collects the margins that the stages ask for. A stage may loosen or
// tighten a metric's own; each margin is a process of its own from the first block.
func (t *metricTest) setMargins(spec *decision.Spec) {
	for _, st := range spec.Stages {
		margin, ok := st.Margins[t.spec.Name]
		if !ok {
			margin = t.spec.Margin
		}
		i := slices.Index(t.margins, margin)
		if i < 0 {
			i = len(t.margins)
			t.margins = append(t.margins, margin)
		}
		t.use = append(t.use, i)
	}
}

// margin is the index of the running stage's margin.
func (t *metricTest) margin() int { return t.use[min(max(t.stage, 0), len(t.use)-1)] }

// options are those of a metric's exact tests. A guard has one stage that may last for days:
// without starts inside it, harm would have the evidence of every good hour against it.
func (c compiled) options(m *decision.Metric) sequential.Options {
	return sequential.Options{Stages: len(c.spec.Stages), MDE: m.MDE, Late: c.spec.Strategy == decision.Guard}
}

func null(worse string, m decision.Margin) sequential.Null {
	n := sequential.Null{Worse: sequential.Higher, Relative: m.Relative, Margin: m.Value}
	if worse == "lower" {
		n.Worse = sequential.Lower
	}
	return n
}

// summaries returns the metric's summaries in a block of its lane.
func (t *metricTest) summaries(b *Block) (stable, canary *stats.Summary, ok bool) {
	if b.Lane != t.lane || b.Segment != t.segment || b.Mirrored && t.pairs {
		return nil, nil, false // pairs are compared there, see pairs
	}
	if b.Moved { // R44: no comparison of what is left of the cohort is fair
		t.skipped.SplitChanging++
		t.unsafe.SplitChanging++
		return nil, nil, false
	}
	if b.Lane == window.Label && t.at < len(b.Mute) && b.Mute[t.at] {
		b.Clean, b.Gap = false, true // silence is no label
	}
	return &b.Stable.Metrics[t.at], &b.Canary.Metrics[t.at], true
}

// start begins the figures of another stage: what a reader sees refers to the
// running stage, so that harm which began late is not diluted by what came before.
func (t *metricTest) start(stage int) {
	t.stage, t.n = stage, [2]int64{}
}

// scored books a block that the harm test has used, and tells whether it belongs to
// the running stage.
func (t *metricTest) scored(a, b int64, stage int) bool {
	t.blocks++
	if stage == t.stage {
		t.n[0] += a
		t.n[1] += b
	}
	t.info += float64(a) * float64(b) / float64(a+b)
	return stage == t.stage
}

// unclean books why a block may not speak for safety.
func (t *metricTest) unclean(b *Block) {
	if b.Gap {
		t.unsafe.Incomplete++
	} else {
		t.unsafe.SplitChanging++
	}
}

// evidence fills what is common to the three claims of a metric.
func (t *metricTest) evidence(test, method, null string, exact bool, logE, logEMax, threshold float64, effect stats.Interval, value [2]float64) stats.Evidence {
	e := stats.Evidence{
		Name: t.spec.Name + "/" + test, Metric: t.spec.Name, Kind: "sequential", Test: test, Role: t.spec.Role,
		Method: method, Null: null, Exact: exact, LogE: logE, LogEMax: logEMax,
		P: math.Min(1, math.Exp(-logEMax)), Threshold: threshold, Result: stats.Unknown,
		Effect: effect, N: t.n, Value: value, Blocks: t.blocks, Skipped: t.skipped, Info: t.info,
	}
	if t.spec.Expr.Conditional() && t.spec.Expr.Op == "precision" {
		e.Warnings = append(e.Warnings, "conditional: which observations count is the model's own choice")
	}
	if t.segment > 0 {
		e.Name, e.Segment = e.Name+" "+t.within, t.within
	}
	if test == "safe" || test == "safe_stage" {
		e.Skipped, e.First = t.unsafe, t.first[1]
		if logE >= threshold {
			e.Result = stats.Safe
		}
		return e
	}
	e.First = t.first[0]
	if logEMax >= threshold {
		e.Result = stats.Harm
	}
	return e
}

// staged is evidence over all stages and that of the running stage beside it.
type staged interface {
	LogE() float64
	LogEMax() float64
	StageLogE() float64
}

// safety is the claim of safety over all stages and in the running one. A step forward
// needs what both say now, so the stage's maximum is not kept.
func (t *metricTest) safety(method, null string, exact bool, p staged, effect stats.Interval, value [2]float64) (all, stage stats.Evidence) {
	return t.evidence("safe", method, null, exact, p.LogE(), p.LogEMax(), t.limits.safe, effect, value),
		t.evidence("safe_stage", method, null+" in this stage", exact, p.StageLogE(), p.StageLogE(), t.limits.safe, effect, value)
}

// limitWords is the null hypothesis that the canary alone is within its limit.
func (t *metricTest) limitWords() string {
	what := ""
	if t.spec.Kind == "quantile" {
		what = fmt.Sprintf("p%v ", t.spec.Quantile*100)
	}
	return fmt.Sprintf("canary %s%s limit %v", what, within(t.spec.Worse), t.spec.Limit.Value)
}

// beyondLimit is the claim that the canary alone is beyond its limit.
func (t *metricTest) beyondLimit(p *sequential.Limit, effect stats.Interval, value [2]float64) stats.Evidence {
	e := t.evidence("limit", "halfplane", t.limitWords(), true,
		p.LogE(), p.LogEMax(), t.limits.limit, effect, value)
	e.Kind = "limit"
	return e
}

func within(worse string) string {
	if worse == "lower" {
		return "≥"
	}
	return "≤"
}

// claim puts the null hypothesis of a margin into words.
func claim(sign, worse string, m decision.Margin) string {
	size := fmt.Sprintf("%v", m.Value)
	if m.Relative {
		size = fmt.Sprintf("%v %%", m.Value*100)
	}
	return fmt.Sprintf("harm (%s is worse) %s %s", worse, sign, size)
}

// crossed notes the first window at which a claim was shown.
func (t *metricTest) crossed(i int, shown bool, start schemas.Time) {
	if shown && t.first[i] == 0 {
		t.first[i] = int64(start) / 1e6
	}
}
