package engine

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// hasher is a keyed 64-bit hash of identities: equal on every machine for equal
// keys, and not to be steered by whoever writes the ids without the key. It folds
// 16-byte blocks by 64×64→128-bit multiplication, the construction of wyhash.
type hasher struct{ a, b uint64 }

const (
	mul1 = 0x9E3779B97F4A7C15 // 2⁶⁴ / golden ratio
	mul2 = 0xD1B54A32D192ED03 // odd constant of the R2 sequence
)

// newHasher derives the key from text that is fixed for the life of a rollout.
func newHasher(key string) hasher {
	seed := hasher{mul1, mul2}
	return hasher{seed.sum(0, []byte(key)), seed.sum(1, []byte(key))}
}

func fold(x, y uint64) uint64 {
	hi, lo := bits.Mul64(x, y)
	return hi ^ lo
}

// sum hashes b after h, the hash of what stands before it. Never 0: zero means "none".
func (k hasher) sum(h uint64, b []byte) uint64 {
	h = fold(h^k.a, mul1) ^ uint64(len(b))
	for len(b) >= 16 {
		h = fold(binary.LittleEndian.Uint64(b)^k.a^h, binary.LittleEndian.Uint64(b[8:])^k.b)
		b = b[16:]
	}
	var tail [16]byte
	copy(tail[:], b)
	h = fold(binary.LittleEndian.Uint64(tail[:])^k.a^h, binary.LittleEndian.Uint64(tail[8:])^k.b)
	return max(1, fold(h^mul2, k.b^mul1))
}

// set is an open-addressing set of non-zero hashes.
type set struct {
	slots []uint64
	n     int
}

// add inserts h and tells whether it was new.
func (s *set) add(h uint64) bool {
	if 4*(s.n+1) > 3*len(s.slots) {
		s.grow()
	}
	mask := uint64(len(s.slots) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		switch s.slots[i] {
		case 0:
			s.slots[i] = h
			s.n++
			return true
		case h:
			return false
		}
	}
}

// has tells whether h was added.
func (s *set) has(h uint64) bool {
	if s.n == 0 {
		return false
	}
	mask := uint64(len(s.slots) - 1)
	for i := h & mask; s.slots[i] != 0; i = (i + 1) & mask {
		if s.slots[i] == h {
			return true
		}
	}
	return false
}

// keep forgets the members that are not ok.
func (s *set) keep(ok func(h uint64) bool) {
	old := s.slots
	s.slots, s.n = nil, 0
	for _, h := range old {
		if h != 0 && ok(h) {
			s.add(h)
		}
	}
}

// ascending returns the members in order. Hashes are even over their range, so that they
// are put into about as many ranges as there are members by their first bits, and are
// nearly sorted then.
func (s *set) ascending() []uint64 {
	var most uint64
	for _, h := range s.slots {
		most = max(most, h)
	}
	shift := max(0, bits.Len64(most)-bits.Len(uint(s.n)))
	ends := make([]uint32, most>>shift+1) // of the ranges, in turn
	for _, h := range s.slots {
		if h != 0 {
			ends[h>>shift]++
		}
	}
	sum := uint32(0)
	for i, n := range ends {
		ends[i], sum = sum, sum+n
	}
	all := make([]uint64, s.n)
	for _, h := range s.slots {
		if h != 0 {
			at := &ends[h>>shift]
			all[*at] = h
			*at++
		}
	}
	begin := uint32(0)
	for _, end := range ends {
		if end > begin+1 {
			slices.Sort(all[begin:end])
		}
		begin = end
	}
	return all
}

func (s *set) grow() {
	old := s.slots
	s.slots = make([]uint64, max(64, 2*len(old)))
	s.n = 0
	for _, h := range old {
		if h != 0 {
			s.add(h)
		}
	}
}

func (s *set) reset() {
	clear(s.slots)
	s.n = 0
}
