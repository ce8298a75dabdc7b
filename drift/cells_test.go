package drift

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// rows is a window of a feature with 10 groups, of which a share of the canary's rows
// is moved to one bin.
func rows(r *rand.Rand, bin int, share float64) Block {
	const groups = 10
	p := make([]float64, groups0+groups)
	for i := range p {
		p[i] = 0.002
		if i >= groups0 {
			p[i] = (1 - 0.002*float64(groups0)) / groups
		}
	}
	q := slices.Clone(p)
	for i := range q {
		q[i] *= 1 - share
	}
	q[bin] += share
	return window(r, 8, p, q, 900, 100)
}

// Each fault is found, and named, and not by accident of another test.
func TestEveryFaultIsFoundAndNamed(t *testing.T) {
	r := rand.New(rand.NewPCG(51, 52))
	for bin := range groups0 {
		test := NewFaults(10, 0, 1, 0)
		looks := 0
		for test.LogEMax() < math.Log(1/0.01) && looks < 500 {
			test.Observe(rows(r, bin, 0.01))
			looks++
		}
		name, worst := test.Cell(test.Worst())
		if looks == 500 || test.Worst() != bin || test.Effect().Scale != "share" || worst.LogE() < test.LogE() {
			t.Errorf("%d rows of 100 in bin %d: found after %d windows as %q", 1, bin, looks, name)
		}
		t.Logf("%s: %d windows", name, looks)
	}
}

func TestFaultsWithinToleranceAreNoAlarm(t *testing.T) {
	const runs, alpha = 100, 0.05
	for _, c := range []struct{ above, share float64 }{{0, 0}, {0.02, 0.018}} {
		r, alarms := rand.New(rand.NewPCG(53, 54)), 0
		for range runs {
			test := NewFaults(10, c.above, 2, 0)
			for range 60 {
				test.Observe(rows(r, int(Missing), c.share))
			}
			if test.LogEMax() >= -math.Log(alpha) {
				alarms++
			}
		}
		if alarms > alpha*runs {
			t.Errorf("%+v: %d of %d alarmed", c, alarms, runs)
		}
	}
}

func TestCellsGoOnWithTheSameBits(t *testing.T) {
	r := rand.New(rand.NewPCG(55, 56))
	live, again := NewFaults(10, 0.01, 2, 0), NewFaults(10, 0.01, 2, 0)
	for range 10 {
		live.Observe(rows(r, below, 0.05))
	}
	state := live.AppendState(nil)
	if err := again.Restore(state); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		b := rows(r, below, 0.05)
		live.Observe(b)
		again.Observe(b)
		if live.LogE() != again.LogE() || live.LogEMax() != again.LogEMax() || !bytes.Equal(live.AppendState(nil), again.AppendState(nil)) {
			t.Fatalf("restored %v, undisturbed %v", again.LogE(), live.LogE())
		}
	}
	for _, b := range [][]byte{nil, state[:len(state)-1], append(slices.Clone(state), 0)} {
		if err := again.Restore(b); !errors.Is(err, ErrState) {
			t.Errorf("%d bytes: error %v, want ErrState", len(b), err)
		}
	}
	if n := testing.AllocsPerRun(10, func() { live.Observe(rowsOnce) }); n != 0 {
		t.Errorf("%v allocations a window", n)
	}
}

var rowsOnce = rows(rand.New(rand.NewPCG(1, 2)), 0, 0)

func TestCellsOfNothingSayNothing(t *testing.T) {
	for _, test := range []*Cells{NewCells(nil, 3, 0, 1, 0), NewCells([]Cell{{"x", []int{-1, 99}}}, 3, math.NaN(), 0, 0), NewFaults(-9, 0, 1, 0)} {
		for _, b := range extremes() {
			test.Observe(b)
			if e := test.Effect(); test.LogE()-test.LogE() != 0 || test.LogEMax() < 0 || e.Estimate-e.Estimate != 0 {
				t.Fatalf("log E %v, effect %v", test.LogE(), e)
			}
		}
	}
}

