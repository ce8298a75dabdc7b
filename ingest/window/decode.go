package window

import (
	"math"

	"verdin/internal/wire"
	"verdin/stats"
)

// reader reads the parts of a partial.
type reader struct{ *wire.Reader }

func (r *reader) cell() (c Cell) {
	c.Generation = uint32(r.Below(math.MaxUint32))
	stage := r.Varint()
	if stage < -1 || stage > math.MaxInt32 {
		r.Fail("stage %d", stage)
		return c
	}
	c.Stage = int32(stage)
	c.Segment = r.Byte()
	for a := range c.Arms {
		c.Arms[a].N = r.Uvarint()
		c.Arms[a].Metrics = r.summaries()
		c.Arms[a].Features = r.summaries()
		r.units(&c.Arms[a])
	}
	return c
}

func (r *reader) summaries() (out []stats.Summary) {
	for n := r.Count(); n > 0 && r.Err() == nil; n-- {
		r.Decode(func(b []byte) (rest []byte, err error) {
			s, rest, err := stats.DecodeSummary(b)
			out = append(out, s)
			return rest, err
		})
	}
	return out
}
