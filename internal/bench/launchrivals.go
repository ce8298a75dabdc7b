package bench

import (
	"math"

	"verdin/ingest/window"
	"verdin/internal/engine"
	"verdin/internal/peers"
	"verdin/schemas"
	"verdin/stats"
)

// reading is what a program that is not ours sees of a window: the windows' rows of
// predictions, and the labels that are due, by gauge.
type reading struct {
	arms [][2]*stats.Summary // beside Gauges; nil = none yet
	user func() [2]peers.Sample
}

// controller is another program's rollout: the share that it serves, and what it does
// when a window ends.
type controller interface {
	share() float64
	look(r reading) Answer
}

// controllers are the others, in the order of the tables.
var controllers = []struct {
	name  string
	start func(l *Launch) controller
}{
	{"Argo Rollouts", func(l *Launch) controller {
		return &argo{ramping: ramping{stays: stays}, launch: l, failed: make([]int, len(l.Gauges))}
	}},
	{"Flagger", func(l *Launch) controller { return &flagger{launch: l, weight: flaggerStep} }},
	{"GrowthBook", func(l *Launch) controller {
		return &growthbook{ramping: ramping{stays: stays}, launch: l, sums: make([][2]sums, len(l.Gauges))}
	}},
}

// stays is the number of windows in a stage before 100 %: the bake of our stages.
const stays = 10

// ramping walks through the stages of our ramp by the clock.
type ramping struct{ window, stays int }

func (r *ramping) share() float64 { return ramp[r.window/r.stays] }

// step ends a window; it promotes when the last stage before 100 % is over.
func (r *ramping) step() Answer {
	if r.window++; r.window/r.stays >= len(ramp)-1 {
		return Safe
	}
	return None
}

// argo is an AnalysisTemplate per gauge with interval: 1m, a successCondition of a fixed
// limit, and failureLimit: 3, in the background of steps of ten minutes each.
type argo struct {
	ramping
	launch *Launch
	failed []int
}

const failureLimit = 3

func (c *argo) look(r reading) Answer {
	for i := range c.launch.Gauges {
		if c.launch.Gauges[i].fails(r.arms[i]) {
			if c.failed[i]++; c.failed[i] > failureLimit {
				return Harm
			}
		}
	}
	return c.step()
}

// flagger is a Canary with interval: 1m, threshold: 10, stepWeight: 5, maxWeight: 50: a
// window in which a check fails is no step.
type flagger struct {
	launch         *Launch
	weight, failed int
}

const (
	flaggerStep      = 5
	flaggerMost      = 50
	flaggerThreshold = 10
)

func (c *flagger) share() float64 { return float64(c.weight) / 100 }

func (c *flagger) look(r reading) Answer {
	for i := range c.launch.Gauges {
		if c.launch.Gauges[i].fails(r.arms[i]) {
			if c.failed++; c.failed >= flaggerThreshold {
				return Harm
			}
			return None
		}
	}
	if c.weight += flaggerStep; c.weight > flaggerMost {
		return Safe
	}
	return None
}

// Fixed limits as somebody would set them who knows the true mean: twice the share of
// what is bad, one and a half times a value.
const (
	limitShare = 2
	limitValue = 1.5
)

// fails tells whether the canary's value in a window is beyond the fixed limit.
func (g *Gauge) fails(arms [2]*stats.Summary) bool {
	s := arms[1]
	if s == nil || s.N == 0 {
		return false
	}
	switch g.Kind {
	case shareGauge:
		return float64(s.Ones) > limitShare*g.Base*float64(s.N)
	case labelGauge:
		return float64(s.N-s.Ones) > limitShare*g.Base*float64(s.N)
	case tailGauge:
		p95 := tailMedian * math.Exp(tailSpread*normals[points*95/100])
		return stats.GridEdge(s.Hist.Quantile(0.95)) > limitValue*p95
	}
	_, mean, _ := s.Moments()
	return mean > limitValue*meanMedian*math.Exp(meanSpread*meanSpread/2)
}

// growthbook is a safe rollout: every gauge is a guardrail of its sequential test, one-
// sided at 5 %, and one that fails rolls back. It counts all data since the start.
type growthbook struct {
	ramping
	launch *Launch
	sums   [][2]sums
}

type sums struct{ n, sum, squares float64 }

func (c *growthbook) look(r reading) Answer {
	for i := range c.launch.Gauges {
		g := &c.launch.Gauges[i]
		for a, s := range r.arms[i] {
			if s != nil {
				c.sums[i][a].add(g.Kind, s)
			}
		}
		x := [2]peers.Sample{c.sums[i][0].sample(), c.sums[i][1].sample()}
		if r.user != nil && g.Kind == shareGauge {
			x = r.user()
		}
		test := peers.GrowthBook{Alpha: launchAlpha, Tuning: 5000, Relative: true, Sides: peers.Greater}
		if min(x[0].N, x[1].N) < 2 || !(x[1].Mean > x[0].Mean) {
			continue
		}
		if got := test.Interval(x[0], x[1]); !got.GaveUp && got.Low > 0 {
			return Harm
		}
	}
	return c.step()
}

