package engine_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"verdin/decision"
	"verdin/ingest/window"
	"verdin/schemas"
	"verdin/stats"
)

// ofUnits has the outcomes of a world name units only, of which each shard has 40.
func (w *world) ofUnits(t testing.TB, assignment string) *world {
	t.Helper()
	text := strings.NewReplacer("key: prediction_id", "key: unit_id", "assignment: request", "assignment: "+assignment).Replace(specYAML)
	spec, err := decision.Parse([]byte(text), "law.yaml")
	if err != nil {
		t.Fatal(err)
	}
	w.spec = spec
	for s := range w.logs {
		for g := range w.logs[s] {
			for i := range w.logs[s][g] {
				r := &w.logs[s][g][i]
				id := string(r.value[len(`{"prediction_id":"`) : len(`{"prediction_id":"`)+bytes.IndexByte(r.value[len(`{"prediction_id":"`):], '"')])
				var n int
				fmt.Sscanf(id, fmt.Sprint(s)+"-%d", &n)
				unit := fmt.Sprintf(`"unit_id":"%d-u%d"`, s, n*7%40)
				if named := `"prediction_id":"` + id + `"`; g == 1 {
					r.value = bytes.Replace(r.value, []byte(named), []byte(unit), 1)
				} else {
					r.value = bytes.Replace(r.value, []byte(named), []byte(named+","+unit), 1)
				}
			}
		}
	}
	return w
}

// P1, P2 and P3 where outcomes name units: neither the interleaving nor the size of chunks
// nor a restart at any cut changes a byte of what is decided.
func TestOutcomesByUnitKeepTheLaws(t *testing.T) {
	for _, assignment := range thin([]string{"sticky", "request"}) {
		w := newWorld(t, 5).ofUnits(t, assignment)
		want := w.play(t, rand.New(rand.NewPCG(5, 1)), 4096)
		if !bytes.Contains(want, []byte(`"name":"accuracy/harm"`)) {
			t.Fatalf("%s: nothing is said of accuracy:\n%.2000s", assignment, want)
		}
		for run := range uint64(2) {
			rows := []int{1, 4096}[run]
			if got := w.play(t, rand.New(rand.NewPCG(5, 100+run)), rows); !bytes.Equal(got, want) {
				t.Fatalf("%s, run %d, %d rows a chunk: another log from byte %d on", assignment, run, rows, common(got, want))
			}
		}
		rng := rand.New(rand.NewPCG(4, 5))
		for range 2 {
			cut := rng.IntN(seconds + 60)
			w.swap = restartAt(t, cut)
			if got := w.play(t, rand.New(rand.NewPCG(5, 1)), 64); !bytes.Equal(got, want) {
				t.Errorf("%s: restored after cut %d: another log from byte %d on", assignment, cut, common(got, want))
			}
		}
	}
}

// P5: records that come again change nothing. The join is about something: it scores
// blocks, and more than half of the outcomes find a prediction.
func TestOutcomesByUnitMayComeAgain(t *testing.T) {
	w := newWorld(t, 7).ofUnits(t, "request")
	want := evidence(t, w)
	for s := range w.logs {
		for g := range w.logs[s] {
			var twice []record
			for _, r := range w.logs[s][g] {
				twice = append(twice, r, r)
			}
			w.logs[s][g] = twice
		}
	}
	got := evidence(t, w)
	for i := range want {
		if got[i].N != want[i].N || got[i].LogE != want[i].LogE || got[i].Effect != want[i].Effect {
			t.Errorf("%s: with duplicates %+v, without %+v", want[i].Name, got[i], want[i])
		}
		if e := want[i]; e.Name == "accuracy/harm" && (e.Blocks < 3 || e.N[0] < 100) {
			t.Errorf("accuracy has scored %d blocks, %v labels: skipped %+v", e.Blocks, e.N, e.Skipped)
		}
	}
}

const orderMetrics = `  holdBack: 20%
  metrics:
    - {name: ordered, kind: proportion, on: outcome, field: order, missing: negative, worse: lower, role: guardrail, margin: {absolute: 0.1}}
    - {name: rating, kind: mean, on: outcome, field: rating, missing: exclude, cap: 5, worse: lower, role: guardrail, margin: {relative: 30%}}
`

