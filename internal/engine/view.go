package engine

import (
	"slices"

	"verdin/ingest/join"
	"verdin/ingest/window"
	"verdin/schemas"
)

// Counts says what became of the rows that one rollout was shown. Every row ends
// in exactly one of them.
type Counts struct {
	Counted   uint64 // in a window, or waiting as a candidate of the join
	Duplicate uint64 // the same identity again in an unsealed window of its log
	Late      uint64 // its log had sealed the window, or the label horizon had passed
	Other     uint64 // another rollout's, or an outcome in which no metric finds a value
	Arm       uint64 // an arm that the rollout does not know
	Early     uint64 // before the rollout's first window
	NoKey     uint64 // an outcome that names neither a prediction, nor an arm, nor a unit where the join is by units; under sticky assignment also a row without a unit
}

// view is one rollout as seen by one shard.
type view struct {
	plan     *window.Plan
	next     *window.Plan // revision in force for windows from nextAt on, nil = none
	nextAt   schemas.Time
	nextHash uint64
	shard    int
	base     int
	hash     hasher
	planHash uint64
	pools    [window.Lanes]*window.Pool
	pool2    *window.Pool // fast-lane pool of next
	logs     []viewLog
	labels   bool // the plan has metrics in the label lane, and the shard logs that it waits for
	joiner   *join.Joiner
	asks     []int                        // metrics of the label lane that ask something of predictions until they are judged
	pairs    []int                        // those of the lane that compare both answers of a request, by their place in it
	asked    map[schemas.Time][]float64   // those fields, by window, in the order of the joiner's predictions
	direct   map[schemas.Time]*openWindow // label lane: outcomes that name their arm
	closed   schemas.Time                 // label lane: end of the last closed window
	late     [2]uint64                    // label lane: late outcomes that name their arm, since the partial before
	gaps     []gap                        // label lane: what is missing of windows that are not closed
	spare    []set                        // of sealed windows, empty
	counts   Counts
}

type viewLog struct {
	kinds    schemas.Log
	sealed   schemas.Time // windows that end at or before it are sealed
	passed   schemas.Time // watermark less nothing: top − lateness
	open     map[schemas.Time]*openWindow
	late     [2]uint64 // fast lane: since the partial before
	lateSeen set
	gapTo    schemas.Time // windows that start at or before it may miss records
}

// openWindow collects one window of one log.
type openWindow struct {
	tally *window.Tally
	seen  set
	plan  *window.Plan // in force when it was begun
	hash  uint64       // of the plan
}

func newView(shard, base int, plan *window.Plan, logs []shardLog) *view {
	v := &view{
		plan:     plan,
		planHash: plan.Hash(),
		shard:    shard,
		base:     base,
		hash:     newHasher(plan.Rollout),
		joiner:   join.New(plan.Length, plan.Horizon, plan.Skew()),
		direct:   map[schemas.Time]*openWindow{},
		asked:    map[schemas.Time][]float64{},
		closed:   plan.Start,
	}
	if plan.ByUnit {
		v.joiner = v.joiner.WithUnits()
	}
	for l := range v.pools {
		v.pools[l] = window.NewPool(plan, window.Lane(l))
	}
	for _, m := range v.pools[window.Label].Metrics() {
		if metric := &plan.Metrics[m]; metric.Asks >= 0 && metric.Joins || metric.Pair == window.Both {
			v.asks = append(v.asks, m)
		}
	}
	v.pairs = paired(plan, v.pools[window.Label].Metrics())
	v.labels = len(v.pools[window.Label].Metrics()) > 0 && awaited(logs)
	for _, l := range logs {
		v.logs = append(v.logs, viewLog{
			kinds: l.Log, sealed: plan.Start, passed: schemas.Unknown, gapTo: schemas.Unknown,
			open: map[schemas.Time]*openWindow{},
		})
	}
	return v
}

