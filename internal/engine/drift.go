package engine

import (
	"fmt"
	"math"
	"slices"

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
	segment  int    // number among the plan's segments, 0 = all traffic
	within   string // name of the segment
	limit    float64
	stages   int
	features []watched
	revision uint32
	subs     int // hash sub-buckets of the counts
	sticky   bool
	same     float64 // log of 1/α at which equivalence is shown
	stage    int
	max      float64 // running maximum of the mean's logarithm
	blocks   int64
	first    int64
	skipped  stats.Skips
}

// watched is one feature of a check; test is nil while its edges are being learnt.
type watched struct {
	field  string
	at     int // among the plan's features
	slot   int // among those of a block
	bins   int
	fold   *drift.Folding
	test   drift.Test        // of the distance between the values
	faults *drift.Cells      // of what is no value, or none of the reference's; nil = not asked
	same   drift.Equivalence // guardrails with a tolerance only
	fine   *drift.Fine       // the distance between the values themselves, for readers; nil = not shown
	world  []uint64          // the reference beside each part of a window; nil = the arms are compared
}

func newDrifts(c compiled) []Test {
	var out []Test
	for i := range c.spec.Drift {
		d := &c.spec.Drift[i]
		if d.Comparison() == decision.History {
			continue
		}
		t := c.driftCheck(d, "")
		t.same = c.budget.Threshold(d.Name, "same")
		t.Relearn(c.plan)
		out = append(out, t)
		for _, t := range c.segmentDrifts(d) {
			out = append(out, t)
		}
	}
	return out
}

// driftCheck asks within a segment, "" for all traffic.
func (c compiled) driftCheck(d *decision.Drift, within string) *driftCheck {
	t := newDriftCheck(c.plan, d, len(c.spec.Stages))
	t.within, t.limit = within, c.budget.SegmentThreshold(d.Name, "drift", within)
	return t
}

// newDriftCheck is a check of a rollout of so many stages, whose tests are yet to be made.
func newDriftCheck(p *window.Plan, d *decision.Drift, stages int) *driftCheck {
	t := &driftCheck{spec: d, stages: stages, subs: p.Subs(), sticky: p.Sticky}
	for _, at := range watchedBy(p, d) {
		t.features = append(t.features, watched{field: p.Features[at].Field, at: at, slot: at})
	}
	return t
}

// watchedBy are the features of a plan that a check watches, as it lists them.
func watchedBy(p *window.Plan, d *decision.Drift) (all []int) {
	for _, f := range d.Of {
		all = append(all, slices.IndexFunc(p.Features, func(known window.Feature) bool { return known.Field == f.Field }))
	}
	return all
}

// Relearn makes the tests of the features whose bins the plan now knows.
func (t *driftCheck) Relearn(p *window.Plan) {
	for i := range t.features {
		f := &t.features[i]
		if bins := p.Features[f.at].Bins(); f.test == nil && bins > 0 {
			f.bins = bins
			t.begin(f, &p.Features[f.at])
			if p.Features[f.at].Numeric() {
				t.revision = p.Revision
			}
		}
	}
}

// begin makes the tests of a feature.
func (t *driftCheck) begin(f *watched, known *window.Feature) {
	f.fold = folding(known, t.spec)
	buckets := 0
	if t.sticky {
		buckets = t.subs
		f.test = drift.StickyMethods[t.spec.Method](f.fold.Bins(), buckets, t.spec.Above, t.stages)
	} else {
		f.test = drift.Methods[t.spec.Method](f.fold.Bins(), t.spec.Above, t.stages)
	}
	switch {
	case t.spec.Faults >= 1:
	case known.Numeric():
		f.faults = drift.NewFaults(f.bins-window.OddRows-2, t.spec.Faults, t.stages, buckets)
	default:
		f.faults = drift.NewCategoryFaults(f.bins-window.OddRows, t.spec.Faults, t.stages, buckets)
	}
	if t.spec.Comparison() == decision.World {
		f.world = repeated(known.Mass, t.subs)
	}
	if n := known.FineBins(); n > 0 && showsFine(t.spec) && t.segment == 0 {
		f.fine = drift.NewFine(n)
	}
	if f.same = t.equivalence(f.fold); f.same != nil {
		f.same.StartStage(t.stage)
	}
}

