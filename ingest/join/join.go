package join

import (
	"cmp"
	"slices"
	"time"

	"verdin/schemas"
)

// MaxCandidates bounds the outcomes kept for one key and metric, of a unit also by the
// window of their time: the least by (event time, log, offset). A well-behaved producer
// sends one for a prediction.
const MaxCandidates = 8

// Prediction is an exposure that waits for its outcomes.
type Prediction struct {
	Key        uint64 // keyed hash of the prediction's id
	Unit       uint64 // keyed hash of its unit, another than any prediction's; 0 = none
	TS         schemas.Time
	Arm        int8
	Generation uint32
	Stage      int32
	Within     [4]uint8 // the segments that it belongs to, 0 = none
}

// Outcome is one value for one metric.
type Outcome struct {
	Key    uint64 // of a prediction, or, where ByUnit is set, of a unit
	ByUnit bool   // it belongs to the last prediction of its unit: see J3
	Metric int32  // index among the metrics of the label lane; below 0 an answer of the canary to the same request
	Arm    int8   // -1 = the outcome does not say
	Log    int32
	Offset int64
	TS     schemas.Time
	Mark   schemas.Time // watermark of the outcome's log just before it was read
	Value  float64
	Valid  bool // false: the value could not be counted
}

// Joiner holds the open predictions and outcomes of one rollout in one shard.
// The zero value is not ready: use New.
type Joiner struct {
	length, horizon, skew time.Duration
	open                  map[schemas.Time][]Prediction // by window start
	heads                 map[uint64]int32              // key → first node
	nodes                 []node
	free                  int32                     // head of the list of free nodes, -1 = none
	expiry                map[schemas.Time][]uint64 // keys by the window after which they are useless
	units                 bool                      // outcomes may name units
	turns                 map[uint64][]turn         // by unit, ascending: its open predictions
	spare                 [][]Prediction
}

type node struct {
	Outcome
	next    int32
	matched bool
}

// New returns an empty joiner for windows of the given length, of outcomes that name
// their prediction. WithUnits allows for others.
func New(length, horizon, skew time.Duration) *Joiner {
	return &Joiner{
		length: length, horizon: horizon, skew: skew,
		open:   map[schemas.Time][]Prediction{},
		heads:  map[uint64]int32{},
		free:   -1,
		expiry: map[schemas.Time][]uint64{},
		turns:  map[uint64][]turn{},
	}
}

// Expose adds a prediction to its window.
func (j *Joiner) Expose(p Prediction) {
	w := p.TS.Floor(j.length)
	rows, ok := j.open[w]
	if !ok && len(j.spare) > 0 {
		rows = j.spare[len(j.spare)-1]
		j.spare = j.spare[:len(j.spare)-1]
	}
	j.open[w] = append(rows, p)
	j.enter(&p)
}

// Label adds an outcome. It tells false when no prediction can be waiting for it
// any more: the outcome came too late by its own log.
func (j *Joiner) Label(o Outcome) bool {
	last := j.last(&o)
	if o.Mark >= last.Add(j.length+j.horizon) {
		return false
	}
	head, known := j.heads[o.Key]
	if !known {
		head = -1
		j.expiry[last] = append(j.expiry[last], o.Key)
	}
	j.heads[o.Key] = j.insert(head, o)
	return true
}

// last is the start of the last window that can hold an outcome's prediction.
func (j *Joiner) last(o *Outcome) schemas.Time {
	if o.ByUnit {
		return o.TS.Floor(j.length)
	}
	return o.TS.Add(j.skew).Floor(j.length)
}

// insert keeps the list of a key sorted by (metric, ts, log, offset), without
// repeats and with at most MaxCandidates per metric, of units per metric and window.
func (j *Joiner) insert(head int32, o Outcome) int32 {
	prev, at, same := int32(-1), head, 0
	for at >= 0 {
		c := compare(&j.nodes[at].Outcome, &o)
		if c == 0 {
			return head // the same record again
		}
		if c > 0 {
			break
		}
		if j.nodes[at].repeats(&o) {
			return head // delivered again at a later offset
		}
		if j.rivals(&j.nodes[at].Outcome, &o) {
			same++
		}
		prev, at = at, j.nodes[at].next
	}
	if same >= MaxCandidates {
		return head
	}
	n := j.alloc(o, at)
	if prev < 0 {
		head = n
	} else {
		j.nodes[prev].next = n
	}
	j.trim(n, same+1)
	return head
}

// rivals tells whether two outcomes of one key count towards one bound.
func (j *Joiner) rivals(a, b *Outcome) bool {
	return a.Metric == b.Metric && (!a.ByUnit || a.TS.Floor(j.length) == b.TS.Floor(j.length))
}

// repeats tells whether o is the same outcome of the same log, sent again.
func (n *node) repeats(o *Outcome) bool {
	return n.Metric == o.Metric && n.TS == o.TS && n.Log == o.Log && n.Arm == o.Arm && n.Value == o.Value && n.Valid == o.Valid
}

// trim drops the rivals that follow n beyond the bound.
func (j *Joiner) trim(n int32, count int) {
	for prev, at := n, j.nodes[n].next; at >= 0 && j.rivals(&j.nodes[at].Outcome, &j.nodes[n].Outcome); at = j.nodes[prev].next {
		if count++; count > MaxCandidates {
			j.nodes[prev].next = j.nodes[at].next
			j.release(at)
			continue
		}
		prev = at
	}
}

func compare(a, b *Outcome) int {
	return cmp.Or(cmp.Compare(a.Metric, b.Metric), cmp.Compare(a.TS, b.TS),
		cmp.Compare(a.Log, b.Log), cmp.Compare(a.Offset, b.Offset))
}

func (j *Joiner) alloc(o Outcome, next int32) int32 {
	if j.free < 0 {
		j.nodes = append(j.nodes, node{Outcome: o, next: next})
		return int32(len(j.nodes) - 1)
	}
	n := j.free
	j.free = j.nodes[n].next
	j.nodes[n] = node{Outcome: o, next: next}
	return n
}

func (j *Joiner) release(n int32) {
	j.nodes[n] = node{next: j.free}
	j.free = n
}

// Len is the number of predictions in the window that starts at start.
func (j *Joiner) Len(start schemas.Time) int { return len(j.open[start]) }

// Windows returns the starts of the open windows that end at or before limit, ascending.
func (j *Joiner) Windows(limit schemas.Time) []schemas.Time {
	var ws []schemas.Time
	for w := range j.open { // order-free: sorted below
		if w.Add(j.length) <= limit {
			ws = append(ws, w)
		}
	}
	slices.Sort(ws)
	return ws
}
