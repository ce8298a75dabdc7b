package join

import (
	"cmp"
	"slices"

	"verdin/schemas"
)

// turn is a prediction of a unit: from its time on outcomes of the unit belong to it,
// until the next one. Two of one time take turns by their key.
type turn struct {
	TS  schemas.Time
	Key uint64
}

func (a turn) compare(b turn) int { return cmp.Or(cmp.Compare(a.TS, b.TS), cmp.Compare(a.Key, b.Key)) }

// WithUnits has an empty joiner take outcomes that name their unit only. It costs 16
// bytes for every open prediction of a unit.
func (j *Joiner) WithUnits() *Joiner {
	j.units = true
	return j
}

// enter adds a prediction to the turns of its unit. Most come in order of time.
func (j *Joiner) enter(p *Prediction) {
	if !j.units || p.Unit == 0 {
		return
	}
	list, t := j.turns[p.Unit], turn{p.TS, p.Key}
	i := len(list)
	for i > 0 && list[i-1].compare(t) > 0 {
		i--
	}
	j.turns[p.Unit] = slices.Insert(list, i, t)
}

// leave forgets the turns before an instant of the units that have predictions in rows.
func (j *Joiner) leave(rows []Prediction, before schemas.Time) {
	if !j.units {
		return
	}
	for i := range rows {
		unit := rows[i].Unit
		list := j.turns[unit]
		n := 0
		for n < len(list) && list[n].TS < before {
			n++
		}
		if n == len(list) {
			delete(j.turns, unit)
		} else {
			j.turns[unit] = list[n:]
		}
	}
}

// until is when the next prediction of p's unit has its turn, Never = none is known.
func (j *Joiner) until(p *Prediction) schemas.Time {
	list, t := j.turns[p.Unit], turn{p.TS, p.Key}
	i, _ := slices.BinarySearchFunc(list, t, turn.compare)
	for i < len(list) && list[i] == t { // both arms answered one request: each has its turn
		i++
	}
	if i == len(list) {
		return schemas.Never
	}
	return list[i].TS
}

// takeUnit returns the least eligible outcome for a metric that names the unit of a
// prediction and falls in its turn. All in its turn have found their prediction.
func (j *Joiner) takeUnit(p Prediction, start schemas.Time, metric int32, done *Closed) (taken Outcome, found bool) {
	head, ok := j.heads[p.Unit]
	if !ok {
		return Outcome{}, false
	}
	until := j.until(&p)
	for n := head; n >= 0; n = j.nodes[n].next {
		o := &j.nodes[n]
		if o.Metric < metric || o.Metric == metric && o.TS < p.TS {
			continue
		}
		if o.Metric > metric || o.TS >= until {
			break
		}
		if j.eligible(&p, start, &o.Outcome) && o.match(&p, done) && !found {
			taken, found = o.Outcome, true
		}
	}
	return taken, found
}