// shows tells whether the check can claim that features are the same: one that a step
// forward waits for, over all traffic.
func (t *driftCheck) shows() bool {
	return t.spec.Role == decision.Guardrail && t.spec.Above > 0 && t.segment == 0
}

// equivalence is the test that a feature is the same, which a guardrail needs before a
// step forward; nil where nothing can show it.
func (t *driftCheck) equivalence(fold *drift.Folding) drift.Equivalence {
	switch {
	case !t.shows():
		return nil
	case t.sticky:
		return drift.StickyEquivalents[t.spec.Method](fold.Bins(), fold.Single(), t.subs, t.spec.Above, t.stages)
	case t.spec.Method == "ks":
		return drift.NewKSSame(fold.Bins(), fold.Single(), t.spec.Above, t.stages)
	}
	return drift.Equivalents[t.spec.Method](fold.Bins(), t.spec.Above, t.stages)
}

func (t *driftCheck) StartStage(stage int) {
	t.stage = stage
	for i := range t.features {
		if same := t.features[i].same; same != nil {
			same.StartStage(stage)
		}
	}
}

func (t *driftCheck) Observe(b Block) {
	if b.Lane != window.Fast || b.Segment != t.segment {
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
		stable, canary := b.Stable.Features[f.slot].Bins, b.Canary.Features[f.slot].Bins
		if len(stable) != f.bins*t.subs || len(canary) != len(stable) {
			continue // binned before the edges were known
		}
		if f.world != nil {
			stable, canary = f.world, stable
		}
		whole := drift.Block{Sub: t.subs, Bins: f.bins, Stable: stable, Canary: canary, Stage: b.Stage}
		if b.Mirrored && f.world == nil {
			whole.Sub, whole.Stable, whole.Canary = t.subs/2, t.half(0, f.bins, stable), t.half(1, f.bins, canary)
		}
		values := f.fold.Fold(whole)
		f.test.Observe(values)
		if f.faults != nil {
			f.faults.Observe(whole)
		}
		if f.same != nil && b.Clean {
			f.same.Observe(values)
		}
		if f.fine != nil {
			f.fine.Observe(b.Stable.Features[f.slot].Fine, b.Canary.Features[f.slot].Fine, b.Stage)
		}
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

// half are the counts of every second sub-bucket, from the first or from the second. The
// arms of mirrored requests answer the same ones; a test of samples that do not depend on
// each other is lawful where they are given different requests.
func (t *driftCheck) half(from, bins int, counts []uint64) []uint64 {
	var out []uint64
	for sub := from; sub < t.subs; sub += 2 {
		out = append(out, counts[sub*bins:(sub+1)*bins]...)
	}
	return out
}

// logE is the logarithm of the mean of the features' e-processes; a feature that
// is still learning counts with e = 1.
func (t *driftCheck) logE() float64 {
	logs := make([]float64, len(t.features))
	for i := range t.features {
		logs[i] = t.features[i].logE()
	}
	return stats.LogSumExp(logs) - math.Log(float64(len(logs)))
}

// logE is that of the distance and of the faults: one half each.
func (f *watched) logE() float64 {
	switch {
	case f.test == nil:
		return 0
	case f.faults == nil:
		return f.test.LogE()
	}
	return stats.LogSumExp([]float64{f.test.LogE(), f.faults.LogE()}) - math.Ln2
}

// effect is the distance, or the share of the worst fault where the evidence is for that.
func (f *watched) effect() (stats.Interval, [2]int64) {
	if f.faults != nil && f.faults.LogE() > max(0, f.test.LogE()) {
		return f.of(f.faults)
	}
	return f.of(f.test)
}

// of is what a test of the feature shows, and the events that it scored.
func (f *watched) of(shown drift.Test) (stats.Interval, [2]int64) {
	n := shown.N()
	if f.world != nil {
		n = [2]int64{n[1], 0} // the reference has no events
	}
	if shown == f.test && f.fine != nil {
		return f.fine.Effect(), n
	}
	return shown.Effect(), n
}

// null is what a check refutes.
func (t *driftCheck) null(sign string) string {
	between := "between the arms"
	if t.spec.Comparison() == decision.World {
		between = "between the reference and stable"
	}
	return fmt.Sprintf("%s %s %s %v", t.spec.Method, between, sign, t.spec.Above)
}

func (t *driftCheck) Evidence(out []stats.Evidence) []stats.Evidence {
	e := stats.Evidence{
		Name: t.spec.Name + "/drift", Metric: t.spec.Name, Kind: "drift", Test: "drift", Role: t.spec.Role,
		Method: t.spec.Method, Null: t.null("≤"), Exact: !t.sticky,
		LogE: t.logE(), LogEMax: t.max, P: math.Min(1, math.Exp(-t.max)), Threshold: t.limit,
		Result: stats.Unknown, Blocks: t.blocks, Skipped: t.skipped, First: t.first,
		Effect: stats.Interval{Scale: t.spec.Method},
	}
	if t.segment > 0 {
		e.Name, e.Segment = e.Name+" "+t.within, t.within
	}
	if t.spec.Faults < 1 {
		e.Null += fmt.Sprintf(", and shares of faults differ by ≤ %v", t.spec.Faults)
	}
	alike := e
	if worst := t.worst(); worst != nil {
		e.Effect, e.N = worst.effect()
		alike.Effect, alike.N = worst.of(worst.test)
		which := t.names(worst, e.LogEMax >= t.limit)
		e.Effect.Note, alike.Effect.Note = which+e.Effect.Note, which+alike.Effect.Note
	}
	if e.LogEMax >= t.limit {
		e.Result = stats.Harm
	}
	return t.alike(append(out, e), alike)
}

// alike appends the claims that every feature is the same, over all stages and in the
// running one: an intersection-union test. Nothing is shown while a feature learns.
func (t *driftCheck) alike(out []stats.Evidence, like stats.Evidence) []stats.Evidence {
	if !t.shows() {
		return out
	}
	p, exact := [2]float64{}, true
	for i := range t.features {
		same := t.features[i].same
		if same == nil {
			p = [2]float64{1, 1}
			continue
		}
		p[0], p[1], exact = max(p[0], same.P()), max(p[1], same.StageP()), exact && same.Exact()
	}
	for k, test := range []string{"same", "same_stage"} {
		e := like
		e.Name, e.Test, e.Exact, e.Result, e.First = t.spec.Name+"/"+test, test, exact, stats.Unknown, 0
		e.Null = t.null("≥")
		e.P, e.Threshold = p[k], t.same
		e.LogE = -math.Log(max(p[k], math.SmallestNonzeroFloat64))
		e.LogEMax = e.LogE
		if e.LogE >= e.Threshold {
			e.Result = stats.Safe
		}
		out = append(out, e)
	}
	return out
}

// worst is the feature with most evidence, the first of equals; nil while all learn.
func (t *driftCheck) worst() *watched {
	var worst *watched
	for i := range t.features {
		f := &t.features[i]
		if f.test != nil && (worst == nil || f.logE() > worst.logE()) {
			worst = f
		}
	}
	return worst
}

func (t *driftCheck) AppendState(b []byte) []byte { return appendFields(b, t.fields) }
func (t *driftCheck) Restore(b []byte) error      { return restoreFields(b, errTest, t.fields) }

func (t *driftCheck) fields(f *wire.Fields) {
	f.Float(&t.max)
	wire.Int(f, &t.stage)
	wire.Int(f, &t.blocks)
	wire.Int(f, &t.first)
	skips(f, &t.skipped)
	for i := range t.features {
		asked := t.features[i].test != nil
		f.Bool(&asked)
		f.Check(asked == (t.features[i].test != nil), "feature %s has edges in one of two", t.features[i].field)
		if asked && f.Err() == nil {
			part(f, t.features[i].test)
			if t.features[i].faults != nil {
				part(f, t.features[i].faults)
			}
			if t.features[i].same != nil {
				part(f, t.features[i].same)
			}
			if t.features[i].fine != nil {
				part(f, t.features[i].fine)
			}
		}
	}
}
