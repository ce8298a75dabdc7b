package window

import (
	"cmp"
	"encoding/binary"
	"slices"

	"verdin/schemas"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"verdin/stats"
)

// Buckets is the number of buckets that units fall into, by their keyed hash, where
// assignment is sticky: the same unit comes back to the same arm, so that its rows are
// not independent and the variance must come from groups of units. The hash has nothing
// to do with the one by which routers choose arms.
const Buckets = 128

// Unlabelled is the cell of exposures without a value, in the label lane.
const Unlabelled = stats.GridCells

// Group is what the values of one bucket of units and one cell add up to.
type Group struct {
	Bucket uint8
	Cell   uint16 // of the universal grid; of a proportion 1, or 0; or Unlabelled
	N      uint64
	Sum    stats.Sum128 // of the values, where the metric is a mean
}

// Groups are the values of one metric and arm by bucket and cell: ascending, each once,
// so that any split of the rows and any order of merging gives the same groups.
type Groups []Group

func compareGroups(a, b Group) int {
	return cmp.Or(cmp.Compare(a.Bucket, b.Bucket), cmp.Compare(a.Cell, b.Cell))
}

// settle sorts what was appended and makes one of equals.
func (g Groups) settle() Groups {
	slices.SortFunc(g, compareGroups)
	n := 0
	for i := range g {
		if n > 0 && compareGroups(g[n-1], g[i]) == 0 {
			g[n-1].N += g[i].N
			g[n-1].Sum.Add(g[i].Sum)
			continue
		}
		g[n] = g[i]
		n++
	}
	return g[:n]
}

// merge returns the groups of both.
func (g Groups) merge(o Groups) Groups {
	if len(o) == 0 {
		return g
	}
	if len(g) == 0 {
		return slices.Clone(o)
	}
	return append(g, o...).settle()
}

// group is the group of one value of a metric.
func (m *Metric) group(hash uint64, x float64) Group {
	g := Group{Bucket: uint8(hash % Buckets), N: 1}
	switch m.Shape.Kind {
	case stats.Proportion:
		if x != 0 {
			g.Cell = 1
		}
		return g
	case stats.Mean:
		g.Sum, _ = stats.Fix(x)
	}
	g.Cell = uint16(stats.GridCell(x))
	return g
}

// miss counts an exposure that has no value of the n-th metric of the lane.
func (c *tallyCell) miss(n int, arm int8, hash uint64) {
	c.Arms[arm].Groups[n] = append(c.Arms[arm].Groups[n], Group{Bucket: uint8(hash % Buckets), Cell: Unlabelled, N: 1})
}

// Unit is a unit by its keyed hash, with the number of its rows.
type Unit struct{ Hash, N uint64 }

// Units are distinct units, ascending.
type Units []Unit

func (u Units) merge(o Units) Units {
	if len(o) == 0 && len(u) == 0 {
		return u
	}
	return append(u, o...).settle()
}

func (u Units) settle() Units {
	slices.SortFunc(u, func(a, b Unit) int { return cmp.Compare(a.Hash, b.Hash) })
	n := 0
	for i := range u {
		if n > 0 && u[n-1].Hash == u[i].Hash {
			u[n-1].N += u[i].N
			continue
		}
		u[n] = u[i]
		n++
	}
	return u[:n]
}

// groups adds the rows of a record to the arms' groups and units.
func (p *Pool) groups(rec arrow.Record, arms *[2]Arm) {
	arm := rec.Column(0).(*array.Int8).Int8Values()
	hash := rec.Column(1).(*array.Uint64).Uint64Values()
	for n, m := range p.metrics {
		metric, col := &p.plan.Metrics[m], rec.Column(2+n).(*array.Float64)
		for i, x := range col.Float64Values() {
			if into := &arms[arm[i]].Groups[n]; hash[i] != 0 && col.IsValid(i) {
				*into = append(*into, metric.group(hash[i], x-min(metric.Low, 0)))
			}
		}
		for a := range arms {
			arms[a].Groups[n] = arms[a].Groups[n].settle()
		}
	}
	for i, h := range hash {
		if h != 0 {
			arms[arm[i]].Units = append(arms[arm[i]].Units, Unit{h, 1})
		}
	}
	for a := range arms {
		arms[a].Units = arms[a].Units.settle()
	}
}

// Unit counts a prediction of a unit, in a plan that counts units beside its requests.
func (t *Tally) Unit(c *schemas.Chunk, i int, arm int8, unit uint64) {
	a := &t.cell(c.Generation[i], c.Stage[i], 0).Arms[arm]
	a.Units = append(a.Units, Unit{unit, 1})
}

func (a *Arm) appendUnits(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(a.Groups)))
	for _, groups := range a.Groups {
		b = groups.append(b)
	}
	b = binary.AppendUvarint(b, uint64(len(a.Units)))
	for _, u := range a.Units {
		b = binary.LittleEndian.AppendUint64(b, u.Hash)
		b = binary.AppendUvarint(b, u.N)
	}
	return a.Rates.append(binary.AppendUvarint(b, a.Strange))
}

func (g Groups) append(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(g)))
	for i := range g {
		b = append(b, g[i].Bucket)
		b = binary.AppendUvarint(b, uint64(g[i].Cell))
		b = binary.AppendUvarint(b, g[i].N)
		b = binary.AppendVarint(b, g[i].Sum.Hi)
		b = binary.AppendUvarint(b, g[i].Sum.Lo)
	}
	return b
}

// groups reads what append wrote.
func (r *reader) groups() (groups Groups) {
	for k := r.Count(); k > 0 && r.Err() == nil; k-- {
		g := Group{Bucket: r.Byte(), Cell: uint16(r.Below(Unlabelled + 1)), N: r.Uvarint()}
		g.Sum = stats.Sum128{Hi: r.Varint(), Lo: r.Uvarint()}
		if g.Bucket >= Buckets || g.N == 0 || len(groups) > 0 && compareGroups(groups[len(groups)-1], g) >= 0 {
			r.Fail("bucket %d, cell %d with %d values", g.Bucket, g.Cell, g.N)
		}
		groups = append(groups, g)
	}
	return groups
}

// units reads what appendUnits wrote.
func (r *reader) units(a *Arm) {
	for n := r.Count(); n > 0 && r.Err() == nil; n-- {
		a.Groups = append(a.Groups, r.groups())
	}
	for n := r.Count(); n > 0 && r.Err() == nil; n-- {
		u := Unit{Hash: r.U64(), N: r.Uvarint()}
		if k := len(a.Units); u.Hash == 0 || u.N == 0 || k > 0 && a.Units[k-1].Hash >= u.Hash {
			r.Fail("units are not ascending")
		}
		a.Units = append(a.Units, u)
	}
	a.Strange = r.Uvarint()
	a.Rates = r.groups()
}
