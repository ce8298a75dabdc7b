package sequential

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
)

// ErrState says that bytes are not the state of a process made with the same
// arguments: a changed grid, margin or number of stages is another process.
var ErrState = errors.New("sequential: not a state of this process")

const stateVersion = 1

// codec walks the fields of a process in one fixed order, to write, check or read
// them: one list of fields serves all three.
type codec struct {
	mode mode
	b    []byte
	err  error
}

type mode uint8

const (
	writing mode = iota
	checking
	reading
)

// appendState and restore need the list of fields of a process.
type process interface{ state(*codec) }

func appendState(b []byte, p process) []byte {
	c := codec{b: append(b, stateVersion)}
	p.state(&c)
	return c.b
}

// restore checks all of b before it changes p.
func restore(b []byte, p process) error {
	if len(b) == 0 || b[0] != stateVersion {
		return fmt.Errorf("%w: it does not begin with version %d", ErrState, stateVersion)
	}
	c := codec{mode: checking, b: b[1:]}
	p.state(&c)
	if c.err == nil && len(c.b) > 0 {
		c.err = fmt.Errorf("%w: %d bytes too many", ErrState, len(c.b))
	}
	if c.err != nil {
		return c.err
	}
	c = codec{mode: reading, b: b[1:]}
	p.state(&c)
	return nil
}

// word passes one field through.
func (c *codec) word(v uint64) (uint64, bool) {
	if c.mode == writing {
		c.b = binary.LittleEndian.AppendUint64(c.b, v)
		return 0, false
	}
	if len(c.b) < 8 {
		if c.err == nil {
			c.err = fmt.Errorf("%w: it is cut off", ErrState)
		}
		c.b = nil
		return 0, false
	}
	v = binary.LittleEndian.Uint64(c.b)
	c.b = c.b[8:]
	return v, true
}

// print fails unless the state was written by a process with the same arguments.
func (c *codec) print(p uint64) {
	if v, ok := c.word(p); ok && v != p && c.err == nil {
		c.err = fmt.Errorf("%w: made with other arguments", ErrState)
	}
}

// float passes a finite number through.
func (c *codec) float(x *float64) {
	v, ok := c.word(math.Float64bits(*x))
	if !ok {
		return
	}
	f := math.Float64frombits(v)
	if f-f != 0 && c.err == nil {
		c.err = fmt.Errorf("%w: %v is not a finite number", ErrState, f)
	}
	if c.mode == reading {
		*x = f
	}
}

func (c *codec) floats(xs []float64) {
	for i := range xs {
		c.float(&xs[i])
	}
}

// scratch is floats for numbers that are not the process's own yet: they are filled
// while checking too.
func (c *codec) scratch(xs []float64) {
	mode := c.mode
	if mode == checking {
		c.mode = reading
	}
	c.floats(xs)
	c.mode = mode
}

// count passes a number ≥ 0 through.
func (c *codec) count(x *int64) {
	v, ok := c.word(uint64(*x))
	if !ok {
		return
	}
	if int64(v) < 0 && c.err == nil {
		c.err = fmt.Errorf("%w: %d is not a count", ErrState, int64(v))
	}
	if c.mode == reading {
		*x = int64(v)
	}
}

// length passes the length of a list through, at most limit.
func (c *codec) length(n, limit int) int {
	v, ok := c.word(uint64(n))
	switch {
	case c.mode == writing:
		return n
	case !ok:
		return 0
	case v > uint64(limit):
		if c.err == nil {
			c.err = fmt.Errorf("%w: a list of %d, the limit is %d", ErrState, v, limit)
		}
		return 0
	}
	return int(v)
}

// fingerprint identifies a process by its kind and the numbers that it was made with.
func fingerprint(kind string, args ...float64) uint64 {
	h := fnv.New64a()
	h.Write([]byte(kind))
	for _, x := range args {
		h.Write(binary.LittleEndian.AppendUint64(nil, math.Float64bits(x)))
	}
	return h.Sum64()
}

func flag(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func (h half) args() []float64 { return []float64{h.slope, h.shift, flag(h.above), flag(h.mirror)} }
