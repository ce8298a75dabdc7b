package stats

import (
	"cmp"
	"math"
	"slices"
)

// SampleSize is the number of values that a BottomK keeps.
const SampleSize = 4096

// Keyed is a value with the keyed hash of the row that it came from.
type Keyed struct {
	Hash  uint64
	Value float64
}

func compareKeyed(a, b Keyed) int {
	if c := cmp.Compare(a.Hash, b.Hash); c != 0 {
		return c
	}
	return cmp.Compare(math.Float64bits(a.Value), math.Float64bits(b.Value))
}

// BottomK is a sample that does not depend on the order in which rows came: the
// SampleSize rows of least (hash, bits of the value). Hashes are uniform, so it is
// a random sample. The zero value is empty.
type BottomK struct {
	heap []Keyed // the greatest is first
}

// Len is the number of values held.
func (s *BottomK) Len() int { return len(s.heap) }

// Offer shows one row to the sample; NaN and infinities are passed over.
func (s *BottomK) Offer(hash uint64, x float64) {
	if x-x != 0 {
		return
	}
	if x == 0 {
		x = 0 // one zero only
	}
	k := Keyed{hash, x}
	switch {
	case len(s.heap) < SampleSize:
		s.heap = append(s.heap, k)
		s.up(len(s.heap) - 1)
	case compareKeyed(k, s.heap[0]) < 0:
		s.heap[0] = k
		s.down()
	}
}

// Merge shows all rows of o to the sample.
func (s *BottomK) Merge(o *BottomK) {
	for _, k := range o.heap {
		s.Offer(k.Hash, k.Value)
	}
}

// Values returns the sampled values, ascending, in fresh memory.
func (s *BottomK) Values() []float64 {
	out := make([]float64, len(s.heap))
	for i, k := range s.heap {
		out[i] = k.Value
	}
	slices.Sort(out)
	return out
}

// Sorted returns the sampled rows by (hash, value bits), in fresh memory.
func (s *BottomK) Sorted() []Keyed {
	out := slices.Clone(s.heap)
	slices.SortFunc(out, compareKeyed)
	return out
}

// Reset empties the sample and keeps its memory.
func (s *BottomK) Reset() { s.heap = s.heap[:0] }

func (s *BottomK) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if compareKeyed(s.heap[i], s.heap[parent]) <= 0 {
			return
		}
		s.heap[i], s.heap[parent] = s.heap[parent], s.heap[i]
		i = parent
	}
}

func (s *BottomK) down() {
	for i := 0; ; {
		big := i
		for c := 2*i + 1; c <= 2*i+2 && c < len(s.heap); c++ {
			if compareKeyed(s.heap[c], s.heap[big]) > 0 {
				big = c
			}
		}
		if big == i {
			return
		}
		s.heap[i], s.heap[big] = s.heap[big], s.heap[i]
		i = big
	}
}
