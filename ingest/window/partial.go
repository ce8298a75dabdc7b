package window

import (
	"cmp"

	"verdin/schemas"
	"verdin/stats"
)

// Arm is what one arm's rows of a window add up to.
type Arm struct {
	N        uint64          // observations: predictions (fast lane), exposures (label lane)
	Metrics  []stats.Summary // one per metric of the lane, in plan order
	Features []stats.Summary // one per feature of the plan, in segments of Plan.Inside (fast lane only): sub-buckets × Bins counts, or a sample while learning
	Groups   []Groups        // sticky plans: one per metric of the lane
	Units    Units           // the units of predictions, where the plan is sticky or counts units
	Rates    Groups          // predictions that stand for more than themselves: by bucket where the plan is sticky, and rate
	Strange  uint64          // rows that name another version of the model than the arm is
}

// Cell is the part of a window that was served under one split.
type Cell struct {
	Generation uint32 // 0 = the events do not say
	Stage      int32  // -1 = the events do not say
	Segment    uint8  // 0 = all rows; else those of one segment
	Arms       [2]Arm // stable, canary
}

// Partial is a sealed window of one rollout, lane and origin: small, mergeable,
// and final. It covers every window whose end lies in (After, End]; all but the
// last of them are empty, and so is the last when it has no cells.
type Partial struct {
	Rollout    string
	Generation uint32
	Revision   uint32
	PlanHash   uint64 // of what the partial counts, see Plan.Hash
	Lane       Lane
	Origin     int // index of the log (fast lane) or of the shard (label lane)
	After, End schemas.Time
	Cells      []Cell    // by (generation, stage, segment), ascending
	Late       [2]uint64 // rows that came after their window was sealed, since the partial before
	Gap        bool      // offsets were lost while the window was open
	Unmatched  uint64    // label lane: outcomes that found no prediction
	Mismatch   uint64    // label lane: outcomes whose arm contradicts their prediction
	To         int64     // offset after the record that sealed the window (fast lane)
}

// Merge adds the rows of other, a partial of the same rollout, lane and window.
func (p *Partial) Merge(other *Partial) {
	for i := range other.Cells {
		o := &other.Cells[i]
		c := p.cell(o.split())
		for a := range c.Arms {
			c.Arms[a].merge(&o.Arms[a])
		}
	}
	for a := range p.Late {
		p.Late[a] += other.Late[a]
	}
	p.Gap = p.Gap || other.Gap
	if other.Revision < p.Revision {
		p.Revision, p.PlanHash = other.Revision, other.PlanHash
	}
	p.Unmatched += other.Unmatched
	p.Mismatch += other.Mismatch
}

// split is what cells are told apart by.
type split struct {
	generation uint32
	stage      int32
	segment    uint8
}

func (c *Cell) split() split { return split{c.Generation, c.Stage, c.Segment} }

func (a split) compare(b split) int {
	return cmp.Or(cmp.Compare(a.generation, b.generation), cmp.Compare(a.stage, b.stage), cmp.Compare(a.segment, b.segment))
}

// cell finds or inserts the cell of a split, keeping the order.
func (p *Partial) cell(s split) *Cell {
	i := 0
	for i < len(p.Cells) && p.Cells[i].split().compare(s) < 0 {
		i++
	}
	if i < len(p.Cells) && p.Cells[i].split() == s {
		return &p.Cells[i]
	}
	p.Cells = append(p.Cells, Cell{})
	copy(p.Cells[i+1:], p.Cells[i:])
	p.Cells[i] = Cell{Generation: s.generation, Stage: s.stage, Segment: s.segment}
	return &p.Cells[i]
}

func (a *Arm) merge(b *Arm) {
	a.N += b.N
	a.Metrics = mergeAll(a.Metrics, b.Metrics)
	a.Features = mergeAll(a.Features, b.Features)
	a.Units = a.Units.merge(b.Units)
	a.Strange += b.Strange
	a.Rates = a.Rates.merge(b.Rates)
	if len(a.Groups) == 0 && len(b.Groups) > 0 {
		a.Groups = make([]Groups, len(b.Groups))
	}
	for i := range b.Groups {
		a.Groups[i] = a.Groups[i].merge(b.Groups[i])
	}
}

func mergeAll(into, from []stats.Summary) []stats.Summary {
	if len(into) == 0 {
		return from
	}
	for i := range from {
		into[i].Merge(&from[i])
	}
	return into
}
