package window

import (
	"verdin/schemas"
	"verdin/stats"
)

// reading is what a field says about one metric.
type reading uint8

const (
	noValue reading = iota // absent or null: the observation has no value
	hasValue
	invalid // not of a type that the metric's kind can count
)

// read turns row r of a column into the number that the metric counts:
// proportions become 0 or 1 (true, 1 and non-empty text are 1; false, 0 and
// empty text are 0), other kinds take numbers as they are.
func (m *Metric) read(c *schemas.Chunk, on schemas.Kind, r int32) (float64, reading) {
	if m.Joins {
		return m.answer(c, r)
	}
	col := &c.Values[on][m.Column]
	if m.Op != OpField {
		return m.operate(c, col, on, r)
	}
	kind, num := col.Kind[r], col.Num[r]
	switch {
	case kind == schemas.Absent || kind == schemas.Null:
		return 0, noValue
	case m.Shape.Kind == stats.Proportion:
		return truth(kind, num, col.Text[r].Len)
	case kind == schemas.Number:
		return num, hasValue
	}
	return 0, invalid
}

func truth(kind schemas.ValueKind, num float64, textLen uint32) (float64, reading) {
	switch kind {
	case schemas.True:
		return 1, hasValue
	case schemas.False:
		return 0, hasValue
	case schemas.String:
		if textLen > 0 {
			return 1, hasValue
		}
		return 0, hasValue
	}
	if num == 0 || num == 1 {
		return num, hasValue
	}
	return 0, invalid
}

// clamp moves x into the metric's range.
func (m *Metric) clamp(x float64) (float64, bool) {
	switch {
	case x < m.Low:
		return m.Low, true
	case x > m.High:
		return m.High, true
	}
	return x, false
}

// code returns the category's code, 1…n, or n+1 for any other text.
func (f *Feature) code(text []byte) int32 {
	for i, c := range f.Categories {
		if c == string(text) {
			return int32(i + 1)
		}
	}
	return int32(len(f.Categories) + 1)
}

// bin returns the bin of a numeric value: 1 + the number of edges ≤ x.
func (f *Feature) bin(x float64) int {
	lo, hi := 0, len(f.Edges)
	for lo < hi {
		mid := (lo + hi) / 2
		if f.Edges[mid] <= x {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo + 1
}

// Read returns what row i of a chunk, of the kind that the metric is on, says
// about it: a number, nothing, or something that cannot be counted.
func (m *Metric) Read(c *schemas.Chunk, i int) (x float64, got, bad bool) {
	x, r := m.read(c, c.Kind[i], c.Row[i])
	return x, r == hasValue, r == invalid
}
