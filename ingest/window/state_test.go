package window_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"verdin/ingest/window"
	"verdin/schemas"
	"verdin/stats"
)

// labelPlan has two metrics in the label lane.
func labelPlan() *window.Plan {
	p := &window.Plan{Rollout: "default/r", Length: 10 * time.Second, Horizon: time.Minute, ErrorCol: -1}
	for _, name := range []string{"bought", "paid"} {
		p.Metrics = append(p.Metrics, window.Metric{Name: name, On: schemas.KindOutcome, Outcome: "order", Shape: stats.Shape{Kind: stats.Proportion}, High: 1})
	}
	return p
}

// An outcome that names its arm is one observation, however many metrics read it, and
// those that do not ask for it see no missing value.
func TestADirectOutcomeIsOneObservation(t *testing.T) {
	tally := window.NewPool(labelPlan(), window.Label).Tally()
	tally.Direct(0, -1, 1, 7, func(n int) (float64, bool, bool) { return float64(n), true, false })
	tally.Direct(0, -1, 1, 8, func(n int) (float64, bool, bool) { return 1, n == 1, false })
	tally.Direct(0, -1, 1, 9, func(n int) (float64, bool, bool) { return 0, false, n == 0 })
	arm := tally.Close()[0].Arms[1]
	bought, paid := &arm.Metrics[0], &arm.Metrics[1]
	if arm.N != 3 || bought.N != 1 || bought.Ones != 0 || bought.Invalid != 1 || bought.Null != 0 || paid.N != 2 || paid.Ones != 2 || paid.Null != 0 {
		t.Errorf("%d observations; bought %+v; paid %+v", arm.N, bought, paid)
	}
}

// observed is a tally of the first n rows.
func observed(p *window.Pool, n int) *window.Tally {
	c, tally := chunk(rows(n)), p.Tally()
	for i := range n {
		tally.Observe(c, i, int8(i&1), uint64(i)+1)
	}
	return tally
}

func partialOf(t *window.Tally) []byte {
	p := window.Partial{Cells: t.Close()}
	return p.AppendBinary(nil)
}

// A tally that is restored at any row goes on as if nothing had been.
func TestARestoredTallyGoesOn(t *testing.T) {
	const all = 200
	pool := window.NewPool(plan(), window.Fast)
	want := partialOf(observed(pool, all))
	c := chunk(rows(all))
	for _, at := range []int{0, 1, 63, 199, 200} {
		state := observed(pool, at).AppendState([]byte("x"))[1:]
		other := window.NewPool(plan(), window.Fast)
		tally, rest, err := other.RestoreTally(append(bytes.Clone(state), "rest"...))
		if err != nil || string(rest) != "rest" {
			t.Fatalf("after %d rows: %q left, %v", at, rest, err)
		}
		if !bytes.Equal(tally.AppendState(nil), state) {
			t.Errorf("after %d rows: another state", at)
		}
		for i := at; i < all; i++ {
			tally.Observe(c, i, int8(i&1), uint64(i)+1)
		}
		if !bytes.Equal(partialOf(tally), want) {
			t.Errorf("restored after %d rows: another partial", at)
		}
	}
}

func TestATallyOfAnotherPlanIsRefused(t *testing.T) {
	state := observed(window.NewPool(plan(), window.Fast), 20).AppendState(nil)
	for name, change := range map[string]func(*window.Plan){
		"a metric less":     func(p *window.Plan) { p.Metrics = p.Metrics[1:] },
		"another kind":      func(p *window.Plan) { p.Metrics[0].Shape.Kind = stats.Mean },
		"other bins":        func(p *window.Plan) { p.Features[0].Edges = []float64{20} },
		"no features":       func(p *window.Plan) { p.Features = nil },
		"edges not learnt":  func(p *window.Plan) { p.Features[0].Edges = nil },
		"a category beside": func(p *window.Plan) { p.Features[1].Categories = []string{"de", "fr", "it"} },
	} {
		p := plan()
		change(p)
		if _, _, err := window.NewPool(p, window.Fast).RestoreTally(state); !errors.Is(err, window.ErrState) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzRestoreTally(f *testing.F) {
	pool := window.NewPool(plan(), window.Fast)
	f.Add(observed(pool, 20).AppendState(nil))
	f.Add([]byte{1, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		tally, rest, err := pool.RestoreTally(b)
		if err != nil {
			return
		}
		state := tally.AppendState(nil)
		again, _, err := pool.RestoreTally(state)
		if err != nil || !bytes.Equal(again.AppendState(nil), state) {
			t.Fatalf("not stable: %v (%d bytes left)", err, len(rest))
		}
		c := chunk(rows(4))
		tally.Observe(c, 0, 1, 3)
		tally.Close()
	})
}
