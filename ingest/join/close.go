package join

import (
	"slices"

	"verdin/schemas"
)

// Closed counts what happened when a window was closed.
type Closed struct {
	Mismatch  uint64 // outcomes whose arm contradicts their prediction
	Unmatched uint64 // outcomes that no prediction took
}

// Close ends the window that starts at start: visit is called once for each of
// its predictions, in order of arrival, with a function that yields the outcome
// taken for a metric, until it returns. The caller sums exactly, so the order does not matter.
func (j *Joiner) Close(start schemas.Time, visit func(p Prediction, taken func(metric int32) (Outcome, bool))) Closed {
	var done Closed
	rows := j.open[start]
	var p Prediction
	taken := func(metric int32) (Outcome, bool) { // one for all: made in the loop, each would be memory of its own
		o, ok := j.take(p, start, metric, &done)
		if !ok && j.units && p.Unit != 0 {
			o, ok = j.takeUnit(p, start, metric, &done)
		}
		return o, ok
	}
	for _, p = range rows {
		visit(p, taken)
	}
	j.leave(rows, start.Add(j.length))
	if rows != nil {
		j.spare = append(j.spare, rows[:0])
		delete(j.open, start)
	}
	return done
}

// take returns the least eligible outcome for a metric that names the prediction.
func (j *Joiner) take(p Prediction, start schemas.Time, metric int32, done *Closed) (Outcome, bool) {
	head, ok := j.heads[p.Key]
	if !ok {
		return Outcome{}, false
	}
	for n := head; n >= 0; n = j.nodes[n].next {
		o := &j.nodes[n]
		if o.Metric != metric || !j.eligible(&p, start, &o.Outcome) {
			continue
		}
		if o.match(&p, done) {
			return o.Outcome, true
		}
	}
	return Outcome{}, false
}

// match notes that an outcome has found its prediction, and tells whether it is about
// its arm.
func (o *node) match(p *Prediction, done *Closed) bool {
	first := !o.matched
	o.matched = true
	fits := o.Arm < 0 || o.Arm == p.Arm
	if !fits && first {
		done.Mismatch++
	}
	return fits
}

func (j *Joiner) eligible(p *Prediction, start schemas.Time, o *Outcome) bool {
	return o.TS >= p.TS.Add(-j.skew) && o.TS <= p.TS.Add(j.horizon) &&
		o.Mark < start.Add(j.length+j.horizon)
}

// Expire forgets the outcomes that no window after the one ending at limit can
// take, and counts those that were never taken.
func (j *Joiner) Expire(limit schemas.Time) (unmatched uint64) {
	var due []schemas.Time
	for w := range j.expiry { // order-free: the result is a count
		if w.Add(j.length) <= limit {
			due = append(due, w)
		}
	}
	slices.Sort(due)
	for _, w := range due {
		for _, key := range j.expiry[w] {
			unmatched += j.forget(key, limit)
		}
		delete(j.expiry, w)
	}
	return unmatched
}

// forget drops a key's outcomes; later ones of the same key move to their own expiry.
func (j *Joiner) forget(key uint64, limit schemas.Time) (unmatched uint64) {
	head, ok := j.heads[key]
	if !ok {
		return 0
	}
	keep, keepTail := int32(-1), int32(-1)
	var again schemas.Time
	for n := head; n >= 0; {
		next := j.nodes[n].next
		last := j.last(&j.nodes[n].Outcome)
		if last.Add(j.length) > limit {
			j.nodes[n].next = -1
			if keepTail < 0 {
				keep, again = n, last
			} else {
				j.nodes[keepTail].next = n
				again = min(again, last)
			}
			keepTail = n
		} else {
			if !j.nodes[n].matched && j.nodes[n].Metric >= 0 {
				unmatched++
			}
			j.release(n)
		}
		n = next
	}
	if keep < 0 {
		delete(j.heads, key)
		return unmatched
	}
	j.heads[key] = keep
	j.expiry[again] = append(j.expiry[again], key)
	return unmatched
}
