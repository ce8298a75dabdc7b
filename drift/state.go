package drift

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// ErrState is wrapped by every error of Restore.
var ErrState = errors.New("drift: the state cannot be restored: discard the snapshot and replay the windows")

// state walks over the fields of a test, writing or reading them in one order.
// Reading checks ranges, so that no damaged state can lead to NaN or a panic.
type state struct {
	buf     []byte
	own     []byte // of the last part written, for the next one
	reading bool
	err     error
}

// largest bounds floats in a state: beyond all that events can sum up to, and finite.
const largest = 1e300

// format numbers the layout of the state; a change of layout changes it.
const format = 3

// head says whose state it is.
func (s *state) head(method byte, bins, stages int, above float64) {
	want := [...]uint64{format, uint64(method), uint64(bins), uint64(stages), math.Float64bits(above)}
	name := [...]string{"format", "method", "number of bins", "number of stages", "tolerance"}
	for i, w := range want {
		got := w
		s.word(&got)
		if s.err == nil && got != w {
			s.err = fmt.Errorf("%w: %s is %d, want %d", ErrState, name[i], got, w)
		}
	}
}

func (s *state) word(w *uint64) {
	switch {
	case !s.reading:
		s.buf = binary.LittleEndian.AppendUint64(s.buf, *w)
	case s.err != nil:
	case len(s.buf) < 8:
		s.err = fmt.Errorf("%w: it ends early", ErrState)
	default:
		*w = binary.LittleEndian.Uint64(s.buf)
		s.buf = s.buf[8:]
	}
}

func (s *state) int(v *int64, low, high int64) {
	w := uint64(*v)
	s.word(&w)
	if got := int64(w); s.reading && s.err == nil && (got < low || got > high) {
		s.err = fmt.Errorf("%w: %d is not in [%d, %d]", ErrState, got, low, high)
	}
	if s.err == nil {
		*v = int64(w)
	}
}

func (s *state) float(v *float64, low, high float64) {
	w := math.Float64bits(*v)
	s.word(&w)
	if got := math.Float64frombits(w); s.reading && s.err == nil && !(low <= got && got <= high) {
		s.err = fmt.Errorf("%w: %v is not in [%v, %v]", ErrState, got, low, high)
	}
	if s.err == nil {
		*v = math.Float64frombits(w)
	}
}

func (s *state) ints(vs []int64, low, high int64) {
	for i := range vs {
		s.int(&vs[i], low, high)
	}
}

func (s *state) floats(vs []float64, low, high float64) {
	for i := range vs {
		s.float(&vs[i], low, high)
	}
}

// part visits a part that keeps its own state, behind its length.
func (s *state) part(p interface {
	AppendState([]byte) []byte
	Restore([]byte) error
}) {
	var own []byte
	if !s.reading {
		s.own = p.AppendState(s.own[:0])
		own = s.own
	}
	size := int64(len(own))
	s.int(&size, 0, mostPast)
	switch {
	case s.err != nil:
	case !s.reading:
		s.buf = append(s.buf, own...)
	case size > int64(len(s.buf)):
		s.err = fmt.Errorf("%w: it ends early", ErrState)
	default:
		if err := p.Restore(s.buf[:size]); err != nil {
			s.err = fmt.Errorf("%w: %w", ErrState, err)
		}
		s.buf = s.buf[size:]
	}
}

// end is the error of reading, also when something is left over.
func (s *state) end() error {
	if s.err == nil && len(s.buf) > 0 {
		return fmt.Errorf("%w: %d bytes are left over", ErrState, len(s.buf))
	}
	return s.err
}
