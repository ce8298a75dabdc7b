package scenario

import (
	"slices"
	"strings"
	"testing"
	"time"

	"verdin/schemas"
)

// armStats is what can be counted in the stream, per arm.
type armStats struct {
	failed, right, high, thousand, missing tally
	tokens                                 tally
	latency                                []float64
	units                                  map[string]float64
}

// look plays a scenario and counts.
func look(t *testing.T, name string, length time.Duration, split Split) (all tally, by [2]*armStats) {
	t.Helper()
	for i := range by {
		by[i] = &armStats{units: map[string]float64{}}
	}
	armOf := map[string]*armStats{}
	play(lookup(t, name), 11, length, time.Second, split, func(r record) {
		switch r.topic {
		case Predictions:
			p := decode[schemas.Prediction](t, r)
			canary := p.Arm == "canary"
			all.yes(canary)
			a := by[index(canary)]
			armOf[r.key] = a
			a.count(&p)
		case Outcomes:
			if o := decode[schemas.Outcome](t, r); o.Name == "correct" {
				armOf[r.key].right.yes(o.Value.Num == 1)
			}
		}
	})
	return all, by
}

func (a *armStats) count(p *schemas.Prediction) {
	a.failed.yes(p.ErrorType != "")
	a.units[p.UnitID]++
	a.missing.yes(p.Features[age].Value.Kind == schemas.Null)
	a.thousand.yes(p.Features[basketValue].Value.Num > 1000)
	if p.ErrorType == "" {
		a.latency = append(a.latency, p.LatencySeconds.Num)
		a.tokens.add(p.Metrics[0].Value.Num)
		a.high.yes(p.PredictionScore.Num > 0.5)
	}
}

func quantile(xs []float64, q float64) float64 {
	slices.Sort(xs)
	return xs[int(q*float64(len(xs)))]
}

func TestTwinsAreAlike(t *testing.T) {
	all, by := look(t, "aa", 12*time.Minute, Split{CanaryBps: 5000})
	all.is(t, "canary share", 0.5)
	for i, a := range by {
		a.failed.is(t, arms[i]+" errors", errorRate)
		a.right.is(t, arms[i]+" accuracy", 0.80)
		a.high.is(t, arms[i]+" scores above one half", 0.5)
		if p50, p99 := quantile(a.latency, 0.5), quantile(a.latency, 0.99); p50 < 0.10 || p50 > 0.14 || p99 < 3*p50 || p99 > 3.4*p50 {
			t.Errorf("%s: latency p50 %.3f p99 %.3f s", arms[i], p50, p99) // e^(0.5·2.33) = 3.2
		}
	}
}

// A quarter of the answers gets a label, whatever the arm: the rest is still
// missing after the horizon.
func TestLabelsCoverAQuarterOfTheAnswers(t *testing.T) {
	var answers, labels int
	g := New(lookup(t, "aa"), 7, noon)
	count := func(topic string, _ int32, _ []byte, _ schemas.Time, value []byte) {
		switch {
		case topic == Predictions && strings.Contains(string(value), `"prediction_score"`):
			answers++
		case topic == Outcomes && strings.Contains(string(value), `"correct"`):
			labels++
		}
	}
	g.Tick(noon, noon.Add(20*time.Minute), share(1000), tenth, count)
	labels += len(slices.DeleteFunc(slices.Clone(g.pending), func(p pending) bool { return p.name != "correct" }))
	tally{float64(answers), float64(labels)}.is(t, "share of answers with a label", labelled)
}

func TestTrafficSwingsOverTheDay(t *testing.T) {
	sc := lookup(t, "aa")
	count := func(hour int) (n tally) {
		start := noon.Add(time.Duration(hour-12) * time.Hour)
		New(sc, 3, start).Tick(start, start.Add(20*time.Minute), share(0), tenth,
			func(topic string, _ int32, _ []byte, _ schemas.Time, _ []byte) { n.yes(topic == Predictions) })
		return n
	}
	mean := sc.RequestsPerSecond * 1200
	for hour, want := range map[int]float64{8: 0.8, 14: 1, 20: 1.2} {
		if got := count(hour).sum / mean; got < want-0.03 || got > want+0.03 {
			t.Errorf("%d o'clock: %.3f of the mean traffic, want %.2f", hour, got, want)
		}
	}
}