// add takes a window; of latencies the mean counts, which its sequential test is for.
func (x *sums) add(kind gaugeKind, s *stats.Summary) {
	n := float64(s.N)
	switch kind {
	case shareGauge:
		x.n, x.sum, x.squares = x.n+n, x.sum+float64(s.Ones), x.squares+float64(s.Ones)
	case labelGauge:
		bad := float64(s.N - s.Ones)
		x.n, x.sum, x.squares = x.n+n, x.sum+bad, x.squares+bad
	case tailGauge:
		x.n += n
		s.Hist.Each(func(cell int, count uint64) {
			v := (stats.GridEdge(cell) + stats.GridEdge(cell+1)) / 2
			x.sum += v * float64(count)
			x.squares += v * v * float64(count)
		})
	default:
		_, mean, m2 := s.Moments()
		x.n, x.sum, x.squares = x.n+n, x.sum+mean*n, x.squares+m2+n*mean*mean
	}
}

func (x *sums) sample() peers.Sample {
	if x.n < 2 {
		return peers.Sample{}
	}
	return peers.Mean(x.n, x.sum, x.squares)
}

// follow plays a rollout to another program, in a closed loop of its own: in the same
// world, and on the same draws as long as the shares are the same.
func (w *world) follow(c controller, plan *window.Plan, layout *schemas.Layout) (f Fate) {
	var from source = &summaries{world: w, plan: plan}
	see := reading{arms: make([][2]*stats.Summary, len(w.Gauges))}
	if w.Visits != nil {
		v := newVisitors(w, plan, layout, launchLogs)
		see.user = func() [2]peers.Sample { return [2]peers.Sample{v.ratio[0].sample(), v.ratio[1].sample()} }
		from = v
	}
	for k := range w.Windows {
		parts := []served{{stage: -1, share: c.share(), fraction: 1}}
		partials, n := from.window(k, parts)
		f.count(w, k, parts, n)
		w.read(&see, partials)
		switch c.look(see) {
		case Harm:
			f.Phase = schemas.PhaseRolledBack
			return f
		case Safe:
			f.Phase, f.Promoted = schemas.PhaseCompleted, true
			return f
		}
	}
	return f
}

// read takes the metrics of all traffic out of a window's partials.
func (w *world) read(see *reading, partials []window.Partial) {
	clear(see.arms)
	for p := range partials {
		if len(partials[p].Cells) == 0 {
			continue
		}
		cell, at := &partials[p].Cells[0], 0
		for i := range w.Gauges {
			if (w.Gauges[i].Kind == labelGauge) == (partials[p].Lane == window.Label) {
				see.arms[i] = [2]*stats.Summary{&cell.Arms[0].Metrics[at], &cell.Arms[1].Metrics[at]}
				at++
			}
		}
	}
}

// launchLogs are the logs of a launch: predictions and outcomes.
var launchLogs = [][]schemas.Log{{{Topic: "p", Kinds: 1 << schemas.KindPrediction}, {Topic: "o", Kinds: 1 << schemas.KindOutcome}}}

// play plays one run: ours, then the others.
func (l *Launch) play(seed, run uint64) ([]Fate, error) { return l.trace(seed, run, nil) }

// trace is play that tells of every verdict of ours. Generations follow one another until
// one is rolled back.
func (l *Launch) trace(seed, run uint64, told func(window int, v *schemas.Verdict)) (fates []Fate, err error) {
	spec, err := l.Spec()
	if err != nil {
		return nil, err
	}
	layout := engine.Layout(spec)
	fates = make([]Fate, 1+len(controllers))
	for g := range uint64(max(1, l.Generations)) {
		w := l.world(seed, run*16+g)
		for i := range fates {
			if fates[i].rolledBack() {
				continue
			}
			was := fates[i]
			if i == 0 {
				fates[i] = w.drive(spec, g+1, told)
			} else {
				fates[i] = w.follow(controllers[i-1].start(l), engine.Compile(spec, layout, 1, 0), layout)
			}
			fates[i].Windows, fates[i].Harmed = fates[i].Windows+was.Windows, fates[i].Harmed+was.Harmed
			fates[i].Exposed, fates[i].Requests = fates[i].Exposed+was.Exposed, fates[i].Requests+was.Requests
			fates[i].Promoted = fates[i].Promoted || was.Promoted
		}
	}
	return fates, nil
}
