package engine

import (
	"math"
	"testing"

	"verdin/stats"
	"verdin/stats/sequential"
)

// The figures beside the evidence are what a pencil gives, and the evidence is that
// of the engine on the same counts.
func TestProportionByHand(t *testing.T) {
	c := testCompiled(t, nil)
	test := started(c, newProportions)[0]
	m := &c.spec.Metrics[0]
	harm := sequential.NewHarm(null("higher", m.Tolerance), c.options(m))
	limit := sequential.NewLimit(0.5, c.options(m))
	ones, n := [][2]int{{10, 3}, {6, 9}}, [][2]int{{200, 100}, {100, 50}}
	for i := range ones {
		test.Observe(shares(c, ones[i], n[i]))
		a := sequential.Counts{N: int64(n[i][0]), Y: int64(ones[i][0])}
		b := sequential.Counts{N: int64(n[i][1]), Y: int64(ones[i][1])}
		harm.Observe(a, b, 0)
		limit.Observe(b, 0)
	}
	e := find(t, test, "errors/harm")
	if e.LogE != harm.LogE() || e.LogEMax != harm.LogEMax() || e.LogE == 0 {
		t.Errorf("harm: log e %v, want %v", e.LogE, harm.LogE())
	}
	if got := find(t, test, "errors/limit"); got.LogE != limit.LogE() || got.Kind != "limit" {
		t.Errorf("limit: %+v, want log e %v", got, limit.LogE())
	}
	if e.N != [2]int64{300, 150} || e.Value != [2]float64{16.0 / 300, 12.0 / 150} || e.Blocks != 2 {
		t.Errorf("n %v, values %v, blocks %d", e.N, e.Value, e.Blocks)
	}
	// Σ na·nb/n = 20000/300 + 5000/150 = 100; the interval learns from the first block and has the second
	if want := 0.12; math.Abs(e.Info-100) > 1e-9 || math.Abs(e.Effect.Estimate-want) > 1e-12 {
		t.Errorf("information %v, estimate %v; want 100, %v", e.Info, e.Effect.Estimate, want)
	}
	if e.P != math.Min(1, math.Exp(-e.LogEMax)) || e.Threshold != c.budget.Threshold("errors", "harm") {
		t.Errorf("p %v at threshold %v", e.P, e.Threshold)
	}
}

// A stage may have a margin of its own: its process runs from the first block on, and
// what is shown is that of the running stage.
func TestEachStageIsJudgedByItsOwnMargin(t *testing.T) {
	c := testCompiled(t, nil) // errors: 0.3 in stage 0, 0.1 from then on
	test := started(c, newProportions)[0]
	for range 20 {
		test.Observe(shares(c, [2]int{20, 25}, [2]int{200, 100}))
	}
	loose := find(t, test, "errors/safe")
	test.StartStage(1)
	strict := find(t, test, "errors/safe")
	if !(loose.LogE > strict.LogE) || loose.Null == strict.Null || loose.Result != stats.Safe || strict.Result != stats.Unknown {
		t.Errorf("canary 15 points worse: margin 0.3 log e %v %q, margin 0.1 log e %v %q", loose.LogE, loose.Result, strict.LogE, strict.Result)
	}
	if e := find(t, test, "errors/safe_stage"); e.LogE != 0 {
		t.Errorf("a stage that has just begun has log e %v of its own", e.LogE)
	}
	if e := find(t, test, "errors/harm"); e.N != [2]int64{} || e.LogE == 0 {
		t.Errorf("n %v, log e %v: figures begin anew with a stage, evidence does not", e.N, e.LogE)
	}
}

// A crossing is dated by the window in which it happened first.
func TestTheFirstCrossingIsDated(t *testing.T) {
	c := testCompiled(t, nil)
	test := started(c, newProportions)[0]
	for i := range 40 {
		b := shares(c, [2]int{10, 60}, [2]int{200, 100})
		b.Start = second(float64(10 * i))
		test.Observe(b)
		e := find(t, test, "errors/harm")
		if shown := e.Result == stats.Harm; shown != (e.First != 0) {
			t.Fatalf("block %d: shown %v, first crossing %d", i, shown, e.First)
		} else if shown {
			if e.First != int64(i)*10_000 {
				t.Errorf("first crossing at %d ms, want %d", e.First, i*10_000)
			}
			return
		}
	}
	t.Fatal("55 points worse, and not shown in 40 blocks")
}
