package window

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"verdin/schemas"
	"verdin/stats"
)

// Tally collects the rows of one open window of one lane, split by split.
// Batches come from, and go back to, the Pool of the plan's lane.
type Tally struct {
	pool  *Pool
	cells []tallyCell
}

type tallyCell struct {
	Cell
	pool  *Pool
	batch *Batch
}

// Pool makes tallies for one plan and lane and reuses their memory.
type Pool struct {
	plan     *Plan
	lane     Lane
	metrics  []int // indices of the plan's metrics that run in this lane
	features []int // likewise of its features
	spare    []*Batch
	within   *Pool // of the cells of segments; nil = the plan has none
	inside   bool  // it is such a pool
}

// NewPool prepares for a plan's lane.
func NewPool(p *Plan, lane Lane) *Pool {
	pool := &Pool{plan: p, lane: lane}
	for i := range p.Metrics {
		if p.Metrics[i].Lane() == lane {
			pool.metrics = append(pool.metrics, i)
		}
	}
	if len(p.Segments) > 0 {
		pool.within = &Pool{plan: p, lane: lane, metrics: pool.metrics, inside: true}
	}
	if lane == Fast {
		for i := range p.Features {
			pool.features = append(pool.features, i)
		}
		if pool.within != nil {
			pool.within.features = p.Inside
		}
	}
	return pool
}

// of is the pool of a cell's segment.
func (p *Pool) of(segment uint8) *Pool {
	if segment == 0 || p.within == nil {
		return p
	}
	return p.within
}

// Metrics returns the plan indices of the metrics that run in the pool's lane.
func (p *Pool) Metrics() []int { return p.metrics }

// Tally returns an empty tally.
func (p *Pool) Tally() *Tally { return &Tally{pool: p} }

func (p *Pool) batch() *Batch {
	if n := len(p.spare); n > 0 {
		b := p.spare[n-1]
		p.spare = p.spare[:n-1]
		return b
	}
	var nums, cats []string
	for _, m := range p.metrics {
		nums = append(nums, p.plan.Metrics[m].Name)
	}
	for _, i := range p.features {
		if f := &p.plan.Features[i]; f.Numeric() {
			nums = append(nums, f.Field)
		} else {
			cats = append(cats, f.Field)
		}
	}
	return NewBatch(nums, cats)
}

func (p *Pool) arm() Arm {
	var a Arm
	for _, m := range p.metrics {
		a.Metrics = append(a.Metrics, stats.NewSummary(p.plan.Metrics[m].Shape))
	}
	for _, i := range p.features {
		shape := stats.Shape{Kind: stats.Bins, Bins: p.plan.Features[i].Bins(), Sub: p.plan.Subs()}
		if !p.inside { // intervals are for display, and of all traffic
			shape.Fine = p.plan.Features[i].FineBins()
		}
		a.Features = append(a.Features, stats.NewSummary(shape))
	}
	if p.plan.Sticky {
		a.Groups = make([]Groups, len(p.metrics))
	}
	return a
}

// cell returns the open cell of a split.
func (t *Tally) cell(generation uint32, stage int32, segment uint8) *tallyCell {
	for i := range t.cells {
		if c := &t.cells[i]; c.Segment == segment && c.Generation == generation && c.Stage == stage {
			return c
		}
	}
	pool := t.pool.of(segment)
	c := tallyCell{pool: pool, batch: pool.batch()}
	c.Generation, c.Stage, c.Segment = generation, stage, segment
	c.Arms = [2]Arm{pool.arm(), pool.arm()}
	t.cells = append(t.cells, c)
	return &t.cells[len(t.cells)-1]
}

// Observe adds row i of a chunk, a prediction or a resource reading, to arm. The
// hash is that of the prediction's id, of its unit where the plan is sticky, never 0;
// resource readings have hash 0.
func (t *Tally) Observe(c *schemas.Chunk, i int, arm int8, hash uint64) {
	t.observe(t.cell(c.Generation[i], c.Stage[i], 0), c, i, arm, hash)
	if t.pool.within == nil || c.Kind[i] != schemas.KindPrediction {
		return
	}
	for _, segment := range t.pool.plan.Within(c, i) {
		if segment > 0 {
			t.observe(t.cell(c.Generation[i], c.Stage[i], segment), c, i, arm, hash)
		}
	}
}

