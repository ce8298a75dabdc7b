package engine

import (
	"math"

	"verdin/decision"
	"verdin/drift"
	"verdin/ingest/window"
)

// fineness is how many groups of equal mass a check wants the values of a feature in. A
// bound on the KS distance is shown only if it exceeds the mass of every group, by as
// much as leaves room for evidence.
func fineness(d *decision.Drift) int {
	if d.Method == "ks" && d.Above > 0 {
		return int(math.Min(drift.FineBins, math.Max(drift.CoarseBins, math.Ceil(4/d.Above))))
	}
	return drift.CoarseBins
}

// wanted is how a feature's values are counted, for all checks on it.
type wanted struct {
	groups int  // the fineness of the check that wants most
	fine   bool // a check shows the distance between the values themselves
}

// finest is what the checks want of each feature of a plan.
func finest(s *decision.Spec, p *window.Plan) []wanted {
	want := make([]wanted, len(p.Features))
	for i := range s.Drift {
		for _, f := range s.Drift[i].Of {
			for at := range p.Features {
				if p.Features[at].Field == f.Field {
					want[at].groups = max(want[at].groups, fineness(&s.Drift[i]))
					want[at].fine = want[at].fine || showsFine(&s.Drift[i])
				}
			}
		}
	}
	return want
}

// showsFine tells whether a check shows the distance at the finest bins that there are: a
// reference of the world, and the past of an arm, are known by the rows of windows only.
func showsFine(d *decision.Drift) bool {
	return d.Method == "ks" && d.Comparison() != decision.World && d.Comparison() != decision.History
}

// layOut gives a feature the bins of a reference: its names, or its fine bins in so many
// groups.
func layOut(f *window.Feature, r *drift.Reference, want wanted) {
	if r.Edges == nil {
		f.Categories, f.Others = r.Categories.Top(), r.Categories.Rest()
		f.Mass = r.Lay(drift.View{})
		return
	}
	v := drift.NewView(r.Counts, want.groups).On(r.Edges, r.Counts)
	f.Fine = want.fine
	f.Finder = r.Edges
	f.Edges, f.Groups, f.Mass = r.Edges.Cuts(), v.Layout(r.Edges.Bins()), r.Lay(v)
	f.Single = append(make([]bool, v.Rows()-v.Bins()), v.Single()...)
}

// folding is how a check reads the bins of a feature.
func folding(f *window.Feature, d *decision.Drift) *drift.Folding {
	switch {
	case !f.Numeric():
		return drift.FoldNames(f.Bins() - window.OddRows)
	case f.Mass == nil:
		return drift.FoldNumbers(make([]int64, f.Bins()), f.Single, drift.FineBins)
	}
	return drift.FoldNumbers(f.Mass, f.Single, fineness(d))
}

// mostReference bounds the rows that stand for a reference: its shares keep six digits,
// and sums stay far from their limits.
const mostReference = 1 << 20

// repeated is the reference as it stands beside each part of a window of stable: its
// shares, the same in every part.
func repeated(mass []int64, subs int) (out []uint64) {
	total := int64(0)
	for _, n := range mass {
		total += n
	}
	scale := math.Min(1, mostReference/math.Max(1, float64(total)))
	for range subs {
		for _, n := range mass {
			out = append(out, uint64(math.Round(float64(n)*scale)))
		}
	}
	return out
}
