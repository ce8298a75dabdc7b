package engine

import (
	"slices"

	"verdin/decision"
	"verdin/drift"
	"verdin/ingest/window"
	"verdin/schemas"
	"verdin/stats"
)

const (
	learnWindows  = 5       // least final windows before edges are frozen
	learnValues   = 1000    // least values per feature
	learnMost     = 1 << 20 // rows of a bin in a state beyond which it is damaged
	learnPatience = 60      // windows after which features with fewer values are left out
)

// learner finds the bin edges of numeric features from a sample of the stable arm,
// order-free: the k values of least hash.
type learner struct {
	features []int    // plan indices of the features that are still learning
	want     []wanted // of each feature of the plan
	samples  []stats.BottomK
	seen     []uint64
	windows  int
	frozen   bool              // nothing is learnt any more
	revised  bool              // a revision of the plan was made of it
	learnt   []drift.Reference // of the plan's features, once it was; without edges where nothing was learnt
}

func newLearner(s *decision.Spec, p *window.Plan) learner {
	l := learner{want: finest(s, p)}
	for i := range p.Features {
		if f := &p.Features[i]; f.Numeric() && f.Edges == nil {
			l.features = append(l.features, i)
		}
	}
	l.samples = make([]stats.BottomK, len(l.features))
	l.seen = make([]uint64, len(l.features))
	l.frozen = len(l.features) == 0
	return l
}

// observe takes the samples of a final fast-lane window.
func (l *learner) observe(w *window.Partial) {
	if l.frozen {
		return
	}
	l.windows++
	for i := range w.Cells {
		if w.Cells[i].Segment > 0 {
			continue
		}
		stable := &w.Cells[i].Arms[0]
		for k, f := range l.features {
			l.samples[k].Merge(&stable.Features[f].Sample)
			l.seen[k] += stable.Features[f].N
		}
	}
}

// freeze returns a revision of the plan once every feature has seen enough, and
// the instant from which windows follow it.
func (l *learner) freeze(p *window.Plan, wall schemas.Time) (*window.Plan, schemas.Time) {
	if l.frozen || l.windows < learnWindows || !l.enough() {
		return nil, 0
	}
	l.frozen, l.revised = true, true
	l.learnt = make([]drift.Reference, len(p.Features))
	for k, f := range l.features {
		if l.seen[k] >= learnValues {
			l.learnt[f] = learnt(p.Features[f].Field, l.samples[k].Values())
		}
	}
	clear(l.samples) // they have served
	return l.revise(p), p.Window(wall).Add(p.Length)
}

// learnt is the reference that a sample makes: its fine bins, and how many values fell in
// each. Without a finite value there is none.
func learnt(field string, values []float64) (r drift.Reference) {
	e, err := drift.Learn(values, drift.FineBins)
	if err != nil {
		return r
	}
	h := drift.NewHistogram(e)
	h.Add(values, nil, 0)
	r = drift.NewReference(field, h)
	r.Odd = nil // a sample has values only
	return r
}

// revise is the next revision of a plan, with the bins of what was learnt.
func (l *learner) revise(p *window.Plan) *window.Plan {
	next := *p
	next.Revision++
	next.Features = slices.Clone(p.Features)
	for f := range l.learnt {
		if l.learnt[f].Edges != nil {
			layOut(&next.Features[f], &l.learnt[f], l.want[f])
		}
	}
	return &next
}

func (l *learner) enough() bool {
	if l.windows >= learnPatience {
		return true
	}
	for _, n := range l.seen {
		if n < learnValues {
			return false
		}
	}
	return true
}
