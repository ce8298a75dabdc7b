package engine

import (
	"math"

	"verdin/decision"
	"verdin/ingest/join"
	"verdin/ingest/window"
	"verdin/schemas"
	"verdin/stats"
)

// Where requests are mirrored both arms answer the same prediction_id. Stable's answer
// is a prediction that waits, as for its labels; the canary's is what it waits for, as
// an outcome would be: so whichever comes first, the pair is the same, and stands in the
// window of stable's answer when the horizon has passed. A pair without the canary's
// answer is incomplete by then.
//
// To the joiner the canary's answers are outcomes of metrics below 0: one for every
// metric that compares pairs, and one that says that there is an answer at all.

// compilePairs makes the metrics of pairs, behind all others; none where no request is
// mirrored.
func compilePairs(s *decision.Spec, l *schemas.Layout) (out []window.Metric) {
	if !s.Mirrored(0) {
		return nil
	}
	for i := range s.Metrics {
		if m := &s.Metrics[i]; s.Pairs(m) {
			both := compileMetric(m, l)[0]
			apart := both
			both.Pair, apart.Pair = window.Both, window.Apart
			apart.Low, apart.High, apart.Lower = 0, math.Ldexp(1, 40), false
			out = append(out, both, apart)
		}
	}
	return append(out, window.Metric{Name: "answered", On: schemas.KindPrediction, Asks: -1, High: 1, Pair: window.Answered, Shape: stats.Shape{Kind: stats.Proportion}})
}

// paired lists the metrics of the label lane that compare both answers of a request.
func paired(plan *window.Plan, lane []int) (out []int) {
	for n, m := range lane {
		if plan.Metrics[m].Pair == window.Both {
			out = append(out, n)
		}
	}
	return out
}

// pairs counts the requests of a window of a mirrored stage that both arms answered, and
// those that only stable did.
func (j *Judge) pairs(w *window.Partial, stage int) {
	if !j.spec.Mirrored(stage) {
		return
	}
	for i := range w.Cells {
		c := &w.Cells[i]
		if n := len(c.Arms[0].Metrics); c.Segment == 0 && n > 0 && !j.alien(c) && (c.Stage < 0 || int(c.Stage) == stage) {
			s := &c.Arms[0].Metrics[n-1]
			j.health.Pairs[0] += int64(s.Ones)
			j.health.Pairs[1] += int64(s.N - s.Ones)
		}
	}
}

// answerOf is the joiner's number of the canary's answer to the n-th metric of the lane.
func answerOf(n int) int32 { return int32(-1 - n) }

// slot is the joiner's number of an outcome of the n-th metric. Outcomes of pairs stand
// apart by the arm that they name, for a prediction has two answers: -1 = both.
func (v *view) slot(n int, arm int8) int32 {
	lane := v.pools[window.Label].Metrics()
	if v.plan.Metrics[lane[n]].Pair == window.Both {
		n += len(lane) * int(arm+1)
	}
	return int32(n)
}

// answered shows the canary's answer to the joiner.
func (v *view) answered(c *schemas.Chunk, i int, key uint64, log *viewLog) {
	o := join.Outcome{Key: key, Arm: -1, Log: int32(c.Log), Offset: c.Offset[i], TS: c.TS[i], Mark: log.passed, Valid: true}
	lane := v.pools[window.Label].Metrics()
	for _, n := range v.pairs {
		o.Metric, o.Value = answerOf(n), v.plan.Answer(&v.plan.Metrics[lane[n]], c, i)
		v.joiner.Label(o)
	}
	o.Metric, o.Value = answerOf(len(lane)), 1
	v.joiner.Label(o)
}

// pair adds a prediction of stable and what the canary answered to it.
func (v *view) pair(tally *window.Tally, p join.Prediction, own func(n int) float64, taken func(int32) (join.Outcome, bool)) {
	lane := v.pools[window.Label].Metrics()
	_, answered := taken(answerOf(len(lane)))
	tally.PairOf(p.Within, p.Generation, p.Stage, answered, func(n int) (stable, canary float64) {
		stable, canary = own(n), window.Missing
		if a, ok := taken(answerOf(n)); ok {
			canary = a.Value
		}
		m := &v.plan.Metrics[lane[n]]
		if m.On != schemas.KindOutcome {
			return stable, canary
		}
		x := [2]float64{stable, canary}
		for arm := range x {
			x[arm] = v.judged(m, n, arm, answered, x[arm], taken)
		}
		return x[0], x[1]
	})
}

// judged is what the outcomes of a pair say about one arm's answer. One that names no
// arm belongs to both answers where it is compared with them, such as the truth that
// comes later; else it is what users made of the answer that they saw: stable's.
func (v *view) judged(m *window.Metric, n, arm int, answered bool, argument float64, taken func(int32) (join.Outcome, bool)) float64 {
	o, ok := taken(v.slot(n, int8(arm)))
	if !ok && (m.Joins || arm == 0) {
		o, ok = taken(v.slot(n, -1))
	}
	switch {
	case !ok, arm == 1 && !answered:
		return window.Missing
	case !o.Valid:
		return window.Uncountable
	case !m.Joins:
		return o.Value
	}
	x, got, bad := m.Joined(argument, o.Value)
	switch {
	case got:
		return x
	case bad:
		return window.Uncountable
	}
	return window.Missing
}
