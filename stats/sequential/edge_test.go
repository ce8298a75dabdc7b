package sequential

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"testing"
)

func blocksOf(seed uint64, n int) (blocks [][2]Counts) {
	r := rand.New(rand.NewPCG(seed, 0))
	for range n {
		blocks = append(blocks, [2]Counts{draw(r, 500+r.Int64N(500), 0.01), draw(r, r.Int64N(120), 0.015)})
	}
	return blocks
}

// TestRestartChangesNothing saves and restores every process after every block: the
// path is the same to the bit.
func TestRestartChangesNothing(t *testing.T) {
	for name, start := range makers {
		whole, parts := start(), start()
		for i, b := range blocksOf(501, 40) {
			whole.observe(b[0], b[1], i/15)
			parts.observe(b[0], b[1], i/15)
			state := parts.append([]byte("x"))[1:]
			again := start()
			if err := again.restore(state); err != nil {
				t.Fatalf("%s, block %d: %v", name, i, err)
			}
			if !bytes.Equal(again.append(nil), state) {
				t.Fatalf("%s, block %d: restored state differs", name, i)
			}
			if name != "safe" { // its stage is started by the closure around it
				parts = again
			}
			for k, x := range whole.logs() {
				if y := again.logs()[k]; x != y {
					t.Fatalf("%s, block %d, figure %d: %v after a restart, else %v", name, i, k, y, x)
				}
			}
		}
	}
}

// TestForeignStateIsRefused and leaves the process as it was.
func TestForeignStateIsRefused(t *testing.T) {
	for name, start := range makers {
		p := start()
		for _, b := range blocksOf(502, 10) {
			p.observe(b[0], b[1], 0)
		}
		state := p.append(nil)
		nan := bytes.Clone(state)
		copy(nan[len(nan)-8:], []byte{0, 0, 0, 0, 0, 0, 0xf8, 0xff}) // the last field as NaN, or as a negative count
		for what, bad := range map[string][]byte{
			"empty": nil, "cut": state[:len(state)-1], "too long": append(bytes.Clone(state), 0),
			"another version": append([]byte{99}, state[1:]...), "not a number": nan,
			"another kind": NewLimit(0.3, Options{GridPoints: 3}).AppendState(nil),
		} {
			if err := p.restore(bad); !errors.Is(err, ErrState) {
				t.Errorf("%s, %s: error %v", name, what, err)
			}
			if !bytes.Equal(p.append(nil), state) {
				t.Fatalf("%s, %s: the refused state was taken in part", name, what)
			}
		}
	}
	a, b := NewHarm(Null{Margin: 0.01}, Options{}), NewHarm(Null{Margin: 0.02}, Options{})
	if err := b.Restore(a.AppendState(nil)); !errors.Is(err, ErrState) {
		t.Errorf("a state with another margin: error %v", err)
	}
}