func (t *Tally) observe(cell *tallyCell, c *schemas.Chunk, i int, arm int8, hash uint64) {
	cell.batch.Row(arm, hash)
	kind, r := c.Kind[i], c.Row[i]
	if kind == schemas.KindPrediction {
		cell.Arms[arm].N++
	}
	plan := t.pool.plan
	if kind == schemas.KindPrediction && cell.Segment == 0 && t.strange(c, arm, r) {
		cell.Arms[arm].Strange++
	}
	if kind == schemas.KindPrediction && cell.Segment == 0 && c.Rate[i] > 1 {
		cell.Arms[arm].sampled(plan, hash, float64(c.Rate[i]))
	}
	failure := kind == schemas.KindPrediction && failed(c, plan.ErrorCol, r)
	for n, m := range t.pool.metrics {
		metric := &plan.Metrics[m]
		if metric.On != kind || metric.Success && failure {
			cell.batch.Number(n, 0, false)
			continue
		}
		x, got := metric.read(c, kind, r)
		if failure {
			x, got = metric.failed(x, got)
		}
		cell.value(n, metric, arm, x, got)
	}
	t.features(cell, c, kind, r)
	if cell.batch.Len() >= MaxRows {
		t.flush(cell)
	}
}

// strange tells whether a prediction names another version of the model than its arm.
func (t *Tally) strange(c *schemas.Chunk, arm int8, r int32) bool {
	plan := t.pool.plan
	if plan.VersionCol < 0 {
		return false
	}
	v := c.Values[schemas.KindPrediction][plan.VersionCol]
	if v[r].Kind != schemas.String || v[r].Text.Len == 0 {
		return false
	}
	if arm == 0 {
		return string(c.Bytes(v[r].Text)) != plan.Stable
	}
	return string(c.Bytes(v[r].Text)) != plan.Canary
}

func failed(c *schemas.Chunk, col int, r int32) bool {
	if col < 0 {
		return false
	}
	e := c.Values[schemas.KindPrediction][col]
	return e[r].Kind == schemas.String && e[r].Text.Len > 0
}

func (t *Tally) features(cell *tallyCell, c *schemas.Chunk, kind schemas.Kind, r int32) {
	num, cat := len(t.pool.metrics), 0
	for _, i := range cell.pool.features {
		f := &t.pool.plan.Features[i]
		seen := kind == schemas.KindPrediction
		if f.Numeric() {
			x, ok := 0.0, false
			if seen {
				x, ok = number(c.Values[kind][f.Column], r)
			}
			cell.batch.Number(num, x, ok)
			num++
			continue
		}
		var code int32
		if seen {
			code = f.text(c, c.Values[kind][f.Column], r)
		}
		cell.batch.Code(cat, code)
		cat++
	}
}

// text returns the bin of row r: texts and booleans are categories.
func (f *Feature) text(c *schemas.Chunk, col schemas.Column, r int32) int32 {
	switch col[r].Kind {
	case schemas.String:
		return f.code(c.Bytes(col[r].Text))
	case schemas.True:
		return f.code([]byte("true"))
	case schemas.False:
		return f.code([]byte("false"))
	case schemas.Number:
		return RowWrongType
	}
	return RowMissing
}

// Expose adds an exposure of the label lane; value yields the number of the n-th
// metric of the lane, or Missing and no value if the metric is not of this exposure.
func (t *Tally) Expose(generation uint32, stage int32, arm int8, hash uint64, value func(n int) (x float64, got bool, bad bool)) {
	t.ExposeWithin(Within{}, generation, stage, arm, hash, value)
}

// ExposeWithin is Expose of an exposure that belongs to segments.
func (t *Tally) ExposeWithin(in Within, generation uint32, stage int32, arm int8, hash uint64, value func(n int) (x float64, got bool, bad bool)) {
	t.expose(t.cell(generation, stage, 0), arm, hash, value)
	for _, segment := range in {
		if segment > 0 {
			t.expose(t.cell(generation, stage, segment), arm, hash, value)
		}
	}
}

