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
	number := 0
	for k := range c.spec.Segments {
		g := &c.spec.Segments[k]
		for n, value := range g.Values {
			number++
			spec := *d
			spec.Role = g.RoleIn(d.Role, n)
			t := c.driftCheck(&spec, g.Name(value))
			t.segment = number
			for i := range t.features {
				t.features[i].slot = slices.Index(c.plan.Inside, t.features[i].at)
			}
			t.Relearn(c.plan)
			out = append(out, t)
		}
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
