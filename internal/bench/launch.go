package bench

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"verdin/decision"
)

// Launch is a row of the table of whole rollouts: a canary in a world, from the first
// request to the end of its rollout.
type Launch struct {
	Name, About string
	Truth       Truth
	Gauges      []Gauge
	Features    int                    // numeric outputs under drift watch, each standard normal
	Inputs      bool                   // they are inputs: a difference is a broken comparison, and holds
	Shift       func(m Moment) float64 // of the first feature on the canary, in standard deviations
	Segments    bool                   // metrics are compared once more in two segments of a fifth each
	PerWindow   float64                // requests of both arms in a window of a minute
	Swing       float64                // of the traffic over the day
	Windows     int                    // after which a rollout that has not ended is left
	Generations int                    // rollouts one after the other that share the error budget; 0 = 1
	Stages      []string               // YAML; nil = launchStages
	Runs        int                    // in the full version
	Found       float64                // share that must be rolled back before 100 %; 0 = no bar
	Asymptotic  bool                   // some of its tests are: the bar is Slack·α
	Promise     promise
	Visits      *Visits // requests drawn one by one, with users who come back; nil = counts are drawn
}

// Truth is what the world has made the canary.
type Truth uint8

const (
	Harmless Truth = iota // within every tolerance: not to be rolled back
	Marginal              // exactly at a margin: neither to be rolled back nor to be promoted
	Harmful               // at a margin or beyond it: not to be promoted
)

// promise is what falsePromote is held to in a row of harm.
type promise uint8

const (
	notPromoted  promise = iota // harm before 100 %
	notCompleted                // harm begins at 100 %
	nothing                     // harm of a segment alone: all traffic is within its margin
)

// Moment is when and where a request is served.
type Moment struct {
	Window  int
	Share   float64 // of the canary in the traffic of this moment
	Segment int     // 1 and 2 are those of the spec, 0 is the rest
}

// Dose is how bad the canary is for one metric, in units of its margin: 0 as the stable
// arm, 1 exactly at the margin.
type Dose func(m Moment) float64

// Steady is a dose that never changes.
func Steady(d float64) Dose { return func(Moment) float64 { return d } }

// Gauge is a guardrail of the spec and the truth behind it.
type Gauge struct {
	Name   string
	Kind   gaugeKind
	Base   float64 // shares and labels: mean share of what is bad on the stable arm
	Rate   Rate    // that share, or the level of values, in time; nil = ± 30 % of Base, ± 15 % of 1 over the day
	Margin float64 // shares and labels: absolute; else relative
	Dose   Dose    // nil = 0
	Strict bool    // tolerance 0: any harm may roll back; else the margin is the tolerance, too
}

type gaugeKind uint8

const (
	shareGauge gaugeKind = iota // share of requests that fail
	labelGauge                  // share of right answers, by labels that come within the horizon
	tailGauge                   // 95 % quantile of a log-normal latency
	meanGauge                   // mean of log-normal values, capped
)

// Worlds' constants: each is one line of the page's text on what is drawn.
const (
	labelled90  = 0.9 // share of answers whose label ever comes
	tailSpread  = 0.5 // σ of the log of latencies, in seconds around 0.1
	tailMedian  = 0.1
	meanSpread  = 0.6 // σ of the log of values, around 50
	meanMedian  = 50.0
	meanCap     = 400.0
	horizon     = 10 // windows of a minute
	launchAlpha = 0.05
)

// launchStages are a ramp of ten minutes each; at 100 % a twentieth stays on stable.
var launchStages = []string{
	"{weight: 10, bake: 10m, minSamples: 100}", "{weight: 25, bake: 10m, minSamples: 100}",
	"{weight: 50, bake: 10m, minSamples: 100}", "{weight: 75, bake: 10m, minSamples: 100}",
	"{weight: 100, bake: 10m, minSamples: 100}",
}

