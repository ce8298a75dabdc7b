package engine

import (
	"fmt"
	"math"

	"verdin/decision"
	"verdin/drift"
	"verdin/ingest/window"
	"verdin/internal/wire"
	"verdin/stats"
)

// driftCheck asks whether one or several distributions are still the same within a
// tolerance. Over several features the evidence is the mean of their e-processes:
// they run on one clock, so the mean is again an e-process.
type driftCheck struct {
	spec     *decision.Drift
	limit    float64
	stages   int
	features []watched
	revision uint32
	subs     int // hash sub-buckets of the counts
	sticky   bool
	max      float64 // running maximum of the mean's logarithm
	blocks   int64
	first    int64
	skipped  stats.Skips
}

// watched is one feature of a check; test is nil while its edges are being learnt.
type watched struct {
	field string
	at    int // among the plan's features
	bins  int
	test  drift.Test
}

func newDrifts(c compiled) []Test {
	var out []Test
	for i := range c.spec.Drift {
		d := &c.spec.Drift[i]
		t := &driftCheck{spec: d, limit: c.budget.Threshold(d.Name, "drift"), stages: len(c.spec.Stages), subs: c.plan.Subs(), sticky: c.plan.Sticky}
		for _, f := range d.Of {
			for at := range c.plan.Features {
				if c.plan.Features[at].Field == f.Field {
					t.features = append(t.features, watched{field: f.Field, at: at})
				}
			}
		}
		t.Relearn(c.plan)
		out = append(out, t)
	}
	return out
}

// Relearn makes the tests of the features whose bins the plan now knows.
func (t *driftCheck) Relearn(p *window.Plan) {
	for i := range t.features {
		f := &t.features[i]
		if bins := p.Features[f.at].Bins(); f.test == nil && bins > 0 {
			f.bins = bins
			if t.sticky {
				f.test = newStickyDrift(t.spec.Method, bins, t.spec.Above, t.stages, t.subs)
			} else {
				f.test = drift.Methods[t.spec.Method](bins, t.spec.Above, t.stages)
			}
			if p.Features[f.at].Numeric() {
				t.revision = p.Revision
			}
		}
	}
}

func (t *driftCheck) StartStage(int) {}

func (t *driftCheck) Observe(b Block) {
	if b.Lane != window.Fast {
		return
	}
	if b.Revision < t.revision {
		t.skipped.Learning++
		return
	}
	used := false
	for i := range t.features {
		f := &t.features[i]
		if f.test == nil {
			continue
		}
		stable, canary := b.Stable.Features[f.at].Bins, b.Canary.Features[f.at].Bins
		if len(stable) != f.bins*t.subs || len(canary) != len(stable) {
			continue // binned before the edges were known
		}
		f.test.Observe(drift.Block{Sub: t.subs, Bins: f.bins, Stable: stable, Canary: canary, Stage: b.Stage})
		used = true
	}
	if !used {
		t.skipped.Learning++
		return
	}
	t.blocks++
	t.max = math.Max(t.max, t.logE())
	if t.first == 0 && t.max >= t.limit {
		t.first = int64(b.Start) / 1e6
	}
}

// logE is the logarithm of the mean of the features' e-processes; a feature that
// is still learning counts with e = 1.
func (t *driftCheck) logE() float64 {
	top := 0.0
	for i := range t.features {
		if test := t.features[i].test; test != nil {
			top = math.Max(top, test.LogE())
		}
	}
	sum := 0.0
	for i := range t.features {
		e := 0.0
		if test := t.features[i].test; test != nil {
			e = test.LogE()
		}
		sum += math.Exp(e - top)
	}
	return top + math.Log(sum/float64(len(t.features)))
}

func (t *driftCheck) Evidence(out []stats.Evidence) []stats.Evidence {
	e := stats.Evidence{
		Name: t.spec.Name + "/drift", Metric: t.spec.Name, Kind: "drift", Test: "drift", Role: t.spec.Role,
		Method: t.spec.Method, Null: fmt.Sprintf("%s between the arms ≤ %v", t.spec.Method, t.spec.Above), Exact: !t.sticky,
		LogE: t.logE(), LogEMax: t.max, P: math.Min(1, math.Exp(-t.max)), Threshold: t.limit,
		Result: stats.Unknown, Blocks: t.blocks, Skipped: t.skipped, First: t.first,
		Effect: stats.Interval{Scale: t.spec.Method},
	}
	if worst := t.worst(); worst != nil {
		e.Effect, e.N = worst.test.Effect(), worst.test.N()
		if len(t.features) > 1 {
			e.Effect.Note = "the feature with most evidence: " + worst.field
		}
	}
	if e.LogEMax >= t.limit {
		e.Result = stats.Harm
	}
	return append(out, e)
}

// worst is the feature with most evidence, the first of equals; nil while all learn.
func (t *driftCheck) worst() *watched {
	var worst *watched
	for i := range t.features {
		f := &t.features[i]
		if f.test != nil && (worst == nil || f.test.LogE() > worst.test.LogE()) {
			worst = f
		}
	}
	return worst
}

func (t *driftCheck) AppendState(b []byte) []byte { return appendFields(b, t.fields) }
func (t *driftCheck) Restore(b []byte) error      { return restoreFields(b, errTest, t.fields) }

func (t *driftCheck) fields(f *wire.Fields) {
	f.Float(&t.max)
	wire.Int(f, &t.blocks)
	wire.Int(f, &t.first)
	skips(f, &t.skipped)
	for i := range t.features {
		asked := t.features[i].test != nil
		f.Bool(&asked)
		f.Check(asked == (t.features[i].test != nil), "feature %s has edges in one of two", t.features[i].field)
		if asked && f.Err() == nil {
			part(f, t.features[i].test)
		}
	}
}
