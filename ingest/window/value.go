package window

import (
	"math"
	"slices"
	"strings"

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
	col := c.Values[on][m.Column]
	if m.Op != OpField {
		return m.operate(c, col, on, r)
	}
	kind, num := col[r].Kind, col[r].Num
	switch {
	case kind == schemas.Absent || kind == schemas.Null:
		return 0, noValue
	case m.Shape.Kind == stats.Proportion:
		return truth(kind, num, col[r].Text.Len)
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

// code returns the bin of a text.
func (f *Feature) code(text []byte) int32 {
	for i, c := range f.Categories {
		if c == string(text) {
			return int32(OddRows + i)
		}
	}
	other := OddRows + len(f.Categories)
	if len(f.Others) > 0 {
		if _, known := slices.BinarySearchFunc(f.Others, text, func(name string, text []byte) int { return strings.Compare(name, string(text)) }); known {
			return int32(other)
		}
	}
	return int32(other + 1)
}

// wrongType is what a column of numbers holds for a value of another type: a NaN that
// no arithmetic makes.
var wrongType = math.Float64frombits(0x7ff8_0000_7665_7264)

// number is the value of a column in row r as a feature of numbers sees it; false = none.
func number(col schemas.Column, r int32) (x float64, ok bool) {
	switch col[r].Kind {
	case schemas.Number:
		return col[r].Num, true
	case schemas.True:
		return 1, true
	case schemas.False:
		return 0, true
	case schemas.Absent, schemas.Null:
		return 0, false
	}
	return wrongType, true
}

// interval returns the interval between edges that a finite number lies in.
func (f *Feature) interval(x float64) int {
	if f.Finder != nil {
		return f.Finder.Bin(x)
	}
	lo, hi := 0, len(f.Edges)
	for lo < hi {
		mid := (lo + hi) / 2
		if f.Edges[mid] <= x {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// odd is the bin of a number that is not finite.
func odd(x float64) int {
	switch {
	case x > 0:
		return RowPositiveInfinity
	case x < 0:
		return RowNegativeInfinity
	case math.Float64bits(x) == math.Float64bits(wrongType):
		return RowWrongType
	}
	return RowNaN
}

// Read returns what row i of a chunk, of the kind that the metric is on, says
// about it: a number, nothing, or something that cannot be counted.
func (m *Metric) Read(c *schemas.Chunk, i int) (x float64, got, bad bool) {
	x, r := m.read(c, c.Kind[i], c.Row[i])
	return x, r == hasValue, r == invalid
}