// TestNothingBreaksTheNumbers: empty arms, single units, no or only ones, counts of a
// thousand million, impossible counts, stages out of range. All figures stay finite.
func TestNothingBreaksTheNumbers(t *testing.T) {
	odd := []Counts{{0, 0}, {1, 0}, {1, 1}, {2, 1}, {900, 0}, {100, 3}, {900, 900}, {1e9, 0}, {1e9, 1e9}, {1e9, 1e7}, {-1, 0}, {5, 9}, {5, -1}}
	for name, start := range makers {
		all := start()
		for _, a := range odd {
			for _, b := range odd {
				one := start()
				for _, p := range []observer{one, all} {
					for _, stage := range []int{0, 1, -7, 99} {
						p.observe(a, b, stage)
					}
					for _, x := range p.logs() {
						if x-x != 0 {
							t.Fatalf("%s: stable %v, canary %v: %v", name, a, b, p.logs())
						}
					}
				}
			}
		}
		if err := start().restore(all.append(nil)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestAnEmptyArmIsNoEvidence: log E stays where it is.
func TestAnEmptyArmIsNoEvidence(t *testing.T) {
	for _, name := range []string{"harm", "safe", "safe, moved thresholds", "score, harm", "score, safe", "sticky, harm", "sticky, safe", "conditional", "hold-back"} {
		p := makers[name]()
		for _, b := range blocksOf(503, 20) {
			p.observe(b[0], b[1], 0)
		}
		before := p.logs()[0]
		p.observe(Counts{1000, 10}, Counts{}, 0)
		p.observe(Counts{}, Counts{1000, 10}, 0)
		if after := p.logs()[0]; after != before {
			t.Errorf("%s: log E %v became %v", name, before, after)
		}
	}
}

// TestTrap02NoVarianceIsNoCertainty: no errors in stable and 3 of 100 in the canary speak for
// harm, the reverse against it, none at all for nothing.
func TestTrap02NoVarianceIsNoCertainty(t *testing.T) {
	for _, c := range []struct {
		a, b int64
		sign float64
	}{{0, 3, 1}, {9, 0, -1}, {0, 0, -1}} {
		h := NewHarm(Null{}, Options{})
		h.Observe(Counts{900, 0}, Counts{100, 0}, 0)
		before := h.LogE()
		h.Observe(Counts{900, c.a}, Counts{100, c.b}, 0)
		if d := h.LogE() - before; d*c.sign <= 0 || math.Abs(d) > 20 {
			t.Errorf("%d of 900 against %d of 100: log E moves by %v", c.a, c.b, d)
		}
	}
}

// TestTrap13ACrossingIsLatched: an alarm survives a later decline.
func TestTrap13ACrossingIsLatched(t *testing.T) {
	h := NewHarm(Null{}, Options{PriorRate: 0.01})
	for range 5 {
		h.Observe(Counts{900, 9}, Counts{100, 8}, 0)
	}
	top := h.LogE()
	for range 50 {
		h.Observe(Counts{900, 9}, Counts{100, 0}, 0)
	}
	if h.LogE() >= top || h.LogEMax() != top {
		t.Errorf("log E rose to %v, is now %v, maximum %v", top, h.LogE(), h.LogEMax())
	}
}

// TestBaseRateIsPredictable: what a block is scored with does not know the block.
// Exchanging the arms' outcomes inside a block leaves its alternatives as they were.
func TestBaseRateIsPredictable(t *testing.T) {
	a, b := newBase(half{}, Options{}), newBase(half{}, Options{})
	for i := range int64(30) {
		ra, oka := a.rate()
		rb, okb := b.rate()
		if i == 29 && (ra != rb || oka != okb) {
			t.Errorf("rates %v and %v before the same past", ra, rb)
		}
		a.add(Counts{50, i % 3})
		b.add(Counts{50, i % 3})
	}
	a.add(Counts{50, 50})
	if ra, _ := a.rate(); ra <= 0.02 {
		t.Errorf("the next block does not know the last: %v", ra)
	}
	h := NewHarm(Null{}, Options{})
	if h.Observe(Counts{1000, 10}, Counts{100, 50}, 0) {
		t.Error("the first block was scored without any past")
	}
	if !h.Observe(Counts{1000, 10}, Counts{100, 1}, 0) || h.LogE() > 0.5 {
		t.Errorf("the second block: log E %v", h.LogE())
	}
}

// TestImpossibleMarginsClaimNothing: margins that no canary can pass, or reach.
func TestImpossibleMarginsClaimNothing(t *testing.T) {
	for _, null := range []Null{{Margin: 1}, {Margin: 5}, {Margin: math.Inf(1)}, {Margin: 1, Worse: Lower},
		{Margin: 1, Relative: true, Worse: Lower}, {Margin: 3, Relative: true, Worse: Lower}} {
		h, s := NewHarm(null, Options{PriorRate: 0.5}), NewSafe(null, Options{PriorRate: 0.5})
		for range 10 {
			h.Observe(Counts{100, 50}, Counts{100, 100}, 0)
			h.Observe(Counts{100, 50}, Counts{100, 0}, 0)
			s.Observe(Counts{100, 50}, Counts{100, 50}, 0)
		}
		if h.LogEMax() > 0 || s.LogEMax() > 1e-9 {
			t.Errorf("%+v: log E of harm %v, of safety %v", null, h.LogEMax(), s.LogEMax())
		}
	}
	for _, null := range []Null{{Margin: math.NaN()}, {Margin: -3}} {
		h, zero := NewHarm(null, Options{PriorRate: 0.1}), NewHarm(Null{}, Options{PriorRate: 0.1})
		h.Observe(Counts{100, 10}, Counts{100, 30}, 0)
		zero.Observe(Counts{100, 10}, Counts{100, 30}, 0)
		if h.LogE() != zero.LogE() {
			t.Errorf("%+v is not read as margin 0", null)
		}
	}
}

func TestObserveAllocatesNothing(t *testing.T) {
	for name, start := range makers {
		p := start()
		for _, b := range blocksOf(504, 10) {
			p.observe(b[0], b[1], 0)
		}
		if n := testing.AllocsPerRun(100, func() { p.observe(Counts{900, 9}, Counts{100, 2}, 0) }); n > 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func FuzzRestore(f *testing.F) {
	for _, start := range makers {
		p := start()
		for _, b := range blocksOf(505, 10) {
			p.observe(b[0], b[1], 0)
		}
		f.Add(p.append(nil))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for name, start := range makers {
			p := start()
			if p.restore(b) != nil {
				continue
			}
			if !bytes.Equal(p.append(nil), b) {
				t.Fatalf("%s: %x was restored as %x", name, b, p.append(nil))
			}
			p.observe(Counts{900, 9}, Counts{100, 2}, 0)
		}
	})
}
