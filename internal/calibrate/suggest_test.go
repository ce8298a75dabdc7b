package calibrate

import (
	"math"
	"slices"
	"strings"
	"testing"

	"verdin/decision"
	"verdin/stats"
)

// trialsOf makes trials in which a check's bounds of harm and its result are given.
func trialsOf(check string, n int, of func(i int) look) (all []*trial) {
	for i := range n {
		l := of(i)
		l.Metric, _, _ = strings.Cut(check, "/")
		all = append(all, &trial{looks: map[string]*look{check: &l}, order: []string{check}})
	}
	return all
}

func result(harm bool) stats.Evidence {
	e := stats.Evidence{Test: "harm", Result: stats.Unknown, Threshold: 3}
	if harm {
		e.Result = stats.Harm
	}
	return e
}

func guard(margin, tolerance float64) *decision.Spec {
	return &decision.Spec{Metrics: []decision.Metric{{Name: "errors", Kind: decision.Proportion, Worse: "higher", Role: decision.Guardrail,
		Margin: decision.Margin{Set: true, Value: margin}, Tolerance: decision.Margin{Set: true, Value: tolerance}}}}
}

func TestMarginIsWhatFourOfFiveCanariesCanShow(t *testing.T) {
	trials := trialsOf("errors/harm", 100, func(i int) look { return look{Evidence: result(false), mostHarm: float64(i+1) / 1000} })
	next, all := suggest(guard(0.01, 0), trials, 0.05)
	if got := next.Metrics[0].Margin.Value; got != 0.08 || len(all) != 1 || all[0].Next != got {
		t.Errorf("margin %v, suggestions %+v; want 0.08, the 80th of 100 upper bounds", got, all)
	}
	next, _ = suggest(guard(0.2, 0), trials, 0.05)
	if got := next.Metrics[0].Margin.Value; got != 0.2 {
		t.Errorf("margin %v: what is acceptable is not made stricter", got)
	}
}

func TestToleranceRisesOnlyWhereHarmlessSplitsAlarm(t *testing.T) {
	noisy := func(alarms int) []*trial {
		return trialsOf("errors/harm", 100, func(i int) look {
			return look{Evidence: result(i < alarms), leastHarm: float64(100-i) / 1000, mostHarm: 0.2}
		})
	}
	next, _ := suggest(guard(0.01, 0), noisy(5), 0.05)
	if got := next.Metrics[0].Tolerance.Value; got != 0 {
		t.Errorf("tolerance %v with 5 alarms of 100, which the target allows", got)
	}
	next, _ = suggest(guard(0.01, 0), noisy(20), 0.05)
	if got := next.Metrics[0].Tolerance.Value; got < 0.095 || got > 0.096 {
		t.Errorf("tolerance %v, want what 95 %% of the splits stay below", got)
	}
	if m := next.Metrics[0]; m.Margin.Value < m.Tolerance.Value {
		t.Errorf("margin %v below tolerance %v", m.Margin.Value, m.Tolerance.Value)
	}
}

// Over all traffic nothing alarms; in one segment many harmless splits do. They have one
// tolerance, so it is raised to what the segment needs.
func TestASegmentThatAlarmsRaisesTheTolerance(t *testing.T) {
	spec := guard(0.01, 0)
	spec.Drift = []decision.Drift{{Name: "scores", Method: "psi", Above: 0.01, Role: decision.Signal, Segments: true}}
	var trials []*trial
	for i := range 100 {
		looks := map[string]*look{"errors/harm": {Evidence: result(false), leastHarm: 0.001, mostHarm: 0.01}, "errors/harm a=b": {Evidence: result(i < 20), leastHarm: float64(i) / 1000}}
		looks["errors/safe"] = &look{Evidence: stats.Evidence{Test: "safe", Result: stats.Safe}}
		looks["scores/drift"] = &look{Evidence: stats.Evidence{Test: "drift", Result: stats.Unknown, Effect: stats.Interval{Estimate: 0.005}}}
		looks["scores/drift a=b"] = &look{Evidence: stats.Evidence{Test: "drift", Segment: "a=b", Result: result(i < 20).Result, Effect: stats.Interval{Estimate: float64(i) / 100}}}
		tr := &trial{looks: looks}
		for name, l := range looks {
			l.Metric, _, _ = strings.Cut(name, "/")
			if _, segment, ok := strings.Cut(name, " "); ok {
				l.Segment = segment
			}
			tr.order = append(tr.order, name)
		}
		slices.Sort(tr.order)
		trials = append(trials, tr)
	}
	next, _ := suggest(spec, trials, 0.05)
	if got := next.Metrics[0].Tolerance.Value; got != 0.014 {
		t.Errorf("tolerance %v, want 0.014: 95 %% of the splits alarm no further than that", got)
	}
	if got := next.Drift[0].Above; got != 0.14 {
		t.Errorf("above %v, want 0.14", got)
	}
	if got := checks(next, trials); len(got) != 4 || got[0].Safe == nil || got[1].Safe != nil {
		t.Errorf("%+v: all traffic is shown safe, no segment is asked", got)
	}
}

