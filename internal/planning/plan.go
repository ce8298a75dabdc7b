package planning

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"verdin/decision"
	"verdin/stats/sequential"
)

// Duration is written as seconds in JSON.
type Duration time.Duration

// MarshalJSON writes seconds.
func (d Duration) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, time.Duration(d).Seconds(), 'g', -1, 64), nil
}

// String writes a duration in its two greatest units.
func (d Duration) String() string {
	const day = 24 * time.Hour
	t := time.Duration(d)
	switch {
	case t >= century:
		return "a century"
	case t >= 10*day:
		return fmt.Sprintf("%dd", t.Round(day)/day)
	case t >= day:
		t = t.Round(time.Hour)
		return parts(t/day, "d", t%day/time.Hour, "h")
	case t >= time.Hour:
		t = t.Round(time.Minute)
		return parts(t/time.Hour, "h", t%time.Hour/time.Minute, "m")
	}
	t = t.Round(time.Second)
	return parts(t/time.Minute, "m", t%time.Minute/time.Second, "s")
}

// parts leaves out what is 0.
func parts(a time.Duration, unit string, b time.Duration, small string) string {
	switch {
	case a == 0:
		return fmt.Sprintf("%d%s", b, small)
	case b == 0:
		return fmt.Sprintf("%d%s", a, unit)
	}
	return fmt.Sprintf("%d%s%d%s", a, unit, b, small)
}

const century = 100 * 365 * 24 * time.Hour

// Plan is what a rollout can be expected to need.
type Plan struct {
	Rollout   string   `json:"rollout"`
	PerMinute float64  `json:"perMinute"` // predictions of both arms
	Window    Duration `json:"windowSeconds"`
	Stages    []Stage  `json:"stages"`
	Notes     []string `json:"notes,omitempty"` // what is not planned, and why
}

// Stage is the plan of one stage.
type Stage struct {
	Stage       int        `json:"stage"` // from 1
	Weight      int        `json:"weight"`
	Share       float64    `json:"share"`   // of the canary
	Units       [2]float64 `json:"units"`   // predictions a window: stable, canary
	Windows     float64    `json:"windows"` // of the bake
	Bake        Duration   `json:"bakeSeconds"`
	MaxDuration Duration   `json:"maxDurationSeconds"` // 0 = never
	Metrics     []Row      `json:"metrics"`
	Forward     Time       `json:"forward"` // bake, samples and every guardrail's safety
	Warnings    []string   `json:"warnings,omitempty"`

	metrics []metric
}

// Row is the plan of one guardrail in one stage.
type Row struct {
	Metric    string  `json:"metric"`
	Margin    float64 `json:"margin"`
	Relative  bool    `json:"relative"`
	Base      float64 `json:"base"`      // share or mean; of a quantile, the share beyond it
	Reachable float64 `json:"reachable"` // margin whose median time to safety is the bake; 0 = none
	Safe      Time    `json:"safe"`      // until "no worse than the margin" is shown, if the arms are equal
	Harm      Time    `json:"harm"`      // until harm of twice the margin, there since the stage began, is shown
}

// Time is a number of windows, and the time from the stage's start until the last of
// them is judged. 0 = it is not shown at all.
type Time struct {
	Median     float64  `json:"medianWindows"`
	P90        float64  `json:"p90Windows"`
	MedianTime Duration `json:"medianSeconds"`
	P90Time    Duration `json:"p90Seconds"`
}

// Make plans a spec. Its traffic and base values are those of spec.Traffic, which a
// caller may have set.
func Make(spec *decision.Spec, spread map[string]float64) (*Plan, error) {
	if !(spec.Traffic.PerMinute > 0) {
		return nil, fmt.Errorf("plan %s: the traffic is not known: write traffic.perMinute in the spec, or give --traffic 1000/min", spec.FullName())
	}
	p := &Plan{Rollout: spec.FullName(), PerMinute: spec.Traffic.PerMinute, Window: Duration(spec.Source.Window)}
	guards := p.guards(spec, spread)
	for i := range spec.Stages {
		p.Stages = append(p.Stages, p.stage(spec, i, guards))
	}
	return p, nil
}

