package engine

import (
	"slices"

	"verdin/ingest/window"
	"verdin/schemas"
	"verdin/stats"
)

const (
	learnWindows  = 5    // least final windows before edges are frozen
	learnValues   = 1000 // least values per feature
	learnPatience = 60   // windows after which features with fewer values are left out
	coarseBins    = 20   // bins of a numeric feature, beside the one for missing values
)

// learner finds the bin edges of numeric features from a sample of the stable arm,
// order-free: the k values of least hash.
type learner struct {
	features []int // plan indices of the features that are still learning
	samples  []stats.BottomK
	seen     []uint64
	windows  int
	frozen   bool // nothing is learnt any more
	revised  bool // a revision of the plan was made of it
}

func newLearner(p *window.Plan) learner {
	var l learner
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
	learnt := make([][]float64, len(p.Features))
	for k, f := range l.features {
		if l.seen[k] >= learnValues {
			learnt[f] = edges(l.samples[k].Values(), coarseBins)
		}
	}
	clear(l.samples) // they have served
	return revise(p, learnt), p.Window(wall).Add(p.Length)
}

// revise is the next revision of a plan, with these edges of its numeric features.
func revise(p *window.Plan, edges [][]float64) *window.Plan {
	next := *p
	next.Revision++
	next.Features = slices.Clone(p.Features)
	for f := range edges {
		next.Features[f].Edges = edges[f]
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

// edges are the distinct values at the k/bins quantiles of a sample.
func edges(values []float64, bins int) []float64 {
	slices.Sort(values)
	var out []float64
	for k := 1; k < bins; k++ {
		out = append(out, values[k*len(values)/bins])
	}
	return slices.Compact(out)
}