func (t *Tally) expose(cell *tallyCell, arm int8, hash uint64, value func(n int) (x float64, got bool, bad bool)) {
	cell.batch.Row(arm, hash)
	cell.Arms[arm].N++
	for n, m := range t.pool.metrics {
		metric := &t.pool.plan.Metrics[m]
		if metric.Pair != Single {
			cell.batch.Number(n, 0, false) // see PairOf
			continue
		}
		x, ok, bad := value(n)
		switch {
		case bad:
			cell.value(n, metric, arm, 0, invalid)
		case ok:
			cell.value(n, metric, arm, x, hasValue)
		case x == Missing:
			cell.batch.Number(n, 0, false) // not one of those that the metric is of
		case metric.Negative:
			cell.Arms[arm].Metrics[n].Null++ // counted as 0, and as without a label
			cell.value(n, metric, arm, 0, hasValue)
		default:
			cell.value(n, metric, arm, 0, noValue)
			if t.pool.plan.Sticky {
				cell.miss(n, arm, hash)
			}
		}
	}
	if cell.batch.Len() >= MaxRows {
		t.flush(cell)
	}
}

// Direct adds an outcome that names its own arm; value is as for Expose, and a metric
// without one did not ask.
func (t *Tally) Direct(generation uint32, stage int32, arm int8, hash uint64, value func(n int) (x float64, got bool, bad bool)) {
	cell := t.cell(generation, stage, 0)
	cell.batch.Row(arm, hash)
	cell.Arms[arm].N++
	for n, m := range t.pool.metrics {
		metric := &t.pool.plan.Metrics[m]
		x, ok, bad := value(n)
		switch {
		case metric.joined():
			cell.batch.Number(n, 0, false) // it asks for the prediction as well
		case bad:
			cell.value(n, metric, arm, 0, invalid)
		case ok:
			cell.value(n, metric, arm, x, hasValue)
		default:
			cell.batch.Number(n, 0, false)
		}
	}
	if cell.batch.Len() >= MaxRows {
		t.flush(cell)
	}
}

func (c *tallyCell) value(n int, m *Metric, arm int8, x float64, got reading) {
	sum := &c.Arms[arm].Metrics[n]
	switch got {
	case hasValue:
		y, moved := m.clamp(x)
		if moved {
			sum.Clamped++
		}
		c.batch.Number(n, y, true)
		return
	case invalid:
		sum.Invalid++
	default:
		sum.Null++
	}
	c.batch.Number(n, 0, false)
}

// Close summarises what was collected and returns the cells, ordered by split.
func (t *Tally) Close() []Cell {
	var p Partial
	for i := range t.cells {
		c := &t.cells[i]
		t.flush(c)
		into := p.cell(c.split())
		into.Arms = c.Arms
		c.pool.spare = append(c.pool.spare, c.batch)
	}
	t.cells = nil
	return p.Cells
}

func (t *Tally) flush(c *tallyCell) {
	if c.batch.Len() == 0 {
		return
	}
	rec := c.batch.Record()
	c.pool.summarise(rec, &c.Arms)
	for a := range c.Arms {
		c.Arms[a].Rates = c.Arms[a].Rates.settle()
		if c.pool.plan.Units {
			c.Arms[a].Units = c.Arms[a].Units.settle()
		}
	}
	rec.Release()
	c.batch.Reset()
}

// summarise adds the rows of a record to the arms' summaries.
func (p *Pool) summarise(rec arrow.Record, arms *[2]Arm) {
	arm := rec.Column(0).(*array.Int8).Int8Values()
	hash := rec.Column(1).(*array.Uint64).Uint64Values()
	col := 2
	for n, m := range p.metrics {
		into := [2]*stats.Summary{&arms[0].Metrics[n], &arms[1].Metrics[n]}
		addNumbers(rec.Column(col).(*array.Float64), arm, into, p.plan.Metrics[m].Low)
		col++
	}
	if p.plan.Sticky {
		p.groups(rec, arms)
	}
	cat := col
	for _, i := range p.features {
		if p.plan.Features[i].Numeric() {
			cat++
		}
	}
	for n, i := range p.features {
		f := &p.plan.Features[i]
		into := [2]*stats.Summary{&arms[0].Features[n], &arms[1].Features[n]}
		if f.Numeric() {
			if !p.inside || f.Edges != nil { // edges are learnt from all traffic
				f.addNumeric(rec.Column(col).(*array.Float64), arm, hash, into)
			}
			col++
			continue
		}
		addCodes(rec.Column(cat).(*array.Int32).Int32Values(), arm, hash, into)
		cat++
	}
}
