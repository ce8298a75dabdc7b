package calibrate

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"verdin/decision"
	"verdin/drift"
	"verdin/schemas"
)

// Options say how much is tried. Zero values have defaults.
type Options struct {
	Splits int     // A/A splits of each of two sets, default 100
	Power  int     // canaries with a fault, per fault and field, default 10; −1 = none
	Target float64 // greatest share of false alarms, default 0.05
	Share  float64 // the canary's part of the units, default 0.5
	Seed   uint64
	Done   func(trials int) // called as trials end, from any goroutine; nil = nobody listens
}

func (o Options) filled() Options {
	if o.Splits <= 0 {
		o.Splits = 100
	}
	if o.Power == 0 {
		o.Power = 10
	}
	o.Power = max(o.Power, 0)
	if o.Target <= 0 || o.Target >= 1 {
		o.Target = 0.05
	}
	if o.Share <= 0 || o.Share >= 1 {
		o.Share = 0.5
	}
	return o
}

// job is one trial that is to be played.
type job struct {
	spec  *decision.Spec
	salt  uint64
	shift *injected
}

// Trials is how many trials Run will play of a history.
func (h *History) Trials(spec *decision.Spec, opt Options) int {
	opt = opt.filled()
	return 1 + 2*opt.Splits + opt.Power*len(h.shifts(spec))
}

// shifts are all faults of all fields that they fit.
func (h *History) shifts(spec *decision.Spec) (all []*injected) {
	for _, f := range h.fields(spec) {
		sh := h.shape(f)
		for i := range Shifts {
			if Shifts[i].on(sh, f) {
				all = append(all, h.inject(&Shifts[i], f, sh))
			}
		}
	}
	return all
}

// Run calibrates a spec on a history. The spec must be one that Parse accepts; its
// drift checks are bound to the baseline of the history.
func Run(ctx context.Context, h *History, spec *decision.Spec, opt Options) (*Report, error) {
	opt = opt.filled()
	base, empty, err := h.Baseline(spec)
	if err != nil {
		return nil, err
	}
	spec, notes, err := Prepare(spec, base)
	if err != nil {
		return nil, err
	}
	r := h.begin(spec, base, opt)
	r.Notes = append(r.Notes, notes...)
	for _, name := range empty {
		r.Notes = append(r.Notes, fmt.Sprintf("%s: the history has no value of it: no check of it can say anything", name))
	}
	first, err := h.play(ctx, opt, []job{{spec, salt(opt.Seed, 0), nil}})
	if err != nil {
		return nil, err
	}
	tried := withLimits(spec, first[0])
	trials, err := h.play(ctx, opt, h.splits(tried, opt, 1))
	if err != nil {
		return nil, err
	}
	r.Before = checks(spec, trials)
	next, suggestions := suggest(spec, trials, opt.Target)
	r.Suggestions = append(suggestions, limits(spec, next, tried, trials, opt.Target)...)
	if trials, err = h.play(ctx, opt, h.splits(next, opt, 2)); err != nil {
		return nil, err
	}
	r.After, r.Spec = checks(next, trials), h.traffic(next, trials[0], r)
	r.Rollback, r.Hold = totals(next, trials)
	return r, h.power(ctx, r, next, opt)
}

// splits are the jobs of one set of salts.
func (h *History) splits(spec *decision.Spec, opt Options, set uint64) (jobs []job) {
	for i := range opt.Splits {
		jobs = append(jobs, job{spec, salt(opt.Seed, set<<32+uint64(i)), nil})
	}
	return jobs
}

func salt(seed, i uint64) uint64 { return mix(seed ^ mix(i)) }

// power puts every fault into canaries and notes what was found.
func (h *History) power(ctx context.Context, r *Report, spec *decision.Spec, opt Options) error {
	if opt.Power == 0 {
		return nil
	}
	var jobs []job
	shifts := h.shifts(spec)
	for k, s := range shifts {
		for i := range opt.Power {
			jobs = append(jobs, job{spec, salt(opt.Seed, 3<<32+uint64(k*opt.Power+i)), s})
		}
	}
	trials, err := h.play(ctx, opt, jobs)
	if err != nil {
		return err
	}
	for k, s := range shifts {
		r.Power = append(r.Power, powerOf(s, trials[k*opt.Power:(k+1)*opt.Power]))
	}
	return nil
}

func powerOf(s *injected, trials []*trial) Power {
	p := Power{Field: s.field.name, Shift: s.Name, Size: s.Size, By: map[string]int{}}
	var times []time.Duration
	for _, t := range trials {
		if t.by != "" {
			p.By[t.by]++
			times = append(times, t.after)
		}
	}
	p.Rate = NewRate(len(times), len(trials))
	slices.Sort(times)
	for _, d := range times {
		p.Times = append(p.Times, d.Seconds())
	}
	if len(times) > 0 {
		p.Median = times[len(times)/2].Seconds()
	}
	return p
}

// play plays jobs on all processors; trial i is that of job i.
func (h *History) play(ctx context.Context, opt Options, jobs []job) ([]*trial, error) {
	trials, errs := make([]*trial, len(jobs)), make([]error, len(jobs))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(jobs)) {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(jobs) || ctx.Err() != nil {
					return
				}
				trials[i], errs[i] = h.try(ctx, jobs[i].spec, jobs[i].salt, opt.Share, jobs[i].shift)
				if opt.Done != nil {
					opt.Done(1)
				}
			}
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for _, err := range errs {
		if err != nil {
			return nil, fmt.Errorf("judge an A/A split of the history: %w", err)
		}
	}
	return trials, nil
}

// traffic adds to a spec what history says about its traffic, so that a stage that
// cannot decide in its time is refused before it begins. Where that refuses a stage, it
// is told and left out.
func (h *History) traffic(spec *decision.Spec, t *trial, r *Report) *decision.Spec {
	minutes := h.To.Sub(h.From).Minutes()
	if spec.Traffic.PerMinute > 0 || minutes <= 0 {
		return spec
	}
	next := *spec
	next.Traffic = decision.Traffic{PerMinute: math.Round(float64(h.Rows[schemas.KindPrediction]) / minutes), Base: map[string]decision.Base{}}
	for i := range spec.Metrics {
		m := &spec.Metrics[i]
		if l := t.looks[m.Name+"/harm"]; m.Kind == decision.Proportion && l != nil && l.Value[0] > 0 && l.Value[0] < 1 {
			next.Traffic.Base[m.Name] = decision.Base{Value: math.Round(l.Value[0]*1e6) / 1e6}
		}
	}
	if len(next.Traffic.Base) == 0 {
		next.Traffic.Base = nil
	}
	if next.Traffic.PerMinute < 1 {
		return spec
	}
	if _, err := decision.Parse(next.YAML(), "suggested spec"); err != nil {
		r.Notes = append(r.Notes, "at the traffic of this history the stages of the spec may not do: "+err.Error())
		return spec
	}
	return &next
}

// begin fills what is known before any trial.
func (h *History) begin(spec *decision.Spec, base *drift.Baseline, opt Options) *Report {
	return &Report{Rollout: h.rollout, From: h.From.Floor(time.Second).String(), To: h.To.Floor(time.Second).String(), Predictions: h.Rows[schemas.KindPrediction],
		Outcomes: h.Rows[schemas.KindOutcome], Resources: h.Rows[schemas.KindResource], LeftOut: h.Canary + h.Other,
		Splits: opt.Splits, Target: opt.Target, Share: opt.Share, Seed: opt.Seed, Baseline: base, Spec: spec}
}