// guards are the guardrails that there is a law for; what others there are is noted.
func (p *Plan) guards(spec *decision.Spec, spread map[string]float64) (all []guard) {
	for i := range spec.Metrics {
		m := &spec.Metrics[i]
		if m.Role != decision.Guardrail || m.Mode == "watch" || m.Mode == "proxy" {
			continue
		}
		g, why := newGuard(spec, m, spread)
		if why != "" {
			p.Notes = append(p.Notes, fmt.Sprintf("%s is not planned: %s", m.Name, why))
			continue
		}
		all = append(all, g)
	}
	for _, d := range spec.Drift {
		if d.Role == decision.Guardrail {
			p.Notes = append(p.Notes, fmt.Sprintf("%s is not planned: there is no formula for drift", d.Name))
		}
	}
	if spec.Assignment == "sticky" {
		p.Notes = append(p.Notes, "units keep their arm: give the traffic in units that are new in a window, of requests that come back the plan knows nothing")
	}
	return all
}

func (p *Plan) stage(spec *decision.Spec, i int, guards []guard) Stage {
	st := spec.Stages[i]
	share := float64(st.Weight) / 100
	if st.Weight == 100 {
		share = 1 - spec.HoldBack
	}
	n := p.PerMinute * time.Duration(p.Window).Minutes()
	s := Stage{Stage: i + 1, Weight: st.Weight, Share: share, Units: [2]float64{n * (1 - share), n * share},
		Windows: math.Ceil(float64(st.Bake) / float64(p.Window)), Bake: Duration(st.Bake), MaxDuration: Duration(st.MaxDuration), Metrics: []Row{}}
	if spec.Mirrored(i) {
		s.Units = [2]float64{n, n}
	} else if share <= 0 || share >= 1 {
		s.Warnings = append(s.Warnings, "one arm has no traffic of its own: nothing is compared by this plan")
		return s
	}
	per := sequential.Traffic{Stable: s.Units[0], Canary: s.Units[1]}
	for _, g := range guards {
		if why := unpaired(spec, g.spec); why != "" && spec.Mirrored(i) {
			s.Warnings = append(s.Warnings, fmt.Sprintf("%s is not planned: %s", g.spec.Name, why))
			continue
		}
		m := g.in(spec, i, per)
		s.metrics = append(s.metrics, m)
		s.Metrics = append(s.Metrics, m.row(s.Windows))
	}
	s.Forward = s.forward(spec.Source.Window, spec.Source.Lateness, float64(st.MinSamples))
	s.warn()
	return s
}

// warn says where the stage cannot decide in its time, and what would help.
func (s *Stage) warn() {
	for _, r := range s.Metrics {
		if r.Safe.Median == 0 {
			s.Warnings = append(s.Warnings, fmt.Sprintf("%s cannot be shown safe: its margin is %s", r.Metric, size(r.Margin, r.Relative)))
		}
	}
	limit, f := s.MaxDuration, s.Forward
	switch {
	case limit == 0 || f.Median == 0:
	case f.MedianTime > limit:
		s.Warnings = append(s.Warnings, fmt.Sprintf("cannot decide within maxDuration %v: it needs about %v%s", limit, f.MedianTime, s.remedy()))
	case f.P90Time > limit:
		s.Warnings = append(s.Warnings, fmt.Sprintf("one rollout in ten or more does not decide within maxDuration %v%s", limit, s.remedy()))
	}
}

// remedy names the slowest metric and the margin that the bake reaches.
func (s *Stage) remedy() string {
	slowest := -1
	for i, r := range s.Metrics {
		if slowest < 0 || r.Safe.MedianTime > s.Metrics[slowest].Safe.MedianTime {
			slowest = i
		}
	}
	if slowest < 0 {
		return ""
	}
	r := s.Metrics[slowest]
	if r.Reachable > r.Margin {
		return fmt.Sprintf("; %s is the slowest, its bake reaches a margin of %s", r.Metric, size(r.Reachable, r.Relative))
	}
	return fmt.Sprintf("; %s is the slowest", r.Metric)
}

func size(margin float64, relative bool) string {
	if relative {
		return fmt.Sprintf("%.3g %%", 100*margin)
	}
	return fmt.Sprintf("%.3g", margin)
}
