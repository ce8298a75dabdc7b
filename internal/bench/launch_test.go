package bench

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"verdin/decision"
	"verdin/ingest/window"
	"verdin/internal/engine"
	"verdin/schemas"
)

// launchTestRuns leaves ten rollouts of a row, three of a heavy one.
const launchTestRuns = testRuns / 2

// TestWholeRollouts is the small version of "verdin bench rollouts". Its bars are wrong
// once in a million, all together, where the program keeps its promises.
func TestWholeRollouts(t *testing.T) {
	if testing.Short() {
		t.Skip("a simulation of some ten seconds")
	}
	o := Options{Seed: 1, Runs: launchTestRuns}
	if testing.Verbose() {
		o.Progress = os.Stderr
	}
	r, err := Rollouts(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range r.Broken {
		t.Error(b)
	}
	t.Log(r.Text)
}

// TestCheapRowsInManyRollouts is what finds a budget that is spent twice: rows on the edge
// of what is promised, as often as a small version can afford.
func TestCheapRowsInManyRollouts(t *testing.T) {
	if testing.Short() {
		t.Skip("a simulation of some seconds")
	}
	var all []fates
	for _, name := range []string{"late labels, tolerance 0", "rare errors at the margin"} {
		l := row(t, name)
		l.Runs = 40 * fullRuns // four hundred
		f, err := Options{Seed: 1, Runs: max(1, testRuns/20)}.playLaunch(context.Background(), l, "")
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, f)
	}
	for _, b := range (Options{}).brokenPromises(all) {
		t.Error(b)
	}
}

func row(t testing.TB, name string) Launch {
	t.Helper()
	for _, l := range Launches() {
		if l.Name == name {
			return l
		}
	}
	t.Fatalf("no row is called %q", name)
	return Launch{}
}

func TestWorkersDoNotChangeAFate(t *testing.T) {
	for _, name := range []string{"twice the margin, errors", "twice the margin, users who come back"} {
		l := row(t, name)
		l.Windows, l.Runs = 30, fullRuns
		play := func(workers int) [][]Fate {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(workers))
			f, err := Options{Seed: 3, Runs: 4}.playLaunch(context.Background(), l, "")
			if err != nil {
				t.Fatal(err)
			}
			return f.runs
		}
		if one, many := play(1), play(3); !reflect.DeepEqual(one, many) {
			t.Errorf("%s: fates of one and of three workers differ:\n%v\n%v", name, one, many)
		}
	}
}

// TestATraceIsTheRolloutOfTheTable: the same verdicts lead to the fate that is counted.
func TestATraceIsTheRolloutOfTheTable(t *testing.T) {
	l := row(t, "twice the margin, latency")
	fates, err := l.play(l.seedOf(1), 2)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := Trace(&out, 1, l.Name, 2); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) < 2+len(controllers) || !strings.HasPrefix(lines[0], "generation 1, window 0: advance, running at 10 %: started") {
		t.Fatalf("the trace is\n%s", out.String())
	}
	if f := fates[0]; f.rolledBack() != strings.Contains(out.String(), "rollback, rolled_back at") {
		t.Errorf("fate %+v, and the trace is\n%s", f, out.String())
	}
	if err := Trace(&out, 1, "no such row", 0); err == nil || !strings.Contains(err.Error(), l.Name) {
		t.Errorf("an unknown row: %v", err)
	}
}

// TestRulesSeeTheSameDraws: two rules that serve the same share in a window see the same
// requests in it, and another share draws from the same world.
func TestRulesSeeTheSameDraws(t *testing.T) {
	l := row(t, "a service")
	spec, err := l.Spec()
	if err != nil {
		t.Fatal(err)
	}
	plan := engine.Compile(spec, engine.Layout(spec), 1, 0)
	draw := func(share float64) (n, ones uint64) {
		w := l.world(5, 6)
		fast, _ := w.draw(7, 0, served{share: share, fraction: 1}, plan)
		for a := range fast[0].Arms {
			n += fast[0].Arms[a].N
			ones += fast[0].Arms[a].Metrics[0].Ones
		}
		return n, ones
	}
	n, ones := draw(0.1)
	if again, same := draw(0.1); again != n || same != ones || n == 0 {
		t.Errorf("%d and %d requests, %d and %d errors", n, again, ones, same)
	}
	if other, _ := draw(0.5); other != n {
		t.Errorf("at another share %d requests instead of %d", other, n)
	}
}

