package calibrate

import (
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"verdin/decision"
	"verdin/internal/engine"
	"verdin/internal/pump"
	"verdin/schemas"
	"verdin/stats"
)

// look is what one check had said by the end of a trial.
type look struct {
	stats.Evidence
	leastHarm float64 // greatest lower bound of the harm at any look, on the margin's scale
	mostHarm  float64 // upper bound of the harm at the end; +Inf = none
}

// trial is one split, played to its end: what every check has said, by name.
type trial struct {
	looks map[string]*look
	order []string
	by    string        // with a fault: the check that found it first, "" = none
	after time.Duration // and how much later than the fault began, by event time
}

// errFound ends a trial whose fault was found.
var errFound = errors.New("the fault was found")

// quiet is the spec as a trial plays it: one stage that never ends, so that every check
// sees the whole history, and no verdict that would end it. The split is declared, so
// that the sample ratio is judged too. Budgets are those of the spec.
func quiet(spec *decision.Spec, share float64) *decision.Spec {
	s := *spec
	weight := int(math.Round(share * 100))
	s.Strategy, s.Share, s.HoldBack = decision.Canary, share, 0
	s.Stages = []decision.Stage{{Weight: min(max(weight, 1), 99), Bake: 1 << 62, MinSamples: math.MaxInt32}}
	s.Policy.OnGuardrail, s.Health.SilentCanaryRolls = "hold", false
	return &s
}

// try plays one split, with a fault up to the cut at which it is found.
func (h *History) try(ctx context.Context, spec *decision.Spec, salt uint64, share float64, shift *injected) (*trial, error) {
	t := &trial{looks: map[string]*look{}}
	metrics := map[string]*decision.Metric{}
	for i := range spec.Metrics {
		metrics[spec.Metrics[i].Name] = &spec.Metrics[i]
	}
	r := &pump.Replay{Spec: quiet(spec, share), Layout: h.layout, Logs: h.logs}
	for log := range h.logs {
		r.Sources = append(r.Sources, &split{h: h, log: log, salt: salt, share: share, shift: shift})
	}
	r.Each = func(o engine.Outcome) error {
		for i := range o.Evidence {
			t.see(&o.Evidence[i], metrics[o.Evidence[i].Metric])
		}
		if shift != nil && t.found(shift, o.Health.Mark) {
			return errFound
		}
		return nil
	}
	if _, err := r.Run(ctx); err != nil && !errors.Is(err, errFound) {
		return nil, err
	}
	return t, nil
}

func (t *trial) see(e *stats.Evidence, m *decision.Metric) {
	l, known := t.looks[e.Name]
	if !known {
		l = &look{mostHarm: math.Inf(1)}
		t.looks[e.Name] = l
		t.order = append(t.order, e.Name)
	}
	l.Evidence = *e
	if m == nil {
		return
	}
	if low, high, ok := harm(m, e); ok {
		l.leastHarm, l.mostHarm = math.Max(l.leastHarm, low), high
	}
}

// harm are the bounds of the harm that evidence shows, on the scale of the metric's
// margin; what is better than stable is below 0.
func harm(m *decision.Metric, e *stats.Evidence) (low, high float64, ok bool) {
	x, stable := e.Effect, e.Value[0]
	if x.Level == 0 || x.Scale != "ratio" && x.Scale != "difference" {
		return 0, 0, false
	}
	low, high = x.Low, x.High
	if x.Scale == "ratio" {
		low, high = low-1, high-1
	}
	if m.Worse == "lower" {
		low, high = -high, -low
	}
	switch relative := m.Margin.Relative; {
	case relative == (x.Scale == "ratio"):
	case stable <= 0:
		return 0, 0, false
	case relative:
		low, high = low/stable, high/stable
	default:
		low, high = low*stable, high*stable
	}
	return low, high, true
}

// found tells whether a check that reads the faulty field claims harm by now, and notes
// which was first. An alarm of any other check has nothing to do with the fault.
func (t *trial) found(shift *injected, now schemas.Time) bool {
	first := int64(math.MaxInt64)
	for _, name := range t.order {
		if l := t.looks[name]; alarmed(l) && slices.Contains(shift.field.checks, l.Metric) && l.First < first {
			first, t.by = l.First, name
		}
	}
	t.after = max(0, now.Sub(shift.since))
	return t.by != ""
}

// alarmed tells whether a check claims harm, or a split that is off; claims of safety
// and of sameness are no alarms.
func alarmed(l *look) bool { return l.Result == stats.Harm }
