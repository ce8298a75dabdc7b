package drift

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
)

const (
	// FineBins is the number of bins that a reference is cut into: finer than any test
	// needs, and divisible by 5, 10, 16, 20, 32 and 64.
	FineBins = 320
	// FewValues is the number of distinct values up to which each gets a bin of its own.
	FewValues = 64

	mostCuts = 1 << 14
)

// ErrEdges is wrapped by errors about edges that cannot cut the real line.
var ErrEdges = errors.New("drift: edges")

// Edges cut the real line into bins: bin 0 lies below the reference, [cuts[i−1],
// cuts[i]) are its bins, and the last bin lies above it. They never change, and their
// hash goes where counts go: counts of other edges do not mix.
type Edges struct {
	cuts []float64
	keys []uint64 // order-preserving bits of cuts, and an end that nothing reaches
	half [2]half  // lookup tables of numbers ≥ 0 and of those below
	hash uint64
}

// NewEdges takes cuts that are finite and ascend.
func NewEdges(cuts []float64) (*Edges, error) {
	if len(cuts) == 0 || len(cuts) > mostCuts {
		return nil, fmt.Errorf("%w: %d cuts, want 1 to %d", ErrEdges, len(cuts), mostCuts)
	}
	e := &Edges{cuts: make([]float64, len(cuts)), keys: make([]uint64, len(cuts)+1)}
	sum := fnv.New64a()
	var word [8]byte
	for i, x := range cuts {
		x += 0 // one zero only
		if x-x != 0 || i > 0 && x <= e.cuts[i-1] {
			return nil, fmt.Errorf("%w: cut %d is %v: cuts must be finite and ascend", ErrEdges, i, x)
		}
		e.cuts[i], e.keys[i] = x, orderedBits(x)
		binary.LittleEndian.PutUint64(word[:], math.Float64bits(x))
		sum.Write(word[:])
	}
	e.keys[len(cuts)] = math.MaxUint64
	e.hash = sum.Sum64()
	e.half[0], e.half[1] = e.newHalf(false), e.newHalf(true)
	return e, nil
}

// Learn cuts a sample of the reference into so many bins of equal mass (0 = FineBins),
// at its quantiles with linear interpolation. A value that is heavier than a bin gets
// one of its own, and so does every value where there are at most FewValues. What is
// not finite is left out; of nothing nothing can be learnt.
func Learn(sample []float64, bins int) (*Edges, error) {
	if bins <= 0 {
		bins = FineBins
	}
	values := slices.DeleteFunc(slices.Clone(sample), func(x float64) bool { return x-x != 0 })
	if len(values) == 0 {
		return nil, fmt.Errorf("%w: a sample of %d values has no finite one", ErrEdges, len(sample))
	}
	slices.Sort(values)
	cuts := []float64{values[0], above(values[len(values)-1])}
	few := distinct(values) <= FewValues
	if !few {
		cuts = append(cuts, quantileCuts(values, min(bins, mostCuts/4))...)
	}
	for i := 0; i < len(values); {
		end := i + 1
		for end < len(values) && values[end] == values[i] {
			end++
		}
		if few || float64(end-i)*float64(bins) > float64(len(values)) {
			cuts = append(cuts, values[i], above(values[i]))
		}
		i = end
	}
	slices.Sort(cuts)
	return NewEdges(slices.Compact(cuts))
}

// quantileCuts are the distinct k/bins quantiles of ascending values, by linear
// interpolation (type 7 of Hyndman and Fan 1996).
func quantileCuts(values []float64, bins int) (cuts []float64) {
	for k := 1; k < bins; k++ {
		at := float64(float64(k) / float64(bins) * float64(len(values)-1))
		i := int(at)
		part := at - float64(i)
		x := values[i]
		if part > 0 && x != values[i+1] {
			x = float64(x*(1-part)) + float64(values[i+1]*part)
		}
		cuts = append(cuts, x)
	}
	return slices.Compact(cuts)
}

// above is the next larger number, finite.
func above(x float64) float64 {
	return math.Min(math.Nextafter(x, math.Inf(1)), math.MaxFloat64)
}

func distinct(ascending []float64) (n int) {
	for i, x := range ascending {
		if i == 0 || x != ascending[i-1] {
			n++
		}
	}
	return n
}

// Bins is the number of bins, with those below and above the reference.
func (e *Edges) Bins() int { return len(e.cuts) + 1 }

// Hash identifies the edges: FNV-1a over the bits of the cuts.
func (e *Edges) Hash() uint64 { return e.hash }

// Cuts returns a copy of the cuts.
func (e *Edges) Cuts() []float64 { return slices.Clone(e.cuts) }

// Single tells whether a bin holds one number only.
func (e *Edges) Single(bin int) bool {
	return bin > 0 && bin < len(e.cuts) && above(e.cuts[bin-1]) == e.cuts[bin]
}

// Positions returns a number per bin that stands for it: its middle, and at the ends
// the edge of the reference.
func (e *Edges) Positions() []float64 {
	last := len(e.cuts)
	xs := make([]float64, last+1)
	xs[0], xs[last] = e.cuts[0], e.cuts[last-1]
	for i := 1; i < last; i++ {
		xs[i] = e.cuts[i-1]
		if !e.Single(i) {
			xs[i] = e.cuts[i-1]/2 + e.cuts[i]/2
		}
	}
	return xs
}
