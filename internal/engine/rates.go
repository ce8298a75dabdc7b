package engine

import (
	"fmt"
	"math"
	"slices"

	"verdin/ingest/window"
	"verdin/internal/wire"
	"verdin/stats"
	"verdin/stats/sequential"
)

// mostRates bounds the rates that are watched: the first that are seen.
const mostRates = 32

// rates asks whether both arms' predictions are sampled alike: whether each rate has the
// same share, within a point, of the rows of either arm. Else rows that are sent are no
// fair part of those that were served, and the split of the rows is not that of the
// requests. Given the numbers of rows its factors know nothing of the split, so they
// multiply with those of the sample ratio to one e-process.
//
//	E = 1/32·Σ E(rate), E(rate) = 1 until the block after the first that has the rate
//
// Exact; asymptotic where units come back.
type rates struct {
	sticky bool
	seen   []sampledRate // ascending
	logE   float64
	served [2]float64 // in the rows of clean blocks
	rows   [2]float64
}

// sampledRate is the share of rows that are sampled at one rate.
type sampledRate struct {
	cell uint32 // of the universal grid, which tells rates apart that differ by 2 %
	band *sequential.Band
	both *stickyBand // in its place where units come back
}

func (t *rates) observe(b *Block) {
	arms := [2]*window.Arm{b.Stable, b.Canary}
	for a, arm := range arms {
		t.rows[a] += float64(arm.N)
		t.served[a] += arm.Served()
	}
	for i := range t.seen {
		t.seen[i].observe(arms)
	}
	for _, arm := range arms {
		for i := range arm.Rates {
			t.watch(uint32(arm.Rates[i].Cell))
		}
	}
	t.look()
}

// watch begins to watch a rate; it is scored from the next block on.
func (t *rates) watch(cell uint32) {
	i, known := slices.BinarySearchFunc(t.seen, cell, func(s sampledRate, c uint32) int { return int(s.cell) - int(c) })
	if !known && len(t.seen) < mostRates {
		t.seen = slices.Insert(t.seen, i, t.new(cell))
	}
}

func (t *rates) new(cell uint32) sampledRate {
	if t.sticky {
		return sampledRate{cell: cell, both: newStickyBand(sequential.CoverageTolerance)}
	}
	return sampledRate{cell: cell, band: sequential.NewBand(sequential.CoverageTolerance, sequential.Options{})}
}

func (s *sampledRate) observe(arms [2]*window.Arm) {
	if s.both != nil {
		s.both.sampled(arms, s.cell)
		return
	}
	var n [2]sequential.Counts
	for a, arm := range arms {
		n[a].N = int64(arm.N)
		for i := range arm.Rates {
			if uint32(arm.Rates[i].Cell) == s.cell {
				n[a].Y += int64(arm.Rates[i].N)
			}
		}
	}
	if n[0].N > 0 && n[1].N > 0 {
		s.band.Observe(n[0], n[1])
	}
}

// sampled scores the rows of one rate, bucket by bucket of units.
func (t *stickyBand) sampled(arms [2]*window.Arm, cell uint32) {
	clear(t.buckets)
	for a, arm := range arms {
		for _, u := range arm.Units {
			b := &t.buckets[u.Hash%window.Buckets]
			b.Rows[a] += int64(u.N)
			b.Base[a] += float64(u.N)
		}
		for i := range arm.Rates {
			if g := &arm.Rates[i]; uint32(g.Cell) == cell {
				t.buckets[g.Bucket].Sum[a] += float64(g.N)
			}
		}
	}
	t.score()
}

// look computes log E from the rates that are watched; none is evidence of nothing.
func (t *rates) look() {
	if t.logE = 0; len(t.seen) == 0 {
		return
	}
	logs := []float64{math.Log(mostRates - float64(len(t.seen)))}
	for i := range t.seen {
		if s := &t.seen[i]; s.both != nil {
			logs = append(logs, s.both.log)
		} else {
			logs = append(logs, s.band.LogE())
		}
	}
	t.logE = stats.LogSumExp(logs) - math.Log(mostRates)
}

// words say at which rates the arms are sampled.
func (t *rates) words() string {
	return fmt.Sprintf("the arms are sampled at different rates: one of %.4g of stable's predictions and one of %.4g of the canary's is sent",
		t.served[0]/math.Max(1, t.rows[0]), t.served[1]/math.Max(1, t.rows[1]))
}

func (t *rates) fields(f *wire.Fields) {
	for a := range t.served {
		f.Float(&t.served[a])
		f.Float(&t.rows[a])
	}
	wire.Slice(f, &t.seen, func(s *sampledRate) {
		wire.Uint(f, &s.cell)
		if f.Reading() {
			*s = t.new(s.cell)
		}
		if s.both != nil {
			s.both.fields(f)
		} else {
			part(f, s.band)
		}
	})
	f.Check(len(t.seen) <= mostRates && slices.IsSortedFunc(t.seen, func(a, b sampledRate) int { return int(a.cell) - int(b.cell) }), "%d rates, or out of order", len(t.seen))
	if f.Reading() && f.Err() == nil {
		t.look()
	}
}
