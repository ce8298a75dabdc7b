package engine

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
)

// A set remembers exactly what was added, through growth and reset.
func TestASetIsASet(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	var s set
	for range 3 {
		want := map[uint64]bool{}
		for range 5000 {
			h := rng.Uint64N(3000)<<uint(rng.IntN(40)) | 1
			if got := s.add(h); got == want[h] {
				t.Fatalf("%x: new %v, want %v", h, got, !want[h])
			}
			want[h] = true
		}
		for h := range want {
			if !s.has(h) || s.has(h+1) != want[h+1] {
				t.Fatalf("%x: has %v, %x: has %v, want %v", h, s.has(h), h+1, s.has(h+1), want[h+1])
			}
		}
		s.keep(func(h uint64) bool { return h%3 > 0 })
		for h := range want {
			if s.has(h) != (h%3 > 0) {
				t.Fatalf("%x: kept %v", h, s.has(h))
			}
			s.add(h)
		}
		if got := s.ascending(); !slices.Equal(got, slices.Sorted(maps.Keys(want))) {
			t.Errorf("%d members in order %x", len(got), got)
		}
		if s.n != len(want) {
			t.Errorf("%d members, want %d", s.n, len(want))
		}
		s.reset()
	}
}

// The hash depends on its key, on what stands before, on every byte and on the
// length, and is never the 0 that means "none".
func TestTheHashTellsIdentitiesApart(t *testing.T) {
	h, other := newHasher("default/a"), newHasher("default/b")
	seen := map[uint64]string{}
	text := make([]byte, 40)
	note := func(x uint64, what string) {
		t.Helper()
		if x == 0 || seen[x] != "" {
			t.Errorf("%s has the hash %x of %q", what, x, seen[x])
		}
		seen[x] = what
	}
	for n := range text {
		note(h.sum(0, text[:n]), "zeros")
		note(other.sum(0, text[:n]), "zeros under another key")
		note(h.sum(7, text[:n]), "zeros after something")
	}
	for i := range text {
		text[i] = 1
		note(h.sum(0, text), "one changed byte")
		text[i] = 0
	}
	if h.sum(0, []byte("x")) != newHasher("default/a").sum(0, []byte("x")) {
		t.Error("the hash is not the same everywhere")
	}
}

// The low bits, by which rows fall in sub-buckets, are even over ids that count up.
func TestSubBucketsAreEven(t *testing.T) {
	h := newHasher("default/a")
	var n [16]int
	for i := range 16000 {
		n[h.sum(0, []byte{byte(i), byte(i >> 8), 'x'})%16]++
	}
	for b, k := range n {
		if k < 850 || k > 1150 { // 1000 ± 4.9 standard deviations
			t.Errorf("bucket %d has %d of 16000", b, k)
		}
	}
}

// BenchmarkAscending puts the members of a set in order, per call 7500 as of a window,
// beside a sort that knows nothing of hashes.
func BenchmarkAscending(b *testing.B) {
	h := newHasher("default/a")
	var s set
	for i := range 7500 {
		s.add(h.sum(0, []byte{byte(i), byte(i >> 8)}))
	}
	b.Run("by ranges", func(b *testing.B) {
		for b.Loop() {
			s.ascending()
		}
	})
	b.Run("sort", func(b *testing.B) {
		for b.Loop() {
			slices.Sort(slices.DeleteFunc(slices.Clone(s.slots), func(h uint64) bool { return h == 0 }))
		}
	})
}
