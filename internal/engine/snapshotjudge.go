package engine

import (
	"slices"

	"verdin/decision"
	"verdin/drift"
	"verdin/ingest/window"
	"verdin/internal/wire"
	"verdin/schemas"
	"verdin/stats"
)

func (j *Judge) fields(f *wire.Fields) {
	f.Item(j.state.AppendBinary, func(b []byte) (rest []byte, err error) {
		j.state, rest, err = decision.DecodeState(b, len(j.spec.Stages))
		return rest, err
	})
	f.Check(j.state.Generation == uint64(j.plan.Generation), "generation %d in a state of generation %d", j.state.Generation, j.plan.Generation)
	j.revision(f)
	j.learn.fields(f)
	for l := range j.origins {
		for i := range j.origins[l] {
			j.origins[l][i].fields(f)
		}
		wire.Map(f, j.open[l], instant(f), func(end schemas.Time, p **window.Partial) {
			if f.Reading() {
				*p = &window.Partial{}
			}
			j.partial(f, *p)
			f.Check((*p).Lane == window.Lane(l) && (*p).End == end, "a window of lane %v that ends at %d is another's", l, end)
		})
		wire.Int(f, &j.done[l])
		wire.Slice(f, &j.holes[l], func(h *hole) {
			wire.Int(f, &h.after)
			wire.Int(f, &h.end)
		})
	}
	wire.Int(f, &j.at)
	f.Check(j.at >= -1 && j.at < len(j.spec.Stages), "stage %d of %d", j.at, len(j.spec.Stages))
	f.Bool(&j.foreign)
	stageFields(f, &j.stage)
	healthFields(f, &j.health)
	j.exposed.fields(f)
	for i := range j.heard {
		j.heard[i].fields(f)
	}
	x := &j.faults
	for _, n := range []*int64{&x.HistoryLost, &x.Largest[0], &x.Largest[1], &x.Strangers[0], &x.Strangers[1]} {
		wire.Int(f, n)
	}
	match(f, "the number of tests", len(j.tests))
	for _, t := range j.tests {
		f.Part(t.AppendState, t.Restore)
	}
}

// revision is the plan's, with the bins that were learnt; tests that follow them are made
// as they were when the bins were frozen.
func (j *Judge) revision(f *wire.Fields) {
	f.Bool(&j.learn.revised)
	if !j.learn.revised {
		return
	}
	if f.Reading() {
		j.learn.learnt = make([]drift.Reference, len(j.plan.Features))
	}
	for i := range j.learn.learnt {
		reference(f, &j.learn.learnt[i], j.plan.Features[i].Field)
	}
	if f.Reading() && f.Err() == nil {
		j.plan = j.learn.revise(j.plan)
		j.relearn()
	}
}

// reference passes what was learnt of a feature: nothing, or its cuts and the rows by
// bin. What is learnt has no odd rows.
func reference(f *wire.Fields, r *drift.Reference, field string) {
	var cuts []float64
	if r.Edges != nil {
		cuts = r.Edges.Cuts()
	}
	counts := r.Counts
	wire.Slice(f, &cuts, f.Float)
	wire.Slice(f, &counts, func(n *int64) { wire.Int(f, n) })
	if !f.Reading() || f.Err() != nil || len(cuts)+len(counts) == 0 {
		return
	}
	e, err := drift.NewEdges(cuts)
	f.Check(err == nil && len(counts) == len(cuts)+1 && slices.Min(counts) >= 0 && slices.Max(counts) <= learnMost, "the edges of %s: %v", field, err)
	if f.Err() == nil {
		*r = drift.Reference{Field: field, Edges: e, Counts: counts}
	}
}

// partial passes a partial of the rollout.
func (j *Judge) partial(f *wire.Fields, p *window.Partial) {
	f.Item(p.AppendBinary, func(b []byte) (rest []byte, err error) {
		*p, rest, err = window.DecodePartial(b)
		return rest, err
	})
	f.Check(p.Rollout == j.plan.Rollout && p.Origin < len(j.origins[p.Lane]) && j.plan.Fits(p), "a partial of %q, origin %d, is another's", p.Rollout, p.Origin)
}

func (o *origin) fields(f *wire.Fields) {
	wire.Int(f, &o.sealed)
	wire.Int(f, &o.from)
	wire.Slice(f, &o.seals, func(s *sealed) {
		wire.Int(f, &s.end)
		wire.Int(f, &s.to)
	})
}

func (l *learner) fields(f *wire.Fields) {
	wire.Int(f, &l.windows)
	f.Bool(&l.frozen)
	f.Bool(&l.revised)
	for i := range l.features {
		wire.Uint(f, &l.seen[i])
		f.Item(l.samples[i].AppendBinary, func(b []byte) (rest []byte, err error) {
			l.samples[i], rest, err = stats.DecodeBottomK(b)
			return rest, err
		})
	}
}

func stageFields(f *wire.Fields, s *decision.StageData) {
	wire.Int(f, &s.Bake)
	wire.Int(f, &s.LabelBake)
	for a := range s.Samples {
		wire.Int(f, &s.Samples[a])
		wire.Int(f, &s.LabelSamples[a])
	}
}

func healthFields(f *wire.Fields, h *decision.HealthData) {
	for _, t := range []*schemas.Time{&h.Since, &h.Mark, &h.LastData, &h.LastArm[0], &h.LastArm[1]} {
		wire.Int(f, t)
	}
	for _, n := range []*int64{&h.StableSinceCanary, &h.CanarySinceStable, &h.Late[0], &h.Late[1],
		&h.Seen[0], &h.Seen[1], &h.Incomplete, &h.Unmatched, &h.ArmMismatch,
		&h.Units[0], &h.Units[1], &h.Crossed, &h.Pairs[0], &h.Pairs[1]} {
		wire.Int(f, n)
	}
}
