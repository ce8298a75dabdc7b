package drift

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// hard are numbers at which lookups go wrong.
func hard(cuts []float64) (xs []float64) {
	xs = []float64{0, math.Copysign(0, -1), 5e-324, -5e-324, 1e-310, math.MaxFloat64, -math.MaxFloat64, math.Inf(1), math.Inf(-1), 1, -1}
	for _, c := range cuts {
		xs = append(xs, c, math.Nextafter(c, math.Inf(1)), math.Nextafter(c, math.Inf(-1)), -c, 2*c, c/2)
	}
	return xs
}

func TestLookupAgreesWithSearch(t *testing.T) {
	r := rand.New(rand.NewPCG(33, 34))
	sets := [][]float64{{0}, {-1}, {1}, {5e-324}, {-5e-324, 0, 5e-324}, {-1e300, 1e-300, 1e300}, {1, above(1), above(above(1))}, {-math.MaxFloat64, math.MaxFloat64}}
	for _, xs := range columns(3000) {
		for _, bins := range []int{2, 20, 320, 1024} {
			e, err := Learn(xs, bins)
			if err != nil {
				t.Fatal(err)
			}
			sets = append(sets, e.Cuts())
		}
	}
	for _, cuts := range sets {
		e, err := NewEdges(cuts)
		if err != nil {
			t.Fatal(err)
		}
		xs := hard(cuts)
		for range 500 {
			xs = append(xs, math.Float64frombits(r.Uint64()), cuts[r.IntN(len(cuts))]*(1+r.NormFloat64()/100))
		}
		for _, x := range xs {
			want := 0
			for want < len(cuts) && cuts[want] <= x {
				want++
			}
			if x != x {
				want = -1
			}
			if got := e.Bin(x); got != want {
				t.Fatalf("%d cuts: %v is in bin %d, want %d", len(cuts), x, got, want)
			}
		}
	}
}

func TestColumnsCountEveryRowOnce(t *testing.T) {
	r := rand.New(rand.NewPCG(35, 36))
	for name, xs := range columns(2000) {
		e, _ := Learn(xs, 0)
		xs = append(xs, hard(e.Cuts()[:3])...)
		xs = append(xs, math.NaN(), -math.NaN())
		for _, offset := range []int{0, 3, 8, 13} {
			valid := make([]byte, (len(xs)+offset)/8+1)
			for i := range valid {
				valid[i] = byte(r.Uint64())
			}
			h, slow := NewHistogram(e), NewHistogram(e)
			h.Add(xs, valid, offset)
			for i, x := range xs {
				switch {
				case valid[(i+offset)/8]>>((i+offset)%8)&1 == 0:
					slow.AddOdd(Missing, 1)
				case math.IsNaN(x):
					slow.AddOdd(NotANumber, 1)
				case math.IsInf(x, 1):
					slow.AddOdd(PositiveInfinity, 1)
				case math.IsInf(x, -1):
					slow.AddOdd(NegativeInfinity, 1)
				default:
					slow.counts[e.Bin(x)]++
				}
			}
			if !slices.Equal(h.counts, slow.counts) || h.Rows() != int64(len(xs)) {
				t.Errorf("%s, offset %d: counts %v, row by row %v", name, offset, h.counts, slow.counts)
			}
		}
	}
}

func TestAShortBitmapLeavesRowsMissing(t *testing.T) {
	e, _ := NewEdges([]float64{0, 1})
	for _, c := range []struct {
		bytes, offset int
		missing       int64
	}{{0, 0, 20}, {1, 0, 12}, {1, 5, 17}, {1, 9, 20}, {3, -1, 20}} {
		h := NewHistogram(e)
		valid := slices.Repeat([]byte{0xff}, c.bytes)
		h.Add(make([]float64, 20), valid, c.offset)
		if h.Odd(Missing) != c.missing || h.Rows() != 20 {
			t.Errorf("%d bytes from bit %d: %d of %d rows missing, want %d of 20", c.bytes, c.offset, h.Odd(Missing), h.Rows(), c.missing)
		}
	}
}