// awaited tells whether the label lane waits for logs: those of predictions and of outcomes.
func awaited(logs []shardLog) bool {
	return slices.ContainsFunc(logs, func(l shardLog) bool {
		return l.Carries(schemas.KindPrediction) || l.Carries(schemas.KindOutcome)
	})
}

func (v *view) revise(plan *window.Plan, from schemas.Time) {
	v.next, v.nextAt, v.nextHash = plan, from, plan.Hash()
	v.pool2 = window.NewPool(plan, window.Fast)
}

// row shows one row to the rollout.
func (v *view) row(c *schemas.Chunk, i int) {
	if !v.mine(c, i) {
		v.counts.Other++
		return
	}
	arm := v.arm(c.Bytes(c.Arm[i]))
	if c.Kind[i] == schemas.KindOutcome {
		v.outcome(c, i, arm)
		return
	}
	start := v.plan.Window(c.TS[i])
	log := &v.logs[c.Log]
	switch {
	case arm < 0:
		v.counts.Arm++
	case v.plan.Sticky && c.Kind[i] == schemas.KindPrediction && c.Unit[i].Len == 0:
		v.counts.NoKey++
	case start < v.plan.Start:
		v.counts.Early++
	case start.Add(v.plan.Length) <= log.sealed:
		v.lateRow(log, arm, v.identity(c, i, arm, v.hash.sum(0, c.Bytes(c.Key[i]))), &log.late)
	default:
		v.accept(c, i, arm, log, start)
	}
}

func (v *view) mine(c *schemas.Chunk, i int) bool {
	name := c.Bytes(c.Rollout[i])
	return string(name) == v.plan.Rollout || len(name) > 0 && string(name) == v.plan.Short ||
		len(name) == 0 && c.Kind[i] == schemas.KindOutcome
}

func (v *view) arm(name []byte) int8 {
	switch string(name) {
	case "stable", v.plan.Stable:
		return 0
	case "canary", v.plan.Canary:
		return 1
	}
	return -1
}

// accept adds a prediction or a resource reading to its open window.
func (v *view) accept(c *schemas.Chunk, i int, arm int8, log *viewLog, start schemas.Time) {
	w := v.window(log, start)
	key := v.hash.sum(0, c.Bytes(c.Key[i]))
	if !w.seen.add(v.identity(c, i, arm, key)) {
		v.counts.Duplicate++
		return
	}
	v.counts.Counted++
	if c.Kind[i] == schemas.KindResource {
		w.tally.Observe(c, i, arm, 0)
		return
	}
	unit := v.unit(c, i)
	if v.plan.Sticky {
		w.tally.Observe(c, i, arm, unit)
	} else {
		w.tally.Observe(c, i, arm, key)
		if v.plan.Units && unit != 0 {
			w.tally.Unit(c, i, arm, unit)
		}
	}
	if v.labels {
		v.joiner.Expose(join.Prediction{Key: key, Unit: unit, TS: c.TS[i], Arm: arm, Generation: c.Generation[i], Stage: c.Stage[i], Within: v.plan.Within(c, i)})
		for _, m := range v.asks {
			v.asked[start] = append(v.asked[start], v.plan.Answer(&v.plan.Metrics[m], c, i))
		}
		if v.plan.Mirrored() && arm == 1 {
			v.answered(c, i, key, log)
		}
	}
}

// unit is the hash of a row's unit, 0 where the plan does not ask for it or there is none.
func (v *view) unit(c *schemas.Chunk, i int) uint64 {
	if !v.plan.Sticky && !v.plan.ByUnit && !v.plan.Units || c.Unit[i].Len == 0 {
		return 0
	}
	return v.hash.sum(unitSeed, c.Bytes(c.Unit[i]))
}

// unitSeed keeps the hashes of units apart from those of predictions.
const unitSeed = 2

// identity is what makes two records the same: (arm, prediction id), or for a
// reading (arm, instance, event time). Key is the hash of the id or instance. The arm
// changes one bit of it: that two keys differ in this bit alone is as unlikely as that
// they are equal.
func (v *view) identity(c *schemas.Chunk, i int, arm int8, key uint64) uint64 {
	if c.Kind[i] == schemas.KindResource {
		key = v.hash.sum(key, appendTime(nil, c.TS[i]))
	}
	return max(1, key^uint64(arm)<<63)
}

