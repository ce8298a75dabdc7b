package stats

import "math"

// The universal grid divides the non-negative numbers into cells of relative width
// 2 %, the same for every metric, arm and machine: thresholds, caps and margins are
// edges of it, so that counts above them are exact integers. Cell 0 is
// [0, 10⁻⁹) and takes negative values too; cell i ≥ 1 is [e(i), e(i+1)) with
// e(1) = 10⁻⁹ and e(i+1) = 1.02·e(i), rounded at each step; the last cell is
// open above and holds 2⁴⁰.
const (
	GridCells = 2448 // cells of the universal grid

	gridFirst = 1e-9
	gridRatio = 1.02

	// The lookup table has a slot for each value of a float's exponent and first six
	// mantissa bits. A slot is at most 1/64 wide, so it holds at most one edge.
	slotShift = 52 - 6
	slotFirst = (1023 - 30) << 6 // of 2⁻³⁰ < 10⁻⁹
	slots     = 71 << 6          // up to 2⁴¹
)

type grid struct {
	edge [GridCells + 1]float64
	slot [slots]uint16 // cell of the slot's least value
}

var universal = newGrid()

func newGrid() *grid {
	g := &grid{}
	x := gridFirst
	for i := 1; i < len(g.edge); i++ {
		g.edge[i] = x
		x *= gridRatio
	}
	cell := 0
	for s := range g.slot {
		least := math.Float64frombits(uint64(slotFirst+s) << slotShift)
		for cell+1 < GridCells && g.edge[cell+1] <= least {
			cell++
		}
		g.slot[s] = uint16(cell)
	}
	return g
}

// GridCell returns the cell that holds x; NaN falls in cell 0.
func GridCell(x float64) int {
	if !(x >= gridFirst) {
		return 0
	}
	s := int(math.Float64bits(x)>>slotShift) - slotFirst
	if s >= slots {
		return GridCells - 1
	}
	g := universal
	cell := int(g.slot[s])
	if cell+1 < GridCells && x >= g.edge[cell+1] {
		cell++
	}
	return cell
}

// GridEdge returns the lower edge of cell i; i = GridCells is the edge above all
// values. Other i are moved into that range.
func GridEdge(i int) float64 { return universal.edge[min(max(i, 0), GridCells)] }

// GridSnap returns the edge nearest to x on the chosen side: the least that is not
// below x, or the greatest that is not above it.
func GridSnap(x float64, up bool) (edge int) {
	cell := GridCell(x)
	if up && GridEdge(cell) < x {
		return cell + 1
	}
	return cell
}
