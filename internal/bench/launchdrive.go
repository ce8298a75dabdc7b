package bench

import (
	"time"

	"verdin/decision"
	"verdin/ingest/window"
	"verdin/internal/engine"
	"verdin/schemas"
)

// Times of a launch: windows are of a minute, judged half a minute after their end, and
// routers serve what was decided two seconds later.
const (
	minute    = schemas.Time(time.Minute)
	lateness  = 30 * time.Second
	routerLag = 2 * time.Second
)

// Fate is what became of one rollout.
type Fate struct {
	Phase    string // the last
	Reason   string // of the last verdict
	Promoted bool   // it reached 100 %
	Windows  int    // until the end
	Harmed   int    // windows of them in which the canary was at a margin or beyond
	Exposed  int64  // requests that the canary served in those
	Requests int64  // that both arms served in those
}

// count adds a window to a fate.
func (f *Fate) count(w *world, k int, parts []served, n [2]int64) {
	f.Windows++
	for _, p := range parts {
		if w.harms(Moment{Window: k, Share: p.share}) {
			f.Harmed, f.Exposed, f.Requests = f.Harmed+1, f.Exposed+n[1], f.Requests+n[0]+n[1]
			return
		}
	}
}

// harms tells whether the canary is at a margin or beyond, for anything.
func (w *world) harms(m Moment) bool {
	yes := w.Shift != nil && w.Shift(m) > 0
	for i := range w.Gauges {
		for m.Segment = range segmentShares {
			yes = yes || w.Gauges[i].Dose != nil && w.Gauges[i].Dose(m) >= 1
		}
	}
	return yes
}

func (f Fate) rolledBack() bool { return f.Phase == schemas.PhaseRolledBack }
func (f Fate) completed() bool  { return f.Phase == schemas.PhaseCompleted }

// source makes the partials of a window.
type source interface {
	window(k int, parts []served) (partials []window.Partial, n [2]int64)
	revise(plan *window.Plan, from schemas.Time)
}

// drive plays a rollout to the judge and the decision that live rollouts have, in a
// closed loop: what a verdict orders is served from two seconds later on. It is told of
// every verdict.
func (w *world) drive(spec *decision.Spec, generation uint64, told func(k int, v *schemas.Verdict)) (f Fate) {
	layout := engine.Layout(spec)
	plan := engine.Compile(spec, layout, uint32(generation), 0)
	head := decision.Head{Generation: generation - 1}
	judge := engine.NewJudge(spec, plan, decision.New(spec, head, plan.Start), launchLogs)
	var from source
	if w.Visits != nil {
		from = newVisitors(w, plan, layout, launchLogs)
	} else {
		from = &summaries{world: w, plan: plan}
	}
	var now served
	var applied []decision.Applied
	cut := func(seq int, wall schemas.Time, partials []window.Partial) (next served) {
		eff := judge.Step(engine.JudgeInput{Cut: decision.Cut{Seq: int64(seq), Wall: wall, Due: wall},
			Upto: schemas.Never, Partials: partials, Applied: applied})
		applied = nil
		if eff.Plan != nil {
			from.revise(eff.Plan, eff.PlanFrom)
		}
		v := eff.Verdict
		if v == nil {
			return now
		}
		if told != nil {
			told(seq, v)
		}
		applied = []decision.Applied{{Generation: v.Generation, Sequence: v.Sequence, At: wall.Add(routerLag)}}
		f.Phase, f.Reason = v.Phase, v.Reason.Code
		f.Promoted = f.Promoted || v.Verdict == schemas.VerdictPromote
		return served{uint32(v.Generation), int32(v.Stage.Index), float64(v.Routes[0].WeightBps) / schemas.WeightTotal, 1}
	}
	now = cut(0, 0, nil)
	parts := []served{now}
	for k := range w.Windows {
		partials, n := from.window(k, parts)
		f.count(w, k, parts, n)
		next := cut(k+1, schemas.Time(k+1)*minute+schemas.Time(lateness), partials)
		if decision.Final(f.Phase) {
			return f
		}
		parts = []served{next}
		if next != now { // the window that runs now sees both
			parts = []served{now, next}
			parts[0].fraction = (lateness + routerLag).Minutes()
			parts[1].fraction = 1 - parts[0].fraction
		}
		now = next
	}
	return f
}

// summaries is a source whose windows are drawn as what they add up to.
type summaries struct {
	*world
	plan, next *window.Plan
	nextFrom   schemas.Time
	label      [][]window.Cell // windows whose labels are not due
}

func (s *summaries) revise(plan *window.Plan, from schemas.Time) { s.next, s.nextFrom = plan, from }

func (s *summaries) window(k int, parts []served) (out []window.Partial, n [2]int64) {
	if s.next != nil && schemas.Time(k)*minute >= s.nextFrom {
		s.plan, s.next = s.next, nil
	}
	fast, label := s.partial(window.Fast, k), s.partial(window.Label, k)
	for i, p := range parts {
		f, l := s.draw(k, i, p, s.plan)
		fast.Merge(&window.Partial{Cells: f, Revision: s.plan.Revision, PlanHash: fast.PlanHash})
		label.Merge(&window.Partial{Cells: l, Revision: s.plan.Revision, PlanHash: fast.PlanHash})
		for a := range n {
			n[a] += int64(f[0].Arms[a].N)
		}
	}
	out = append(out, fast)
	s.label = append(s.label, label.Cells)
	if due := k - horizon; due >= 0 {
		p := s.partial(window.Label, due)
		p.Cells, s.label[due] = s.label[due], nil
		out = append(out, p)
	}
	return out, n
}

func (s *summaries) partial(lane window.Lane, k int) window.Partial {
	return window.Partial{Rollout: s.plan.Rollout, Generation: s.plan.Generation, Revision: s.plan.Revision, PlanHash: s.plan.Hash(),
		Lane: lane, After: schemas.Time(k) * minute, End: schemas.Time(k+1) * minute, To: int64(k + 1)}
}
