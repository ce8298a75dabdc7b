package window

import (
	"github.com/apache/arrow/go/v17/arrow/array"

	"verdin/stats"
)

// addNumbers adds a metric's column to the summaries of the arms. Values are
// shifted by low, so that the universal grid of non-negative values serves every
// declared range.
func addNumbers(col *array.Float64, arm []int8, into [2]*stats.Summary, low float64) {
	if low > 0 {
		low = 0 // only negative values need the shift
	}
	values := col.Float64Values()
	if col.NullN() == 0 {
		for i, x := range values {
			into[arm[i]].Add(x - low)
		}
		return
	}
	for i, x := range values {
		if col.IsValid(i) {
			into[arm[i]].Add(x - low)
		}
	}
}

// addNumeric counts a numeric feature by sub-bucket and bin, or, while its edges
// are being learnt, samples the stable arm by hash.
func (f *Feature) addNumeric(col *array.Float64, arm []int8, hash []uint64, into [2]*stats.Summary) {
	values := col.Float64Values()
	if f.Edges == nil {
		for i, x := range values {
			if arm[i] == 0 && hash[i] != 0 && col.IsValid(i) && x-x == 0 {
				into[0].Offer(hash[i], x)
			}
		}
		return
	}
	subs := uint64(into[0].Shape.Sub)
	for i, x := range values {
		if hash[i] == 0 {
			continue // not a prediction
		}
		to, bin := into[arm[i]], RowMissing
		switch {
		case !col.IsValid(i):
		case x-x != 0:
			bin = odd(x)
		default:
			interval := f.interval(x)
			to.AddFine(interval)
			bin = f.Group(interval)
		}
		to.AddBin(int(hash[i]%subs), bin)
	}
}

func addCodes(codes []int32, arm []int8, hash []uint64, into [2]*stats.Summary) {
	subs := uint64(into[0].Shape.Sub)
	for i, c := range codes {
		if hash[i] != 0 {
			into[arm[i]].AddBin(int(hash[i]%subs), int(c))
		}
	}
}
