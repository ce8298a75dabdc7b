package window

import (
	"math"

	"verdin/schemas"
	"verdin/stats"
)

// Op says how fields become the number of a metric.
type Op uint8

const (
	OpField      Op = iota // the field itself
	OpBeyond               // 1 where the field is beyond By, on the bad side
	OpEquals               // 1 where two fields are equal
	OpText                 // 1 where the field is the text
	OpWithin               // 1 where two numbers differ by at most By
	OpRatio                // the first divided by the second
	OpDifference           // the first less the second
	OpFirst                // the first, where there is a second: the numerator of a ratio of sums
	OpSecond               // the second, where there is a first: its denominator
	OpPlus                 // the sum of both
	OpPresent              // 1 for every outcome that came
	OpPrecision            // of those whose first is the text, 1 where the second is it too
	OpRecall               // of those whose second is the text, 1 where the first is it too
	OpSquared              // the square of the first less the second
	OpAbsolute             // the distance between both
)

// conditional tells whether the metric is of some observations only, as their fields say.
func (m *Metric) conditional() bool { return m.Op == OpPrecision || m.Op == OpRecall }

// Concerns tells whether an observation with this argument may be one of those that a
// conditional metric is of. If the outcome decides that, every argument may.
func (m *Metric) Concerns(argument float64) bool {
	if !m.conditional() || m.Turned == (m.Op == OpPrecision) {
		return true
	}
	return argument != Missing && m.is(argument)
}

// is tells whether a field is the text. A number or a truth is it where it is 1 or true.
func (m *Metric) is(x float64) bool { return x == 1 || x == textScalar([]byte(m.Text)) }

// joined tells whether an outcome alone says nothing: its prediction is asked for.
func (m *Metric) joined() bool { return m.Op == OpPresent || m.Joins || m.Pair != Single }

// Argument is the field of a prediction that an outcome of it will be compared with;
// Missing where it has none.
func (m *Metric) Argument(c *schemas.Chunk, i int) float64 {
	if m.Asks < 0 {
		return 0
	}
	x, got := scalar(c, c.Values[schemas.KindPrediction][m.Asks], c.Row[i])
	if got != hasValue {
		return Missing
	}
	return x
}

// Missing is no number that an event can hold.
const Missing = -textFrom

// Joined is the number of a prediction's argument and its outcome, as Read gave it. It is
// Missing, and no value, where the outcome says that a conditional metric is not of it.
func (m *Metric) Joined(argument, outcome float64) (x float64, got, bad bool) {
	if argument == Missing {
		return 0, false, false
	}
	r := hasValue
	switch {
	case m.Asks >= 0 && m.Turned:
		x, r = m.combine(outcome, argument)
	case m.Asks >= 0:
		x, r = m.combine(argument, outcome)
	case m.Op == OpText:
		x = bit(outcome == textScalar([]byte(m.Text)))
	case m.Shape.Kind == stats.Proportion:
		x = bit(outcome != 0)
	case outcome >= textFrom:
		r = invalid
	default:
		x = outcome
	}
	if r == noValue && m.conditional() {
		return Missing, false, false
	}
	return x, r == hasValue, r == invalid
}

// answer is the outcome of a metric that joins: its value, else its label.
func (m *Metric) answer(c *schemas.Chunk, r int32) (float64, reading) {
	x, got := scalar(c, c.Values[schemas.KindOutcome][m.Column], r)
	if got == noValue {
		return scalar(c, c.Values[schemas.KindOutcome][m.Second], r)
	}
	return x, got
}

// failed is what a metric makes of a failed request: one that fails fast is not a fast one.
func (m *Metric) failed(x float64, got reading) (float64, reading) {
	switch {
	case m.Shape.Kind == stats.Quantile:
		return m.worst(), hasValue
	case m.Op == OpBeyond:
		return 1, hasValue
	}
	return x, got
}

// operate is read for all but OpField.
func (m *Metric) operate(c *schemas.Chunk, col schemas.Column, on schemas.Kind, r int32) (float64, reading) {
	a, got := scalar(c, col, r)
	switch {
	case got != hasValue:
		return 0, got
	case m.Op == OpPresent:
		return 1, hasValue
	case m.Op == OpText:
		return bit(col[r].Kind == schemas.String && string(c.Bytes(col[r].Text)) == m.Text), hasValue
	case m.Op == OpBeyond:
		if col[r].Kind != schemas.Number {
			return 0, invalid
		}
		return bit(m.beyond(a)), hasValue
	}
	b, got := scalar(c, c.Values[on][m.Second], r)
	if got != hasValue {
		return 0, got
	}
	return m.combine(a, b)
}

func (m *Metric) beyond(x float64) bool {
	if m.Lower {
		return x < m.By
	}
	return x > m.By
}

// combine is the number of two fields.
func (m *Metric) combine(a, b float64) (float64, reading) {
	switch m.Op {
	case OpEquals:
		return bit(a == b), hasValue
	case OpRecall:
		a, b = b, a
		fallthrough
	case OpPrecision:
		if !m.is(a) {
			return 0, noValue
		}
		return bit(m.is(b)), hasValue
	}
	if a >= textFrom || b >= textFrom {
		return 0, invalid // text is no number
	}
	switch m.Op {
	case OpWithin:
		return bit(math.Abs(a-b) <= m.By), hasValue
	case OpRatio:
		if b == 0 {
			return 0, noValue
		}
		return a / b, hasValue
	case OpDifference:
		return a - b, hasValue
	case OpSquared:
		return (a - b) * (a - b), hasValue
	case OpAbsolute:
		return math.Abs(a - b), hasValue
	case OpFirst:
		return a, hasValue
	case OpSecond:
		return b, hasValue
	case OpPlus:
		return a + b, hasValue
	}
	return 0, invalid
}

func bit(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// textFrom is above every number that an event can hold; texts are numbers from here on.
const textFrom = 1 << 52

// scalar is a field as one number: true is 1, false 0, text a number of its own by hash.
func scalar(c *schemas.Chunk, col schemas.Column, r int32) (float64, reading) {
	switch col[r].Kind {
	case schemas.Number:
		return col[r].Num, hasValue
	case schemas.True:
		return 1, hasValue
	case schemas.False:
		return 0, hasValue
	case schemas.String:
		if col[r].Text.Len == 0 {
			return 0, noValue
		}
		return textScalar(c.Bytes(col[r].Text)), hasValue
	}
	return 0, noValue
}

// textScalar is 2⁵² and the first 52 bits of FNV-1a.
func textScalar(text []byte) float64 {
	h := uint64(14695981039346656037)
	for _, b := range text {
		h = (h ^ uint64(b)) * 1099511628211
	}
	return float64(textFrom + h>>12)
}
