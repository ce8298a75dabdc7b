package window

import (
	"errors"
	"slices"

	"verdin/internal/wire"
	"verdin/stats"
)

// ErrState is wrapped by every error of RestoreTally.
var ErrState = errors.New("window: the state of an open window cannot be restored")

// AppendState appends what was collected. Rows that wait in a batch are summarised
// first: sums are exact, so that changes nothing (W3).
func (t *Tally) AppendState(b []byte) []byte {
	for i := range t.cells {
		t.flush(&t.cells[i])
	}
	f := wire.Write(b)
	wire.Slice(f, &t.cells, func(c *tallyCell) { f.Item(c.append, nil) })
	return f.Bytes()
}

// RestoreTally reads a tally of the pool's plan and lane, and returns what follows it.
// It never panics and never allocates much more than the bytes could hold.
func (p *Pool) RestoreTally(b []byte) (t *Tally, rest []byte, err error) {
	r := reader{wire.NewReader(b, ErrState)}
	t = p.Tally()
	for n := r.Count(); n > 0 && r.Err() == nil; n-- {
		c := tallyCell{Cell: r.cell()}
		switch {
		case r.Err() != nil:
		case !p.holds(&c.Cell):
			r.Fail("a cell has other metrics or features than the plan")
		case slices.ContainsFunc(t.cells, func(o tallyCell) bool { return o.split() == c.split() }):
			r.Fail("two cells of one split")
		default:
			c.pool = p.of(c.Segment)
			c.batch = c.pool.batch()
			t.cells = append(t.cells, c)
		}
	}
	return t, r.Rest(), r.Err()
}

// holds tells whether a cell's summaries have the shapes of the pool's.
func (p *Pool) holds(c *Cell) bool {
	want := p.of(c.Segment).arm()
	for a := range c.Arms {
		if !sameShapes(c.Arms[a].Metrics, want.Metrics) || !sameShapes(c.Arms[a].Features, want.Features) ||
			len(c.Arms[a].Groups) != len(want.Groups) {
			return false
		}
	}
	return true
}

func sameShapes(a, b []stats.Summary) bool {
	return slices.EqualFunc(a, b, func(a, b stats.Summary) bool { return a.Shape == b.Shape })
}

// Fits tells whether a partial's summaries can be those of a plan, under this or an
// earlier revision of its bins.
func (p *Plan) Fits(q *Partial) bool {
	whole := NewPool(p, q.Lane)
	for i := range q.Cells {
		pool := whole.of(q.Cells[i].Segment)
		for _, arm := range q.Cells[i].Arms {
			if len(arm.Metrics) != len(pool.metrics) || len(arm.Features) != len(pool.features) {
				return false
			}
			if p.Sticky != (len(arm.Groups) > 0) && len(pool.metrics) > 0 || len(arm.Groups) > 0 && len(arm.Groups) != len(pool.metrics) {
				return false
			}
			for k, m := range pool.metrics {
				if arm.Metrics[k].Shape.Kind != p.Metrics[m].Shape.Kind {
					return false
				}
			}
			for k := range arm.Features {
				if s := arm.Features[k].Shape; s.Kind != stats.Bins || s.Sub != p.Subs() {
					return false
				}
			}
		}
	}
	return true
}
