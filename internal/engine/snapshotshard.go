package engine

import (
	"verdin/ingest/window"
	"verdin/internal/wire"
	"verdin/schemas"
)

func (s *Shard) fields(f *wire.Fields) {
	for i := range s.logs {
		l := &s.logs[i]
		wire.Int(f, &l.top)
		wire.Int(f, &l.first)
		wire.Int(f, &l.next)
		wire.Int(f, &l.lost)
		f.Bool(&l.begun)
		f.Bool(&l.ended)
	}
	for _, v := range s.views {
		v.fields(f)
	}
}

func (v *view) fields(f *wire.Fields) {
	wire.Int(f, &v.closed)
	wire.Slice(f, &v.gaps, func(g *gap) {
		wire.Int(f, &g.log)
		wire.Int(f, &g.after)
		wire.Int(f, &g.before)
	})
	c := &v.counts
	for _, n := range []*uint64{&c.Counted, &c.Duplicate, &c.Late, &c.Other, &c.Arm, &c.Early, &c.NoKey} {
		wire.Uint(f, n)
	}
	for i := range v.logs {
		v.logs[i].fields(f, v)
	}
	for a := range v.late {
		wire.Uint(f, &v.late[a])
	}
	wire.Map(f, v.direct, instant(f), func(start schemas.Time, w **openWindow) { v.openFields(f, window.Label, start, w) })
	f.Part(v.joiner.AppendState, v.joiner.Restore)
	wire.Map(f, v.asked, instant(f), func(start schemas.Time, xs *[]float64) {
		wire.Slice(f, xs, f.Float)
		f.Check(len(*xs) == len(v.asks)*v.joiner.Len(start), "%d fields of predictions in a window of %d", len(*xs), v.joiner.Len(start))
	})
	for _, start := range v.joiner.Windows(schemas.Never) {
		f.Check(len(v.asks) == 0 || len(v.asked[start]) > 0, "a window without the fields of its predictions")
	}
}

func (l *viewLog) fields(f *wire.Fields, v *view) {
	wire.Int(f, &l.sealed)
	wire.Int(f, &l.passed)
	wire.Int(f, &l.gapTo)
	for a := range l.late {
		wire.Uint(f, &l.late[a])
	}
	l.lateSeen.fields(f)
	wire.Map(f, l.open, instant(f), func(start schemas.Time, w **openWindow) { v.openFields(f, window.Fast, start, w) })
}

// openFields are those of an open window, which begins under the revision of the plan
// that it was begun under.
func (v *view) openFields(f *wire.Fields, lane window.Lane, start schemas.Time, w **openWindow) {
	if f.Reading() {
		*w = &openWindow{plan: v.plan, hash: v.planHash}
		f.Check(start == v.plan.Window(start), "a window starts at %d", start)
	}
	revised := (*w).plan != v.plan
	if f.Bool(&revised); revised && f.Reading() {
		(*w).plan, (*w).hash = v.next, v.nextHash
		f.Check(v.next != nil && lane == window.Fast, "a window of a revision that is not in force")
	}
	(*w).seen.fields(f)
	f.Item(func(b []byte) []byte { return (*w).tally.AppendState(b) }, func(b []byte) (rest []byte, err error) {
		pool := v.pools[lane]
		if revised {
			pool = v.pool2
		}
		(*w).tally, rest, err = pool.RestoreTally(b)
		return rest, err
	})
}

// fields of a set are its hashes in ascending order: where they stand in memory means nothing.
func (s *set) fields(f *wire.Fields) {
	if !f.Reading() {
		hashes := s.ascending()
		wire.Slice(f, &hashes, f.Word)
		return
	}
	var last, h uint64 // 0 is no hash
	for n := f.Count(0); n > 0 && f.Err() == nil; n-- {
		f.Word(&h)
		f.Check(last < h, "hashes are not ascending")
		last = h
		if f.Err() == nil {
			s.add(h)
		}
	}
}
