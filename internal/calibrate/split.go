package calibrate

import (
	"context"
	"io"

	"verdin/drift"
	"verdin/schemas"
)

// split deals a history's units to two arms: a source of pump.Replay. The same salt
// gives the same arms, another one has nothing to do with them.
type split struct {
	h     *History
	log   int
	next  int
	salt  uint64
	share float64 // of the canary
	shift *injected
}

// Next returns the next chunk of the log with the arms that the salt deals.
func (s *split) Next(ctx context.Context) (*schemas.Chunk, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if s.next == len(s.h.chunks[s.log]) {
		return nil, io.EOF
	}
	src := s.h.chunks[s.log][s.next]
	s.next++
	c := *src // columns that do not change are shared: shards read them and keep nothing
	c.Arm = make([]schemas.Text, src.Len())
	canary := make([]bool, src.Len())
	words := words(src)
	for i := range canary {
		canary[i] = s.canary(src, i)
		switch {
		case src.Arm[i].Len == 0:
		case canary[i]:
			c.Arm[i] = words[wordCanary]
		default:
			c.Arm[i] = words[wordStable]
		}
	}
	if s.shift != nil {
		s.shift.apply(&c, canary, s.salt)
	}
	return &c, nil
}

// Recycle has nothing to take back.
func (s *split) Recycle(*schemas.Chunk) {}

// canary deals row i: by unit where assignment is sticky, else by request, and readings
// of resources by instance. An outcome goes with its prediction.
func (s *split) canary(c *schemas.Chunk, i int) bool {
	key := c.Bytes(c.Key[i])
	if s.h.sticky && c.Kind[i] != schemas.KindResource {
		unit := c.Bytes(c.Unit[i])
		if len(unit) == 0 {
			unit = []byte(s.h.units[string(key)])
		}
		if len(unit) > 0 {
			key = unit
		}
	}
	return drift.Pretend(hash(key), s.salt, s.share)
}

// words are the texts that every chunk of a history begins with.
func words(c *schemas.Chunk) (w [3]schemas.Text) {
	at := uint32(0)
	for i, text := range []string{schemas.ArmStable, schemas.ArmCanary, novel} {
		w[i] = schemas.Text{Off: at, Len: uint32(len(text))}
		at += uint32(len(text))
	}
	return w
}

// uniform is a number of [0, 1) that depends on salt and key alone: FNV-1a, and the
// mix of splitmix64, so that neighbouring salts have nothing in common.
func uniform(salt uint64, key []byte) float64 {
	return float64(mix(mix(salt)^hash(key))>>11) / (1 << 53)
}

func hash(key []byte) uint64 {
	x := uint64(14695981039346656037)
	for _, b := range key {
		x = (x ^ uint64(b)) * 1099511628211
	}
	return x
}

func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