// orders is a shop whose orders and ratings know the customer, not the recommendation.
func orders(assignment, harm string) story {
	s := story{spec: with(orderMetrics, "assignment: request", "assignment: "+assignment, "key: prediction_id", "key: unit_id"), length: 45 * time.Minute, rate: 40}
	s.answer = func(r *request) []schemas.Event {
		out := []schemas.Event{&r.p}
		outcome := func(name string, x float64) {
			later := time.Duration((0.1 + 20*r.rng.Float64()) * float64(time.Second))
			out = append(out, &schemas.Outcome{UnitID: r.unit, Name: name, Value: schemas.Num(x), EventTime: r.at.Add(later).Std()})
		}
		p, stars := 0.4+0.3*nature(r.unit), 3+2*r.rng.Float64()
		if r.canary && harm == "ordered" {
			p -= 0.35
		}
		if r.canary && harm == "rating" {
			stars /= 2.5
		}
		if r.one(p) {
			outcome("order", 1)
		}
		if r.one(0.7) {
			outcome("rating", stars)
		}
		return out
	}
	if assignment == "sticky" {
		s.by = func(r *request) string { return r.unit }
	}
	return s
}

// A canary that sells less, or is liked less, is found though its outcomes name only the
// customer, and one that does no harm is promoted.
func TestHarmIsFoundThroughOutcomesOfUnits(t *testing.T) {
	for _, assignment := range []string{"request", "sticky"} {
		good := orders(assignment, "").run(t, 1)
		if good.phase != schemas.PhaseCompleted {
			t.Errorf("%s: harmless: %s (%s) after %v", assignment, good.phase, good.reason, good.at)
		}
		if v := good.find(t, "ordered/harm", "").Value; v[0] < 0.45 || v[0] > 0.65 || v[1] < 0.45 || v[1] > 0.65 {
			t.Errorf("%s: shares of recommendations with an order: %v", assignment, v)
		}
		for _, harm := range []string{"ordered", "rating"} {
			bad := orders(assignment, harm).run(t, 2)
			if e := bad.find(t, harm+"/harm", ""); bad.phase != schemas.PhaseRolledBack || e.Result != stats.Harm {
				t.Errorf("%s: %s: %s (%s) after %v, log E %.1f of %.1f, %v", assignment, harm, bad.phase, bad.reason, bad.at, e.LogEMax, e.Threshold, e.Value)
			}
		}
	}
}

// named is an answer to a unit.
func named(id, unit, arm string, s float64) *schemas.Prediction {
	p := answer(id, arm, s)
	p.UnitID = unit
	return p
}

// A window of labels waits until the predictions within its horizon are known too: one
// that comes by another log may be the one that an outcome belongs to.
func TestALabelWindowWaitsForLaterPredictionsOfItsUnits(t *testing.T) {
	f := newFeeder(t, predictions, predictions, outcomes)
	f.Unwatch(f.plan.Rollout)
	f.plan.ByUnit = true
	f.Watch(f.plan)
	var got []window.Partial
	put := func(log int, events ...schemas.Event) { got = append(got, of(window.Label, f.put(log, events...))...) }
	bought := &schemas.Outcome{UnitID: "ada", Name: "correct", Value: schemas.Num(1), EventTime: at(18).Std()}
	put(0, named("a", "ada", "stable", 3), named("far", "eve", "stable", 90))
	put(2, bought, label("none", 95, 1))
	put(1, named("next", "eve", "stable", 16)) // seals the first window
	if len(got) != 0 {
		t.Fatalf("closed before later predictions are known: %s", show(got))
	}
	put(1, named("b", "ada", "canary", 14), named("end", "eve", "stable", 60))
	if c := f.counts(); c.NoKey > 0 || len(got) < 2 {
		t.Fatalf("%+v, %s", c, show(got))
	}
	for i, want := range [][2]uint64{{0, 0}, {0, 1}} { // labels of the windows to 10 s and to 20 s
		for a := range want {
			var labels uint64
			for k := range got[i].Cells {
				if got[i].Cells[k].Segment == 0 {
					labels += got[i].Cells[k].Arms[a].Metrics[0].N
				}
			}
			if labels != want[a] {
				t.Errorf("window %d, arm %d: %d labels, want %d", i, a, labels, want[a])
			}
		}
	}
}
