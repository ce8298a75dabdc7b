package engine

import (
	"math"

	"verdin/ingest/window"
	"verdin/internal/wire"
	"verdin/stats"
	"verdin/stats/sequential"
)

// sampleRatio asks engine T whether the split that arrives is the one declared, and
// whether both arms are sampled alike: tests count rows, whatever they stand for. Where
// assignment is sticky it counts units, each in the block of its first exposure: their
// later requests say nothing new about the assignment.
type sampleRatio struct {
	tilt    *sequential.SampleRatio
	limit   float64
	sticky  bool // units count, each in the block of its first exposure
	n       [2]int64
	want    float64    // Σ n·share: canary rows expected
	served  [2]float64 // predictions that the rows stand for
	rates   rates
	most    float64 // of the log of both e-processes' product
	blocks  int64
	skipped stats.Skips
}

func newSampleRatio(c compiled) []Test {
	if !c.spec.Health.SampleRatio {
		return nil
	}
	return []Test{&sampleRatio{tilt: sequential.NewSampleRatio(), sticky: c.plan.Sticky, rates: rates{sticky: c.plan.Sticky}, limit: c.budget.Threshold("sample_ratio", "sample_ratio")}}
}

func (t *sampleRatio) StartStage(int) {}

func (t *sampleRatio) Observe(b Block) {
	t.observe(b)
	t.most = math.Max(t.most, t.log())
}

func (t *sampleRatio) observe(b Block) {
	if b.Lane != window.Fast || b.Segment > 0 {
		return
	}
	na, nb := int64(b.Stable.N), int64(b.Canary.N)
	if t.sticky {
		na, nb = b.First[0], b.First[1]
	}
	if b.Clean {
		t.rates.observe(&b)
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
	t.served[0] += b.Stable.Served()
	t.served[1] += b.Canary.Served()
	t.n[0] += na
	t.n[1] += nb
	t.want += float64(b.Share * float64(na+nb))
	t.blocks++
}

func (t *sampleRatio) log() float64 { return t.tilt.LogE() + t.rates.logE }

// share is the canary's share of the requests that were served, as far as rows tell.
func (t *sampleRatio) share() float64 {
	if t.sticky {
		return float64(t.n[1]) / float64(t.n[0]+t.n[1])
	}
	return t.served[1] / (t.served[0] + t.served[1])
}

func (t *sampleRatio) Evidence(out []stats.Evidence) []stats.Evidence {
	e := stats.Evidence{
		Name: "sample_ratio", Metric: "sample_ratio", Kind: "sample_ratio", Test: "sample_ratio", Role: "health",
		Method: "tilt", Null: "the canary's share is the one declared", Exact: true,
		LogE: t.log(), LogEMax: t.most, P: math.Min(1, math.Exp(-t.most)),
		Threshold: t.limit, Result: stats.Unknown, N: t.n, Blocks: t.blocks, Skipped: t.skipped,
		Effect: stats.Interval{Scale: "share"},
	}
	if n := float64(t.n[0] + t.n[1]); n > 0 {
		e.Effect.Estimate = t.share()
		e.Effect.Low, e.Effect.High = e.Effect.Estimate, e.Effect.Estimate
		e.Value = [2]float64{t.want / n, e.Effect.Estimate}
		e.Effect.Note = "canary's share that arrived; value: the share declared, the share that arrived"
	}
	if e.LogEMax >= t.limit {
		e.Result = stats.Harm
	}
	if t.rates.logE >= math.Max(t.tilt.LogE(), t.limit) {
		e.Warnings = append(e.Warnings, t.rates.words())
	}
	if len(t.rates.seen) > 0 && t.sticky {
		e.Exact = false
	}
	return append(out, e)
}

func (t *sampleRatio) AppendState(b []byte) []byte { return appendFields(b, t.fields) }
func (t *sampleRatio) Restore(b []byte) error      { return restoreFields(b, errTest, t.fields) }

func (t *sampleRatio) fields(f *wire.Fields) {
	part(f, t.tilt)
	for a := range t.n {
		wire.Int(f, &t.n[a])
		f.Float(&t.served[a])
	}
	f.Float(&t.want)
	t.rates.fields(f)
	f.Float(&t.most)
	wire.Int(f, &t.blocks)
	skips(f, &t.skipped)
}