// YAML is the spec's metric.
func (g *Gauge) YAML() string {
	what := map[gaugeKind]string{
		shareGauge: "kind: proportion, on: prediction, field: metrics." + g.Name + ", worse: higher, margin: {absolute: %v}",
		labelGauge: "kind: proportion, on: outcome, field: " + g.Name + ", missing: exclude, mode: gate, worse: lower, margin: {absolute: %v}",
		tailGauge:  "kind: quantile, quantile: 0.95, field: latency_seconds, worse: higher, margin: {relative: %v}",
		meanGauge:  fmt.Sprintf("kind: mean, field: metrics.%s, cap: %v, worse: higher, margin: {relative: %%v}", g.Name, meanCap),
	}[g.Kind]
	tolerance := ""
	switch scale := "absolute"; {
	case g.Strict && (g.Kind == tailGauge || g.Kind == meanGauge):
		scale = "relative"
		fallthrough
	case g.Strict:
		tolerance = ", tolerance: {" + scale + ": 0}"
	}
	return fmt.Sprintf("{name: %s, role: guardrail, "+what+"%s}", g.Name, g.Margin, tolerance)
}

// YAML is the spec of the rollout: all that it does not say has the defaults.
func (l *Launch) YAML() []byte {
	var b strings.Builder
	assignment := "request"
	if l.Visits != nil && l.Visits.Sticky {
		assignment = "sticky\n  unit: user_id"
	}
	fmt.Fprintf(&b, `apiVersion: verdin/v1alpha1
kind: Rollout
metadata: {name: bench}
spec:
  strategy: canary
  arms: {stable: v1, canary: v2}
  assignment: %s
  source:
    kafka: {predictions: p, outcomes: o}
    join: {key: prediction_id, horizon: %dm}
    time: {window: 1m, lateness: 30s}
  risk: {falseRollback: %v, falsePromote: %v}
  stages:
`, assignment, horizon, launchAlpha, launchAlpha)
	stages := l.Stages
	if stages == nil {
		stages = launchStages
	}
	list := func(items []string) {
		for _, x := range items {
			fmt.Fprintf(&b, "    - %s\n", x)
		}
	}
	list(stages)
	fmt.Fprintf(&b, "  metrics:\n")
	for i := range l.Gauges {
		list([]string{l.Gauges[i].YAML()})
	}
	if l.Segments {
		fmt.Fprintf(&b, "  segments: [{by: tags.country, values: {de: 0.2, fr: 0.2}, role: guardrail}]\n")
	}
	if l.Features > 0 {
		of := "metrics" // outputs
		if l.Inputs {
			of = "features"
		}
		fmt.Fprintf(&b, "  drift:\n")
		for i := range l.Features {
			list([]string{fmt.Sprintf("{name: f%d, of: %s.f%d, method: psi, above: 0.1, role: guardrail}", i, of, i)})
		}
	}
	return []byte(b.String())
}

// Spec reads it as every rollout's spec is read.
func (l *Launch) Spec() (*decision.Spec, error) {
	return decision.Parse(l.YAML(), "the rollout of row "+l.Name)
}

// world is one history of a launch: rates of every window, drawn before any request.
type world struct {
	*Launch
	seed, run uint64
	rates     [][]float64 // beside Gauges, by window
	volume    []float64   // requests by window
}

func (l *Launch) world(seed, run uint64) *world {
	r := rand.New(rand.NewPCG(seed, run))
	history := func(rate Rate) (out []float64) {
		at := rate(r, l.Windows)
		for k := range l.Windows {
			out = append(out, at(k))
		}
		return out
	}
	w := &world{Launch: l, seed: seed, run: run}
	for _, g := range l.Gauges {
		rate := g.Rate
		switch {
		case rate == nil && g.Base > 0:
			rate = Daily(g.Base, 0.3)
		case rate == nil:
			rate = Daily(1, 0.15)
		}
		w.rates = append(w.rates, history(rate))
	}
	w.volume = history(Daily(l.PerWindow, l.Swing))
	return w
}