func TestHistoryThatIsTooShortSuggestsNothing(t *testing.T) {
	trials := trialsOf("errors/harm", 10, func(int) look { return look{Evidence: result(false), mostHarm: math.Inf(1)} })
	next, all := suggest(guard(0.01, 0), trials, 0.05)
	if next.Metrics[0].Margin.Value != 0.01 || all[0].Next != 0 {
		t.Errorf("%+v", all)
	}
}

func TestHarmIsReadOnTheScaleOfTheMargin(t *testing.T) {
	cases := []struct {
		name      string
		worse     string
		relative  bool
		effect    stats.Interval
		stable    float64
		low, high float64
	}{
		{"difference", "higher", false, stats.Interval{Low: -0.01, High: 0.02, Scale: "difference"}, 0.1, -0.01, 0.02},
		{"difference, low is bad", "lower", false, stats.Interval{Low: -0.01, High: 0.02, Scale: "difference"}, 0.1, -0.02, 0.01},
		{"difference against a relative margin", "higher", true, stats.Interval{Low: -1, High: 2, Scale: "difference"}, 10, -0.1, 0.2},
		{"ratio", "higher", true, stats.Interval{Low: 0.9, High: 1.2, Scale: "ratio"}, 3, -0.1, 0.2},
		{"ratio against an absolute margin", "lower", false, stats.Interval{Low: 0.9, High: 1.2, Scale: "ratio"}, 10, -2, 1},
	}
	for _, c := range cases {
		c.effect.Level = 0.95
		m := &decision.Metric{Worse: c.worse, Margin: decision.Margin{Set: true, Relative: c.relative}}
		low, high, ok := harm(m, &stats.Evidence{Effect: c.effect, Value: [2]float64{c.stable, c.stable}})
		if !ok || math.Abs(low-c.low) > 1e-12 || math.Abs(high-c.high) > 1e-12 {
			t.Errorf("%s: %v to %v, want %v to %v", c.name, low, high, c.low, c.high)
		}
	}
	if _, _, ok := harm(&decision.Metric{}, &stats.Evidence{Effect: stats.Interval{Scale: "difference"}}); ok {
		t.Error("an interval without a level was read")
	}
}

func TestRoundsUpToTwoDigits(t *testing.T) {
	for x, want := range map[float64]float64{0.01234: 0.013, 0.01: 0.01, 0.3: 0.3, 1234: 1300, 99.5: 100, 0: 0, -1: -1} {
		if got := upTo(x); got != want {
			t.Errorf("%v becomes %v, want %v", x, got, want)
		}
	}
}

func TestBoundsAreThoseOfClopperAndPearson(t *testing.T) {
	// scipy.stats.binomtest(k, n).proportion_ci(method="exact")
	for _, c := range []struct {
		k, n      int
		low, high float64
	}{{0, 100, 0, 0.0362167}, {5, 100, 0.0164317, 0.1128349}, {10, 10, 0.6915029, 1}} {
		r := NewRate(c.k, c.n)
		if math.Abs(r.Low-c.low) > 1e-6 || math.Abs(r.High-c.high) > 1e-6 {
			t.Errorf("%d of %d: %v to %v, want %v to %v", c.k, c.n, r.Low, r.High, c.low, c.high)
		}
	}
	if r := NewRate(0, 0); r.Low != 0 || r.High != 1 {
		t.Errorf("of no runs nothing is known: %+v", r)
	}
}

func TestScalesHaveRoundSteps(t *testing.T) {
	for x, want := range map[float64]float64{31: 50, 0.9: 1, 100: 100, 1.2: 2, 22: 25, 0: 1} {
		if got := nice(x); math.Abs(got-want) > 1e-12 {
			t.Errorf("%v on a scale to %v, want %v", x, got, want)
		}
	}
}

// A limit that the spec does not set is advice: the comment does not read as if it stood
// in the spec below.
func TestALimitThatIsAdviceIsNotShownAsSet(t *testing.T) {
	r := Report{Spec: parse(t, "request"), Suggestions: []Suggestion{{"errors", "limit", 0, 0.03, "why"}, {"errors", "margin", 0.01, 0.02, "why"}}}
	text, err := r.YAML()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"# errors: has no limit; it could have limit: 0.03, why.\n", "# errors: margin 0.01 → 0.02: why.\n"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}
