package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestGridCoversAllValues(t *testing.T) {
	if e := GridEdge(1); e != 1e-9 {
		t.Errorf("first edge %v", e)
	}
	if a, b := GridEdge(GridCells-1), GridEdge(GridCells); !(a <= 1<<40 && b > 1<<40) {
		t.Errorf("the last cell [%v, %v) does not hold 2⁴⁰", a, b)
	}
	// The same recurrence in CPython's doubles: 1e-9 times 1.02, 2447 times.
	if e := GridEdge(GridCells); e != 1108205500482.0496 {
		t.Errorf("last edge %v: edges must not change, sealed windows refer to them", e)
	}
}

func TestGridCellHoldsItsValue(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	check := func(x float64) {
		cell := GridCell(x)
		if !(GridEdge(cell) <= x && x < GridEdge(cell+1)) {
			t.Fatalf("cell %d = [%v, %v) does not hold %v", cell, GridEdge(cell), GridEdge(cell+1), x)
		}
	}
	for i := range GridCells {
		e := GridEdge(i)
		check(e)
		if GridCell(e) != i {
			t.Fatalf("edge %d falls in cell %d", i, GridCell(e))
		}
		if i > 0 {
			check(math.Nextafter(e, 0))
		}
	}
	for range 100000 {
		check(math.Ldexp(r.Float64(), r.IntN(75)-35))
	}
	for x, want := range map[float64]int{-1: 0, 0: 0, math.SmallestNonzeroFloat64: 0, math.Inf(-1): 0, math.Inf(1): GridCells - 1, 1e300: GridCells - 1} {
		if got := GridCell(x); got != want {
			t.Errorf("cell of %v is %d, want %d", x, got, want)
		}
	}
	if got := GridCell(math.NaN()); got != 0 {
		t.Errorf("cell of NaN is %d", got)
	}
}

func TestGridSnapNeverCrossesTheValue(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for range 10000 {
		x := math.Ldexp(r.Float64(), r.IntN(69)-29)
		up, down := GridSnap(x, true), GridSnap(x, false)
		if !(GridEdge(down) <= x && x <= GridEdge(up) && up-down <= 1) {
			t.Fatalf("%v snaps to %d and %d", x, down, up)
		}
	}
	for i := range GridCells + 1 {
		if e := GridEdge(i); i < GridCells && (GridSnap(e, true) != i || GridSnap(e, false) != i) {
			t.Fatalf("edge %d does not snap to itself", i)
		}
	}
}

func BenchmarkGridCell(b *testing.B) {
	r := rand.New(rand.NewPCG(5, 5))
	xs := make([]float64, 4096)
	for i := range xs {
		xs[i] = 0.05 * math.Exp(r.NormFloat64())
	}
	sum := 0
	for i := 0; b.Loop(); i++ {
		sum += GridCell(xs[i&4095])
	}
	_ = sum
}
