package stats

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"
)

// Histograms and samples have a form of their own, for states that keep them alone.
func TestHistogramsAndSamplesComeBack(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, n := range []int{0, 1, 500} {
		for _, moments := range []bool{false, true} {
			h := NewHistogram(moments)
			for range n {
				h.Add(r.ExpFloat64())
			}
			b := h.AppendBinary(nil)
			got, rest, err := DecodeHistogram(append(bytes.Clone(b), 'x'), moments)
			if err != nil || string(rest) != "x" || !bytes.Equal(got.AppendBinary(nil), b) || got.N() != h.N() || got.Quantile(0.9) != h.Quantile(0.9) {
				t.Errorf("%d values, moments %v: %q left, %v", n, moments, rest, err)
			}
		}
		var s BottomK
		for range 20 * n {
			s.Offer(r.Uint64(), r.Float64())
		}
		b := s.AppendBinary(nil)
		got, rest, err := DecodeBottomK(append(bytes.Clone(b), 'x'))
		if err != nil || string(rest) != "x" || !bytes.Equal(got.AppendBinary(nil), b) || got.Len() != s.Len() {
			t.Errorf("a sample of %d: %q left, %v", s.Len(), rest, err)
		}
		for cut := range min(len(b), 40) {
			if _, _, err := DecodeBottomK(b[:cut]); !errors.Is(err, ErrSummary) {
				t.Errorf("the first %d of %d bytes of a sample: %v", cut, len(b), err)
			}
		}
	}
	if _, _, err := DecodeHistogram([]byte{0xff, 0xff, 3, 1, 1}, false); !errors.Is(err, ErrSummary) {
		t.Errorf("a cell beyond the grid: %v", err)
	}
}

func FuzzDecodeParts(f *testing.F) {
	h := NewHistogram(true)
	h.Add(2)
	f.Add(h.AppendBinary(nil))
	var s BottomK
	s.Offer(1, 2)
	f.Add(s.AppendBinary(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		if h, _, err := DecodeHistogram(b, true); err == nil {
			if _, _, err := DecodeHistogram(h.AppendBinary(nil), true); err != nil {
				t.Fatal(err)
			}
		}
		if s, _, err := DecodeBottomK(b); err == nil {
			if _, _, err := DecodeBottomK(s.AppendBinary(nil)); err != nil {
				t.Fatal(err)
			}
		}
	})
}
