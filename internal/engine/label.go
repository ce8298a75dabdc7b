package engine

import (
	"encoding/binary"
	"slices"

	"verdin/ingest/join"
	"verdin/ingest/window"
	"verdin/schemas"
)

// outcome shows an outcome to the rollout: one candidate of the join for every
// metric that asks for its name, or, when it names its own arm, one value.
func (v *view) outcome(c *schemas.Chunk, i int, arm int8) {
	switch {
	case !v.wanted(c, i):
		v.counts.Other++
	case c.Arm[i].Len > 0 && arm < 0:
		v.counts.Arm++
	case c.Arm[i].Len > 0 && c.Rollout[i].Len > 0 && !(v.plan.Mirrored() && c.Key[i].Len > 0):
		v.ownArm(c, i, arm)
	case c.Key[i].Len == 0 && (!v.plan.ByUnit || c.Unit[i].Len == 0):
		v.counts.NoKey++
	default:
		v.candidate(c, i, arm)
	}
}

// wanted tells whether a metric asks for the outcome's name and finds a value in it.
func (v *view) wanted(c *schemas.Chunk, i int) (yes bool) {
	v.each(c, i, func(int, float64, bool) { yes = true })
	return yes
}

func (v *view) candidate(c *schemas.Chunk, i int, arm int8) {
	log := &v.logs[c.Log]
	key, byUnit := v.hash.sum(0, c.Bytes(c.Key[i])), c.Key[i].Len == 0
	if byUnit {
		key = v.unit(c, i)
	}
	taken := false
	v.each(c, i, func(n int, x float64, valid bool) {
		arm := arm
		if v.plan.Metrics[v.pools[window.Label].Metrics()[n]].Pair == window.Both {
			n, arm = int(v.slot(n, arm)), -1
		}
		taken = v.joiner.Label(join.Outcome{
			Key: key, ByUnit: byUnit, Metric: int32(n), Arm: arm, Log: int32(c.Log), Offset: c.Offset[i],
			TS: c.TS[i], Mark: log.passed, Value: x, Valid: valid,
		}) || taken
	})
	if !taken {
		v.counts.Late++
		return
	}
	v.counts.Counted++
}

// ownArm adds an outcome that names its arm to the label window of its own time.
func (v *view) ownArm(c *schemas.Chunk, i int, arm int8) {
	log := &v.logs[c.Log]
	start := v.plan.Window(c.TS[i])
	if start < v.plan.Start {
		v.counts.Early++
		return
	}
	if v.plan.Sticky && c.Unit[i].Len == 0 {
		v.counts.NoKey++
		return
	}
	id := v.outcomeIdentity(c, i, arm)
	if start.Add(v.plan.Length) <= log.sealed {
		v.lateRow(log, arm, id, &v.late)
		return
	}
	w, ok := v.direct[start]
	if !ok {
		w = &openWindow{tally: v.pools[window.Label].Tally(), plan: v.plan, hash: v.planHash}
		v.direct[start] = w
	}
	if !w.seen.add(id) {
		v.counts.Duplicate++
		return
	}
	v.counts.Counted++
	hash := id
	if v.plan.Sticky {
		hash = v.unit(c, i)
	}
	w.tally.Direct(c.Generation[i], c.Stage[i], arm, hash, func(n int) (float64, bool, bool) {
		return v.reading(c, i, n)
	})
}

// outcomeIdentity is (log, arm, join key, name, identifier, revision), with the event
// time where an outcome names neither a prediction nor a unit.
func (v *view) outcomeIdentity(c *schemas.Chunk, i int, arm int8) uint64 {
	id := v.hash.sum(uint64(uint32(c.Revision[i])), c.Bytes(c.Key[i]))
	id = v.hash.sum(v.hash.sum(id, c.Bytes(c.Unit[i])), c.Bytes(c.Name[i]))
	id = v.hash.sum(id, c.Bytes(c.Identifier[i]))
	if c.Key[i].Len == 0 && c.Unit[i].Len == 0 {
		id = v.hash.sum(id, appendTime(nil, c.TS[i]))
	}
	return v.hash.sum(id, []byte{byte(c.Log), byte(arm)})
}

// each calls f for every metric of the lane that asks for the outcome's name and
// finds a value in it.
func (v *view) each(c *schemas.Chunk, i int, f func(n int, x float64, valid bool)) {
	for n := range v.pools[window.Label].Metrics() {
		if x, got, bad := v.reading(c, i, n); got || bad {
			f(n, x, !bad)
		}
	}
}

