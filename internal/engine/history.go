package engine

import (
	"math"
	"time"

	"verdin/decision"
	"verdin/ingest/window"
	"verdin/schemas"
	"verdin/stats"
	"verdin/stats/multiple"
)

const (
	mostPanes = 12  // of event time that are remembered: the open one, and its past
	leastPane = 100 // rows of an arm in a pane, and in its past, below which they are not compared
)

// historyCheck asks of each arm whether it is still what it was: event time is cut into
// panes, and a pane that has ended is compared with those before it by a fresh drift
// check, in the same bins, with the past in the place of stable. Within an arm the k-th
// comparison has 6/(π²k²) of the arm's error, so that the chance that any of them is
// beyond it, in a rollout however long, is at most the arm's error: the union bound, since
// comparisons share panes. Nothing follows from what it finds: it is reported.
//
// Which panes are compared depends on the number of rows and on gaps alone, never on values.
type historyCheck struct {
	spec   *decision.Drift
	limit  float64 // of each arm
	plan   *window.Plan
	length time.Duration
	fields []int // among the plan's features
	panes  []pane
	arms   [2]ownPast
}

// pane is what a stretch of event time has counted.
type pane struct {
	at   int64 // the how-manieth since the rollout began, from 0
	torn bool  // records are missing
	arms [2]paneArm
}

type paneArm struct {
	rows uint64
	bins [][]uint64 // by watched feature: as windows count it; none while its edges are learnt
}

// ownPast is what the comparisons of one arm have shown.
type ownPast struct {
	now, most float64 // logarithm of e of the last comparison and of the greatest, less what it may spend
	odd       odd     // the comparison with most evidence
	n         int64   // rows of the panes that were compared
	first     int64
	compared  int64
	skipped   stats.Skips // panes
}

// odd is a pane that differs from its past, in words and numbers.
type odd struct {
	start    schemas.Time
	distance float64
	scale    string
	note     string   // the feature, and the fault if it is one
	n        [2]int64 // rows: past, present
}

func newHistories(c compiled) []Test {
	var out []Test
	for i := range c.spec.Drift {
		d := &c.spec.Drift[i]
		if d.Comparison() != decision.History {
			continue
		}
		out = append(out, &historyCheck{spec: d, limit: c.budget.Threshold(d.Name, decision.HistoryTest), plan: c.plan,
			length: d.Pane, fields: watchedBy(c.plan, d)})
	}
	return out
}

// Relearn follows a revision of the plan: from there on windows have bins of more features.
func (t *historyCheck) Relearn(p *window.Plan) { t.plan = p }

// StartStage does nothing: what an arm was before a step is its past as well.
func (t *historyCheck) StartStage(int) {}

// Gap says that windows that end in (after, end] may miss records.
func (t *historyCheck) Gap(after, end schemas.Time) {
	if last := len(t.panes) - 1; last >= 0 && after < t.start(t.panes[last].at+1) {
		t.panes[last].torn = true
	}
	if p := t.turn(end.Add(-t.plan.Length)); p != nil {
		p.torn = true
	}
}

func (t *historyCheck) Observe(b Block) {
	if b.Lane != window.Fast || b.Segment > 0 {
		return
	}
	p := t.turn(b.Start)
	if p == nil {
		return
	}
	for a, from := range [2]*window.Arm{b.Stable, b.Canary} {
		arm := &p.arms[a]
		arm.rows += from.N
		for i, at := range t.fields {
			bins := from.Features[at].Bins
			if len(bins) == 0 || len(bins) != t.size(i) {
				continue // binned before the edges were known
			}
			arm.bins[i] = plus(arm.bins[i], bins)
		}
	}
}

// size is the length of a feature's counts; 0 while its edges are learnt.
func (t *historyCheck) size(i int) int { return t.plan.Features[t.fields[i]].Bins() * t.plan.Subs() }

// plus adds counts to a sum, which is made when there is something to add.
func plus(sum, counts []uint64) []uint64 {
	if len(sum) != len(counts) {
		sum = make([]uint64, len(counts))
	}
	for k, n := range counts {
		sum[k] += n
	}
	return sum
}

