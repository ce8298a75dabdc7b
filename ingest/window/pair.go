package window

import (
	"math"
	"time"

	"verdin/schemas"
)

// Pair is what a metric of a mirrored plan records of a request that both arms answered.
// Its rows are requests, in the label lane, in the window of stable's answer.
type Pair uint8

const (
	Single   Pair = iota // nothing: the metric looks at one answer
	Both                 // each arm's value
	Apart                // in the canary's summary how far it lies above stable, 0 if below; in stable's the reverse
	Answered             // in stable's summary whether the canary has answered at all
)

// Uncountable stands for an answer of a type that a metric cannot count.
const Uncountable = Missing - 1

// Answer is what a prediction says about a metric that compares both answers of a
// request: a number, Missing or Uncountable. For metrics that join it is what their
// outcome will be compared with.
func (p *Plan) Answer(m *Metric, c *schemas.Chunk, i int) float64 {
	if m.Joins {
		return m.Argument(c, i)
	}
	if m.On != schemas.KindPrediction {
		return Missing
	}
	failure := failed(c, p.ErrorCol, c.Row[i])
	if m.Success && failure {
		return Missing
	}
	x, got := m.read(c, m.On, c.Row[i])
	if failure {
		x, got = m.failed(x, got)
	}
	switch got {
	case hasValue:
		return x
	case invalid:
		return Uncountable
	}
	return Missing
}

// Mirrored tells whether the plan compares both answers of a request.
func (p *Plan) Mirrored() bool {
	return len(p.Metrics) > 0 && p.Metrics[len(p.Metrics)-1].Pair == Answered
}

// Skew is how far the clock of an outcome, or of the canary's answer to the same
// request, may run behind the prediction's.
func (p *Plan) Skew() time.Duration {
	if p.Mirrored() {
		return p.Horizon // the canary may be the faster one
	}
	return Skew
}

// PairOf adds a request of the label lane that both arms were asked, once for every
// segment it belongs to. Answer yields what the arms say about the n-th metric of the
// lane, of kind Both. A value of stable without one of the canary is counted among the
// canary's nulls, and the reverse: nothing is known of such a pair.
func (t *Tally) PairOf(in Within, generation uint32, stage int32, answered bool, answer func(n int) (stable, canary float64)) {
	t.pair(t.cell(generation, stage, 0), answered, answer)
	for _, segment := range in {
		if segment > 0 {
			t.pair(t.cell(generation, stage, segment), answered, answer)
		}
	}
}

func (t *Tally) pair(cell *tallyCell, answered bool, answer func(n int) (stable, canary float64)) {
	for n, m := range t.pool.metrics {
		switch metric := &t.pool.plan.Metrics[m]; metric.Pair {
		case Both:
			a, b := answer(n)
			cell.apart(n, metric, a, b)
		case Answered:
			cell.Arms[0].Metrics[n].AddOne(answered)
		}
	}
}

// apart adds a pair to the n-th metric of the lane, of kind Both, and to the one behind
// it, of kind Apart.
func (c *tallyCell) apart(n int, m *Metric, stable, canary float64) {
	x, known := [2]float64{stable, canary}, [2]bool{}
	for a := range x {
		switch x[a] {
		case Uncountable:
			c.Arms[a].Metrics[n].Invalid++
		case Missing:
		default:
			known[a] = true
		}
	}
	for a := range x {
		if known[1-a] && !known[a] {
			c.Arms[a].Metrics[n].Null++
		}
	}
	if !known[0] || !known[1] {
		return
	}
	for a := range x {
		var moved bool
		if x[a], moved = m.clamp(x[a]); moved {
			c.Arms[a].Metrics[n].Clamped++
		}
		c.Arms[a].Metrics[n].Add(x[a] - min(m.Low, 0))
	}
	for a := range x {
		c.Arms[a].Metrics[n+1].Add(math.Max(0, x[a]-x[1-a]))
	}
}
