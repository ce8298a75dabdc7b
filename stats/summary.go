package stats

// ShapeKind says what a summary keeps.
type ShapeKind uint8

const (
	Proportion ShapeKind = iota // N and Ones
	Mean                        // N, Sum, Sq and a histogram with moments
	Quantile                    // N and a histogram
	Bins                        // N and counts by sub-bucket and bin, or a sample where Bins is 0
	shapeKinds
)

// Shape is what a metric or feature needs from its rows. Bins, Sub and Fine matter to
// kind Bins only: Sub hash sub-buckets (at least 1) of Bins bins each, and Fine bins
// over all sub-buckets.
type Shape struct {
	Kind ShapeKind
	Bins int
	Sub  int
	Fine int
}

// Summary is what the rows of one arm and window add up to. Any split of the rows
// and any order of merging gives the same bits (S1).
type Summary struct {
	Shape   Shape
	N       uint64 // rows with a value
	Null    uint64 // rows without a value
	Invalid uint64 // rows whose value is not one of the metric's kind
	Clamped uint64 // rows with a value outside the range, moved to its end
	Ones    uint64 // Proportion: rows that are 1
	Sum     Sum128 // Mean: of all values
	Sq      Sum192 // Mean: of their squares
	Hist    Histogram
	Bins    []uint64 // Bins: counts, Sub × Bins, sub-bucket by sub-bucket
	Fine    []uint64 // Bins: counts of the fine bins, of all sub-buckets together
	Sample  BottomK  // Bins, where the edges are not known yet
}

// NewSummary returns an empty summary.
func NewSummary(shape Shape) Summary {
	s := Summary{Shape: Shape{Kind: shape.Kind}}
	switch shape.Kind {
	case Mean:
		s.Hist = NewHistogram(true)
	case Bins:
		s.Shape.Sub = max(1, shape.Sub)
		s.Shape.Bins, s.Shape.Fine = max(0, shape.Bins), max(0, shape.Fine)
		if n := s.Shape.Sub * s.Shape.Bins; n > 0 {
			s.Bins = make([]uint64, n)
		}
		if s.Shape.Fine > 0 {
			s.Fine = make([]uint64, s.Shape.Fine)
		}
	}
	return s
}

// Add adds a value: for a proportion 0 is a zero and all else a one, for a mean or
// a quantile the number. NaN is counted as invalid. Kind Bins takes no numbers.
func (s *Summary) Add(x float64) {
	if x != x {
		s.Invalid++
		return
	}
	switch s.Shape.Kind {
	case Proportion:
		s.AddOne(x != 0)
		return
	case Mean:
		v, _ := Fix(x)
		s.Sum.Add(v)
		s.Sq.Add(v.square())
		fallthrough
	case Quantile:
		if s.Hist.Add(x) {
			s.Clamped++
		}
	case Bins:
		s.Invalid++
		return
	}
	s.N++
}

// AddOne adds a zero or a one to a proportion.
func (s *Summary) AddOne(one bool) {
	s.N++
	if one {
		s.Ones++
	}
}

// AddBin counts a row of a hash sub-bucket in a bin; what lies outside the shape is
// counted as invalid.
func (s *Summary) AddBin(sub, bin int) {
	if uint(sub) >= uint(s.Shape.Sub) || uint(bin) >= uint(s.Shape.Bins) {
		s.Invalid++
		return
	}
	s.N++
	s.Bins[sub*s.Shape.Bins+bin]++
}

// AddFine counts a row in a fine bin beside the one that AddBin counts it in.
func (s *Summary) AddFine(bin int) {
	if uint(bin) < uint(len(s.Fine)) {
		s.Fine[bin]++
	}
}

// Offer counts a row of a feature whose edges are being learnt and shows its value
// to the sample.
func (s *Summary) Offer(hash uint64, x float64) {
	s.N++
	s.Sample.Offer(hash, x)
}

// Merge adds the rows of o, which must have the same shape: rows of another shape
// are counted as invalid.
func (s *Summary) Merge(o *Summary) {
	s.Null += o.Null
	s.Invalid += o.Invalid
	s.Clamped += o.Clamped
	if s.Shape != o.Shape {
		s.Invalid += o.N
		return
	}
	s.N += o.N
	s.Ones += o.Ones
	s.Sum.Add(o.Sum)
	s.Sq.Add(o.Sq)
	s.Hist.Merge(&o.Hist)
	for i, n := range o.Bins {
		s.Bins[i] += n
	}
	for i, n := range o.Fine {
		s.Fine[i] += n
	}
	s.Sample.Merge(&o.Sample)
}

// Reset empties the summary and keeps its memory.
func (s *Summary) Reset() {
	hist, bins, fine, sample := s.Hist, s.Bins, s.Fine, s.Sample
	hist.Reset()
	clear(bins)
	clear(fine)
	sample.Reset()
	*s = Summary{Shape: s.Shape, Hist: hist, Bins: bins, Fine: fine, Sample: sample}
}

// Moments returns the number of values, their mean and their sum of squared
// deviations, exact to the last rounding. It serves the kinds Mean and Proportion.
func (s *Summary) Moments() (n uint64, mean, m2 float64) {
	if s.Shape.Kind == Proportion && s.N > 0 {
		total, ones := float64(s.N), float64(s.Ones)
		return s.N, ones / total, ones * float64(s.N-s.Ones) / total
	}
	mean, m2 = moments(s.N, s.Sum, s.Sq)
	return s.N, mean, m2
}

// CappedMoments is Moments of a mean with every value at or above a grid edge
// counted as that edge.
func (s *Summary) CappedMoments(capEdge int) (n uint64, mean, m2 float64) {
	sum, square := s.Hist.capped(capEdge)
	mean, m2 = moments(s.Hist.N(), sum, square)
	return s.Hist.N(), mean, m2
}