// start is when a pane begins.
func (t *historyCheck) start(at int64) schemas.Time {
	return t.plan.Start.Add(time.Duration(at) * t.length)
}

// turn gives the pane in which a window starts, and compares the one before when that has
// ended. There is none for windows that come out of their order.
func (t *historyCheck) turn(start schemas.Time) *pane {
	at := int64(start.Sub(t.plan.Start) / t.length)
	last := len(t.panes) - 1
	switch {
	case start < t.plan.Start || last >= 0 && at < t.panes[last].at:
		return nil
	case last >= 0 && at == t.panes[last].at:
		return &t.panes[last]
	case last >= 0:
		t.close()
	}
	keep := 0
	for keep < len(t.panes) && t.panes[keep].at <= at-mostPanes {
		keep++
	}
	next := pane{at: at}
	for a := range next.arms {
		next.arms[a].bins = make([][]uint64, len(t.fields))
	}
	t.panes = append(t.panes[:0], append(t.panes[keep:], next)...)
	return &t.panes[len(t.panes)-1]
}

// close compares the pane that ends; one that misses records is no past of a later one.
func (t *historyCheck) close() {
	last := len(t.panes) - 1
	if t.panes[last].torn {
		t.panes = t.panes[:last]
		for a := range t.arms {
			t.arms[a].skipped.Incomplete++
		}
		return
	}
	for a := range t.arms {
		t.compare(a)
	}
}

// compare compares the last pane of an arm with those before it.
func (t *historyCheck) compare(a int) {
	last, own := len(t.panes)-1, &t.arms[a]
	present, past := &t.panes[last].arms[a], t.past(a)
	switch {
	case last == 0:
		own.skipped.Learning++ // it has no past yet
		return
	case present.rows < leastPane || past.rows < leastPane:
		own.skipped.TooFew++
		return
	}
	check := newDriftCheck(t.plan, t.spec, 1)
	check.Relearn(t.plan)
	check.Observe(Block{Lane: window.Fast, Revision: t.plan.Revision, Stable: t.asArm(&past), Canary: t.asArm(present)})
	if check.blocks == 0 {
		own.skipped.Learning++
		return
	}
	own.compared++
	own.n += int64(present.rows)
	own.now = check.logE() + math.Log(multiple.GenerationAlpha(1, int(own.compared)))
	at := t.start(t.panes[last].at)
	if own.compared == 1 || own.now > own.most {
		own.most, own.odd = own.now, oddest(check, at, [2]int64{int64(past.rows), int64(present.rows)})
	}
	if own.first == 0 && own.most >= t.limit {
		own.first = int64(at) / 1e6
	}
}

// past is the sum of an arm's panes but the last.
func (t *historyCheck) past(a int) (sum paneArm) {
	sum.bins = make([][]uint64, len(t.fields))
	for k := range t.panes[:len(t.panes)-1] {
		arm := &t.panes[k].arms[a]
		sum.rows += arm.rows
		for i, bins := range arm.bins {
			if len(bins) > 0 {
				sum.bins[i] = plus(sum.bins[i], bins)
			}
		}
	}
	return sum
}

// asArm gives counts the form in which windows bring them.
func (t *historyCheck) asArm(p *paneArm) *window.Arm {
	arm := &window.Arm{N: p.rows, Features: make([]stats.Summary, len(t.plan.Features))}
	for i, bins := range p.bins {
		arm.Features[t.fields[i]].Bins = bins
	}
	return arm
}

// oddest describes a comparison by the feature with most evidence.
func oddest(check *driftCheck, start schemas.Time, n [2]int64) odd {
	o := odd{start: start, n: n}
	f := check.worst()
	effect, _ := f.effect()
	o.distance, o.scale, o.note = effect.Estimate, effect.Scale, f.field
	if effect.Scale == "share" {
		name, _ := f.faults.Cell(f.faults.Worst())
		o.note += ", " + name
	}
	return o
}
