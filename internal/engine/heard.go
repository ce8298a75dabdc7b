package engine

import (
	"math"

	"verdin/decision"
	"verdin/ingest/window"
	"verdin/internal/wire"
	"verdin/stats"
)

// heard is how much was heard of the outcomes of one metric in which a missing outcome
// counts as a zero. When a topic of outcomes dies, both arms count zeros alike, which
// would look like safety: so once the silence cannot be chance, windows no longer speak
// for it, and the rollout holds. Before the first outcome there is nothing to be heard.
type heard struct {
	metric  *decision.Metric // nil = the metric does not count missing outcomes
	n       int64            // predictions whose horizon has passed
	labels  int64            // those of them that had an outcome
	windows int64
	silence int64 // predictions since the last that had one
}

// muteLogE is the log of 1/P(silence by chance) at which outcomes are taken for dead,
// as for a silent arm.
var muteLogE = math.Log(1e4)

func newHeard(spec *decision.Spec, plan *window.Plan) (out []heard) {
	slot := 0
	for i := range spec.Metrics {
		for range width(&spec.Metrics[i]) {
			m := &plan.Metrics[slot]
			slot++
			if m.Lane() != window.Label {
				continue
			}
			h := heard{}
			if m.Negative {
				h.metric = &spec.Metrics[i]
			}
			out = append(out, h)
		}
	}
	return out
}

// logE is minus the log of the probability that so many predictions have no outcome,
// when a part of all has one. For planning it is as an e-value; it is not one.
func (h *heard) logE() float64 {
	if h.labels == 0 {
		return 0
	}
	return -float64(float64(h.silence) * math.Log1p(-float64(h.labels)/float64(h.n+1)))
}

func (h *heard) mute() bool { return h.metric != nil && (h.labels == 0 || h.logE() >= muteLogE) }

// listen takes a final window of the label lane and tells which metrics are mute in it.
func (j *Judge) listen(w *window.Partial) (mute []bool) {
	for i := range j.heard {
		h := &j.heard[i]
		h.windows++
		var n, labels int64
		for c := range w.Cells {
			for a := range w.Cells[c].Arms {
				if h.metric != nil && w.Cells[c].Segment == 0 && i < len(w.Cells[c].Arms[a].Metrics) {
					s := &w.Cells[c].Arms[a].Metrics[i]
					n, labels = n+int64(s.N), labels+int64(s.N)-int64(s.Null)
				}
			}
		}
		if labels > 0 {
			h.silence = 0
		} else {
			h.silence += n
		}
		mute = append(mute, h.mute() && labels == 0)
		if labels > 0 || !h.mute() {
			h.n, h.labels = h.n+n, h.labels+labels
		}
	}
	return mute
}

// silences is the evidence that outcomes are dead, one for each metric concerned.
func (j *Judge) silences(out []stats.Evidence) []stats.Evidence {
	for i := range j.heard {
		h := &j.heard[i]
		if h.metric == nil {
			continue
		}
		e := stats.Evidence{Name: h.metric.Name + "/heard", Metric: h.metric.Name, Kind: "coverage", Test: "coverage", Role: "health", Method: "silence",
			Null: "outcomes go on as they came so far", LogE: h.logE(), LogEMax: h.logE(), P: math.Exp(-h.logE()), Threshold: muteLogE,
			Result: stats.Unknown, Effect: stats.Interval{Scale: "share", Note: "share of all predictions that had an outcome"}, N: [2]int64{h.n, h.silence}, Blocks: h.windows}
		if h.n > 0 {
			e.Effect.Estimate = float64(h.labels) / float64(h.n)
			e.Effect.Low, e.Effect.High = e.Effect.Estimate, e.Effect.Estimate
		}
		if e.LogE >= e.Threshold {
			e.Result = stats.Harm
		}
		out = append(out, e)
	}
	return out
}

func (h *heard) fields(f *wire.Fields) {
	for _, n := range []*int64{&h.n, &h.labels, &h.silence, &h.windows} {
		wire.Int(f, n)
		f.Check(*n >= 0, "%d predictions", *n)
	}
	f.Check(h.labels <= h.n, "%d labels of %d predictions", h.labels, h.n)
}
