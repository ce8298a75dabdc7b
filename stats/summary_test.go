package stats

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// row is what one event does to a summary.
type row func(*Summary)

// rowsOf draws rows for a shape.
func rowsOf(r *rand.Rand, shape Shape, n int) []row {
	rows := make([]row, n)
	for i := range rows {
		x, one, hash := mixed(r), r.IntN(5) == 0, r.Uint64N(1000)
		switch {
		case r.IntN(20) == 0:
			rows[i] = func(s *Summary) { s.Null++ }
		case shape.Kind == Proportion:
			rows[i] = func(s *Summary) { s.AddOne(one) }
		case shape.Kind != Bins:
			rows[i] = func(s *Summary) { s.Add(x) }
		case shape.Bins == 0:
			rows[i] = func(s *Summary) { s.Offer(hash, x) }
		default:
			sub, bin := r.IntN(shape.Sub), r.IntN(shape.Bins)
			fine := bin + r.IntN(6)
			rows[i] = func(s *Summary) { s.AddBin(sub, bin); s.AddFine(fine) }
		}
	}
	return rows
}

var shapes = []Shape{{Kind: Proportion}, {Kind: Mean}, {Kind: Quantile}, {Kind: Bins, Bins: 7, Sub: 3}, {Kind: Bins, Bins: 7, Sub: 3, Fine: 12}, {Kind: Bins, Sub: 3}}

// TestAnySplitGivesTheSameBytes is law S1: rows in any order, dealt to any number of
// parts, merged in any tree.
func TestAnySplitGivesTheSameBytes(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 6))
	for _, shape := range shapes {
		for _, n := range []int{0, 1, 300, 6000} {
			rows := rowsOf(r, shape, n)
			whole := NewSummary(shape)
			for _, add := range rows {
				add(&whole)
			}
			want := whole.AppendBinary(nil)
			for range 5 {
				r.Shuffle(len(rows), func(i, k int) { rows[i], rows[k] = rows[k], rows[i] })
				parts := make([]Summary, 1+r.IntN(8))
				for i := range parts {
					parts[i] = NewSummary(shape)
				}
				for _, add := range rows {
					add(&parts[r.IntN(len(parts))])
				}
				for len(parts) > 1 {
					i := r.IntN(len(parts) - 1)
					parts[i].Merge(&parts[i+1])
					parts = slices.Delete(parts, i+1, i+2)
				}
				if got := parts[0].AppendBinary(nil); !bytes.Equal(got, want) {
					t.Fatalf("%+v, %d rows: merged parts give other bytes", shape, n)
				}
			}
		}
	}
}

func TestDecodedSummaryIsTheSame(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	for _, shape := range shapes {
		a, b := NewSummary(shape), NewSummary(shape)
		for _, add := range rowsOf(r, shape, 500) {
			add(&a)
		}
		for _, add := range rowsOf(r, shape, 500) {
			add(&b)
		}
		got, rest, err := DecodeSummary(append(a.AppendBinary(nil), 1, 2, 3))
		if err != nil || !bytes.Equal(rest, []byte{1, 2, 3}) {
			t.Fatalf("%+v: %v, rest %v", shape, err, rest)
		}
		got.Merge(&b)
		a.Merge(&b)
		if !bytes.Equal(got.AppendBinary(nil), a.AppendBinary(nil)) {
			t.Errorf("%+v: a decoded summary merges differently", shape)
		}
		a.Reset()
		if empty := NewSummary(shape); !bytes.Equal(a.AppendBinary(nil), empty.AppendBinary(nil)) {
			t.Errorf("%+v: a reset summary is not empty", shape)
		}
	}
}

func TestSummaryCounts(t *testing.T) {
	s := NewSummary(Shape{Kind: Mean})
	for _, x := range []float64{1, math.NaN(), math.Inf(1), -2, 1e300} {
		s.Add(x)
	}
	if s.N != 4 || s.Invalid != 1 || s.Clamped != 2 || s.Hist.N() != 4 {
		t.Errorf("n %d, invalid %d, clamped %d, counted %d; want 4, 1, 2, 4", s.N, s.Invalid, s.Clamped, s.Hist.N())
	}
	b := NewSummary(Shape{Kind: Bins, Bins: 2, Sub: 1})
	b.AddBin(0, 2)
	b.AddBin(1, 0)
	b.AddBin(-1, 0)
	b.AddBin(0, 1)
	b.Add(1)
	if b.N != 1 || b.Invalid != 4 || b.Bins[1] != 1 {
		t.Errorf("n %d, invalid %d, bins %v; want 1, 4, [0 1]", b.N, b.Invalid, b.Bins)
	}
	other := NewSummary(Shape{Kind: Bins, Bins: 3, Sub: 1})
	other.AddBin(0, 2)
	b.Merge(&other)
	if b.N != 1 || b.Invalid != 5 {
		t.Errorf("rows of another shape: n %d, invalid %d; want 1, 5", b.N, b.Invalid)
	}
}

// TestMomentsSurviveAGreatOffset: a float sum of squares would lose them all.
func TestMomentsSurviveAGreatOffset(t *testing.T) {
	s := NewSummary(Shape{Kind: Mean})
	for _, d := range []float64{-1, 0, 1, 0} {
		s.Add(1e10 + d)
	}
	if n, mean, m2 := s.Moments(); n != 4 || mean != 1e10 || m2 != 2 {
		t.Errorf("n %d, mean %v, m2 %v; want 4, 1e10, 2", n, mean, m2)
	}
	c := NewSummary(Shape{Kind: Mean})
	for range 1000 {
		c.Add(0.1)
	}
	if _, _, m2 := c.Moments(); m2 != 0 {
		t.Errorf("equal values deviate by %v", m2)
	}
	var none Summary
	if n, mean, m2 := none.Moments(); n != 0 || mean != 0 || m2 != 0 {
		t.Errorf("no values: %d, %v, %v", n, mean, m2)
	}
}

