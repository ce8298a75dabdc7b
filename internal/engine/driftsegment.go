package engine

import (
	"slices"

	"verdin/decision"
	"verdin/ingest/window"
)

// segmentDrifts ask for drift within each segment of the rollout, where a check says so.
// As for metrics, segments look for harm only: what a step forward needs is shown of all
// traffic.
func (c compiled) segmentDrifts(d *decision.Drift) (out []*driftCheck) {
	if !d.Segments {
		return nil
	}
	for number, in := range c.segments() {
		spec := *d
		spec.Role = in.field.RoleIn(d.Role, in.n)
		t := c.driftCheck(&spec, in.name())
		t.segment = number
		for i := range t.features {
			t.features[i].slot = slices.Index(c.plan.Inside, t.features[i].at)
		}
		t.Relearn(c.plan)
		out = append(out, t)
	}
	return out
}

// inside are the features of a plan that checks compare within segments.
func inside(s *decision.Spec, p *window.Plan) (at []int) {
	for i := range p.Features {
		asked := func(d decision.Drift) bool {
			return d.Segments && slices.ContainsFunc(d.Of, func(f decision.Feature) bool { return f.Field == p.Features[i].Field })
		}
		if len(s.Segments) > 0 && slices.ContainsFunc(s.Drift, asked) {
			at = append(at, i)
		}
	}
	return at
}
