package sequential

import (
	"math"

	"verdin/stats"
)

// orderQuantiles are the past stable quantiles at which whole distributions are compared.
var orderQuantiles = [...]float64{0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99}

// orderPoints is the number of alternatives at each of them.
const orderPoints = 8

// Order tests stochastic order: the null is "at no threshold do more of the canary's
// values lie on the bad side, after a tolerance, than of the stable arm's", a sequential
// one-sided Kolmogorov–Smirnov test. It is the mean of one exceedance test per past
// stable quantile (10 %, 20 %, … 90 %, 95 %, 99 %), all on one clock. It finds harm that
// one quantile misses, and does not say at which. Exact.
type Order struct {
	tolerance Null
	at        []*Harm
	logs      []float64
	past      Tail
	logE, max float64
	print     uint64
}

// NewOrder starts a test; the tolerance moves the canary's thresholds as a margin of Exceedance does.
func NewOrder(tolerance Null, opt Options) *Order {
	t := &Order{tolerance: tolerance, logs: make([]float64, len(orderQuantiles))}
	if opt.GridPoints <= 0 {
		opt.GridPoints = orderPoints
	}
	for _, q := range orderQuantiles {
		opt.PriorRate, opt.PriorWeight = 1-q, priorWeight
		if tolerance.Worse == Lower {
			opt.PriorRate = q
		}
		t.at = append(t.at, NewHarm(Null{}, opt))
	}
	t.print = fingerprint("order", tolerance.margin(), flag(tolerance.Relative), float64(tolerance.Worse))
	return t
}

// Observe scores a closed block of stable a and canary b served in a stage, then
// learns the next thresholds from a.
func (t *Order) Observe(a, b *stats.Histogram, stage int) (scored bool) {
	if a.N() > 0 && b.N() > 0 {
		worse := t.tolerance.Worse
		for i, q := range orderQuantiles {
			if !t.past.Reaches(min(q, 1-q)) {
				continue
			}
			edge := t.past.Edge(q)
			moved := ShiftEdge(edge, t.tolerance, true)
			scored = t.at[i].Observe(Beyond(a, edge, worse), Beyond(b, moved, worse), stage) || scored
		}
		t.eval()
	}
	t.past.Add(a)
	return scored
}

func (t *Order) eval() {
	for i, h := range t.at {
		t.logs[i] = h.LogE()
	}
	t.logE = stats.LogSumExp(t.logs) - math.Log(float64(len(t.logs)))
	t.max = math.Max(t.max, t.logE)
}

// LogE is the log of the e-process now.
func (t *Order) LogE() float64 { return t.logE }

// LogEMax is its running maximum.
func (t *Order) LogEMax() float64 { return t.max }

// AppendState appends the state of the test.
func (t *Order) AppendState(b []byte) []byte { return appendState(b, t) }

// Restore sets the state that AppendState wrote, in a test made with the same
// arguments; else it returns ErrState and changes nothing.
func (t *Order) Restore(b []byte) error { return restore(b, t) }

func (t *Order) state(c *codec) {
	c.print(t.print)
	for _, h := range t.at {
		h.state(c)
	}
	t.past.state(c)
	c.float(&t.max)
	if c.mode == reading {
		t.eval()
	}
}
