package pump

import (
	"cmp"
	"slices"

	"verdin/internal/pump/journal"
	"verdin/schemas"
)

// Arrivals knows when records came that are read again: where the broker does not
// say, the bound is what the journal says of their offsets.
type Arrivals struct{ logs [][]journal.Arrival } // per log, ascending

// NewArrivals collects the arrivals of cuts over a number of logs.
func NewArrivals(logs int, cuts []*journal.Cut) *Arrivals {
	a := &Arrivals{logs: make([][]journal.Arrival, logs)}
	for _, c := range cuts {
		for _, r := range c.Arrivals {
			a.logs[r.Log] = append(a.logs[r.Log], r)
		}
	}
	return a
}

// At is the arrival bound of an offset; ok is false if the journal says nothing of it.
func (a *Arrivals) At(log int, offset int64) (at schemas.Time, ok bool) {
	if a == nil {
		return 0, false
	}
	all := a.logs[log]
	i, found := slices.BinarySearchFunc(all, offset, func(r journal.Arrival, o int64) int { return cmp.Compare(r.From, o) })
	if !found {
		i--
	}
	if i < 0 || offset >= all[i].To {
		return 0, false
	}
	return all[i].At, true
}

// over sets the bounds of a chunk's rows that the journal knows.
func (a *Arrivals) over(log int, c *schemas.Chunk) {
	for row, offset := range c.Offset {
		if at, ok := a.At(log, offset); ok {
			c.At[row] = at
		}
	}
}
