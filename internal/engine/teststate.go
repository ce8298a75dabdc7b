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