func TestMomentsOfAProportion(t *testing.T) {
	s := NewSummary(Shape{Kind: Proportion})
	for i := range 10 {
		s.AddOne(i < 3)
	}
	if n, mean, m2 := s.Moments(); n != 10 || mean != 0.3 || m2 != 2.1 {
		t.Errorf("n %d, mean %v, m2 %v; want 10, 0.3, 2.1", n, mean, m2)
	}
}

// TestCappedMomentsEqualCappingEachValue: the cap is an edge, so nothing is lost.
func TestCappedMomentsEqualCappingEachValue(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	for range 50 {
		edge := r.IntN(GridCells + 1)
		if r.IntN(4) == 0 {
			edge = GridCell(1) + r.IntN(40)
		}
		s, want := NewSummary(Shape{Kind: Mean}), NewSummary(Shape{Kind: Mean})
		for range 200 {
			x := mixed(r)
			s.Add(x)
			if x >= GridEdge(edge) {
				x = GridEdge(edge)
			}
			want.Add(x)
		}
		n, mean, m2 := s.CappedMoments(edge)
		if wn, wmean, wm2 := want.Moments(); n != wn || mean != wmean || m2 != wm2 {
			t.Fatalf("edge %d: %v %v %v, want %v %v %v", edge, n, mean, m2, wn, wmean, wm2)
		}
	}
}

// TestOnlyCanonicalBytesAreRead: what AppendBinary would write otherwise, or cannot
// mean, is refused.
func TestOnlyCanonicalBytesAreRead(t *testing.T) {
	hash := func(h byte) []byte { return append([]byte{h}, make([]byte, 15)...) } // the value 0
	sample := func(rows ...[]byte) []byte {
		return append([]byte{2, byte(Bins), 0, 1, 0, 2, 0, 0, 0, byte(len(rows))}, bytes.Join(rows, nil)...)
	}
	for name, c := range map[string]struct {
		b  []byte
		ok bool
	}{
		"a proportion":         {[]byte{2, byte(Proportion), 0, 0, 0, 5, 0, 0, 0, 3}, true},
		"an overlong number":   {[]byte{2, byte(Proportion), 0, 0, 0, 0x85, 0, 0, 0, 0, 3}, false},
		"another version":      {[]byte{1, byte(Proportion), 0, 0, 0, 5, 0, 0, 0, 3}, false},
		"an unknown kind":      {[]byte{2, 9, 0, 0, 0, 5, 0, 0, 0, 3}, false},
		"cut off":              {[]byte{2, byte(Proportion), 0, 0, 0, 5, 0, 0, 0}, false},
		"bins of a proportion": {[]byte{2, byte(Proportion), 1, 1, 0, 5, 0, 0, 0, 3}, false},
		"more bins than bytes": {[]byte{2, byte(Bins), 0xff, 0x7f, 0xff, 0x7f, 0, 0, 0, 0, 0}, false},
		"more fine than bytes": {[]byte{2, byte(Bins), 1, 1, 0xff, 0x7f, 0, 0, 0, 0, 0}, false},
		"fine ones of a mean":  {[]byte{2, byte(Quantile), 0, 0, 1, 5, 0, 0, 0, 7, 2, 4, 1}, false},
		"a histogram":          {[]byte{2, byte(Quantile), 0, 0, 0, 5, 0, 0, 0, 7, 2, 4, 1}, true},
		"empty cells around":   {[]byte{2, byte(Quantile), 0, 0, 0, 5, 0, 0, 0, 7, 2, 5, 0}, false},
		"cells off the grid":   {[]byte{2, byte(Quantile), 0, 0, 0, 5, 0, 0, 0, 0xff, 0x7f, 1, 5}, false},
		"a sample":             {sample(hash(1), hash(2)), true},
		"an unsorted sample":   {sample(hash(2), hash(1)), false},
		"NaN in a sample":      {sample(append(hash(1)[:8], 0, 0, 0, 0, 0, 0, 0xf8, 0x7f)), false},
	} {
		if _, _, err := DecodeSummary(c.b); (err == nil) != c.ok || err != nil && !errors.Is(err, ErrSummary) {
			t.Errorf("%s: error %v, want none: %v", name, err, c.ok)
		}
	}
}

func FuzzDecodeSummary(f *testing.F) {
	r := rand.New(rand.NewPCG(9, 9))
	for _, shape := range shapes {
		s := NewSummary(shape)
		for _, add := range rowsOf(r, shape, 40) {
			add(&s)
		}
		f.Add(s.AppendBinary(nil))
	}
	f.Add([]byte{1, 3, 0xff, 0xff, 0x3f, 0xff, 0xff, 0x3f})
	f.Fuzz(func(t *testing.T, b []byte) {
		s, rest, err := DecodeSummary(b)
		if err != nil {
			return
		}
		if got := s.AppendBinary(nil); !bytes.Equal(got, b[:len(b)-len(rest)]) {
			t.Fatalf("decoded %x, encodes as %x", b, got)
		}
		for _, x := range []func() (uint64, float64, float64){s.Moments, func() (uint64, float64, float64) { return s.CappedMoments(900) }} {
			if n, mean, m2 := x(); mean-mean != 0 || m2-m2 != 0 {
				t.Fatalf("moments %d, %v, %v", n, mean, m2)
			}
		}
		other := NewSummary(s.Shape)
		other.Merge(&s)
		s.Hist.Quantile(0.5)
	})
}