// A histogram's rows are all in the layout, and a folding has its values in order.
func TestTheLayoutHoldsEveryRow(t *testing.T) {
	for name, xs := range columns(2000) {
		e, _ := Learn(xs[:1000], 0)
		h, ref := NewHistogram(e), NewHistogram(e)
		ref.Add(xs[:1000], nil, 0)
		h.Add(append(slices.Clone(xs), math.NaN(), math.Inf(1), math.Inf(-1), 1e300, -1e300), nil, 0)
		h.AddOdd(WrongType, 2)
		h.AddOdd(Missing, 1)
		v := NewView(ref.Bins(), 0)
		dst := make([]int64, v.Rows())
		h.Coarse(dst, v)
		if sum(dst) != h.Rows() || dst[WrongType] != 2 || dst[below] != h.Bins()[0] {
			t.Errorf("%s: %d of %d rows: %v", name, sum(dst), h.Rows(), dst)
		}
		b := whole(dst, dst)
		n := b.Bins - groups0 + 2
		fold := FoldNumbers(dst, nil, v.Bins())
		in := fold.Fold(b)
		if in.Bins != v.Bins()+2 || in.Stable[0] != uint64(dst[below]) || in.Canary[n-1] != uint64(dst[beyond]) || in.Stable[1] != uint64(dst[groups0]) {
			t.Errorf("%s: %v within %v", name, in, dst)
		}
		reference := NewReference("x", h)
		if lay := reference.Lay(v); !slices.Equal(lay, dst) {
			t.Errorf("%s: the reference lies as %v, its windows as %v", name, lay, dst)
		}
		for i, row := range v.Layout(len(h.Bins())) {
			if h.Bins()[i] > 0 && dst[row] < h.Bins()[i] {
				t.Errorf("%s: fine bin %d is not in row %d", name, i, row)
			}
		}
		coarse := FoldNumbers(dst, v.Single(), 5).Fold(b)
		if got := sumOf(coarse.Stable); got != sumOf(in.Stable) || coarse.Bins > in.Bins {
			t.Errorf("%s: %d values in %d bins, want %d", name, got, coarse.Bins, sumOf(in.Stable))
		}
		if bad := fold.Fold(Block{Sub: 1, Bins: 3, Stable: make([]uint64, 3), Canary: make([]uint64, 3)}); bad.Bins != 0 {
			t.Errorf("another shape gives %v", bad)
		}
	}
}

func sumOf(counts []uint64) (n uint64) {
	for _, c := range counts {
		n += c
	}
	return n
}

// A feature of names: values that only the canary sends are found and named, those that
// are new to both arms are not, and neither is a change among the known ones.
func TestNewNamesAreAFaultOfTheCanaryAlone(t *testing.T) {
	c, err := LearnCategories([]Named{{"de", 50}, {"fr", 30}, {"it", 20}}, 2)
	if err != nil || c.Bins() != 4 {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name           string
		stable, canary string // what every tenth row is
		missing        bool   // of the canary's other rows every tenth
		worst          string // "" = nothing is shown
	}{
		{"new in the canary", "it", "at", false, "new values"},
		{"new in both", "at", "at", false, ""},
		{"another known name", "it", "de", false, ""},
		{"missing in the canary", "it", "it", true, "missing values"},
	} {
		test := NewCategoryFaults(c.Bins(), 0.01, 1, 0)
		n := int(odds) + c.Bins()
		for range 20 {
			b := Block{Sub: 1, Bins: n, Stable: make([]uint64, n), Canary: make([]uint64, n)}
			b.Stable[int(odds)+c.Bin("de")], b.Canary[int(odds)+c.Bin("de")] = 90, 90
			b.Stable[int(odds)+c.Bin(tc.stable)] += 10
			b.Canary[int(odds)+c.Bin(tc.canary)] += 10
			if tc.missing {
				b.Canary[Missing] += 10
			}
			test.Observe(b)
		}
		shown := test.LogEMax() > math.Log(1000)
		if shown != (tc.worst != "") {
			t.Errorf("%s: log E %v", tc.name, test.LogEMax())
		}
		if name, _ := test.Cell(max(0, test.Worst())); shown && name != tc.worst {
			t.Errorf("%s: %s is named, want %s", tc.name, name, tc.worst)
		}
	}
	names := FoldNames(c.Bins())
	b := Block{Sub: 1, Bins: int(odds) + 4, Stable: []uint64{1, 0, 0, 0, 0, 2, 3, 4, 5}, Canary: make([]uint64, 9)}
	if in := names.Fold(b); !slices.Equal(in.Stable, []uint64{2, 3, 4, 5}) {
		t.Errorf("names folded to %v", in.Stable)
	}
}