// No visitor may make 5 % of an arm: that is a health rule of its own.
func TestNoVisitorDominates(t *testing.T) {
	all, by := look(t, "aa", 5*time.Minute, tenth)
	all.is(t, "canary share", 0.1)
	for i, a := range by {
		n, top := 0.0, 0.0
		for _, k := range a.units {
			n, top = n+k, max(top, k)
		}
		if len(a.units) < 200 || top/n > 0.03 || top/n < 0.01 {
			t.Errorf("%s: the busiest of %d visitors makes %.3f", arms[i], len(a.units), top/n)
		}
		if m := a.missing.mean(); m < 0.01 || m > 0.06 { // busy visitors weigh more than others
			t.Errorf("%s: %.3f of the ages are missing, want about %.2f", arms[i], m, unknownAge)
		}
	}
}

func TestEachCanaryDiffersInWhatItsScenarioSays(t *testing.T) {
	const short = 6 * time.Minute
	now, later := Split{CanaryBps: 5000}, Split{CanaryBps: 5000, Stage: 2}
	t.Run("errors", func(t *testing.T) {
		_, by := look(t, "errors", short, now)
		by[0].failed.is(t, "stable", 0.01)
		by[1].failed.is(t, "canary", 0.04)
	})
	t.Run("late-harm", func(t *testing.T) {
		_, by := look(t, "late-harm", short, Split{CanaryBps: 5000, Stage: 1})
		by[1].failed.is(t, "before its stage", 0.01)
		_, by = look(t, "late-harm", short, later)
		by[1].failed.is(t, "from its stage on", 0.04)
	})
	t.Run("latency", func(t *testing.T) {
		_, by := look(t, "latency", short, now)
		if r := quantile(by[1].latency, 0.99) / quantile(by[0].latency, 0.99); r < 1.5 || r > 1.7 {
			t.Errorf("p99 grows by a factor %.3f, want 1.6", r)
		}
		if r := quantile(by[1].latency, 0.5) / quantile(by[0].latency, 0.5); r < 0.98 || r > 1.02 {
			t.Errorf("the median grows by a factor %.3f", r)
		}
	})
	t.Run("quality", func(t *testing.T) {
		_, by := look(t, "quality", short, now)
		by[1].right.is(t, "accuracy", 0.70)
		by[1].high.is(t, "scores above one half", 0.5)
	})
	t.Run("good", func(t *testing.T) {
		_, twins := look(t, "aa", short, now) // the same requests: only what the canary changes differs
		_, by := look(t, "good", short, now)
		mended := tally{by[1].right.n, by[1].right.sum - twins[1].right.sum}
		mended.is(t, "wrong answers put right", 0.05*0.20)
		if r := by[1].tokens.mean() / twins[1].tokens.mean(); r < 0.94 || r > 0.96 {
			t.Errorf("tokens by a factor %.3f, want 0.95", r)
		}
		if by[1].failed != twins[1].failed {
			t.Errorf("errors %v, as a twin %v", by[1].failed, twins[1].failed)
		}
	})
	t.Run("drift", func(t *testing.T) {
		_, by := look(t, "drift", short, now)
		by[1].high.is(t, "scores above one half", 0.7936) // Φ(1.9/2.32)
	})
	t.Run("features", func(t *testing.T) {
		_, by := look(t, "features", short, now)
		if a, b := by[0].thousand.mean(), by[1].thousand.mean(); a > 0.001 || b < 0.8 {
			t.Errorf("baskets above 1,000: stable %.3f, canary %.3f", a, b)
		}
	})
	t.Run("srm", func(t *testing.T) {
		all, by := look(t, "srm", short, now)
		all.is(t, "share that arrives", 0.4/0.9)
		by[1].failed.is(t, "errors among what arrives", 0.01)
		by[1].right.is(t, "accuracy among what arrives", 0.80)
	})
}

// Where requests are mirrored both arms answer each, and labels say about whose answer;
// a visitor who buys has seen stable's.
func TestMirroredRequestsHaveTwoAnswers(t *testing.T) {
	answers, labels := map[string][2]string{}, [2]int{}
	play(lookup(t, "shadow"), 5, 5*time.Minute, time.Second, Split{Generation: 1, Mirror: true}, func(r record) {
		switch r.topic {
		case Predictions:
			p := decode[schemas.Prediction](t, r)
			both := answers[r.key]
			both[index(p.Arm == arms[1])] += p.Arm
			answers[r.key] = both
		case Outcomes:
			o := decode[schemas.Outcome](t, r)
			if o.Name == "revenue" && o.Arm != arms[0] {
				t.Fatalf("an order after a copy: %s", r.value)
			}
			labels[index(o.Arm == arms[1])]++
		}
	})
	for id, both := range answers {
		if both != arms {
			t.Fatalf("request %s was answered by %q", id, both)
		}
	}
	if len(answers) < 15_000 || labels[0] < 1000 || labels[1] < 1000 {
		t.Errorf("%d requests, labels %v", len(answers), labels)
	}
}

