package sequential

import (
	"math"

	"verdin/stats"
)

// Rule says how a Detector restarts its evidence.
type Rule int

const (
	ShiryaevRoberts Rule = iota // R ← (1 + R)·factor: the sum over all starts
	CUSUM                       // C ← max(1, C)·factor: the best start
)

// Detector finds a change that begins at an unknown block (Shin, Ramdas, Rinaldo 2023).
// From log factors whose expectation is at most 1 before the change, per point of a
// grid:
//
//	e-SR     m ← log(1 + e^m) + ℓ
//	e-CUSUM  m ← max(0, m) + ℓ
//
// log E is the weighted log-sum-exp over the grid. With e-SR the expectation of E
// after T blocks is at most T, so that
//
//	P(alarm at log E ≥ log c within T blocks) ≤ T/c,  and the mean time to a false alarm is at least c
//
// e-CUSUM is never above e-SR. No multiple of E is an e-process: do not average it with others.
type Detector struct {
	rule      Rule
	logw      []float64
	carry     []float64 // log(1 + e^m), or max(0, m)
	logs      []float64
	logE, max float64
}

// NewDetector starts a detector with given log weights, which should sum to at most 1
// as weights. The slice is kept.
func NewDetector(rule Rule, logw []float64) *Detector {
	d := newDetector(rule, logw)
	return &d
}

func newDetector(rule Rule, logw []float64) Detector {
	return Detector{rule: rule, logw: logw, carry: make([]float64, len(logw)), logs: make([]float64, len(logw))}
}

// Add adds the log factors of one block, one per point of the grid.
func (d *Detector) Add(l []float64) {
	for k := range d.carry {
		m := d.carry[k] + l[k]
		d.logs[k] = m + d.logw[k]
		if d.carry[k] = max(0, m); d.rule == ShiryaevRoberts {
			d.carry[k] += math.Log1p(math.Exp(-math.Abs(m)))
		}
	}
	d.logE = stats.LogSumExp(d.logs)
	d.max = math.Max(d.max, d.logE)
}

// LogE is the log of the detector now, 0 before the first block.
func (d *Detector) LogE() float64 { return d.logE }

// LogEMax is its running maximum, at least 0.
func (d *Detector) LogEMax() float64 { return d.max }

func (d *Detector) state(c *codec) {
	c.floats(d.carry)
	c.float(&d.logE)
	c.float(&d.max)
}

// DetectorThreshold is the log E at which an e-SR alarm is false with probability at
// most alpha within the given number of blocks: log(blocks/alpha). Without a budget
// it is the greatest number: never.
func DetectorThreshold(blocks, alpha float64) float64 {
	if !(blocks >= 1 && alpha > 0) || math.IsInf(blocks, 0) {
		return math.MaxFloat64
	}
	return math.Log(blocks) - math.Log(alpha)
}
