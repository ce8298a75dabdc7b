package engine

import (
	"math"

	"verdin/ingest/window"
	"verdin/internal/wire"
	"verdin/stats"
	"verdin/stats/sequential"
)

// sampleRatio asks engine T whether the split that arrives is the one declared. Where
// assignment is sticky it counts units, each in the block of its first exposure: their
// later requests say nothing new about the assignment.
type sampleRatio struct {
	tilt    *sequential.SampleRatio
	limit   float64
	sticky  bool // units count, each in the block of its first exposure
	n       [2]int64
	want    float64 // Σ n·share: canary rows expected
	blocks  int64
	skipped stats.Skips
}

func newSampleRatio(c compiled) []Test {
	if !c.spec.Health.SampleRatio {
		return nil
	}
	return []Test{&sampleRatio{tilt: sequential.NewSampleRatio(), sticky: c.plan.Sticky, limit: c.budget.Threshold("sample_ratio", "sample_ratio")}}
}

func (t *sampleRatio) StartStage(int) {}

func (t *sampleRatio) Observe(b Block) {
	if b.Lane != window.Fast || b.Segment > 0 {
		return
	}
	na, nb := int64(b.Stable.N), int64(b.Canary.N)
	if t.sticky {
		na, nb = b.First[0], b.First[1]
	}
	switch {
	case na+nb == 0:
		return
	case !b.Clean:
		t.skipped.SplitChanging++
		return
	case b.Share <= 0 || b.Share >= 1:
		t.skipped.UnknownShare++
		return
	}
	t.tilt.Observe(b.Share, na, nb)
	t.n[0] += na
	t.n[1] += nb
	t.want += float64(b.Share * float64(na+nb))
	t.blocks++
}

func (t *sampleRatio) Evidence(out []stats.Evidence) []stats.Evidence {
	e := stats.Evidence{
		Name: "sample_ratio", Metric: "sample_ratio", Kind: "sample_ratio", Test: "sample_ratio", Role: "health",
		Method: "tilt", Null: "the canary's share is the one declared", Exact: true,
		LogE: t.tilt.LogE(), LogEMax: t.tilt.LogEMax(), P: math.Min(1, math.Exp(-t.tilt.LogEMax())),
		Threshold: t.limit, Result: stats.Unknown, N: t.n, Blocks: t.blocks, Skipped: t.skipped,
		Effect: stats.Interval{Scale: "share"},
	}
	if n := float64(t.n[0] + t.n[1]); n > 0 {
		e.Effect.Estimate = float64(t.n[1]) / n
		e.Effect.Low, e.Effect.High = e.Effect.Estimate, e.Effect.Estimate
		e.Value = [2]float64{t.want / n, e.Effect.Estimate}
		e.Effect.Note = "canary's share that arrived; value: the share declared, the share that arrived"
	}
	if e.LogEMax >= t.limit {
		e.Result = stats.Harm
	}
	return append(out, e)
}

func (t *sampleRatio) AppendState(b []byte) []byte { return appendFields(b, t.fields) }
func (t *sampleRatio) Restore(b []byte) error      { return restoreFields(b, errTest, t.fields) }

func (t *sampleRatio) fields(f *wire.Fields) {
	part(f, t.tilt)
	for a := range t.n {
		wire.Int(f, &t.n[a])
	}
	f.Float(&t.want)
	wire.Int(f, &t.blocks)
	skips(f, &t.skipped)
}
