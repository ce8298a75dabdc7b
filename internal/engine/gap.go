package engine

import (
	"slices"

	"verdin/ingest/window"
	"verdin/schemas"
)

// gap is a stretch of event time of which a log's records are missing: windows that
// end after one instant and start at or before another may lack predictions or
// outcomes in the label lane.
type gap struct {
	log           int
	after, before schemas.Time
}

// lose says that records of a log are missing from here on.
func (v *view) lose(log int) {
	l := &v.logs[log]
	if l.kinds.Carries(schemas.KindPrediction) || l.kinds.Carries(schemas.KindResource) {
		l.gapTo = schemas.Never
	}
	if !v.labels || slices.ContainsFunc(v.gaps, func(g gap) bool { return g.log == log && g.before == schemas.Never }) {
		return
	}
	after := schemas.Never
	if l.kinds.Carries(schemas.KindPrediction) {
		after = l.sealed
		if v.plan.ByUnit { // nobody knows whose the outcomes are
			after = l.sealed.Add(-v.plan.Horizon)
		}
	}
	if l.kinds.Carries(schemas.KindOutcome) || l.kinds.Carries(schemas.KindPrediction) && v.plan.Mirrored() { // of any prediction whose horizon the log had not passed
		after = min(after, l.passed.Add(-v.plan.Horizon))
	}
	v.gaps = append(v.gaps, gap{log, after, schemas.Never})
}

// found says that a log's records are whole again from one with which its greatest
// event time is top. A missing one was on time if it was at most the lateness ahead.
func (v *view) found(log int, top schemas.Time) {
	last := top.Add(v.plan.Lateness)
	if l := &v.logs[log]; l.gapTo == schemas.Never {
		l.gapTo = last
	}
	for i := range v.gaps {
		if g := &v.gaps[i]; g.log == log && g.before == schemas.Never {
			g.before = last.Add(v.plan.Skew())
		}
	}
}

// incomplete tells whether a label window that ends in (v.closed, end] may miss records.
func (v *view) incomplete(end schemas.Time) bool {
	return slices.ContainsFunc(v.gaps, func(g gap) bool { return end > g.after && v.closed <= g.before })
}

// mended forgets the gaps of closed windows.
func (v *view) mended() {
	v.gaps = slices.DeleteFunc(v.gaps, func(g gap) bool { return g.before < v.closed })
}

// hole is a stretch of windows, those that end in (after, end], that may miss records
// of some log or shard.
type hole struct{ after, end schemas.Time }

// dig notes the hole that a partial tells of.
func (j *Judge) dig(p *window.Partial) {
	if p.Gap {
		j.holes[p.Lane] = append(j.holes[p.Lane], hole{p.After, p.End})
	}
}

// inHole tells whether a window may miss records.
func (j *Judge) inHole(lane window.Lane, end schemas.Time) bool {
	return slices.ContainsFunc(j.holes[lane], func(h hole) bool { return h.after < end && end <= h.end })
}

// holeBegins is the end of the last window of the fast lane before a hole that holds the
// window of this end.
func (j *Judge) holeBegins(end schemas.Time) schemas.Time {
	after := end.Add(-j.plan.Length)
	for _, h := range j.holes[window.Fast] {
		if h.after < end && end <= h.end {
			after = min(after, h.after)
		}
	}
	return after
}

// fill forgets the holes of a lane that end before the window that was judged last.
func (j *Judge) fill(lane window.Lane) {
	j.holes[lane] = slices.DeleteFunc(j.holes[lane], func(h hole) bool { return h.end < j.done[lane] })
}