// lateRow counts a row whose window is sealed, for the lane that it is of. The same row
// delivered again before the log's next seal is a duplicate, not another late one.
func (v *view) lateRow(log *viewLog, arm int8, id uint64, late *[2]uint64) {
	if !log.lateSeen.add(id) {
		v.counts.Duplicate++
		return
	}
	v.counts.Late++
	late[arm]++
}

// window returns the log's open window, begun under the revision in force for it.
func (v *view) window(log *viewLog, start schemas.Time) *openWindow {
	if w, ok := log.open[start]; ok {
		return w
	}
	w := &openWindow{tally: v.pools[window.Fast].Tally(), seen: v.unused(), plan: v.plan, hash: v.planHash}
	if v.next != nil && start >= v.nextAt {
		w.tally, w.plan, w.hash = v.pool2.Tally(), v.next, v.nextHash
	}
	log.open[start] = w
	return w
}

// unused returns an empty set, with the memory of a sealed window's if there is one.
func (v *view) unused() (s set) {
	if n := len(v.spare); n > 0 {
		s, v.spare = v.spare[n-1], v.spare[:n-1]
	}
	return s
}

// keep puts the memory of a sealed window's set aside: of one per log, and only where the
// window has filled a good part of it, so that one burst is not kept for ever.
func (v *view) keep(s set) {
	if len(v.spare) < len(v.logs) && 8*s.n >= len(s.slots) {
		s.reset()
		v.spare = append(v.spare, s)
	}
}

// seal moves the watermark of a log and emits the partials of what it seals.
func (v *view) seal(log int, top schemas.Time, to int64, out *[]window.Partial) bool {
	l := &v.logs[log]
	l.passed = top.Add(-v.plan.Lateness)
	through := l.passed
	if through != schemas.Never {
		through = v.plan.Window(through)
	}
	sealed := through > l.sealed
	if sealed {
		v.sealFast(log, through, to, out)
	}
	if v.labels && v.sealLabel(out) {
		sealed = true
	}
	return sealed
}

func (v *view) sealFast(log int, through schemas.Time, to int64, out *[]window.Partial) {
	l := &v.logs[log]
	for _, start := range v.due(l.open, through) {
		w := l.open[start]
		delete(l.open, start)
		p := v.sealTo(log, start.Add(v.plan.Length), to)
		p.Revision, p.PlanHash, p.Cells = w.plan.Revision, w.hash, w.tally.Close()
		*out = append(*out, p)
		v.keep(w.seen)
	}
	l.lateSeen.reset()
	if l.sealed < through {
		*out = append(*out, v.sealTo(log, through, to))
	}
}

// sealTo makes the partial of a log's windows that end after what is sealed, up to end.
func (v *view) sealTo(log int, end schemas.Time, to int64) window.Partial {
	l := &v.logs[log]
	p := v.partial(window.Fast, v.base+log, l.sealed, end)
	p.Late, p.Gap, p.To = l.late, l.sealed <= l.gapTo, to
	l.late, l.sealed = [2]uint64{}, end
	return p
}

func (v *view) partial(lane window.Lane, origin int, after, end schemas.Time) window.Partial {
	return window.Partial{
		Rollout: v.plan.Rollout, Generation: v.plan.Generation, Revision: v.plan.Revision,
		PlanHash: v.planHash, Lane: lane, Origin: origin, After: after, End: end,
	}
}

// due returns the starts of the open windows that end at or before through, ascending.
func (v *view) due(open map[schemas.Time]*openWindow, through schemas.Time) []schemas.Time {
	var starts []schemas.Time
	for start := range open { // order-free: sorted below
		if start.Add(v.plan.Length) <= through {
			starts = append(starts, start)
		}
	}
	slices.Sort(starts)
	return starts
}
