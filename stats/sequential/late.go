package sequential

import (
	"math"

	"verdin/stats"
)

// Late is a mixture over alternatives and over the block from which they hold:
//
//	E = Σ_j w(j)·Σ_k w(k)·Π_{i ≥ j} f_i(k) + what is left of the weight,
//	Σ_{j ≤ t} w(j) = 1 − 1/√(1 + t/10)
//
// An effect that begins late has the evidence of before to climb out of nowhere else: a
// start after 100 blocks costs 6.6 nats, after 1,000 9.9. A product that has not begun
// is 1, so this is a fixed mixture of e-processes, and one itself. It needs no product
// per start: M(k) ← f(k)·(M(k) + w(t)·w(k)).
//
// no-row: a part of tests for drift
type Late struct {
	logs   []float64 // log M(k), and of what is left
	logw   []float64
	blocks int64
	logE   float64
}

// lateScale is the number of blocks in which √½ of the weight is left.
const lateScale = 10

// notBegun is the log of no weight at all, as a number.
const notBegun = -1e9

// NewLate starts the mixture with given log weights of the alternatives. The slice is kept.
func NewLate(logw []float64) *Late {
	m := &Late{logs: make([]float64, len(logw)+1), logw: logw}
	for k := range logw {
		m.logs[k] = notBegun
	}
	return m
}

func left(blocks int64) float64 { return 1 / math.Sqrt(1+float64(blocks)/lateScale) }

// Add adds the log factors of one block, one per alternative.
func (m *Late) Add(l []float64) {
	m.blocks++
	w := math.Log(math.Max(left(m.blocks-1)-left(m.blocks), math.SmallestNonzeroFloat64))
	for k := range m.logw {
		m.logs[k] = l[k] + logSum(m.logs[k], w+m.logw[k])
	}
	m.logs[len(m.logw)] = math.Log(left(m.blocks))
	m.logE = stats.LogSumExp(m.logs)
}

// logSum is log(eᵃ + eᵇ) for b finite.
func logSum(a, b float64) float64 {
	if a < b {
		a, b = b, a
	}
	return a + math.Log1p(math.Exp(b-a))
}

// LogE is the log of the e-process now.
func (m *Late) LogE() float64 { return m.logE }

// AppendState appends the state of the mixture.
func (m *Late) AppendState(b []byte) []byte { return appendState(b, m) }

// Restore sets the state that AppendState wrote, in a mixture of as many alternatives;
// else it returns ErrState and changes nothing.
func (m *Late) Restore(b []byte) error { return restore(b, m) }

func (m *Late) state(c *codec) {
	c.print(fingerprint("late", m.logw...))
	c.count(&m.blocks)
	c.floats(m.logs)
	if c.mode == reading {
		m.logE = stats.LogSumExp(m.logs)
	}
}

// lateWeight is the part of the weight that a test gives to late starts.
const lateWeight = 0.25

// WithLate is log E of a test that gives a quarter of its weight to late starts: 0 where
// both parts say nothing.
func WithLate(prompt, late float64) float64 {
	if late > prompt {
		return late + math.Log(lateWeight+float64((1-lateWeight)*math.Exp(prompt-late)))
	}
	return prompt + math.Log(1-lateWeight+float64(lateWeight*math.Exp(late-prompt))) // 0 of two zeros, to the bit
}