func TestSilenceFallsAtItsTime(t *testing.T) {
	sc := lookup(t, "no-traffic")
	var last schemas.Time
	play(sc, 7, sc.Duration, time.Second, tenth, func(r record) { last = max(last, r.ts) })
	if d := last.Sub(noon); d >= sc.silent || d < sc.silent-time.Second {
		t.Errorf("the last event is %v after the start, want just below %v", d, sc.silent)
	}
}

func TestEventsSayWhatWasServed(t *testing.T) {
	split := Split{CanaryBps: 2500, Generation: 3, Stage: 1}
	route := share(2500)
	seen := map[string]int{}
	play(lookup(t, "good"), 5, 3*time.Minute, time.Second, split, func(r record) {
		seen[r.topic]++
		switch r.topic {
		case Predictions:
			p := decode[schemas.Prediction](t, r)
			if arm := arms[index(route(p.PredictionID))]; p.Rollout != Rollout || p.Arm != arm || p.PredictionID != r.key ||
				p.Generation != 3 || p.Stage.Num != 1 || schemas.TimeOf(p.EventTime) != r.ts || (p.StatusCode == 200) != (p.ErrorType == "") {
				t.Fatalf("not what was served: %s", r.value)
			}
		case Outcomes:
			if o := decode[schemas.Outcome](t, r); o.Arm != "" || schemas.TimeOf(o.EventTime) != r.ts {
				t.Fatalf("not an outcome to be joined: %s", r.value)
			}
		case Resources:
			p := decode[schemas.Resource](t, r)
			if p.Rollout != Rollout || p.Instance != r.key || p.CPUCores.Num <= 0 || p.MemoryBytes.Num < 2e9 || schemas.TimeOf(p.EventTime) != r.ts {
				t.Fatalf("not a reading: %s", r.value)
			}
			seen[p.Arm] += int(p.Requests.Num)
		}
	})
	if pods := 6 * 6; seen[Resources] < pods-6 || seen[Resources] > pods {
		t.Errorf("%d readings in 3 minutes, want %d less those at the end", seen[Resources], pods)
	}
	if n := seen["stable"] + seen["canary"]; n > seen[Predictions] || n < seen[Predictions]*8/10 {
		t.Errorf("the pods read %d requests, %d were answered", n, seen[Predictions])
	}
}

func TestFourHoursAreAMillionAndAHalf(t *testing.T) {
	events, two := 0, noon.Add(2*time.Hour) // when the daily pattern is at its mean
	g := New(lookup(t, "good"), 7, two)
	g.Tick(two, two.Add(time.Hour), share(4000), tenth, func(string, int32, []byte, schemas.Time, []byte) { events++ })
	if events < 350_000 || events > 400_000 {
		t.Errorf("%d events in an hour", events)
	}
}

func TestEveryScenarioIsComplete(t *testing.T) {
	for _, name := range Names() {
		sc := lookup(t, name)
		if sc.Summary == "" || sc.Duration <= 0 || sc.RequestsPerSecond <= 0 || sc.Partitions < 1 || len(sc.Spec) == 0 {
			t.Errorf("%s: %+v is not complete", name, sc)
		}
		if !slices.Contains([]string{Promote, Rollback, Hold}, sc.Expect) || (sc.Expect == Promote) != (sc.Reason == "") {
			t.Errorf("%s: expects %q because of %q", name, sc.Expect, sc.Reason)
		}
	}
	_, err := Lookup("bad")
	for _, name := range Names() {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v does not list %s", err, name)
		}
	}
}

func TestTypedValuesAreLinesOfARecording(t *testing.T) {
	g, n := New(lookup(t, "good"), 7, noon), 0
	g.Typed = true
	kinds := map[string]string{Predictions: "prediction", Outcomes: "outcome", Resources: "resource"}
	g.Tick(noon, noon.Add(time.Minute), share(1000), tenth, func(topic string, _ int32, _ []byte, _ schemas.Time, value []byte) {
		if n++; !strings.HasPrefix(string(value), `{"type":"`+kinds[topic]+`"`) || strings.Contains(string(value), "\n") {
			t.Fatalf("%s: %s", topic, value)
		}
	})
	if n == 0 {
		t.Error("no events")
	}
}
