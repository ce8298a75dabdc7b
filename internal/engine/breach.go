package engine

import (
	"fmt"

	"verdin/decision"
	"verdin/internal/wire"
	"verdin/stats"
)

// breach is the rule of a resource guardrail: the canary's median reading lies beyond
// the margin from stable's in k of the last m windows. The unit of a resource is the
// instance, and a few instances can show nothing statistically (R38): the rule has no
// error control, and says so. It is in no error budget and no condition of a step.
type breach struct {
	metricTest
	recent []bool // beyond the margin, of the last windows, oldest first
	most   int    // greatest number of them that were
	median [2]float64
}

// ruled tells whether a metric is judged by the rule.
func ruled(m *decision.Metric) bool { return m.On == "resource" && m.Role == decision.Guardrail }

func newBreaches(c compiled) []Test {
	var out []Test
	for i := range c.spec.Metrics {
		if ruled(&c.spec.Metrics[i]) {
			out = append(out, &breach{metricTest: c.metricTest(i)})
		}
	}
	return out
}

func (t *breach) StartStage(stage int) { t.start(stage) }

func (t *breach) Observe(b Block) {
	stable, canary, ok := t.summaries(&b)
	if !ok {
		return
	}
	if stable.N == 0 || canary.N == 0 {
		t.skipped.EmptyArm++
		return
	}
	t.scored(int64(stable.N), int64(canary.N), b.Stage)
	q := 0.5
	if t.spec.Kind == decision.Quantile {
		q = t.spec.Quantile
	}
	for a, s := range []*stats.Summary{stable, canary} {
		t.median[a] = stats.GridEdge(s.Hist.Quantile(q)) + t.low()
	}
	t.recent = append(t.recent, t.beyond())
	if k := len(t.recent) - t.spec.Breached[1]; k > 0 {
		t.recent = append(t.recent[:0], t.recent[k:]...)
	}
	t.most = max(t.most, t.count())
	t.crossed(0, t.most >= t.spec.Breached[0], b.Start)
}

// beyond tells whether the medians of a window lie further apart than the margin.
func (t *breach) beyond() bool {
	harm, margin := t.median[1]-t.median[0], t.spec.Margin.Value
	if t.spec.Worse == "lower" {
		harm = -harm
	}
	if t.spec.Margin.Relative {
		margin = float64(margin * t.median[0])
	}
	return harm > margin
}

func (t *breach) count() (n int) {
	for _, b := range t.recent {
		if b {
			n++
		}
	}
	return n
}

// Evidence counts windows where tests have logarithms of e: the rule alarms when so many
// are beyond the margin.
func (t *breach) Evidence(out []stats.Evidence) []stats.Evidence {
	diff := t.median[1] - t.median[0]
	effect := stats.Interval{Estimate: diff, Low: diff, High: diff, Scale: "difference", Note: "medians of the last window"}
	e := t.evidence("harm", decision.Rule, fmt.Sprintf("%s in fewer than %d of %d windows", claim(">", t.spec.Worse, t.spec.Margin), t.spec.Breached[0], t.spec.Breached[1]),
		false, float64(t.count()), float64(t.most), float64(t.spec.Breached[0]), effect, t.median)
	e.P = 1
	e.Warnings = append(e.Warnings, "a rule without error control: log_e counts windows beyond the margin")
	return append(out, e)
}

func (t *breach) AppendState(b []byte) []byte { return appendFields(b, t.fields) }
func (t *breach) Restore(b []byte) error      { return restoreFields(b, errTest, t.fields) }

func (t *breach) fields(f *wire.Fields) {
	t.metricTest.fields(f)
	wire.Slice(f, &t.recent, f.Bool)
	f.Check(len(t.recent) <= t.spec.Breached[1], "%d windows are remembered", len(t.recent))
	wire.Int(f, &t.most)
	for a := range t.median {
		f.Float(&t.median[a])
	}
}
