package sequential

import (
	"math"

	"verdin/stats"
)

// inversion is an interval by inverting tests: for each node of a grid of effects one
// process against "effect ≤ node" and one against "effect ≥ node". What neither has
// rejected at α/2 is the interval, rounded outward to the next rejected node. Both use
// one alternative per block, the arms' rates as past blocks predict them, which lies
// on one side of each node: a plug-in costs about as many nats as a mixture does.
type inversion struct {
	low, high []float64 // log E against ≤ node and ≥ node
	blocks    int64
}

func newInversion(nodes int) inversion {
	return inversion{low: make([]float64, nodes), high: make([]float64, nodes)}
}

// add scores a block at a node whose line is h, for the predicted rates pa and pb.
func (v *inversion) add(node int, h half, a, b Counts, pa, pb float64) {
	if h.above = pb < h.at(pa); h.above {
		v.high[node] += h.logFactor(a, b, pa, pb)
	} else {
		v.low[node] += h.logFactor(a, b, pa, pb)
	}
}

// bounds returns the greatest node that the effect is above and the least that it is
// below, −1 and the number of nodes where there is none.
func (v *inversion) bounds(alpha float64) (low, high int) {
	limit := math.Log(2 / alpha)
	low, high = -1, len(v.low)
	for k := range v.low {
		if v.low[k] >= limit {
			low = k
		}
		if n := len(v.high) - 1 - k; v.high[n] >= limit {
			high = n
		}
	}
	return low, high
}

func (v *inversion) state(c *codec) {
	c.floats(v.low)
	c.floats(v.high)
	c.count(&v.blocks)
}

// notConstant says that every node was rejected: no one effect fits all blocks.
const (
	notConstant = "the effect was not constant: no value fits all blocks"
	tooEarly    = "too early for an interval"
)

// interval puts an estimate and bounds together; bounds that are not known yet, or
// contradict each other, are those of the estimate at level 0.
func (v *inversion) interval(estimate, low, high, alpha float64, scale, note string) stats.Interval {
	i := stats.Interval{Estimate: estimate, Low: low, High: high, Level: 1 - alpha, Method: "exact", Scale: scale}
	if note != "" {
		i.Low, i.High, i.Level, i.Note = estimate, estimate, 0, note
	}
	return i
}
