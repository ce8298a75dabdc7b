package drift

import (
	"math"

	"verdin/stats"
)

// Cell is a set of bins that is watched as one: rows in it against rows outside.
type Cell struct {
	Name string
	Bins []int
}

// Cells tests the null "the share of each cell differs between the arms by at most
// above", to either side, cell by cell: missing values, new categories, labels within
// a bin of the score. Each cell has an e-process of its own, so a verdict names what
// is broken; their mean, which runs on the same clock, is the e-process of them all.
// Exact at every look for independent rows; where units come back, see Sticky.
//
// no-row: made of bins that its maker names; see NewFaults
type Cells struct {
	cells   []Cell
	tests   []Test
	inside  [][]bool
	above   float64
	bins    int
	stages  int
	buckets int     // of units, 0 = rows are independent
	pair    Block   // scratch
	mean    average // of the cells
}

// NewCells watches cells among so many bins. Bins beyond are left out. Where units come
// back, the parts of a window are so many buckets of units, and else buckets is 0.
func NewCells(cells []Cell, bins int, above float64, stages, buckets int) *Cells {
	t := &Cells{cells: cells, bins: max(bins, 1), above: clean(above), stages: max(stages, 1), buckets: max(buckets, 0)}
	for _, c := range cells {
		in := make([]bool, t.bins)
		for _, b := range c.Bins {
			if b >= 0 && b < t.bins {
				in[b] = true
			}
		}
		t.inside = append(t.inside, in)
		if t.buckets > 0 {
			t.tests = append(t.tests, NewSticky("ks", 2, t.buckets, t.above, t.stages))
		} else {
			t.tests = append(t.tests, NewKS(2, t.above, t.stages))
		}
	}
	t.mean.logs = make([]float64, len(cells))
	return t
}

// Observe takes a window, as Test does.
func (t *Cells) Observe(b Block) {
	if b.Bins != t.bins || b.Sub < 1 || b.Sub > mostCuts || len(b.Stable) != b.Sub*b.Bins || len(b.Canary) != len(b.Stable) || len(t.tests) == 0 {
		return
	}
	if 2*b.Sub > len(t.pair.Stable) {
		t.pair.Stable, t.pair.Canary = make([]uint64, 2*b.Sub), make([]uint64, 2*b.Sub)
	}
	pair := Block{Sub: b.Sub, Bins: 2, Stage: b.Stage, Stable: t.pair.Stable[:2*b.Sub], Canary: t.pair.Canary[:2*b.Sub]}
	for i, test := range t.tests {
		clear(pair.Stable)
		clear(pair.Canary)
		for at := range b.Stable {
			k := at / b.Bins * 2
			if t.inside[i][at%b.Bins] {
				k++
			}
			pair.Stable[k] = add(pair.Stable[k], b.Stable[at])
			pair.Canary[k] = add(pair.Canary[k], b.Canary[at])
		}
		test.Observe(pair)
	}
	lookAt(&t.mean, t.tests)
}

// add stops at the largest number, which no test takes for a count.
func add(a, b uint64) uint64 {
	if a > math.MaxUint64-b {
		return math.MaxUint64
	}
	return a + b
}

// LogE is the log of the mean of the cells' e-processes now.
func (t *Cells) LogE() float64 { return t.mean.log }

// LogEMax is its running maximum.
func (t *Cells) LogEMax() float64 { return t.mean.most }

// Len is the number of cells.
func (t *Cells) Len() int { return len(t.cells) }

// Cell returns the name of a cell and its test, whose effect is the difference of
// shares.
func (t *Cells) Cell(i int) (name string, test Test) { return t.cells[i].Name, t.tests[i] }

// Worst is the cell with most evidence, the first of equals; −1 without cells.
func (t *Cells) Worst() (worst int) {
	worst = -1
	for i, test := range t.tests {
		if worst < 0 || test.LogE() > t.tests[worst].LogE() {
			worst = i
		}
	}
	return worst
}

// Effect is the difference of shares in the worst cell, which the note names.
func (t *Cells) Effect() stats.Interval {
	i := t.Worst()
	if i < 0 {
		return stats.Interval{Scale: "share"}
	}
	e := t.tests[i].Effect()
	return stats.Interval{Estimate: e.Estimate, Scale: "share", Note: "share of " + t.cells[i].Name + ", current stage"}
}

// N is the number of scored events: stable, canary.
func (t *Cells) N() (n [2]int64) {
	if len(t.tests) > 0 {
		n = t.tests[0].N()
	}
	return n
}

// Blocks is the number of scored blocks.
func (t *Cells) Blocks() int64 {
	if len(t.tests) == 0 {
		return 0
	}
	return t.tests[0].Blocks()
}

// AppendState appends the state to b.
func (t *Cells) AppendState(b []byte) []byte {
	s := state{buf: b}
	t.walk(&s)
	return s.buf
}

// Restore replaces the state by one that AppendState wrote for a test of the same
// arguments; else it returns an error that wraps ErrState.
func (t *Cells) Restore(b []byte) error {
	next, s := NewCells(t.cells, t.bins, t.above, t.stages, t.buckets), state{buf: b, reading: true}
	next.walk(&s)
	if err := s.end(); err != nil {
		return err
	}
	*t = *next
	return nil
}

func (t *Cells) walk(s *state) {
	s.head('C', t.bins, t.stages, t.above)
	for _, n := range []int{len(t.cells), t.buckets} {
		same := int64(n)
		s.int(&same, same, same)
	}
	for _, test := range t.tests {
		s.part(test)
	}
	s.float(&t.mean.most, 0, largest)
	if s.reading {
		lookAt(&t.mean, t.tests)
	}
}
