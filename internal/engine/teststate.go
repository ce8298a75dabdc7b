package engine

import (
	"errors"

	"verdin/internal/wire"
	"verdin/stats"
)

// errTest is wrapped by every error of a test's Restore.
var errTest = errors.New("the state of a test cannot be restored")

// process is a part of a test that has a state of its own.
type process interface {
	AppendState([]byte) []byte
	Restore([]byte) error
}

func part(f *wire.Fields, p process) { f.Part(p.AppendState, p.Restore) }

// claims are the processes that every comparison has: harm, and safety at each margin.
func claims[S process](f *wire.Fields, harm process, safe []S) {
	part(f, harm)
	for _, s := range safe {
		part(f, s)
	}
}

func (t *metricTest) fields(f *wire.Fields) {
	wire.Int(f, &t.stage)
	wire.Int(f, &t.blocks)
	skips(f, &t.skipped)
	skips(f, &t.unsafe)
	for i := range t.n {
		wire.Int(f, &t.n[i])
		wire.Int(f, &t.first[i])
	}
	f.Float(&t.info)
}

func skips(f *wire.Fields, s *stats.Skips) {
	for _, n := range []*int64{&s.EmptyArm, &s.SplitChanging, &s.Incomplete, &s.Learning, &s.TooFew, &s.UnknownShare} {
		wire.Int(f, n)
	}
}

func histogram(f *wire.Fields, h *stats.Histogram) {
	f.Item(h.AppendBinary, func(b []byte) (rest []byte, err error) {
		*h, rest, err = stats.DecodeHistogram(b, false)
		return rest, err
	})
}

// fields of a tail are the cells that are not zero.
func (t *tail) fields(f *wire.Fields) {
	f.Float(&t.n)
	used := 0
	for _, c := range t.cells {
		if c != 0 {
			used++
		}
	}
	if n := f.Count(used); f.Reading() {
		t.read(f, n)
		return
	}
	for i, c := range t.cells {
		if c != 0 {
			wire.Int(f, &i)
			f.Float(&c)
		}
	}
}

func (t *tail) read(f *wire.Fields, n int) {
	if n > 0 {
		t.cells = make([]float64, stats.GridCells)
	}
	for ; n > 0 && f.Err() == nil; n-- {
		var i int
		var c float64
		wire.Int(f, &i)
		f.Float(&c)
		f.Check(i >= 0 && i < stats.GridCells && c > 0, "%v values in cell %d", c, i)
		if f.Err() == nil {
			t.cells[i] = c
		}
	}
}
