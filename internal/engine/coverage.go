package engine

import (
	"fmt"
	"math"

	"verdin/decision"
	"verdin/ingest/window"
	"verdin/internal/wire"
	"verdin/stats"
	"verdin/stats/sequential"
)

// coverage asks whether labels are missing alike in both arms at the horizon. Where they
// are left out of a metric, an arm whose bad answers get no label would look good: a
// difference makes the comparison void, and says nothing about the canary. Exact,
// asymptotic where units come back.
type coverage struct {
	metricTest
	band *sequential.Band
	both *stickyBand // in its place where units come back
	need float64
	y    [2]int64 // labelled exposures of the running stage
}

func newCoverages(c compiled) []Test {
	var out []Test
	for i := range c.spec.Metrics {
		m := &c.spec.Metrics[i]
		need := c.budget.Threshold(m.Name, "coverage")
		if math.IsInf(need, 1) || m.Kind == decision.Rate {
			continue
		}
		t := &coverage{metricTest: c.metricTest(i), need: need}
		if c.plan.Sticky {
			t.both = newStickyBand(sequential.CoverageTolerance)
		} else {
			t.band = sequential.NewBand(sequential.CoverageTolerance, sequential.Options{})
		}
		out = append(out, t)
	}
	return out
}

func (t *coverage) StartStage(stage int) {
	t.start(stage)
	t.y = [2]int64{}
}

func (t *coverage) Observe(b Block) {
	stable, canary, ok := t.summaries(&b)
	switch {
	case !ok:
		return
	case b.Gap:
		t.skipped.Incomplete++ // labels may be lost
		return
	}
	x, y := labels(stable), labels(canary)
	if x.N == 0 || y.N == 0 {
		t.skipped.EmptyArm++
		return
	}
	scored := false
	if t.both != nil {
		scored = t.both.observe(b.Stable.Groups[t.at], b.Canary.Groups[t.at])
	} else {
		scored = t.band.Observe(x, y)
	}
	if !scored {
		t.skipped.Learning++
	}
	if t.scored(x.N, y.N, b.Stage) {
		t.y[0] += x.Y
		t.y[1] += y.Y
	}
	_, most := t.log()
	t.crossed(0, most >= t.need, b.Start)
}

func (t *coverage) log() (now, most float64) {
	if t.both != nil {
		return t.both.log, t.both.most
	}
	return t.band.LogE(), t.band.LogEMax()
}

// labels are an arm's exposures, and those among them whose label came in time.
func labels(s *stats.Summary) sequential.Counts {
	return sequential.Counts{N: int64(s.N + s.Null + s.Invalid), Y: int64(s.N + s.Invalid)}
}

func (t *coverage) Evidence(out []stats.Evidence) []stats.Evidence {
	v := share(t.y, t.n)
	effect := stats.Interval{Estimate: v[1] - v[0], Low: v[1] - v[0], High: v[1] - v[0], Scale: "difference", Note: "share of exposures with a label"}
	now, most := t.log()
	e := t.evidence("coverage", "band", fmt.Sprintf("shares of exposures with a label differ by at most %v", sequential.CoverageTolerance),
		t.both == nil, now, most, t.need, effect, v)
	e.Kind, e.Role = "coverage", "health"
	if t.both != nil {
		e.Method = "sticky"
	}
	return append(out, e)
}

func (t *coverage) AppendState(b []byte) []byte { return appendFields(b, t.fields) }
func (t *coverage) Restore(b []byte) error      { return restoreFields(b, errTest, t.fields) }

func (t *coverage) fields(f *wire.Fields) {
	t.metricTest.fields(f)
	if t.both != nil {
		t.both.fields(f)
	} else {
		part(f, t.band)
	}
	for a := range t.y {
		wire.Int(f, &t.y[a])
	}
}

// stickyBand is the band where units come back: the mean of both directions.
type stickyBand struct {
	sides     [2]*sequential.Sticky
	buckets   []sequential.Bucket
	log, most float64
}

func newStickyBand(tolerance float64) *stickyBand {
	t := &stickyBand{buckets: make([]sequential.Bucket, window.Buckets)}
	for i, worse := range []sequential.Worse{sequential.Higher, sequential.Lower} {
		t.sides[i] = sequential.NewSticky(sequential.ScoreOptions{
			Null: sequential.Null{Worse: worse, Margin: tolerance}, Harm: true, Stages: 1}, window.Buckets)
	}
	return t
}

func (t *stickyBand) observe(stable, canary window.Groups) (scored bool) {
	clear(t.buckets)
	for a, groups := range []window.Groups{stable, canary} {
		for i := range groups {
			g := &groups[i]
			b := &t.buckets[g.Bucket]
			b.Rows[a] += int64(g.N)
			b.Base[a] += float64(g.N)
			if g.Cell != window.Unlabelled {
				b.Sum[a] += float64(g.N)
			}
		}
	}
	return t.score()
}

func (t *stickyBand) score() (scored bool) {
	for _, side := range t.sides {
		scored = side.Observe(t.buckets, 0)
	}
	t.look()
	t.most = math.Max(t.most, t.log)
	return scored
}

func (t *stickyBand) look() {
	t.log = stats.LogSumExp([]float64{t.sides[0].LogE(), t.sides[1].LogE()}) - math.Ln2
}

func (t *stickyBand) fields(f *wire.Fields) {
	for _, side := range t.sides {
		part(f, side)
	}
	f.Float(&t.most)
	if f.Reading() {
		t.look()
	}
}