// TestDrawnSummariesHaveTheShapeOfAShards holds what is drawn against what a shard makes
// of rows: the same lanes, cells, and shapes of summaries.
func TestDrawnSummariesHaveTheShapeOfAShards(t *testing.T) {
	l := row(t, "every request a row")
	spec, err := l.Spec()
	if err != nil {
		t.Fatal(err)
	}
	layout := engine.Layout(spec)
	plan := engine.Compile(spec, layout, 1, 0)
	drawn, rows := &summaries{world: l.world(1, 1), plan: plan}, newVisitors(l.world(1, 1), plan, layout, launchLogs)
	part := []served{{generation: 1, stage: 0, share: 0.3, fraction: 1}}
	var a, b []window.Partial
	for k := range horizon + 3 {
		p, _ := drawn.window(k, part)
		q, _ := rows.window(k, part)
		a, b = append(a, p...), append(b, q...)
	}
	shape := func(all []window.Partial, lane window.Lane) (out []string) {
		for i := range all {
			if p := &all[i]; p.Lane == lane && len(p.Cells) > 0 {
				text := ""
				for _, s := range p.Cells[0].Arms[1].Metrics {
					text += fmt.Sprint(s.Shape.Kind, " ")
					if s.N == 0 {
						text += " empty"
					}
				}
				out = append(out, p.End.String()+" "+text+" "+p.Rollout)
			}
		}
		return out
	}
	for lane := range window.Lane(window.Lanes) {
		got, want := shape(a, lane), shape(b, lane)
		if len(want) < 3 || !reflect.DeepEqual(got[:3], want[:3]) {
			t.Errorf("%v lane: drawn %v, of a shard %v", lane, got, want)
		}
	}
}

// TestBarsOfRolloutsBite: a row that breaks its promise is found out by a small run, one
// that keeps it is not accused.
func TestBarsOfRolloutsBite(t *testing.T) {
	back, on := Fate{Phase: schemas.PhaseRolledBack}, Fate{Phase: schemas.PhaseCompleted, Promoted: true}
	runs := func(l Launch, k int, f, rest Fate) fates {
		out := fates{Launch: l, runs: [][]Fate{nil}}
		for i := range 20 {
			if i < k {
				out.runs[0] = append(out.runs[0], f)
			} else {
				out.runs[0] = append(out.runs[0], rest)
			}
		}
		return out
	}
	o := Options{Runs: DefaultRuns}
	for _, c := range []struct {
		f    fates
		want int
	}{
		{runs(Launch{Truth: Harmless}, 1, back, on), 0},
		{runs(Launch{Truth: Harmless}, 15, back, on), 2}, // the row, and all rows together
		{runs(Launch{Truth: Marginal}, 15, on, Fate{}), 1},
		{runs(Launch{Truth: Marginal}, 0, on, Fate{}), 0},
		{runs(Launch{Truth: Harmful, Found: 0.95}, 20, back, on), 0},
		{runs(Launch{Truth: Harmful, Found: 0.95}, 5, back, on), 2},
	} {
		if got := o.brokenPromises([]fates{c.f}); len(got) != c.want {
			t.Errorf("truth %d: %q, want %d", c.f.Truth, got, c.want)
		}
	}
	if got := (Options{Runs: FullRuns}).brokenPromises([]fates{runs(Launch{Truth: Harmless}, 0, back, on)}); len(got) != 2 {
		t.Errorf("twenty runs are no proof of 5 %%: %q", got)
	}
}

// TestEveryRowHasASpec, a name and words of its own.
func TestEveryRowHasASpec(t *testing.T) {
	seen := map[string]bool{}
	for _, l := range Launches() {
		if seen[l.Name] || l.Name == "" || l.About == "" || l.Runs < heavyRuns {
			t.Errorf("row %q: %q, %d runs", l.Name, l.About, l.Runs)
		}
		seen[l.Name] = true
		spec, err := l.Spec()
		if err != nil {
			t.Errorf("row %q: %v", l.Name, err)
			continue
		}
		guards := 0
		for i := range spec.Metrics {
			if spec.Metrics[i].Role == decision.Guardrail {
				guards++
			}
		}
		if guards != len(l.Gauges) || len(spec.Drift) != l.Features {
			t.Errorf("row %q: %d guardrails and %d drift checks", l.Name, guards, len(spec.Drift))
		}
	}
}