func TestMergeEqualsAddingAll(t *testing.T) {
	for name, xs := range columns(1000) {
		e, _ := Learn(xs[:500], 0)
		all, shuffled := NewHistogram(e), slices.Clone(xs)
		all.Add(xs, nil, 0)
		rand.New(rand.NewPCG(37, 38)).Shuffle(len(xs), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		for _, cut := range []int{0, 1, 500, 999, 1000} {
			a, b := NewHistogram(e), NewHistogram(e)
			a.Add(shuffled[:cut], nil, 0)
			b.Add(shuffled[cut:], nil, 0)
			if err := a.Merge(b); err != nil || !slices.Equal(a.counts, all.counts) {
				t.Errorf("%s, cut %d: error %v, or counts differ", name, cut, err)
			}
		}
	}
	e, _ := NewEdges([]float64{0, 1})
	other, _ := NewEdges([]float64{0, 2})
	a, b := NewHistogram(e), NewHistogram(other)
	b.Add([]float64{1}, nil, 0)
	if err := a.Merge(b); !errors.Is(err, ErrOtherEdges) || a.Rows() != 0 {
		t.Errorf("merging other edges: error %v, %d rows", err, a.Rows())
	}
}

func TestOneWildValueMovesNothingElse(t *testing.T) {
	for name, xs := range columns(5000) {
		e, _ := Learn(xs, 0)
		for _, wild := range []float64{1e308, -1e308, math.Inf(1), math.Inf(-1), math.NaN()} {
			a, b := NewHistogram(e), NewHistogram(e)
			a.Add(xs, nil, 0)
			b.Add(append(slices.Clone(xs), wild), nil, 0)
			moved := int64(0)
			for i := range a.counts {
				moved += b.counts[i] - a.counts[i]
				if d := b.counts[i] - a.counts[i]; d < 0 || d > 1 {
					t.Errorf("%s with %v: counter %d moved by %d", name, wild, i, d)
				}
			}
			low, _ := Counts{a.Bins(), b.Bins()}.KS()
			if moved != 1 || low > 2.0/5000 {
				t.Errorf("%s with %v: %d counters moved, D %v", name, wild, moved, low)
			}
		}
	}
}

func TestCountingAllocatesNothing(t *testing.T) {
	xs := columns(1000)["normal"]
	e, _ := Learn(xs, 0)
	h, valid := NewHistogram(e), slices.Repeat([]byte{0xb7}, 125)
	if n := testing.AllocsPerRun(10, func() { h.Add(xs, valid, 0); h.Add(xs, nil, 0) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestLearntBinsHoldEqualMassAndHeavyValuesStandAlone(t *testing.T) {
	for name, xs := range columns(32000) {
		e, err := Learn(xs, 0)
		if err != nil {
			t.Fatal(err)
		}
		h := NewHistogram(e)
		h.Add(xs, nil, 0)
		for i, n := range h.Bins() {
			if !e.Single(i) && n > 2*32000/FineBins {
				t.Errorf("%s: bin %d holds %d of 32000 and more than one value", name, i, n)
			}
		}
		if first, last := h.Bins()[0], h.Bins()[e.Bins()-1]; first != 0 || last != 0 {
			t.Errorf("%s: %d below and %d above its own reference", name, first, last)
		}
		v := NewView(h.Bins(), 0).On(e, h.Bins())
		coarse := make([]int64, v.Bins())
		v.Fold(coarse, h.Bins())
		if v.Bins() < 10 || v.Bins() > 2*CoarseBins || sum(coarse) != 32000 {
			t.Errorf("%s: %d groups hold %d of 32000", name, v.Bins(), sum(coarse))
		}
		for g, n := range coarse {
			if !v.single[g] && n > 32000/CoarseBins+2*32000/FineBins {
				t.Errorf("%s: group %d holds %d of 32000", name, g, n)
			}
		}
		if heavy := map[string]float64{"zeros": 0, "integers": 7}; name == "zeros" || name == "integers" {
			if g := v.Group(e.Bin(heavy[name])); !v.Single()[g] {
				t.Errorf("%s: %v shares group %d of %v", name, heavy[name], g, v.Starts())
			}
		}
		if fine := e.Bins() - 1; v.Group(fine) != v.Bins()-1 || v.Group(0) != 0 {
			t.Errorf("%s: the outer bins are in groups %d and %d", name, v.Group(0), v.Group(fine))
		}
	}
}

func TestFewValuesAreTheirOwnBins(t *testing.T) {
	e, err := Learn([]float64{3, 1, 1, 2, math.NaN(), math.Inf(1)}, 0)
	if err != nil {
		t.Fatal(err)
	}
	for x, single := range map[float64]bool{1: true, 2: true, 3: true, 0: false, 1.5: false, 4: false} {
		if got := e.Single(e.Bin(x)); got != single {
			t.Errorf("%v has a bin of its own: %v, want %v", x, got, single)
		}
	}
	if e.Bin(0) != 0 || e.Bin(4) != e.Bins()-1 {
		t.Errorf("0 is in bin %d and 4 in %d of %d, want the outer ones", e.Bin(0), e.Bin(4), e.Bins())
	}
}

func TestEdgesRefuseWhatCannotCut(t *testing.T) {
	for _, cuts := range [][]float64{nil, {1, 1}, {2, 1}, {math.NaN()}, {1, math.Inf(1)}, {0, math.Copysign(0, -1)}, make([]float64, mostCuts+1)} {
		if _, err := NewEdges(cuts); !errors.Is(err, ErrEdges) {
			t.Errorf("%d cuts: error %v, want ErrEdges", len(cuts), err)
		}
	}
	for _, sample := range [][]float64{nil, {math.NaN(), math.Inf(1)}} {
		if _, err := Learn(sample, 0); !errors.Is(err, ErrEdges) {
			t.Errorf("sample %v: error %v, want ErrEdges", sample, err)
		}
	}
	a, _ := NewEdges([]float64{0, 1})
	b, _ := NewEdges([]float64{math.Copysign(0, -1), 1})
	c, _ := NewEdges([]float64{0, above(1)})
	if a.Hash() != b.Hash() || a.Hash() == c.Hash() {
		t.Errorf("hashes %x, with −0 %x, with another cut %x", a.Hash(), b.Hash(), c.Hash())
	}
	if _, err := Learn([]float64{-math.MaxFloat64, math.MaxFloat64, 0}, 0); err != nil {
		t.Errorf("the widest sample: %v", err)
	}
}

// Quantiles by the rule of numpy, on the reference numbers' raw values.
func checkQuantiles(t *testing.T, v vector) {
	bins, ok := v.quantiles()
	if !ok || v.Input["ref"] == nil {
		return
	}
	finite := func(x float64) bool { return x-x != 0 }
	ref, cur := floats(t, v.Input["ref"]), floats(t, v.Input["cur"])
	values := slices.DeleteFunc(slices.Clone(ref), finite)
	slices.Sort(values)
	cuts, want := quantileCuts(values, bins), floats(t, v.Expect["edges"])
	if len(cuts) != len(want) {
		t.Fatalf("cuts %v, want %v", cuts, want)
	}
	for i := range cuts {
		if math.Abs(cuts[i]-want[i]) > 1e-12*math.Max(1, math.Abs(want[i])) {
			t.Errorf("cuts %v, want %v", cuts, want)
		}
	}
	e, err := NewEdges(want)
	if err != nil {
		t.Fatal(err)
	}
	for key, xs := range map[string][]float64{"ref_counts": ref, "cur_counts": cur} {
		h := NewHistogram(e)
		h.Add(xs, nil, 0)
		got := h.Bins()
		if v.Expect["missing_ref"] != nil { // these put infinities in the outer bins
			got[0] += h.Odd(NegativeInfinity)
			got[len(got)-1] += h.Odd(PositiveInfinity)
		}
		if !slices.Equal(got, numbers[int64](t, v.Expect[key])) {
			t.Errorf("%s %v, want %s", key, got, v.Expect[key])
		}
	}
}

func TestAHeavyBinIsAGroupOfItsOwn(t *testing.T) {
	for _, c := range []struct {
		reference []int64
		bins      int
		want      []int
	}{
		{[]int64{0, 30, 5, 5, 5, 5, 50, 0}, 2, []int{0, 2, 6}},
		{[]int64{5, 5, 30, 5, 5, 50}, 2, []int{0, 2, 3, 5}},
		{[]int64{10, 10, 10, 10}, 2, []int{0, 2}},
		{[]int64{0, 0, 0}, 2, []int{0}},
		{nil, 0, []int{0}},
	} {
		if got := NewView(c.reference, c.bins).Starts(); !slices.Equal(got, c.want) {
			t.Errorf("%v in %d groups: they start at %v, want %v", c.reference, c.bins, got, c.want)
		}
	}
}
