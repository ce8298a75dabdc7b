package engine

import (
	"fmt"
	"math"

	"verdin/decision"
	"verdin/internal/wire"
	"verdin/schemas"
	"verdin/stats"
)

// whose are the names of the arms in words.
var whose = [2]string{schemas.ArmStable, schemas.ArmCanary}

func (t *historyCheck) Evidence(out []stats.Evidence) []stats.Evidence {
	for a := range t.arms {
		own := &t.arms[a]
		most := math.Max(0, own.most)
		e := stats.Evidence{
			Name: t.spec.Name + "/" + whose[a], Metric: t.spec.Name, Kind: "drift", Test: decision.HistoryTest, Role: t.spec.Role,
			Method: t.spec.Method, Null: t.null(a), Exact: true,
			LogE: own.now, LogEMax: most, P: math.Min(1, math.Exp(-most)), Threshold: t.limit,
			Result: stats.Unknown, Blocks: own.compared, Skipped: own.skipped, First: own.first,
			Effect: stats.Interval{Estimate: own.odd.distance, Scale: t.spec.Method},
		}
		e.N[a] = own.n
		if own.compared > 0 {
			e.Effect.Scale = own.odd.scale
			e.Effect.Note = fmt.Sprintf("of %s, the most unlike pane, from %v", own.odd.note, own.odd.start)
		}
		if e.LogEMax >= t.limit {
			e.Result = stats.Harm
			e.Warnings = append(e.Warnings, t.moved(a))
		}
		out = append(out, e)
	}
	return out
}

// null is what the comparisons of an arm refute.
func (t *historyCheck) null(a int) string {
	null := fmt.Sprintf("%s between %s of %s and its own %d panes before ≤ %v", t.spec.Method, t.spec.PaneWords(), whose[a], mostPanes-1, t.spec.Above)
	if t.spec.Faults < 1 {
		null += fmt.Sprintf(", and shares of faults differ by ≤ %v", t.spec.Faults)
	}
	return null
}

// moved says which arm moved, when, by how much, and against what.
func (t *historyCheck) moved(a int) string {
	o := &t.arms[a].odd
	return fmt.Sprintf("%s moved against its own past: %s %.3g (%s) in the %s from %v, %d events, beside its panes before, %d events",
		whose[a], o.scale, o.distance, o.note, t.spec.PaneWords(), o.start, o.n[1], o.n[0])
}

func (t *historyCheck) AppendState(b []byte) []byte { return appendFields(b, t.state) }
func (t *historyCheck) Restore(b []byte) error      { return restoreFields(b, errTest, t.state) }

func (t *historyCheck) state(f *wire.Fields) {
	before := int64(-1)
	wire.Slice(f, &t.panes, func(p *pane) {
		wire.Int(f, &p.at)
		f.Check(before < p.at && p.at < math.MaxInt64/int64(t.length), "pane %d after %d", p.at, before)
		before = p.at
		f.Bool(&p.torn)
		for a := range p.arms {
			t.paneState(f, &p.arms[a])
		}
	})
	f.Check(len(t.panes) <= mostPanes, "%d panes are remembered", len(t.panes))
	for a := range t.arms {
		t.arms[a].state(f)
	}
}

func (t *historyCheck) paneState(f *wire.Fields, p *paneArm) {
	wire.Uint(f, &p.rows)
	if f.Reading() {
		p.bins = make([][]uint64, len(t.fields))
	}
	for i := range p.bins {
		wire.Slice(f, &p.bins[i], func(n *uint64) { wire.Uint(f, n) })
		f.Check(len(p.bins[i]) == 0 || len(p.bins[i]) == t.size(i), "%d counts of a feature with %d", len(p.bins[i]), t.size(i))
	}
}

func (o *ownPast) state(f *wire.Fields) {
	f.Float(&o.now)
	f.Float(&o.most)
	wire.Int(f, &o.odd.start)
	f.Float(&o.odd.distance)
	f.Text(&o.odd.scale)
	f.Text(&o.odd.note)
	for i := range o.odd.n {
		wire.Int(f, &o.odd.n[i])
	}
	wire.Int(f, &o.n)
	wire.Int(f, &o.first)
	wire.Int(f, &o.compared)
	skips(f, &o.skipped)
}