// reading is what an outcome says about the n-th metric of the lane: nothing, unless
// that asks for its name.
func (v *view) reading(c *schemas.Chunk, i, n int) (x float64, got, bad bool) {
	metric := &v.plan.Metrics[v.pools[window.Label].Metrics()[n]]
	if metric.On != schemas.KindOutcome || metric.Pair > window.Both || string(c.Bytes(c.Name[i])) != metric.Outcome {
		return 0, false, false
	}
	return metric.Read(c, i)
}

// sealLabel closes the label windows that every log of the shard has passed.
func (v *view) sealLabel(out *[]window.Partial) bool {
	through := schemas.Never
	for i := range v.logs {
		l := &v.logs[i]
		if l.kinds.Carries(schemas.KindPrediction) {
			through = min(through, v.exposed(l))
		}
		if l.kinds.Carries(schemas.KindOutcome) || l.kinds.Carries(schemas.KindPrediction) && v.plan.Mirrored() {
			through = min(through, v.labelMark(l))
		}
	}
	if through <= v.closed {
		return false
	}
	for _, start := range v.labelDue(through) {
		*out = append(*out, v.closeLabel(start))
	}
	unmatched := v.joiner.Expire(through)
	if v.closed < through {
		p := v.partial(window.Label, v.shard, v.closed, through)
		p.Gap = v.incomplete(through)
		*out = append(*out, p)
		v.closed = through
	}
	v.mended()
	last := &(*out)[len(*out)-1]
	last.Unmatched, last.Late = unmatched, v.late
	v.late = [2]uint64{}
	return true
}

// exposed is the end of the last window whose predictions are all known of a log, and,
// where outcomes belong to the last prediction of their unit, those within its horizon.
func (v *view) exposed(l *viewLog) schemas.Time {
	if !v.plan.ByUnit || l.sealed == schemas.Never {
		return l.sealed
	}
	return v.plan.Window(l.sealed.Add(-v.plan.Horizon))
}

// labelMark is the end of the last window whose horizon the log has passed.
func (v *view) labelMark(l *viewLog) schemas.Time {
	if l.passed == schemas.Never || l.passed == schemas.Unknown {
		return l.passed
	}
	return v.plan.Window(l.passed.Add(-v.plan.Horizon))
}

func (v *view) labelDue(through schemas.Time) []schemas.Time {
	starts := append(v.joiner.Windows(through), v.due(v.direct, through)...)
	slices.Sort(starts)
	return slices.Compact(starts)
}

func (v *view) closeLabel(start schemas.Time) window.Partial {
	tally := v.pools[window.Label].Tally()
	if w, ok := v.direct[start]; ok {
		tally = w.tally
		delete(v.direct, start)
	}
	row, asked := 0, v.asked[start]
	delete(v.asked, start)
	done := v.joiner.Close(start, func(p join.Prediction, taken func(int32) (join.Outcome, bool)) {
		hash := p.Key
		if v.plan.Sticky {
			hash = p.Unit
		}
		tally.ExposeWithin(p.Within, p.Generation, p.Stage, p.Arm, hash, func(n int) (float64, bool, bool) {
			o, ok := taken(int32(n))
			if metric := &v.plan.Metrics[v.pools[window.Label].Metrics()[n]]; metric.Joins {
				x := v.argument(asked, row, n)
				switch {
				case !metric.Concerns(x):
					return window.Missing, false, false
				case ok && o.Valid:
					return metric.Joined(x, o.Value)
				}
			}
			return o.Value, ok && o.Valid, ok && !o.Valid
		})
		if v.plan.Mirrored() && p.Arm == 0 {
			v.pair(tally, p, func(n int) float64 { return v.argument(asked, row, n) }, taken)
		}
		row++
	})
	if v.plan.Mirrored() {
		done.Mismatch = 0 // a prediction has an answer of either arm
	}
	p := v.partial(window.Label, v.shard, v.closed, start.Add(v.plan.Length))
	p.Cells, p.Mismatch, p.Gap = tally.Close(), done.Mismatch, v.incomplete(p.End)
	v.closed = p.End
	return p
}

// argument is what the n-th metric of the lane asked of a prediction.
func (v *view) argument(asked []float64, row, n int) float64 {
	k := slices.Index(v.asks, v.pools[window.Label].Metrics()[n])
	if k < 0 {
		return 0
	}
	return asked[row*len(v.asks)+k]
}

func appendTime(b []byte, t schemas.Time) []byte {
	return binary.LittleEndian.AppendUint64(b, uint64(t))
}
